"""Users of a Workspace: whom sessions, grants and app passwords belong to, suspended and taken back as a whole.

Suspended before anything is signed out: a client of a living account signs in again (https://support.google.com/a/answer/33312). What
was granted before may work again once the suspension is lifted, so grants, app passwords and codes are ended too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rescind.errors import ProviderError, Throttled, Unreachable
from rescind.models.credential import Credential, EndState
from rescind.models.evidence import Gap
from rescind.models.kind import Act, Death, Kind, Known, Liveness, Observation, Residual, Subject, Verb
from rescind.models.tenant import AUTHORITY
from rescind.providers.google import _authority, _listings, _people, _suspension
from rescind.providers.google._api import Row, flag, moment, seen, text
from rescind.providers.google._connect import Google
from rescind.secret import Secret
from rescind.wire.http import Answer


def _known(row: Row, answer: Answer, authority: str = "") -> Known:
    why = text(row, _people.BEYOND)
    return Known(
        identifier=text(row, "id"),
        issuer=text(row, "customerId"),
        subject=text(row, "primaryEmail"),
        owner=text(row, "primaryEmail"),
        attributes={**_people.facts(row, answer), **({AUTHORITY: authority} if authority else {})},
        created_at=moment(text(row, "creationTime")),
        last_used=moment(text(row, "lastLoginTime")),
        liveness=Liveness.DEAD if flag(row, "suspended", answer) else Liveness.LIVE,
        by_hand=why,
        hands=_people.HANDS,
    )


def identify(client: Google, credential: Credential, secret: Secret | None) -> Known:  # noqa: ARG001  a user has no value
    """Ask for a user by id, else by address. Raises typed provider errors."""
    return _known(*_people.person(client, credential.identifier or credential.owner))


def enumerate_(client: Google, subject: Subject) -> Iterator[Known | Gap]:
    """Show the person's users, suspended ones too, and where each signs in; a gap where that could not be found out."""
    for found in _people.people(client, subject):
        if isinstance(found, Gap):
            yield found
            continue
        row, mail = found[0], text(found[0], "primaryEmail")
        try:
            where = _authority.of(client, row)
        except (Throttled, Unreachable):
            raise
        except ProviderError as error:
            yield _listings.gap(client, f"where {mail} signs in could not be read: {error.message}")
            where = ""
        yield _known(*found, where)


def snapshot(client: Google, credential: Credential) -> Mapping[str, str]:
    """Return the user as they are before the suspension. Raises typed provider errors."""
    return _people.facts(*_people.find(client, credential.identifier))


def verify(client: Google, credential: Credential) -> Observation:
    """Read `suspended` back. A user that is not there is no proof: `NotFound`. Raises other typed provider errors."""
    row, answer = _people.find(client, credential.identifier)
    if not flag(row, "suspended", answer):
        return seen(answer, Liveness.LIVE, "the directory shows the user as active")
    reason = text(row, "suspensionReason")
    return seen(answer, Liveness.DEAD, f"the directory shows the user as suspended {reason}".strip(), reversible=True)


KIND = Kind(
    id="google.user",
    title="Google Workspace user (identity)",
    provider="google",
    actions={
        Verb.DEACTIVATE: Act(
            call=_suspension.suspend,
            reversible=True,
            idempotent=True,
            permissions=(_people.UPDATE,),
            ends=EndState.CONTAINED,
            undo="update the user with suspended false",
            snapshot=snapshot,
            restore=_suspension.reinstate,
        )
    },
    verify=verify,
    control=_people.control,
    enumerate=enumerate_,
    identify=identify,
    read_permissions=(_people.LOOK, *_authority.READ),
    issuer_is_account=True,
    identity=True,
    residual=Residual(
        seconds=3600,
        what="access tokens that applications hold, at services that do not ask whether their user is suspended",
        source="https://cloud.google.com/docs/authentication/token-types#access",
    ),
    death=Death(negatives=2, seconds=10.0, source=_people.PROPAGATES),
    steps_by_hand=(
        "Admin console, Directory, Users, the person: Suspend user; then Security: reset sign-in cookies, remove connected applications and "
        "application-specific passwords. For an administrator this takes a super administrator. A user who signs in at another identity "
        "provider is disabled there too."
    ),
    reference="https://developers.google.com/workspace/admin/directory/reference/rest/v1/users/update",
    since="0.1",
    tested=(
        "a simulator of ours, made of Google's discovery document admin:directory_v1 (20261104); no real Workspace",
    ),
)
