"""npm tokens (`_authToken` in `.npmrc`). A registry lists and ends a token for its own user only: an organisation's owner cannot.

So the only way is the token itself: presented to the registry it belongs to, it lists its user's tokens, and is then revoked by its
key (https://docs.npmjs.com/revoking-access-tokens). That uses the credential, so it happens only where the tenant says
`self_revoke = true`. The operator's own token is the control.

The value never stands in an address. `npm logout` would put it there, and some registries answer that with 200 and go on accepting
the token; a token that the registry does not list is therefore left as it is, and found alive.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from rescind.errors import NotFound, Rejected, Unrecognised
from rescind.models.clock import parse_rfc3339, rfc3339
from rescind.models.credential import Credential
from rescind.models.kind import Act, CallResult, CallStatus, Death, Kind, Known, Liveness, Observation, Residual, Verb
from rescind.providers.npm._connect import Npm, user_of
from rescind.secret import Secret
from rescind.wire.http import raise_for

_PUBLIC = "registry.npmjs.org"
_LIST = "/-/npm/v1/tokens"


def identify(client: Npm, credential: Credential, secret: Secret | None) -> Known:
    """Ask the registry whose a token is. Raises `NotFound` for one of another registry, or one that this registry refuses.

    Raises `Rejected` where the tenant does not allow a found token to be presented.
    """
    if not secret:
        raise Rejected("a token can only be looked up by its value", code="incomplete")
    _here(client, credential)
    if client.refuses(secret) is not None:
        raise NotFound("the registry refuses this token", status=401)
    answer = client.ask("GET", "/-/whoami", secret)
    raise_for(answer, what="whoami")
    if not user_of(answer):
        raise Unrecognised("whoami: no username", status=answer.status, request_id=answer.request_id)
    entry = _listed(client, secret) or {}
    return Known(
        identifier=_text(entry, "key"),
        issuer=client.registry,
        owner=user_of(answer),
        subject=user_of(answer),
        attributes={"listed": "yes" if entry else "no"},
        created_at=_moment(entry, "created"),
        expires_at=_moment(entry, "expiry"),
        liveness=Liveness.LIVE,
    )


def revoke(client: Npm, credential: Credential, secret: Secret) -> CallResult:
    """Revoke a token by the key under which its registry lists it. `nothing` when it is not listed; `already` when it is refused."""
    _here(client, credential)
    refused = client.refuses(secret)
    if refused is not None:
        return CallResult(status=CallStatus.ALREADY, provider_time=refused.provider_time, http_status=refused.status)
    entry = _listed(client, secret)
    if entry is None:
        return CallResult(status=CallStatus.NOTHING, notes={"reason": "the registry's list does not show this token"})
    answer = client.ask("DELETE", f"{_LIST}/token/{_key(entry)}", secret)
    raise_for(answer, what="token revocation")
    if not answer.intelligible:
        raise Unrecognised("token revocation: not a registry's answer", status=answer.status)
    return CallResult(
        status=CallStatus.ACCEPTED,  # some registries answer 200 for a key they never had
        request_id=answer.request_id,
        provider_time=answer.provider_time,
        http_status=answer.status,
    )


def verify(client: Npm, credential: Credential, secret: Secret) -> Observation:
    """Present the token once more: refused twice around a request of ours that is accepted is dead."""
    _here(client, credential)
    refused = client.refuses(secret)
    if refused is None:
        return Observation(liveness=Liveness.LIVE, evidence="whoami: the registry accepts the token")
    return Observation(
        liveness=Liveness.DEAD,
        evidence=f"whoami: {refused.status} for this token, twice, around a request of ours that was accepted",
        request_id=refused.request_id,
        provider_time=refused.provider_time,
    )


def control(client: Npm, _credential: Credential, _secret: Secret) -> Observation:
    """See our own token accepted by the same call."""
    me = client.identity()
    return Observation(liveness=Liveness.LIVE, evidence=f"whoami: our own token is accepted, as {me.principal}")


def _here(client: Npm, credential: Credential) -> None:
    """Raise `NotFound` for a token of another registry: it is presented to its own one only, never to a stranger."""
    named = (credential.issuer or credential.attributes.get("registry", "")).rstrip("/").lower()
    if not named and credential.attributes.get("form") == "npm":
        named = _PUBLIC  # the public registry's own form, in a place that names no registry
    if named != client.registry:
        raise NotFound("the evidence names another registry, or none, so the token was not shown to this one")
    if not client.self_revoke:
        raise Rejected(
            "a registry ends a token only on the token's own authority, which this tenant does not allow (self_revoke = true)",
            code="not-allowed",
        )


def _listed(client: Npm, secret: Secret) -> Mapping[str, Any] | None:
    answer = client.ask("GET", _LIST, secret)
    raise_for(answer, what="token list")
    value, found = secret.reveal(), list[Mapping[str, Any]]()
    for _ in range(100):
        said = answer.json if isinstance(answer.json, dict) else {}
        entries = said.get("objects")
        if not isinstance(entries, list):
            raise Unrecognised("token list: no list", status=answer.status, request_id=answer.request_id)
        found += [e for e in entries if _shows(_text(e, "token"), value)]
        after = urlsplit(_text(said.get("urls"), "next"))
        if after.path != _LIST or after.netloc:
            break
        answer = client.ask("GET", _LIST, secret, query=dict(parse_qsl(after.query)))
        raise_for(answer, what="token list")
    if len(found) > 1:
        raise Rejected("several tokens of its owner look like this one in the registry's list", code="ambiguous")
    return found[0] if found else None


def _shows(redacted: str, value: str) -> bool:
    # The list shows the first and the last few characters: https://github.com/npm/npm-profile
    start, dots, end = redacted.partition("...")
    return bool(dots and start and end) and value.startswith(start) and value.endswith(end)


def _key(entry: Mapping[str, Any]) -> str:
    key = _text(entry, "key")
    if not re.fullmatch(r"[0-9A-Za-z_-]+", key):
        raise Unrecognised("token list: a key that is none", status=200)
    return key


def _text(entry: Any, name: str) -> str:
    value = entry.get(name) if isinstance(entry, Mapping) else None
    return value if isinstance(value, str) else ""


def _moment(entry: Mapping[str, Any], name: str) -> str | None:
    try:
        return rfc3339(parse_rfc3339(_text(entry, name))) if _text(entry, name) else None
    except ValueError:
        raise Unrecognised("token list: a time that is none", status=200) from None


KIND = Kind(
    id="npm.token",
    title="npm registry token",
    provider="npm",
    needs_secret=True,
    actions={
        Verb.REVOKE: Act(
            call=revoke,
            reversible=False,
            idempotent=True,
            permissions=("the token itself (self_revoke = true)",),
            undo="none: log in again or create a new token",
        )
    },
    verify=verify,
    control=control,
    identify=identify,
    read_permissions=("any token of our own, for the control read",),
    residual=Residual(
        seconds=3600,
        what="the registry may go on accepting it for up to an hour",
        source="https://docs.npmjs.com/revoking-access-tokens",
    ),
    death=Death(negatives=2, seconds=2.0, source="https://docs.npmjs.com/revoking-access-tokens"),
    reference="https://docs.npmjs.com/revoking-access-tokens",
    since="0.1",
    tested=("verdaccio 6",),
    steps_by_hand=(
        "Ask the token's owner to revoke it (npm token list, npm token revoke), and remove them from the organisation's teams meanwhile."
    ),
)
