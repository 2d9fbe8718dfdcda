"""Saved sessions of programs that reach servers, in INI files: WinSCP, Remmina, MobaXterm, SecureCRT and `.rdp` files.

Their passwords are obscured with a key that everybody has, or by the system, or by a master password.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import unquote

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.models.store import At, MiB, Root, Store
from rescind.stores._locked import locked
from rescind.stores._text import decode, lines

_ENTRY = re.compile(r"[ \t]*+(?:[SBDZ]:)?\"?([A-Za-z][\w .\-]{0,80}?)\"?(?::[a-z]:|[ \t]*+=)(.*)")
_HEADER = re.compile(r"[ \t]*+\[([^\]]{1,400})\]")
_SECRETS = {"password": "app", "passwordplain": "", "gateway_password": "app", "ssh_tunnel_password": "app"}
_SECRETS |= {
    "password v2": "app",
    "tunnelpassword": "app",
    "password 51": "dpapi",
    "ssh_passphrase": "app",
    "proxypassword": "app",
}
_HOSTS = ("hostname", "host", "server", "full address")
_USERS = ("username", "user", "login")


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield a finding per session with a saved password. Raises `Unparsable` for a file that holds bytes instead of text."""
    text, dpapi = decode(blob), at.path.lower().endswith(".rdp")
    if "\0" in text[:4096]:
        raise Unparsable("the file is not a text of sessions")
    section, held = "", dict[str, tuple[int, str]]()
    for number, line in enumerate((*lines(text), "[end]"), 1):
        if header := _HEADER.match(line):
            yield from _session(section, held, at, dpapi=dpapi)
            section, held = unquote(header[1].rpartition("\\")[2]), {}
        elif entry := _ENTRY.match(line[:4096]):
            held[entry[1].lower().strip()] = number, entry[2].strip()


def _session(section: str, held: dict[str, tuple[int, str]], at: Location, *, dpapi: bool) -> Iterator[Finding]:
    host, who = (next((held[n][1] for n in names if n in held), "") for names in (_HOSTS, _USERS))
    protocol = held.get("protocol", (0, ""))[1]
    own = {"name": held.get("name", (0, section))[1], "host": host, "user": who, "protocol": protocol}
    for name, rest in _SECRETS.items():
        number, value = held.get(name, (0, ""))
        if value and value != ".":
            pointer, place = f"{section}/{name}" if section else name, replace(at, line=number)
            how = "dpapi" if dpapi else rest or "app"
            yield locked("server.password", place, how, pointer, issuer=host, subject=who, more=own)


STORE = Store(
    id="winscp",
    title="WinSCP, Remmina, MobaXterm, SecureCRT and RDP sessions",
    where=(
        *(At(root=Root.APPDATA, glob=g, os=("windows",)) for g in ("WinSCP.ini", "MobaXterm/MobaXterm.ini")),
        *(At(root=Root.APPDATA, glob=f"VanDyke/Config/Sessions/{g}", os=("windows",)) for g in ("*.ini", "**/*.ini")),
        At(root=Root.XDG_DATA, glob="remmina/*.remmina"),
        At(root=Root.HOME, glob=".remmina/*.remmina"),
        *(At(root=Root.HOME, glob=f"**/{g}") for g in ("WinSCP.ini", "MobaXterm.ini", "*.rdp")),
    ),
    yields=("server.password",),
    max_bytes=4 * MiB,
    parse=parse,
    since="0.1",
    reference="https://winscp.net/eng/docs/security_credentials",
)
