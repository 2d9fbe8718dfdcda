"""VNC passwords: eight characters, obscured with a key that everybody has. Such a file opens the screen of the machine."""

from __future__ import annotations

from collections.abc import Iterator

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._locked import locked

_BLOCK = 8


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield the password, and a second one for looking only. Raises `Unparsable` for what no such file holds."""
    if blob and (len(blob) % _BLOCK or len(blob) > 4 * _BLOCK):
        raise Unparsable("the file is no password of VNC")
    for n in range(len(blob) // _BLOCK):
        yield locked("vnc.password", at, "app", f"{n}", more={"rights": "view" if n else "control"})


STORE = Store(
    id="vnc-passwords",
    title="VNC passwords",
    where=(
        *(At(root=Root.HOME, glob=g) for g in (".vnc/passwd", ".vnc/*.passwd", ".x11vnc/passwd")),
        At(root=Root.XDG_CONFIG, glob="tigervnc/passwd"),
        *(At(root=Root.SYSTEM, glob=g) for g in ("etc/x11vnc.pass", "etc/vncpasswd")),
    ),
    yields=("vnc.password",),
    max_bytes=4 * KiB,
    parse=parse,
    since="0.1",
    reference="https://tigervnc.org/doc/vncpasswd.html",
)
