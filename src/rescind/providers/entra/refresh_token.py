"""Refresh tokens of Entra as tools on a machine keep them: Entra ends no single one, so its user's sessions are ended."""

from __future__ import annotations

from rescind.models.credential import Credential
from rescind.models.kind import Kind, Known, Residual, Verb
from rescind.providers.entra import _person, _sessions
from rescind.providers.entra._connect import ACCESS_SECONDS, Entra
from rescind.providers.entra._graph import DEATH, TESTED, text
from rescind.secret import Secret


def identify(client: Entra, credential: Credential, secret: Secret | None) -> Known:  # noqa: ARG001  it is never presented
    """Ask for the user that a token names. Raises `NotFound` for a token of another tenant, other typed errors."""
    found = _sessions.owner_of(client, credential)
    parent = _sessions.name(text(found[0], "id"))
    return _sessions.known(client, credential, found, identifier=credential.identifier, parent=parent)


KIND = Kind(
    id="entra.refresh-token",
    title="Microsoft Entra refresh token",
    provider="entra",
    actions={Verb.REVOKE: _sessions.REVOKE_ONCE},
    verify=_sessions.verify,
    control=_person.control,
    identify=identify,
    read_permissions=_person.READ,
    issuer_is_account=True,
    residual=Residual(
        seconds=ACCESS_SECONDS,
        what="access tokens that were made from it before",
        source=_sessions.LIFETIMES,
        hears={"entra.user": _sessions.HEARD},
        deaf=ACCESS_SECONDS,
    ),
    death=DEATH,
    reference="https://learn.microsoft.com/en-us/entra/identity-platform/refresh-tokens#token-revocation",
    since="0.1",
    tested=TESTED,
    steps_by_hand=_sessions.BY_HAND,
)
