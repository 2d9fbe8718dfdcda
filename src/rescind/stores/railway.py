"""Railway CLI: the session of the person who signed in, and tokens of projects."""

from __future__ import annotations

from collections.abc import Iterator

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location, State
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._epoch import epoch
from rescind.stores._json import load, member, text
from rescind.stores._sighting import sighting
from rescind.stores._token import token

_FORMS = {"refreshToken": "refresh", "accessToken": "access", "token": "session"}


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield the sign-in and each project's token, or the signed-out file. Raises `Unparsable` for what is no JSON object."""
    document, found = load(blob), 0
    if not isinstance(document, dict):
        raise Unparsable("the file is not a JSON object")
    user = member(document, "user")
    until = epoch(member(user, "tokenExpiresAt"))
    for name, form in _FORMS.items():
        own, end = {"form": form, "email": text(user, "email")}, until if form == "access" else None
        for finding in token(
            "railway.token", text(user, name), at, f"/user/{name}", issuer="railway.com", more=own, expires_at=end
        ):
            found += 1
            yield finding
    projects = member(document, "projects")
    for path, project in projects.items() if isinstance(projects, dict) else ():
        own = {"form": "project", "project": text(project, "project"), "environment": text(project, "environment")}
        yield from token(
            "railway.token", text(project, "token"), at, f"/projects/{path}", issuer="railway.com", more=own
        )
    if not found:
        yield sighting("railway.token", at, state=State.LOGGED_OUT)


STORE = Store(
    id="railway",
    title="Railway CLI",
    where=(At(root=Root.HOME, glob=".railway/config*.json"),),
    yields=("railway.token", "github.token"),
    max_bytes=256 * KiB,
    parse=parse,
    since="0.1",
    reference="https://github.com/railwayapp/cli/blob/master/src/config.rs",
)
