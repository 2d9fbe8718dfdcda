"""The sessions of a user as one thing: Entra ends all of them together, and says since when a session counts.

`signInSessionsValidFromDateTime` is the evidence (https://learn.microsoft.com/en-us/graph/api/user-revokesigninsessions): what was begun
before it is refused. It proves our cut only when it moved beyond what it was when we first looked, and beyond that look itself, by
Entra's own clock. Access tokens are not asked back: they go on until they expire, except where the resource evaluates
continuously (https://learn.microsoft.com/en-us/entra/identity/conditional-access/concept-continuous-access-evaluation).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from rescind.errors import NotFound, Rejected
from rescind.models.clock import parse_rfc3339, rfc3339
from rescind.models.credential import Credential
from rescind.models.kind import Act, CallResult, CallStatus, Known, Liveness, Observation
from rescind.providers.entra import _person
from rescind.providers.entra._connect import Entra
from rescind.providers.entra._graph import Row, called, seen, seg, text, unclear
from rescind.wire.http import Answer, raise_for

LIFETIMES = "https://learn.microsoft.com/en-us/entra/identity-platform/access-tokens#token-lifetime"
PERMISSIONS = ("User.RevokeSessions.All", "User.Read.All")
BY_HAND = (
    "Entra admin center, Users, the person: Revoke sessions. Disable the account first, or its devices sign in again by themselves. "
    "Sessions of a guest end only at the guest's own organisation."
)
OUTSIDE = (
    "its sessions belong to the organisation that it signs in at, and Entra revokes none of an external user. Instead: disable its user in "
    "this tenant, which refuses it here, remove what it consented to, and ask that organisation to end its sessions"
)
HEARD = 900
"""Within so many seconds a resource that evaluates continuously hears that a user was disabled, or that its sessions were revoked."""
CONTINUOUS = "https://learn.microsoft.com/en-us/entra/identity/conditional-access/concept-continuous-access-evaluation"
EVALUATED = 28 * 3600
"""The longest life of a token under continuous evaluation, by the page above."""
BOTH = {"entra.user-sessions": HEARD, "entra.user": HEARD}
"""What a token under continuous evaluation hears of; that a device, a method or a consent is gone, it does not."""


def longest(client: Entra) -> int:
    """Return for how many seconds an access token goes on at most once its user was cut, whether it is evaluated or not."""
    return max(client.access_seconds, HEARD)


def name(user_id: str) -> str:
    """Return the identifier of a user's sessions: Entra gives them none of their own."""
    return f"sessions:{user_id}"


def facts(row: Row, answer: Answer, before: Mapping[str, str]) -> dict[str, str]:
    """Return what a later look is compared with. What was known first is kept."""
    if before.get("seen_at"):
        kept = {"seen_at": before["seen_at"], "valid_from": before.get("valid_from", "")}
    else:
        kept = {"seen_at": answer.provider_time, "valid_from": text(row, "signInSessionsValidFromDateTime")}
    return {"user_id": text(row, "id"), **kept}


def owner_of(client: Entra, credential: Credential) -> tuple[Row, Answer]:
    """Return the user of a token from evidence, by the ids that it carries. Raises `NotFound` for one of another tenant."""
    given = credential.attributes
    realm = (given.get("tid") or credential.issuer).lower()
    if realm and realm not in {client.tenant_id, "organizations", "common", "login.microsoftonline.com"}:
        raise NotFound("the evidence says that it belongs to another tenant")
    who = given.get("user_id") or given.get("oid") or (credential.subject if "@" in credential.subject else "")
    if not who:
        raise Rejected("the evidence does not say whose it is", code="incomplete")
    return _person.find(client, who)


def known(client: Entra, credential: Credential, found: tuple[Row, Answer], *, identifier: str, parent: str) -> Known:
    """Return what is known of a user's sessions, or of one token of them."""
    row, answer = found
    attributes = facts(row, answer, credential.attributes)
    since = _since(row, answer)
    cut = bool(credential.attributes.get("seen_at")) and _moved(attributes, since)
    return Known(
        identifier=identifier,
        issuer=client.tenant_id,
        subject=text(row, "userPrincipalName"),
        owner=text(row, "userPrincipalName"),
        attributes=attributes,
        parent=parent,
        liveness=Liveness.DEAD if cut else Liveness.UNKNOWN,
        irrevocable=OUTSIDE if _person.external(row) else "",
    )


def revoke(client: Entra, credential: Credential) -> CallResult:
    """Refuse every session that began before now. Raises typed provider errors; what was then done is for the look to say."""
    user_id = credential.attributes.get("user_id", "")
    if not user_id:
        raise Rejected("no user id to revoke for", code="incomplete")
    answer = client.http.send("POST", f"/users/{seg(user_id)}/revokeSignInSessions")
    raise_for(answer, what="revokeSignInSessions")
    if not answer.intelligible:
        raise unclear(answer, "revokeSignInSessions: an answer that says nothing")
    taken = isinstance(answer.json, dict) and answer.json.get("value") is True
    # The page above names as known issue that the code may differ: the time that moves is what counts.
    return called(answer, CallStatus.DONE if taken else CallStatus.ACCEPTED)


def revoke_once(client: Entra, credential: Credential) -> CallResult:
    """Revoke as above, unless it was done since we first looked: one call for a person, however many tokens there are."""
    row, answer = _person.of(client, credential)
    if _moved(credential.attributes, _since(row, answer)):
        return called(answer, CallStatus.ALREADY)
    return revoke(client, credential)


def cut(client: Entra, credential: Credential) -> tuple[Liveness, str, datetime | None, Answer]:
    """Say whether the sessions of the first look are refused, in words, and since when. Raises typed provider errors."""
    row, answer = _person.of(client, credential)
    since, before = _since(row, answer), credential.attributes
    if not before.get("seen_at"):
        return (
            Liveness.UNKNOWN,
            "nothing is known of the time before, so nothing can be told from the time now",
            None,
            answer,
        )
    shown = text(row, "signInSessionsValidFromDateTime") or "no time"
    if _moved(before, since):
        told = (
            f"Graph shows that sessions are valid from {shown} on only, after {before['seen_at']} when they were listed"
        )
        return Liveness.DEAD, told, since, answer
    if not row["accountEnabled"]:
        return (
            Liveness.UNKNOWN,
            f"the account is disabled, but sessions since {shown} are valid once it is enabled",
            None,
            answer,
        )
    return Liveness.LIVE, f"Graph shows that sessions since {shown} are valid", None, answer


def verify(client: Entra, credential: Credential) -> Observation:
    """Read the time back from which sessions count. Access tokens outlive it by at most their own life here."""
    liveness, told, since, answer = cut(client, credential)
    until = rfc3339(whole(since) + timedelta(seconds=longest(client))) if since else ""
    return seen(answer, liveness, told, until=until, deaf=client.access_seconds)


def whole(moment: datetime) -> datetime:
    """Return a moment, rounded up to a whole second."""
    return datetime.fromtimestamp(math.ceil(moment.timestamp()), UTC)


def _since(row: Row, answer: Answer) -> datetime | None:
    shown = text(row, "signInSessionsValidFromDateTime")
    try:
        return parse_rfc3339(shown) if shown else None
    except ValueError:
        raise unclear(answer, "user: a time that is none") from None


def _moved(before: Mapping[str, str], since: datetime | None) -> bool:
    marks = [parse_rfc3339(t) for t in (before.get("valid_from"), before.get("seen_at")) if t]
    if since is None or not marks or not before.get("seen_at"):
        return False
    return since >= parse_rfc3339(before["seen_at"]) and (not before.get("valid_from") or since > marks[0])


REVOKE = Act(
    call=revoke,
    reversible=False,
    idempotent=True,
    permissions=PERMISSIONS,
    undo="none: sign in again, on every device",
)
REVOKE_ONCE = replace(REVOKE, call=revoke_once)
