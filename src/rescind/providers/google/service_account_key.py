"""Keys of service accounts, as in a JSON file: switched off, deleted, and proven from what IAM shows of the account's keys.

The key itself is never used. What outlives it: access tokens made with it, for an hour, wherever the account is not switched off too
(https://cloud.google.com/iam/docs/reference/rest/v1/projects.serviceAccounts.keys/delete). Keys that Google manages are never touched.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rescind.errors import NotFound, ProviderError, Rejected, Throttled, Unreachable
from rescind.models.credential import Credential, EndState
from rescind.models.evidence import Gap
from rescind.models.kind import (
    Act,
    CallResult,
    CallStatus,
    Death,
    Kind,
    Known,
    Liveness,
    Observation,
    Residual,
    Subject,
    Verb,
)
from rescind.providers.google import _accounts
from rescind.providers.google._api import LAG, Row, flag, gone, moment, pages, read, seen, seg, text, unclear
from rescind.providers.google._connect import Google
from rescind.providers.google._next_key import ROTATION
from rescind.secret import Secret
from rescind.wire.http import Answer


def _known(account: Row, key: Row, answer: Answer) -> Known:
    disabled = flag(key, "disabled", answer)
    why = text(key, "disableReason").removeprefix("SERVICE_ACCOUNT_KEY_DISABLE_REASON_").lower()
    more = {"disabled": str(disabled).lower(), "disable_reason": why, "origin": text(key, "keyOrigin").lower()}
    return Known(
        identifier=text(key, "name").rpartition("/")[2],
        issuer=text(account, "projectId"),
        subject=text(account, "email"),
        owner=text(account, "email"),
        attributes={k: v for k, v in {**_accounts.facts(account, answer), **more}.items() if v},
        created_at=moment(text(key, "validAfterTime")),
        expires_at=None if text(key, "validBeforeTime").startswith("9999") else moment(text(key, "validBeforeTime")),
        liveness=Liveness.DEAD if disabled else Liveness.LIVE,
    )


def _path(credential: Credential, rest: str = "") -> str:
    if not credential.identifier:
        raise Rejected("nothing is known of which key it is", code="incomplete")
    return _accounts.path(*_accounts.place(credential), f"/keys/{seg(credential.identifier)}{rest}")


def _keys(client: Google, project: str, email: str) -> tuple[Mapping[str, Row], Answer]:
    where, query = _accounts.path(project, email, "/keys"), {"keyTypes": "USER_MANAGED"}
    rows, answer = pages(client, "iam", where, "keys", what=f"keys of {email}", query=query)
    if not all(text(r, "name") and text(r, "keyType") == "USER_MANAGED" for r in rows):
        raise unclear(answer, f"keys of {email}: a row that is none of them")
    return {text(r, "name").rpartition("/")[2]: r for r in rows}, answer


def identify(client: Google, credential: Credential, secret: Secret | None) -> Known:  # noqa: ARG001  the key is never used
    """Ask IAM for the account that a key names, and for the key. Raises `NotFound` when it does not show both, other typed errors."""
    account, _ = _accounts.find(client, *_accounts.place(credential))
    key, answer = read(client, "iam", _path(credential), "name", "keyType", what="service account key")
    if text(key, "name").rpartition("/")[2] != credential.identifier:
        raise unclear(answer, "another key than the one asked for was shown")
    return _known(account, key, answer)


def enumerate_(client: Google, subject: Subject) -> Iterator[Known | Gap]:
    """List every key of the person's service accounts that a person can hold. An account that could not be read whole is a `Gap`."""
    for found in _accounts.of_person(client, subject):
        if isinstance(found, Gap):
            yield found
            continue
        account, email = found[0], text(found[0], "email")
        try:
            keys, answer = _keys(client, text(account, "projectId"), email)
            rows = [_known(account, key, answer) for key in keys.values()]
        except (Throttled, Unreachable):
            raise
        except ProviderError as error:
            why = f"keys of service account {email} could not be listed: {error.message}"
            yield Gap(source=f"tenant:{client.tenant.name}", reason=why)
        else:
            yield from rows


def _not_ours(client: Google, credential: Credential) -> None:
    if credential.identifier in client.own:
        raise Rejected("that is the key that we sign in with ourselves", code="ourselves")


def disable(client: Google, credential: Credential) -> CallResult:
    """Switch the key off. Raises typed errors, `Rejected` for the key that we sign in with."""
    _not_ours(client, credential)
    return gone(client.send("iam", "POST", _path(credential, ":disable"), json={}), "key disable", empty=200)


def enable(client: Google, credential: Credential) -> CallResult:
    """Switch the key on again, if it was on before the run. Raises typed errors."""
    if (credential.attributes.get("before.disabled") or credential.attributes.get("disabled")) != "false":
        return CallResult(status=CallStatus.ALREADY, notes={"left": "the key was not known to be enabled before"})
    return gone(client.send("iam", "POST", _path(credential, ":enable"), json={}), "key enable", empty=200)


def delete(client: Google, credential: Credential) -> CallResult:
    """Delete the key; `ALREADY` when IAM does not know it. Raises typed errors, `Rejected` for the key that we sign in with."""
    _not_ours(client, credential)
    return gone(client.send("iam", "DELETE", _path(credential)), "key delete", empty=200)


def snapshot(client: Google, credential: Credential) -> Mapping[str, str]:
    """Return the key as it is before it is switched off. Raises typed errors."""
    return identify(client, credential, None).attributes


def verify(client: Google, credential: Credential) -> Observation:
    """Look for the key; one that is not shown counts only beside the whole list of its account's keys. Raises typed errors."""
    try:
        key, answer = read(client, "iam", _path(credential), "name", "keyType", what="service account key")
    except NotFound:
        keys, answer = _keys(client, *_accounts.place(credential))
        if credential.identifier in keys:
            return seen(answer, Liveness.UNKNOWN, "IAM lists the key, and does not show it")
        told = f"IAM lists {len(keys)} keys of its account, read whole, and not this one; asked for it, it knows none"
        return seen(answer, Liveness.DEAD, told, seconds=client.access_seconds or None)
    if flag(key, "disabled", answer):
        told = f"IAM shows the key as disabled ({text(key, 'disableReason') or 'no reason given'})"
        return seen(answer, Liveness.DEAD, told, reversible=True, seconds=client.access_seconds or None)
    return seen(answer, Liveness.LIVE, "IAM shows the key as enabled")


def covers(key: Credential, other: Credential) -> bool:
    """Tell whether an access token from evidence was made with a key, or with another one of its account: it lives as long as one does."""
    facts = other.attributes
    mine = other.kind == "oauth.access-token" and other.issuer == "https://accounts.google.com"
    return mine and (facts.get("account") or other.subject).casefold() == (key.owner or key.subject).casefold() != ""


KIND = Kind(
    id="google.service-account-key",
    title="Google Cloud service account key",
    provider="google",
    actions={
        Verb.DENY: Act(
            call=_accounts.disable,
            reversible=True,
            idempotent=True,
            permissions=_accounts.DISABLE,
            ends=EndState.CONTAINED,
            supports=True,
            verify=_accounts.verify,
            undo=_accounts.UNDO,
            snapshot=_accounts.snapshot,
            restore=_accounts.enable,
        ),
        Verb.DEACTIVATE: Act(
            call=disable,
            reversible=True,
            idempotent=True,
            permissions=("iam.serviceAccountKeys.disable",),
            undo="enable the key (iam.serviceAccountKeys.enable)",
            snapshot=snapshot,
            restore=enable,
        ),
        Verb.DELETE: Act(
            call=delete, reversible=False, idempotent=True, permissions=("iam.serviceAccountKeys.delete",), undo="none"
        ),
    },
    verify=verify,
    control=_accounts.control,
    enumerate=enumerate_,
    identify=identify,
    covers=covers,
    read_permissions=(*_accounts.READ, "iam.serviceAccountKeys.get", "iam.serviceAccountKeys.list"),
    rotation=ROTATION,
    residual=Residual(
        seconds=3600,
        what=(
            "access tokens that were made with the key, for an hour; for up to 12 where a policy extends the lifetime (set access_seconds "
            "of the tenant); switching the account off refuses them, until it is switched on again. Tokens in users' names, by domain-wide "
            "delegation, live for an hour whatever is switched off: counted unless `delegated` of the tenant names the accounts that have it"
        ),
        source="https://cloud.google.com/iam/docs/reference/rest/v1/projects.serviceAccounts.keys/delete",
        shortened_by={Verb.DENY: _accounts.SEVEN_MINUTES},
    ),
    death=Death(negatives=3, seconds=10.0, source=LAG),
    steps_by_hand=(
        "Google Cloud console, IAM and Admin, Service accounts, the account, Keys: disable the key, later delete it. To stop tokens made "
        "with it, disable the account for as long as a token lives. No API shows or ends domain-wide delegation: Admin console, Security, API "
        "controls, Domain-wide delegation, look for the account's unique id, and remove it."
    ),
    reference="https://cloud.google.com/iam/docs/reference/rest/v1/projects.serviceAccounts.keys/disable",
    since="0.2",
    tested=("a simulator of ours, made of Google's discovery document iam:v1 (20261023); no real project",),
)
