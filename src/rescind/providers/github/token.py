"""GitHub tokens of people: personal, OAuth app, app user and refresh tokens (https://docs.github.com/en/rest/credentials/revoke).

GitHub ends them by their value, for anybody who holds it, without a sign-in; it answers 202 and never says what became of which.
Nobody but the token itself can be asked whether it lives. So, unless the tenant says `probe = true`, the best state is
`acknowledged`. With it, the token is presented to `GET /user` before and after; only one that was accepted before can be found dead.

Whose it is stands in the organisation's list of credentials authorised for SAML sign-on, by the last eight characters
(https://docs.github.com/en/enterprise-cloud@latest/rest/orgs/orgs#list-saml-sso-authorizations-for-an-organization); where there is
no SAML sign-on (`saml = false`) only the probe can tell. Tokens of OAuth apps and app users may be missing from that list.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rescind.errors import NotFound, Rejected, Unrecognised
from rescind.models.credential import Credential
from rescind.models.kind import Act, CallResult, CallStatus, Death, Kind, Known, Liveness, Observation, Verb
from rescind.providers.github._connect import GitHub, login_of
from rescind.secret import Secret
from rescind.wire.http import Answer, raise_for

_SEEN = "seen_alive_by"
_PAGES = 1000
_INSTALLATION = (
    "GitHub's revocation does not take installation tokens (ghs_); this one ends within an hour of being made"
)


def identify(client: GitHub, credential: Credential, secret: Secret | None) -> Known:
    """Say whose a token is: by the organisation's authorised credentials, else by the probe where the tenant allows it.

    A token that neither knows has no owner. Raises `NotFound` for one of another host, or one that the probe finds refused;
    `Unrecognised` when the organisation's list cannot be read.
    """
    if not secret:
        raise Rejected("a token can only be looked up by its value", code="incomplete")
    if (credential.issuer or client.host).lower() != client.host:
        raise NotFound("the evidence says that another host issued it, so it was not shown to this one")
    if secret.reveal().startswith("ghs_"):
        return Known(identifier="", issuer=client.host, attributes={_SEEN: ""}, irrevocable=_INSTALLATION)
    entry = _authorised(client, secret.reveal()[-8:]) if client.tenant.settings.get("saml", True) else {}
    owner, seen = _text(entry, "login"), ""
    if client.probes and _can_sign_in(secret):
        answer = client.as_token(secret)
        if _bad(answer):
            raise NotFound("GitHub refuses this token", status=answer.status, request_id=answer.request_id)
        raise_for(answer, what="probe")
        owner, seen = login_of(answer), "probe"
        if not owner:
            raise Unrecognised("probe: no login", status=answer.status, request_id=answer.request_id)
    number = entry.get("authorized_credential_id")
    return Known(
        identifier=str(number) if isinstance(number, int) else "",
        issuer=client.host,
        owner=owner,
        attributes={_SEEN: seen, "type": _text(entry, "credential_type")},
        last_used=_text(entry, "credential_accessed_at") or None,
        expires_at=_text(entry, "authorized_credential_expires_at") or None,
        liveness=Liveness.LIVE if seen or entry else Liveness.UNKNOWN,
    )


def revoke(client: GitHub, _credential: Credential, secret: Secret) -> CallResult:
    """Hand the token in, without a sign-in: a signed-in request is refused. Only ever `accepted`."""
    answer = client.anonymous.send("POST", "/credentials/revoke", json={"credentials": [secret]})
    raise_for(answer, what="credential revocation")
    if answer.status != 202 or not answer.intelligible:
        raise Unrecognised("credential revocation: not 202", status=answer.status, request_id=answer.request_id)
    return CallResult(
        status=CallStatus.ACCEPTED,
        request_id=answer.request_id,
        provider_time=answer.provider_time,
        http_status=answer.status,
    )


def verify(client: GitHub, credential: Credential, secret: Secret) -> Observation:
    """Probe whether a token still signs in; `unverifiable` where the tenant does not allow that, or it is a refresh token."""
    if not client.probes or not _can_sign_in(secret):
        why = "GitHub took the token in; it tells nobody what became of it" + (
            "" if client.probes else " (probe = true would present the token once more)"
        )
        return Observation(liveness=Liveness.UNKNOWN, evidence=why, unverifiable=True)
    answer = client.as_token(secret)
    facts: dict[str, Any] = {"request_id": answer.request_id, "provider_time": answer.provider_time}
    if not _bad(answer):
        raise_for(answer, what="probe")
        if not login_of(answer):
            raise Unrecognised("probe: no login", status=answer.status, request_id=answer.request_id)
        return Observation(liveness=Liveness.LIVE, evidence="GET /user: GitHub accepts the token", **facts)
    if credential.attributes.get(_SEEN) != "probe":
        why = "GET /user: Bad credentials, but it was never seen to be accepted there"
        return Observation(liveness=Liveness.UNKNOWN, evidence=why, **facts)
    return Observation(
        liveness=Liveness.DEAD, evidence="GET /user: Bad credentials; it was accepted there before", **facts
    )


def control(client: GitHub, _credential: Credential, _secret: Secret) -> Observation:
    """See our own token accepted by the same call."""
    me = client.identity()
    return Observation(liveness=Liveness.LIVE, evidence=f"GET /user: our own token is accepted, as {me.principal}")


def _can_sign_in(secret: Secret) -> bool:
    # A refresh token signs in nowhere: the probe would call every one of them dead.
    return not secret.reveal().startswith("ghr_")


def _bad(answer: Answer) -> bool:
    # https://docs.github.com/en/rest/authentication/authenticating-to-the-rest-api#failed-login-limit
    return answer.status == 401 and _text(answer.json, "message") == "Bad credentials"


def _authorised(client: GitHub, last_eight: str) -> Mapping[str, Any]:
    found = [e for e in _authorisations(client) if _text(e, "token_last_eight") == last_eight]
    if len({_text(e, "login") for e in found}) > 1:
        raise Rejected("several people's tokens end in the same eight characters", code="ambiguous")
    return found[0] if found else {}


def _authorisations(client: GitHub) -> Iterator[Mapping[str, Any]]:
    path = f"/orgs/{client.tenant.text('org')}/credential-authorizations"
    for page in range(1, _PAGES + 1):
        answer = client.http.send("GET", path, query={"per_page": "100", "page": str(page)})
        if answer.status == 404:
            # GitHub says 404 for a missing right too: https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api
            raise Unrecognised(
                "authorised credentials cannot be read: no SAML sign-on (saml = false), or we are no owner", status=404
            )
        raise_for(answer, what="authorised credentials")
        if not isinstance(answer.json, list) or not all(isinstance(e, dict) for e in answer.json):
            raise Unrecognised("authorised credentials: no list", status=answer.status, request_id=answer.request_id)
        yield from answer.json
        if 'rel="next"' not in answer.headers.get("link", ""):
            return
    raise Unrecognised("authorised credentials: a list that does not end")


def _text(entry: Any, name: str) -> str:
    value = entry.get(name) if isinstance(entry, Mapping) else None
    return value if isinstance(value, str) else ""


KIND = Kind(
    id="github.token",
    title="GitHub token",
    provider="github",
    needs_secret=True,
    actions={
        Verb.REVOKE: Act(
            call=revoke,
            reversible=False,
            idempotent=True,
            permissions=("none: whoever holds the token may hand it in; its owner is told by e-mail",),
            undo="none: make a new token",
        )
    },
    verify=verify,
    control=control,
    identify=identify,
    read_permissions=("read:org as an owner of the organisation",),
    # Revocation is asynchronous (202), so one refusal is looked at again.
    death=Death(negatives=2, seconds=2.0, source="https://docs.github.com/en/rest/credentials/revoke"),
    reference="https://docs.github.com/en/rest/credentials/revoke",
    since="0.1",
    tested=("requests against GitHub's OpenAPI description (ghec); no real GitHub",),
    steps_by_hand=(
        "Ask the token's owner to delete it (Settings, Developer settings, Personal access tokens; or Applications), and remove its "
        "authorisation under the organisation's SAML sign-on."
    ),
)
