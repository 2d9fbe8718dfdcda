"""Everything a Workspace user is signed in to in browsers and on devices, signed out together.

Google shows no session to an administrator, so nothing can prove the end of one: the best end state is `acknowledged`. Grants of
applications are another matter: `google.oauth-grant`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from rescind.models.credential import Credential
from rescind.models.evidence import Gap
from rescind.models.kind import Act, CallResult, Kind, Known, Liveness, Residual, Subject, Verb
from rescind.providers.google import _people
from rescind.providers.google._api import Row, gone, text
from rescind.providers.google._connect import Google
from rescind.secret import Secret


def _known(user: Row) -> Known:
    # neither dead nor alive: Google does not say, and a look that finds them again must not end them again
    return replace(_people.known(user, f"sessions:{text(user, 'id')}", live=True), liveness=Liveness.UNKNOWN)


def identify(client: Google, credential: Credential, secret: Secret | None) -> Known:  # noqa: ARG001  a cookie is never sent
    """Ask for the user of these sessions. Raises typed errors."""
    return _known(_people.person(client, _people.user_of(credential))[0])


def enumerate_(client: Google, subject: Subject) -> Iterator[Known | Gap]:
    """Show one entry for each of the person's users: Google lists no sessions, it only ends them."""
    for found in _people.people(client, subject):
        yield found if isinstance(found, Gap) else _known(found[0])


def sign_out(client: Google, credential: Credential) -> CallResult:
    """Sign the user out everywhere and reset their sign-in cookies. Raises typed errors; a 404 is one of them."""
    return gone(client.send("security", "POST", _people.path(_people.user_of(credential), "/signOut")), "sign-out")


KIND = Kind(
    id="google.user-session",
    title="Web and device sessions of a Google Workspace user",
    provider="google",
    actions={
        Verb.REVOKE: Act(
            call=sign_out,
            reversible=False,
            idempotent=True,
            permissions=(_people.SECURITY,),
            undo="none: sign in again, on every device",
        )
    },
    control=_people.control,
    enumerate=enumerate_,
    identify=identify,
    read_permissions=(_people.LOOK,),
    issuer_is_account=True,
    residual=Residual(
        seconds=3600,
        what="Gmail in a browser, for up to an hour; cookies that other applications gave out themselves",
        source=_people.WEB,
    ),
    steps_by_hand="Admin console, Directory, Users, the person, Security, Sign-in cookies: Reset.",
    reference="https://developers.google.com/workspace/admin/directory/reference/rest/v1/users/signOut",
    since="0.1",
    tested=(
        "a simulator of ours, made of Google's discovery document admin:directory_v1 (20261104); no real Workspace",
    ),
)
