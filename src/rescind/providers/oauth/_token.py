"""What both kinds of OAuth token share: whose it is, how it is revoked, and when that is proven.

A revocation endpoint answers 200 whether or not anything was revoked (https://www.rfc-editor.org/rfc/rfc7009#section-2.2), and
some servers answer 200 even where their policy refused; so the answer is `accepted` and nothing more.

Introspection answers `active: false` for a token that ended, and just the same for one that the asking client may not see
(https://www.rfc-editor.org/rfc/rfc7662#section-2.2). So `inactive` counts as dead only if this client saw the same token active
before, and if a token that it obtains on the spot is shown active now.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from rescind.errors import NotFound, ProviderError, Rejected, Unrecognised
from rescind.models.clock import rfc3339
from rescind.models.credential import Credential
from rescind.models.kind import CallResult, CallStatus, Known, Liveness, Observation
from rescind.providers.oauth._connect import OAuth
from rescind.secret import Secret
from rescind.wire.http import raise_for

_SEEN = "seen_active_by"
_KEPT = ("client_id", "scope", "token_type", "sub", "username")


def hint_of(credential: Credential) -> str:
    """Return the `token_type_hint` of a kind (https://www.rfc-editor.org/rfc/rfc7009#section-4.1.2)."""
    return "refresh_token" if credential.kind == "oauth.refresh-token" else "access_token"


def identify(client: OAuth, credential: Credential, secret: Secret | None) -> Known:
    """Say whose a token is, as introspection tells it to our client; the token is sent as a parameter and never used.

    The owner is the `username` of the answer, else its `sub`. Raises `NotFound` for a token that is not active, or that our client
    may not see. A server without introspection says nothing of an owner.
    """
    if not secret:
        raise Rejected("a token can only be looked up by its value", code="incomplete")
    if not client.mine(credential.issuer):
        raise NotFound("the evidence says that another server issued it, so it was not shown to this one")
    if not client.offers("introspection_endpoint"):
        return Known(identifier=credential.identifier, issuer=client.issuer, attributes={_SEEN: ""})
    said = client.introspect(secret, hint_of(credential))
    if not said["active"]:
        raise NotFound("the server does not show this token as active to our client", status=200)
    if said.get("iss") not in {None, client.issuer}:
        raise Rejected("introspection names another issuer than the server's own", code="other-issuer")
    facts = {name: _text(said, name) for name in _KEPT}
    return Known(
        identifier=_public_id(said, secret),
        issuer=client.issuer,
        subject=facts["sub"],
        owner=facts["username"] or facts["sub"],
        attributes={**{k: v for k, v in facts.items() if v}, _SEEN: client.client_id},
        expires_at=_moment(said, "exp"),
        created_at=_moment(said, "iat"),
        liveness=Liveness.LIVE,
    )


def revoke(client: OAuth, credential: Credential, secret: Secret) -> CallResult:
    """Ask the server to revoke a token. Only ever `accepted`: a 200 does not say that anything was revoked.

    Most servers revoke a token only for the client it was issued to; one of the configured `public_clients` is named as such.
    """
    owner = credential.attributes.get("client_id", "")
    answer = client.post(
        "revocation_endpoint",
        {"token": secret, "token_type_hint": hint_of(credential)},
        as_public=owner if owner in client.public_clients else "",
    )
    raise_for(answer, what="revocation")
    if answer.status != 200 or not answer.intelligible:
        raise Unrecognised(
            "revocation: not the answer of a revocation endpoint", status=answer.status, request_id=answer.request_id
        )
    return CallResult(
        status=CallStatus.ACCEPTED,
        request_id=answer.request_id,
        provider_time=answer.provider_time,
        http_status=answer.status,
    )


def verify(client: OAuth, credential: Credential, secret: Secret) -> Observation:
    """Look whether a token is still active. `unverifiable` where the server has no introspection; raises `ProviderError`s else."""
    if not client.offers("introspection_endpoint"):
        return Observation(
            liveness=Liveness.UNKNOWN,
            evidence="this server has no introspection endpoint: nothing can tell whether the token ended",
            unverifiable=True,
        )
    said = client.introspect(secret, hint_of(credential))
    facts: dict[str, Any] = {"request_id": said["_request_id"], "provider_time": said["_provider_time"]}
    if said["active"]:
        return Observation(liveness=Liveness.LIVE, evidence="introspection: active", **facts)
    if credential.attributes.get(_SEEN) != client.client_id:
        why = "introspection: inactive, but it says so of every token that our client may not see, and it never showed us this one"
        return Observation(liveness=Liveness.UNKNOWN, evidence=why, **facts)
    return _dead(client, credential, secret, facts)


def _dead(client: OAuth, credential: Credential, secret: Secret, facts: Mapping[str, Any]) -> Observation:
    ended = "introspection: not active any more; this client saw it active before"
    if hint_of(credential) == "refresh_token":
        lives = int(client.tenant.text("access_seconds", "0"))
        until = rfc3339(client.clock.now() + timedelta(seconds=lives)) if lives else ""
        return Observation(liveness=Liveness.DEAD, evidence=ended, residual_until=until, **facts)
    if not _signed(secret):
        return Observation(liveness=Liveness.DEAD, evidence=ended, **facts)
    if not credential.expires_at:
        why = (
            f"{ended}; but it is a signed token without a stated expiry, and who checks it offline goes on accepting it"
        )
        return Observation(liveness=Liveness.UNKNOWN, evidence=why, **facts)
    why = f"{ended}; who checks its signature offline accepts it until it expires"
    return Observation(liveness=Liveness.DEAD, evidence=why, residual_until=credential.expires_at, **facts)


def control(client: OAuth, _credential: Credential, _secret: Secret) -> Observation:
    """Obtain a token of our own (client credentials grant), see it active at the same endpoint, and give it back.

    Needs the `client_credentials` grant for our client (https://www.rfc-editor.org/rfc/rfc6749#section-4.4). Raises the typed error
    where the server refuses that: without a control nothing is proven.
    """
    answer = client.post("token_endpoint", {"grant_type": "client_credentials"})
    raise_for(answer, what="control: a token of our own")
    value = answer.json.get("access_token") if isinstance(answer.json, dict) else None
    if not isinstance(value, str) or not value:
        raise Unrecognised("control: no token of our own was given", status=answer.status, request_id=answer.request_id)
    own = Secret(value)
    said = client.introspect(own, "access_token")
    with contextlib.suppress(ProviderError):  # it is short-lived, ours, and never left this process
        client.post("revocation_endpoint", {"token": own, "token_type_hint": "access_token"})
    if not said["active"]:
        raise Unrecognised("control: introspection calls a token inactive that was issued a moment ago", status=200)
    return Observation(
        liveness=Liveness.LIVE,
        evidence="a token issued to us a moment ago is shown active by the same endpoint",
        request_id=said["_request_id"],
        provider_time=said["_provider_time"],
    )


def _public_id(said: Mapping[str, Any], secret: Secret) -> str:
    # A server may use the value itself as `jti`; then the token has no public id.
    jti, value = _text(said, "jti"), secret.reveal()
    return "" if not jti or jti in value or value in jti else jti


def _signed(secret: Secret) -> bool:
    # https://www.rfc-editor.org/rfc/rfc7519#section-3: three parts, the first an object that begins with {"
    return secret.reveal().startswith("eyJ") and secret.reveal().count(".") == 2


def _text(said: Mapping[str, Any], name: str) -> str:
    value = said.get(name)
    return value if isinstance(value, str) else ""


def _moment(said: Mapping[str, Any], name: str) -> str | None:
    value = said.get(name)
    try:
        return rfc3339(datetime.fromtimestamp(value, UTC)) if isinstance(value, int | float) else None
    except (ValueError, OverflowError, OSError):
        raise Unrecognised(f"introspection: {name} is not a time", status=200) from None
