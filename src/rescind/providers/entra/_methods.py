"""Authentication methods as they are found and listed, each of its type's own path."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rescind.errors import NotFound, Rejected
from rescind.models.credential import Credential
from rescind.models.evidence import Gap
from rescind.models.kind import Known, Liveness, Subject
from rescind.providers.entra import _person
from rescind.providers.entra._connect import Entra
from rescind.providers.entra._graph import Row, gap, pages, seg, sort, text
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


def place(credential: Credential) -> tuple[str, str, str]:
    """Return user, type and id of a method, out of its identifier. Raises `Rejected` for one that does not say."""
    user, _, rest = credential.identifier.partition("/")
    segment, _, ident = rest.partition("/")
    if not user or segment not in SEGMENTS.values() or not ident:
        raise Rejected("an authentication method is named <user>/<type>/<id>", code="incomplete")
    return user, segment, ident


def listing(client: Entra, user: str) -> tuple[list[Row], Answer]:
    """Return all methods of a user. Raises typed provider errors."""
    # Ids are the same for every user's password and phones, so a method counts only together with its user.
    return pages(client, f"/users/{seg(user)}/authentication/methods", what="authentication methods")


def _known(client: Entra, user: Row, row: Row, workstation: str = "") -> Known:
    segment = SEGMENTS[sort(row)]
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
    user, segment, ident = place(credential)
    owner, _ = _person.find(client, user)
    rows, answer = listing(client, user)
    for row in rows:
        if text(row, "id") == ident and SEGMENTS.get(sort(row)) == segment:
            return _known(client, owner, row)
    raise NotFound("the user has no such authentication method", status=404, request_id=answer.request_id)


def enumerate_(client: Entra, subject: Subject) -> Iterator[Known | Gap]:
    """Show the person's methods but the password. A type that this version cannot delete is a `Gap`."""
    for found in _person.people(client, subject):
        if isinstance(found, Gap):
            yield found
            continue
        rows, _ = listing(client, text(found[0], "id"))
        for row in rows:
            if sort(row) in SEGMENTS and text(row, "id"):
                yield _known(client, found[0], row, subject.workstation)
            elif sort(row) not in _NOT_ENDED_HERE:
                why = "an authentication method of a type that this version cannot delete is registered"
                yield gap(client, why)
