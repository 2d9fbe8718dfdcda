"""What a user proves who they are with: security keys, Windows Hello, the Authenticator app, phones, one-time passwords and passes.

Each is deleted by its type's own path; the person registers a new one. Graph refuses to delete the default one while there are others:
that step fails, and is done again after them. A password has no deletion, and the app passwords of old no API: see `steps_by_hand`.
Deleting Windows Hello does not end what was signed in with it: the device is switched off, and the sessions are revoked, beside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rescind.errors import NotFound, Rejected
from rescind.models.credential import Credential
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
from rescind.providers.entra import _person, _sessions
from rescind.providers.entra._connect import ACCESS_SECONDS, Entra
from rescind.providers.entra._graph import LAG, Row, called, pages, seen, seg, text, written
from rescind.secret import Secret
from rescind.wire.http import Answer

SEGMENTS: Mapping[str, str] = {
    "fido2AuthenticationMethod": "fido2Methods",
    "windowsHelloForBusinessAuthenticationMethod": "windowsHelloForBusinessMethods",
    "platformCredentialAuthenticationMethod": "platformCredentialMethods",
    "microsoftAuthenticatorAuthenticationMethod": "microsoftAuthenticatorMethods",
    "phoneAuthenticationMethod": "phoneMethods",
    "emailAuthenticationMethod": "emailMethods",
    "softwareOathAuthenticationMethod": "softwareOathMethods",
    "temporaryAccessPassAuthenticationMethod": "temporaryAccessPassMethods",
    "externalAuthenticationMethod": "externalAuthenticationMethods",
}
_NOT_ENDED_HERE = {"passwordAuthenticationMethod"}
_ON_A_DEVICE = {"windowsHelloForBusinessMethods", "platformCredentialMethods", "microsoftAuthenticatorMethods"}


def _place(credential: Credential) -> tuple[str, str, str]:
    user, _, rest = credential.identifier.partition("/")
    segment, _, ident = rest.partition("/")
    if not user or segment not in SEGMENTS.values() or not ident:
        raise Rejected("an authentication method is named <user>/<type>/<id>", code="incomplete")
    return user, segment, ident


def _list(client: Entra, user: str) -> tuple[list[Row], Answer]:
    # Ids are the same for every user's password and phones, so a method counts only together with its user.
    return pages(client, f"/users/{seg(user)}/authentication/methods", what="authentication methods")


def _known(client: Entra, user: Row, row: Row, workstation: str = "") -> Known:
    segment = SEGMENTS[text(row, "@odata.type").rpartition(".")[2]]
    name = text(row, "displayName")
    mine = workstation and segment in _ON_A_DEVICE and name.casefold() == workstation.casefold()
    facts = {"user_id": text(user, "id"), "type": segment, "name": name, "workstation": workstation if mine else ""}
    return Known(
        identifier=f"{text(user, 'id')}/{segment}/{text(row, 'id')}",
        issuer=client.tenant_id,
        subject=text(user, "userPrincipalName"),
        owner=text(user, "userPrincipalName"),
        attributes={k: v for k, v in facts.items() if v},
        created_at=text(row, "createdDateTime") or None,
        liveness=Liveness.LIVE,
    )


def identify(client: Entra, credential: Credential, secret: Secret | None) -> Known:  # noqa: ARG001  its value is nowhere
    """Find a method among its user's. Raises `NotFound` when the user does not have it, other typed errors."""
    user, segment, ident = _place(credential)
    owner, _ = _person.find(client, user)
    rows, answer = _list(client, user)
    for row in rows:
        if text(row, "id") == ident and SEGMENTS.get(text(row, "@odata.type").rpartition(".")[2]) == segment:
            return _known(client, owner, row)
    raise NotFound("the user has no such authentication method", status=404, request_id=answer.request_id)


def enumerate_(client: Entra, subject: Subject) -> Iterator[Known | Gap]:
    """Show the person's methods but the password. A type that this version cannot delete is a `Gap`."""
    for found in _person.people(client, subject):
        if isinstance(found, Gap):
            yield found
            continue
        rows, _ = _list(client, text(found[0], "id"))
        for row in rows:
            sort = text(row, "@odata.type").rpartition(".")[2]
            if sort in SEGMENTS and text(row, "id"):
                yield _known(client, found[0], row, subject.workstation)
            elif sort not in _NOT_ENDED_HERE:
                why = "an authentication method of a type that this version cannot delete is registered"
                yield Gap(source=f"tenant:{client.tenant.name}", reason=why)


def delete(client: Entra, credential: Credential) -> CallResult:
    """Delete the method. Raises typed provider errors; one that is gone is `already`, which the look then decides on."""
    user, segment, ident = _place(credential)
    answer = client.http.send("DELETE", f"/users/{seg(user)}/authentication/{segment}/{seg(ident)}")
    if answer.status == 404 and isinstance(answer.json, dict) and isinstance(answer.json.get("error"), dict):
        return called(answer, CallStatus.ALREADY)
    return written(answer, "authentication method")


def verify(client: Entra, credential: Credential) -> Observation:
    """Look for the method in the whole listing of its user's. Raises typed provider errors."""
    user, segment, ident = _place(credential)
    rows, answer = _list(client, user)
    if any(text(r, "id") == ident and SEGMENTS.get(text(r, "@odata.type").rpartition(".")[2]) == segment for r in rows):
        return seen(answer, Liveness.LIVE, "Graph lists the method for its user")
    return seen(
        answer,
        Liveness.DEAD,
        "Graph's listing of the user's methods, read whole, does not show it",
        deaf=client.access_seconds,
    )


KIND = Kind(
    id="entra.authentication-method",
    title="Authentication method of a Microsoft Entra user",
    provider="entra",
    actions={
        Verb.DELETE: Act(
            call=delete,
            reversible=False,
            idempotent=True,
            permissions=("UserAuthenticationMethod.ReadWrite.All",),
            undo="none: the person registers a new one, with a Temporary Access Pass if nothing else is left",
        )
    },
    verify=verify,
    control=_person.control,
    enumerate=enumerate_,
    identify=identify,
    read_permissions=("UserAuthenticationMethod.Read.All", "User.Read.All"),
    issuer_is_account=True,
    residual=Residual(
        seconds=-1,
        what="sessions that were made with it, until they are revoked, and the access tokens of these",
        source="https://learn.microsoft.com/en-us/entra/identity-platform/refresh-tokens#token-lifetime",
        hears={"entra.user-sessions": _sessions.HEARD},
        deaf=ACCESS_SECONDS,
    ),
    death=Death(negatives=2, seconds=30.0, source=LAG),
    reference="https://learn.microsoft.com/en-us/graph/api/resources/authenticationmethods-overview",
    since="0.2",
    tested=("a simulator of ours, made of Graph's v1.0 CSDL and its permission map; no real tenant",),
    steps_by_hand=(
        "Entra admin center, Users, the person, Authentication methods: delete it. App passwords of per-user MFA: Per-user MFA, the person, "
        "delete all existing app passwords. The password itself: Reset password."
    ),
)
