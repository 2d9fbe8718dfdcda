"""wpa_supplicant and iwd: keys of Wi-Fi networks, and the logins of company networks (802.1X)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import unquote

from rescind.models.evidence import Finding, Location
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._text import decode, lines
from rescind.stores._token import token

_LINE = re.compile(r"[ \t]*+([A-Za-z0-9_\-]{1,40})[ \t]*+=[ \t]*+(?:\"(.{0,300})\"|([^#\s].{0,300}))[ \t]*$")
_SECRETS = {
    "psk",
    "password",
    "private_key_passwd",
    "sae_password",
    "Passphrase",
    "PreSharedKey",
    "EAP-PEAP-Phase2-Password",
}
_USERS = {"identity", "EAP-Identity", "EAP-PEAP-Phase2-Identity"}


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield a finding per secret of a network. Anything is such a file: what has no secret in it yields nothing."""
    name = at.path.rpartition("/")[2]
    ssid = name.rpartition(".")[0] if name.endswith((".psk", ".8021x")) else ""
    fresh: dict[str, str] = {
        "ssid": bytes.fromhex(ssid[1:]).decode("utf-8", "replace") if _hex(ssid) else unquote(ssid)
    }
    known, held = dict(fresh), list[tuple[int, str, str]]()
    for number, line in enumerate((*lines(decode(blob)), "network={"), 1):
        if line.strip().startswith("network={"):
            yield from _network(known, held, at)
            known, held = dict(fresh), []
        elif found := _LINE.match(line[:1000]):
            value = found[2] if found[2] is not None else found[3]
            if found[1] in _SECRETS:
                held.append((number, found[1], value))
            else:
                known["user" if found[1] in _USERS else found[1]] = value


def _hex(name: str) -> bool:
    return name.startswith("=") and len(name) % 2 == 1 and bool(re.fullmatch(r"=[0-9a-f]+", name))


def _network(known: dict[str, str], held: list[tuple[int, str, str]], at: Location) -> Iterator[Finding]:
    ssid, who = known.get("ssid", ""), known.get("user", "")
    for number, name, value in held:
        own = {
            "ssid": ssid,
            "name": name,
            "client_cert": known.get("client_cert", ""),
            "method": known.get("key_mgmt", ""),
        }
        yield from token(
            "wifi.password", value, replace(at, line=number), issuer=ssid, subject=who, more=own, password=True
        )


_FILES = ("etc/wpa_supplicant.conf", "etc/wpa_supplicant/*.conf", "var/lib/iwd/*.psk", "var/lib/iwd/*.8021x")
STORE = Store(
    id="wpa-supplicant",
    title="Wi-Fi networks (wpa_supplicant, iwd)",
    where=tuple(At(root=Root.SYSTEM, glob=g, os=("linux",)) for g in _FILES),
    yields=("wifi.password", "github.token"),
    max_bytes=256 * KiB,
    parse=parse,
    since="0.1",
    reference="https://w1.fi/cgit/hostap/plain/wpa_supplicant/wpa_supplicant.conf",
)
