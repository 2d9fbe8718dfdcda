"""Configurations of programs that keep a copy of a drive, by the name of their files."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import replace

from cryptography.hazmat.primitives.serialization import Encoding

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location, State
from rescind.stores import _json, _xml
from rescind.stores._certificate import contents
from rescind.stores._ini import entries
from rescind.stores._sighting import sighting
from rescind.stores._text import decode
from rescind.stores._token import token

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


def findings(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield the device, key or token of a file, by its name. Raises `Unparsable` for a damaged one."""
    name = at.path.rpartition("/")[2]
    if name == "refresh_token":
        yield from token("onedrive.refresh-token", decode(blob).strip(), at, issuer="https://login.microsoftonline.com")
    elif name == "config.xml":
        for gui in (e for e in _xml.load(blob).children if e.tag == "gui"):
            where = gui.child("address")
            yield from token(
                "syncthing.api-key", gui.child("apikey"), at, "gui/apikey", issuer=where, subject=gui.child("user")
            )
    elif name == "cert.pem":
        for held in contents(blob, container=False)[0][:1]:
            mine = device_id(hashlib.sha256(held.certificate.public_bytes(Encoding.DER)).digest())
            yield sighting("syncthing.device", at, identifier=mine, attributes={"device_id": mine, "has_key": "beside"})
    elif name == "info.json":
        document = _json.load(blob)
        if not isinstance(document, dict):
            raise Unparsable("the file is not a JSON object")
        for form, entry in document.items():
            own = {
                "form": form,
                "path": _json.text(entry, "path"),
                "subscription": _json.text(entry, "subscription_type"),
            }
            own |= {
                "host_id": str(_json.member(entry, "host") or ""),
                "team": str(_json.member(entry, "is_team") or ""),
            }
            own["at_rest"] = "app"
            yield sighting("dropbox.device", at, pointer=f"/{form}", identifier=own["host_id"], attributes=own)
    else:
        yield from _nextcloud(blob, at)


def _nextcloud(blob: bytes, at: Location) -> Iterator[Finding]:
    known: dict[str, dict[str, tuple[int, str]]] = {}
    for e in entries(decode(blob)):
        number, _, field = e.key.replace("\\", ".").partition(".")
        known.setdefault(number, {})[field] = e.line, e.value
    for number, fields in known.items():
        if "url" in fields and number.isdigit():
            line, url = fields["url"]
            who, own = fields.get("dav_user", fields.get("http_user", (0, "")))[1], {"url": url, "kept_in": "keychain"}
            place = replace(at, line=line)
            yield sighting(
                "nextcloud.app-password", place, issuer=url, subject=who, attributes=own, state=State.PUBLIC_ONLY
            )


def device_id(digest: bytes) -> str:
    """Return Syncthing's device id for the SHA-256 of a certificate: https://docs.syncthing.net/dev/device-ids.html."""
    plain = base64.b32encode(digest).decode().rstrip("=")
    checked = "".join(part + _digit(part) for part in (plain[i : i + 13] for i in range(0, len(plain), 13)))
    return "-".join(checked[i : i + 7] for i in range(0, len(checked), 7))


def _digit(part: str) -> str:
    total = sum(sum(divmod(_LETTERS.index(c) * (1 + n % 2), 32)) for n, c in enumerate(part))
    return _LETTERS[-total % 32]
