"""NetworkManager's connections: Wi-Fi keys, 802.1X logins, and passwords and keys of VPNs.

A secret with flag 1 is kept by the person's keychain, with 2 it is never saved.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from rescind.models.evidence import Finding, Location, State
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._curve25519 import wireguard_public
from rescind.stores._ini import Entry, entries
from rescind.stores._sighting import sighting
from rescind.stores._text import decode
from rescind.stores._token import token

_KINDS = {"wifi-security": "wifi.password", "802-11-wireless-security": "wifi.password", "802-1x": "wifi.password"}
_KINDS |= {"vpn-secrets": "vpn.password", "vpn": "vpn.password", "pppoe": "network.password", "gsm": "network.password"}
_SECRETS = {
    "psk",
    "password",
    "private-key-password",
    "phase2-private-key-password",
    "leap-password",
    "wep-key0",
    "pin",
}
_SECRETS |= {"secret", "xauth-password", "cert-pass", "ipsec-psk", "group-password", "ca-cert-password"}


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield a finding per secret. Anything is such a file: what has no secret in it yields nothing."""
    found = [e for e in entries(decode(blob)) if not e.commented]
    known = {(e.section, e.key): e.value for e in found}
    name = known.get(("connection", "id"), "")
    own = {"connection": name, "uuid": known.get(("connection", "uuid"), ""), "ssid": known.get(("wifi", "ssid"), "")}
    own |= {"gateway": known.get(("vpn", "remote"), known.get(("vpn", "gateway"), known.get(("vpn", "data"), "")))}
    own |= {"client_cert": known.get(("802-1x", "client-cert"), ""), "service": known.get(("vpn", "service-type"), "")}
    who = known.get(("802-1x", "identity"), known.get(("vpn", "username"), known.get(("vpn", "user"), "")))
    for e in found:
        yield from _one(e, at, own, who)


def _one(e: Entry, at: Location, own: dict[str, str], who: str) -> Iterator[Finding]:
    place, pointer, kind = replace(at, line=e.line), f"{e.section}/{e.key}", _KINDS.get(e.section, "")
    where, more = own["ssid"] or own["gateway"] or own["connection"], {**own, "name": e.key}
    if e.section == "wireguard" and e.key == "private-key":
        mine = wireguard_public(e.value)
        yield from token("wireguard.key", e.value, place, pointer, identifier=mine, issuer=where, more=more)
    elif e.section.startswith("wireguard-peer.") and e.key == "preshared-key":
        more["peer"] = e.section.partition(".")[2]
        yield from token("wireguard.preshared-key", e.value, place, pointer, issuer=where, more=more)
    elif kind and e.key.endswith("-flags") and e.key.removesuffix("-flags") in _SECRETS and e.value == "1":
        more["kept_in"] = "keychain"
        yield sighting(
            kind, place, pointer=pointer, issuer=where, subject=who, attributes=more, state=State.PUBLIC_ONLY
        )
    elif kind and (e.key in _SECRETS or (e.section == "vpn-secrets" and not e.key.endswith("-flags"))):
        yield from token(kind, e.value, place, pointer, issuer=where, subject=who, more=more, password=True)


STORE = Store(
    id="network-manager",
    title="NetworkManager connections",
    where=tuple(
        At(root=Root.SYSTEM, glob=f"{folder}/NetworkManager/system-connections/*", os=("linux",))
        for folder in ("etc", "run")
    ),
    yields=(
        "wifi.password",
        "vpn.password",
        "network.password",
        "wireguard.key",
        "wireguard.preshared-key",
        "github.token",
    ),
    max_bytes=64 * KiB,
    parse=parse,
    since="0.1",
    reference="https://networkmanager.dev/docs/api/latest/nm-settings-keyfile.html",
)
