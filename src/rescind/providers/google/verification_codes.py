"""Backup codes of Workspace users, often kept in a file on the laptop: invalidated together, and seen to be none.

Google lists the living codes themselves. They are counted and never kept, shown or logged.
"""

from __future__ import annotations

from collections.abc import Iterator

from rescind.errors import NotFound
from rescind.models.credential import Credential
from rescind.models.evidence import Gap
from rescind.models.kind import Act, CallResult, Death, Kind, Known, Liveness, Observation, Subject, Verb
from rescind.providers.google import _people
from rescind.providers.google._api import Row, gone, seen, text
from rescind.providers.google._connect import Google
from rescind.secret import Secret

_SORT = "verificationCodes"


def _known(user: Row, codes: list[Row]) -> Known:
    return _people.known(user, f"codes:{text(user, 'id')}", live=bool(codes), codes=str(len(codes)))


def identify(client: Google, credential: Credential, secret: Secret | None) -> Known:  # noqa: ARG001  no code is ever sent
    """Ask for the user of these codes, and count them. Raises `NotFound` for a user without any, other typed errors."""
    user, _ = _people.person(client, _people.user_of(credential))
    codes, answer = _people.listed(client, text(user, "id"), _SORT)
    if not codes:
        raise NotFound("the user has no backup codes", status=200, request_id=answer.request_id)
    return _known(user, codes)


def enumerate_(client: Google, subject: Subject) -> Iterator[Known | Gap]:
    """Show one entry for each of the person's users that has backup codes."""
    return _people.listed_each(client, subject, _SORT, lambda user, codes: [_known(user, codes)] if codes else ())


def invalidate(client: Google, credential: Credential) -> CallResult:
    """Invalidate all of the user's codes. Raises typed errors."""
    where = _people.path(_people.user_of(credential), f"/{_SORT}/invalidate")
    return gone(client.send("security", "POST", where), "invalidation")


def verify(client: Google, credential: Credential) -> Observation:
    """Count the user's codes. Raises typed errors, `NotFound` where the user is not shown."""
    codes, answer = _people.listed(client, _people.user_of(credential), _SORT)
    liveness = Liveness.LIVE if codes else Liveness.DEAD
    return seen(answer, liveness, f"Google lists {len(codes)} backup codes of the user")


KIND = Kind(
    id="google.verification-codes",
    title="Backup codes of a Google Workspace user",
    provider="google",
    actions={
        Verb.INVALIDATE: Act(
            call=invalidate,
            reversible=False,
            idempotent=True,
            permissions=(_people.SECURITY,),
            undo="none: the user makes new codes",
        )
    },
    verify=verify,
    control=_people.control,
    enumerate=enumerate_,
    identify=identify,
    read_permissions=(_people.LOOK, _people.SECURITY),
    issuer_is_account=True,
    death=Death(negatives=2, seconds=10.0, source=_people.PROPAGATES),
    steps_by_hand="Admin console, Directory, Users, the person, Security, 2-Step Verification: get backup codes, generate new ones.",
    reference="https://developers.google.com/workspace/admin/directory/reference/rest/v1/verificationCodes/invalidate",
    since="0.1",
    tested=(
        "a simulator of ours, made of Google's discovery document admin:directory_v1 (20261104); no real Workspace",
    ),
)
