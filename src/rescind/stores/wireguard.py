"""WireGuard tunnels: the private key is the peer. Removing its public key at the other end, which is derived here, ends it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._curve25519 import wireguard_public
from rescind.stores._ini import Entry, groups
from rescind.stores._locked import locked
from rescind.stores._text import decode
from rescind.stores._token import token


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield the interface's key and each preshared key. Raises `Unparsable` for another file in WireGuard's folder."""
    name = at.path.rpartition("/")[2]
    if name.endswith(".dpapi"):
        yield locked("wireguard.key", at, "dpapi", subject=name.removesuffix(".conf.dpapi"))
        return
    found = [g for g in groups(decode(blob), ()) if _section(g) in {"interface", "peer"}]
    if blob.strip() and not found and "wireguard" in at.path.lower():
        raise Unparsable("the file is not a WireGuard configuration")
    peers = [g for g in found if _section(g) == "peer"]
    ends = ", ".join(v for g in peers[:20] if (v := _value(g, "endpoint")))
    for g in found:
        for field, kind in (("privatekey", "wireguard.key"), ("presharedkey", "wireguard.preshared-key")):
            if field in g:
                yield from _finding(kind, g, field, at, name.removesuffix(".conf"), ends)


def _finding(kind: str, group: dict[str, Entry], field: str, at: Location, name: str, ends: str) -> Iterator[Finding]:
    value, own = group[field].value, {"tunnel": name, "commented": "yes" if group[field].commented else ""}
    public, issuer = wireguard_public(value), _value(group, "endpoint") or ends
    if kind == "wireguard.key" and not public and value.strip():
        own["damaged"] = "yes"
    own |= {"address": _value(group, "address"), "endpoints": issuer, "peer": _value(group, "publickey")}
    mine, place = public if kind == "wireguard.key" else "", replace(at, line=group[field].line)
    yield from token(kind, value, place, field, identifier=mine, issuer=issuer, subject=own["address"], more=own)


def _section(group: dict[str, Entry]) -> str:
    return next(iter(group.values())).section.lower()


def _value(group: dict[str, Entry], key: str) -> str:
    return group[key].value if key in group else ""


_SYSTEM = ("etc/wireguard/*.conf", "opt/homebrew/etc/wireguard/*.conf", "usr/local/etc/wireguard/*.conf")
_WINDOWS = "Program Files/WireGuard/Data/Configurations/"
_HOME = (".config/wireguard/*.conf", "wireguard/*.conf", "wg*.conf", "Downloads/wg*.conf")
STORE = Store(
    id="wireguard",
    title="WireGuard tunnels",
    where=(
        *(At(root=Root.SYSTEM, glob=g) for g in _SYSTEM),
        *(At(root=Root.SYSTEM, glob=_WINDOWS + g, os=("windows",)) for g in ("*.conf.dpapi", "*.conf")),
        *(At(root=Root.HOME, glob=g) for g in _HOME),
    ),
    yields=("wireguard.key", "wireguard.preshared-key", "github.token"),
    max_bytes=256 * KiB,
    parse=parse,
    since="0.1",
    reference="https://man7.org/linux/man-pages/man8/wg.8.html#CONFIGURATION_FILE_FORMAT",
)
