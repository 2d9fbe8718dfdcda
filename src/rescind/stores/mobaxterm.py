"""MobaXterm's saved passwords: obscured with a key of the program's own unless a master password was set, by protocol, user and host."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from rescind.models.evidence import Finding, Location
from rescind.models.store import At, MiB, Root, Store
from rescind.stores._locked import locked
from rescind.stores._text import decode, lines

_SESSION = re.compile(r"(?:([a-z]{2,10}\d{0,5}):)?([^@=\[\]]{1,200})@([\w.\-:]{1,255})=\S")
_NAMED = re.compile(r"([^=:\[\]]{1,100})=([^:=]{1,200}):\S")


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield one finding per saved password and per saved login. Any text is an INI file: nothing is refused."""
    section = ""
    for number, line in enumerate(lines(decode(blob)), 1):
        plain = line.strip()[:1000]
        if plain.startswith("["):
            section = plain.strip("[]").lower()
        elif section == "passwords" and (found := _SESSION.match(plain)):
            own = {"protocol": found[1] or "", "host": found[3], "user": found[2]}
            yield locked(
                "server.password", replace(at, line=number), "app", issuer=found[3], subject=found[2], more=own
            )
        elif section == "credentials" and (named := _NAMED.match(plain)):
            place = replace(at, line=number)
            yield locked("server.password", place, "app", named[1], subject=named[2], more={"name": named[1]})


STORE = Store(
    id="mobaxterm",
    title="MobaXterm passwords",
    where=(
        At(root=Root.APPDATA, glob="MobaXterm/MobaXterm.ini", os=("windows",)),
        At(root=Root.HOME, glob="Documents/MobaXterm/MobaXterm.ini"),
        At(root=Root.HOME, glob="**/MobaXterm.ini"),
    ),
    yields=("server.password",),
    max_bytes=4 * MiB,
    parse=parse,
    since="0.1",
    reference="https://github.com/HyperSine/how-does-MobaXterm-encrypt-password/blob/master/doc/how-does-MobaXterm-encrypt-password.md",
)
