"""`.netrc` and `.authinfo`: passwords by host, for curl, Git, Heroku, package registries and many others.

What an entry opens depends on its host. A GitHub token by its form, for whichever host, is a `github.token`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from rescind.models.evidence import Finding, Location, State
from rescind.models.store import At, KiB, Root, Store
from rescind.stores import _github
from rescind.stores._locked import locked
from rescind.stores._netrc import entries
from rescind.stores._password import is_stand_in
from rescind.stores._sighting import sighting
from rescind.stores._text import decode


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield one finding per password. Anything is a `.netrc`: what has no password in it yields nothing."""
    if at.path.endswith(".gpg"):
        yield locked("netrc.password", at, "passphrase")
        return
    for entry in entries(decode(blob)):
        commented = {"commented": "yes" if entry.commented else ""}
        place, host = replace(at, line=entry.line, pointer=entry.host), entry.host
        if _github.form_of(entry.password, host):
            yield _github.finding(entry.password, place, host=host, login=entry.user, attributes=commented)
            continue
        dud = is_stand_in(entry.password)
        yield sighting(
            "netrc.password",
            place,
            issuer=host,
            subject=entry.user,
            secret="" if dud else entry.password,
            attributes={"host": host, "user": entry.user, **commented},
            state=State.PLACEHOLDER if dud else State.LIVE_UNVERIFIED,
        )


_NAMES = (".netrc", "_netrc", ".authinfo", ".netrc.*", ".netrc~", ".authinfo.gpg")
STORE = Store(
    id="netrc",
    title="netrc and authinfo passwords",
    where=tuple(At(root=Root.HOME, glob=name, env="NETRC" if name == ".netrc" else "") for name in _NAMES),
    yields=("github.token", "netrc.password"),
    max_bytes=256 * KiB,
    parse=parse,
    since="0.1",
    reference="https://www.gnu.org/software/inetutils/manual/html_node/The-_002enetrc-file.html",
)
