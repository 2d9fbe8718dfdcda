"""Application-specific passwords of Workspace users: they pass by the second factor, and a mail client keeps one in the clear."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from rescind.models.credential import Credential
from rescind.models.evidence import Gap
from rescind.models.kind import Act, CallResult, Death, Kind, Known, Subject, Verb
from rescind.providers.google import _people
from rescind.providers.google._api import Row, gone, moment, seg, text
from rescind.providers.google._connect import Google
from rescind.secret import Secret


def _known(user: Row, row: Row) -> Known:
    return _people.known(
        user,
        f"{text(user, 'id')}/{row.get('codeId', '')}",
        live=True,
        name=text(row, "name"),
        created_at=moment(text(row, "creationTime")),
        last_used=moment(text(row, "lastTimeUsed")),
    )


def identify(client: Google, credential: Credential, secret: Secret | None) -> Known:  # noqa: ARG001  the value is never sent
    """Ask for the user of an app password and look for it in their list. Raises `NotFound` where it is not, other typed errors."""
    user, row, _ = _people.one(client, credential, "asps", "codeId")
    return _known(user, row)


def enumerate_(client: Google, subject: Subject) -> Iterator[Known | Gap]:
    """List every app password of the person's users."""
    return _people.listed_each(client, subject, "asps", lambda user, rows: (_known(user, r) for r in rows))


def revoke(client: Google, credential: Credential) -> CallResult:
    """Delete the app password. Raises typed errors."""
    code = credential.identifier.partition("/")[2]
    return gone(
        client.send("security", "DELETE", _people.path(_people.user_of(credential), f"/asps/{seg(code)}")), "removal"
    )


KIND = Kind(
    id="google.app-password",
    title="Application-specific password of a Google Workspace user",
    provider="google",
    actions={
        Verb.REVOKE: Act(
            call=revoke,
            reversible=False,
            idempotent=True,
            permissions=(_people.SECURITY,),
            undo="none: the user makes another one",
        )
    },
    verify=partial(_people.absent, sort="asps", key="codeId"),
    control=_people.control,
    enumerate=enumerate_,
    identify=identify,
    read_permissions=(_people.LOOK, _people.SECURITY),
    issuer_is_account=True,
    death=Death(negatives=2, seconds=10.0, source=_people.PROPAGATES),
    steps_by_hand="Admin console, Directory, Users, the person, Security, Application-specific passwords: revoke it.",
    reference="https://developers.google.com/workspace/admin/directory/reference/rest/v1/asps/delete",
    since="0.1",
    tested=(
        "a simulator of ours, made of Google's discovery document admin:directory_v1 (20261104); no real Workspace",
    ),
)
