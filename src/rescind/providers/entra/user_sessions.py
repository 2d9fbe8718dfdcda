"""Everything a user is signed in to: refresh tokens and sign-in cookies on every device, ended together by Entra."""

from __future__ import annotations

from collections.abc import Iterator

from rescind.models.credential import Credential
from rescind.models.evidence import Gap
from rescind.models.kind import Kind, Known, Residual, Subject, Verb
from rescind.providers.entra import _person, _sessions
from rescind.providers.entra._connect import ACCESS_SECONDS, Entra
from rescind.providers.entra._graph import DEATH, TESTED, Row, text
from rescind.secret import Secret
from rescind.wire.http import Answer


def _known(client: Entra, credential: Credential, found: tuple[Row, Answer]) -> Known:
    user_id = text(found[0], "id")
    return _sessions.known(client, credential, found, identifier=_sessions.name(user_id), parent=user_id)


def identify(client: Entra, credential: Credential, secret: Secret | None) -> Known:  # noqa: ARG001  they have no value
    """Ask for the user of these sessions. Raises typed provider errors."""
    user_id = credential.attributes.get("user_id") or credential.identifier.removeprefix("sessions:")
    return _known(client, credential, _person.find(client, user_id))


def enumerate_(client: Entra, subject: Subject) -> Iterator[Known | Gap]:
    """Show one entry for each of the person's users: Entra lists no sessions, it only ends them."""
    blank = Credential(kind="", provider="")
    for found in _person.people(client, subject):
        yield found if isinstance(found, Gap) else _known(client, blank, found)


KIND = Kind(
    id="entra.user-sessions",
    title="Sign-in sessions of a Microsoft Entra user",
    provider="entra",
    actions={Verb.REVOKE: _sessions.REVOKE},
    verify=_sessions.verify,
    control=_person.control,
    enumerate=enumerate_,
    identify=identify,
    read_permissions=_person.READ,
    issuer_is_account=True,
    residual=Residual(
        seconds=ACCESS_SECONDS,
        what="access tokens that were issued before, and cookies that applications gave out themselves, which Entra cannot revoke",
        source=_sessions.LIFETIMES,
        hears={"entra.user": _sessions.HEARD},
        deaf=ACCESS_SECONDS,
    ),
    death=DEATH,
    reference="https://learn.microsoft.com/en-us/graph/api/user-revokesigninsessions",
    since="0.1",
    tested=TESTED,
    steps_by_hand=_sessions.BY_HAND,
)
