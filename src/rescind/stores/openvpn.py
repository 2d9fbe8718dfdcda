"""OpenVPN profiles: the client certificate with its key, shared keys, and logins written into the profile or beside it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._certificate import contents, finding, usage
from rescind.stores._sighting import sighting
from rescind.stores._text import decode
from rescind.stores._token import token

_BLOCK = re.compile(r"<(tls-auth|tls-crypt|tls-crypt-v2|secret|auth-user-pass)>\s*([^<]{1,20000})</\1>")
_REMOTE = re.compile(r"^[ \t]*+remote[ \t]++(\S{1,255})", re.MULTILINE)
_KNOWN = re.compile(r"(?m)^[ \t]*+(?:client|remote|dev|proto|server|secret|cert|auth-user-pass|<ca>)\b|<ca>")
_KEY = re.compile(r"-----BEGIN OpenVPN (?:Static key V1|tls-crypt-v2 client key)-----")


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield certificate, keys and login of a profile. Raises `Unparsable` for another file, or a certificate that cannot be read."""
    text = decode(blob)
    remotes = ", ".join(_REMOTE.findall(text)[:10])
    if _KEY.match(text.lstrip("# \n")) or (at.path.endswith((".key", ".txt", ".pass")) and not _KNOWN.search(text)):
        yield from _beside(text, at)
        return
    if text.strip() and not _KNOWN.search(text):
        raise Unparsable("the file is not a profile of OpenVPN")
    for block in _BLOCK.finditer(text):
        place = replace(at, line=text.count("\n", 0, block.start()) + 1)
        if block[1] == "auth-user-pass":
            user, _, password = block[2].strip().partition("\n")
            own = {"remote": remotes}
            yield from token(
                "vpn.password",
                password.strip(),
                place,
                block[1],
                issuer=remotes,
                subject=user.strip(),
                more=own,
                password=True,
            )
        else:
            yield sighting("openvpn.static-key", place, pointer=block[1], issuer=remotes, secret=block[2].strip())
    found, trouble = contents(blob, container=False)
    for held in found:
        if held.has_key != "no" or (usage(held.certificate) == "client" and not held.authority):
            yield finding(held, at)
    if trouble:
        raise Unparsable(trouble)


def _beside(text: str, at: Location) -> Iterator[Finding]:
    rows = [row.strip() for row in text.strip().splitlines()]
    if any(_KEY.match(row) for row in rows):
        yield sighting("openvpn.static-key", at, secret=text.strip())
    elif len(rows) == 2:
        yield from token("vpn.password", rows[1], at, subject=rows[0], password=True)


_ENDS = ("ovpn", "conf", "key", "pass", "txt")
STORE = Store(
    id="openvpn",
    title="OpenVPN profiles",
    where=(
        *(At(root=Root.SYSTEM, glob=f"etc/openvpn/{d}*.{e}") for d in ("", "client/", "server/") for e in _ENDS),
        *(
            At(root=Root.HOME, glob=f"{d}*.ovpn")
            for d in ("", "Downloads/", "Documents/", "Desktop/", ".config/openvpn/", "vpn/")
        ),
        *(
            At(root=Root.HOME, glob=g)
            for g in ("OpenVPN/config/**/*.ovpn", ".cert/nm-openvpn/*.pem", ".openvpn/*.ovpn")
        ),
        At(root=Root.MAC_SUPPORT, glob="Tunnelblick/Configurations/**/*.ovpn", os=("macos",)),
        At(root=Root.MAC_SUPPORT, glob="OpenVPN Connect/profiles/*.ovpn", os=("macos",)),
        At(root=Root.APPDATA, glob="OpenVPN Connect/profiles/*.ovpn", os=("windows",)),
        At(root=Root.SYSTEM, glob="Program Files/OpenVPN/config*/*.ovpn", os=("windows",)),
    ),
    yields=("x509.client-cert", "openvpn.static-key", "vpn.password", "github.token"),
    max_bytes=512 * KiB,
    parse=parse,
    since="0.1",
    reference="https://openvpn.net/community-docs/community-articles/openvpn-2-6-manual.html#inline-file-support",
)
