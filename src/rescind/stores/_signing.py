"""Private keys that sign software, in the formats of minisign, signify, cosign and Docker."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from dataclasses import replace

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.stores import _json
from rescind.stores._locked import locked
from rescind.stores._pem import blocks
from rescind.stores._sighting import sighting
from rescind.stores._text import decode, lines

_MARK = "untrusted comment:"
_COSIGN = {"ENCRYPTED COSIGN PRIVATE KEY", "ENCRYPTED SIGSTORE PRIVATE KEY"}


def findings(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield a finding per private key. Raises `Unparsable` for a damaged one."""
    plain, name = decode(blob), at.path.rpartition("/")[2]
    if name == "signingkeys.json":
        keys = _json.member(_json.load(blob), "keys")
        for n, key in enumerate(keys if isinstance(keys, list) else ()):
            own = {
                "name": _json.text(key, "name"),
                "key_file": _json.text(key, "keyPath"),
                "plugin": _json.text(key, "pluginName"),
            }
            own["kms_id"] = _json.text(key, "id")
            yield sighting(
                "signing.key", at, pointer=f"/keys/{n}", subject=own["name"], attributes={**own, "form": "notation"}
            )
    elif plain.startswith(_MARK):
        yield from _minisign(plain, at)
    else:
        yield from _pem(plain, at, name)


def _minisign(plain: str, at: Location) -> Iterator[Finding]:
    comment, _, rest = plain.partition("\n")
    try:
        raw = base64.b64decode(lines(rest)[0].strip(), validate=True)
    except (binascii.Error, ValueError) as e:
        raise Unparsable("a signing key is damaged") from e
    own = {"comment": comment.removeprefix(_MARK).strip()}
    if raw[:2] == b"Ed" and len(raw) == 158:  # algorithm, KDF, checksum, salt, limits, then the encrypted key id
        yield locked("signing.key", at, "passphrase" if raw[2:4] != b"\0\0" else "", more={**own, "form": "minisign"})
    elif raw[:4] == b"EdBK" and len(raw) == 104:
        rounds = int.from_bytes(raw[4:8], "big")
        mine, more = raw[32:40].hex(), {**own, "form": "signify"}
        if rounds:
            yield locked("signing.key", at, "passphrase", identifier=mine, more=more)
        else:
            yield sighting("signing.key", at, identifier=mine, secret=raw, attributes=more)
    elif "secret key" in comment:
        raise Unparsable("a signing key of a form that is not known here")


def _pem(plain: str, at: Location, name: str) -> Iterator[Finding]:
    for block in blocks(plain):
        place = replace(at, line=block.line)
        if block.label in _COSIGN:
            yield locked("signing.key", place, "passphrase", more={"form": "cosign"})
        elif block.label.endswith("PRIVATE KEY"):
            header = dict(row.split(": ", 1) for row in block.text.strip().split("\n")[:6] if ": " in row)
            own = {"form": "docker-trust", "role": header.get("role", "").strip(), "gun": header.get("gun", "").strip()}
            mine = name.removesuffix(".key")
            sealed = block.encrypted or block.label.startswith("ENCRYPTED")
            if ".docker/trust/" in f"/{at.path}" and sealed:
                yield locked("signing.key", place, "passphrase", identifier=mine, more=own)
            else:
                own["form"] = own["form"] if own["role"] else "pem"
                yield sighting("signing.key", place, secret=block.body(), attributes=own)
