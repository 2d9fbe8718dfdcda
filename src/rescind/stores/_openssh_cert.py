"""OpenSSH certificates, as far as a finding tells of one: https://github.com/openssh/openssh-portable/blob/master/PROTOCOL.certkeys."""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from urllib.parse import quote

from rescind.errors import Unparsable
from rescind.models.clock import rfc3339
from rescind.models.evidence import Finding, Location, State
from rescind.stores._sighting import sighting

SUFFIX = "-cert-v01@openssh.com"
_FIELDS = {"ssh-rsa": 2, "ssh-dss": 4, "ssh-ed25519": 1, "sk-ssh-ed25519": 2, "sk-ecdsa-sha2-nistp256": 3}
_FIELDS |= {f"ecdsa-sha2-nistp{n}": 2 for n in (256, 384, 521)}
_LAST = 253402300799  # later means "for ever"
_LONGEST, _SHOWN = 8 * 1024, 400


@dataclass(frozen=True, slots=True, kw_only=True)
class SshCertificate:
    """What a certificate says. `key` and `ca` are fingerprints, times are seconds since 1970."""

    encoded: str
    type: str
    user: bool
    serial: int
    key_id: bytes
    principals: tuple[str, ...]
    begins: int
    ends: int
    key: str
    ca: str

    @property
    def identifier(self) -> str:
        """Its serial number, where it has none its key id, and without that its key; and always its CA."""
        shown = quote(self.key_id, safe="+ ,:")
        short = f"id:{shown}" if shown and len(shown) <= _SHOWN else f"key:{self.key}"
        return f"{self.serial or short}@{self.ca}"


class Cut:
    """Takes values off the front of a blob. Raises `Unparsable` when there are not enough bytes."""

    def __init__(self, data: bytes) -> None:
        self.rest = data

    def take(self, count: int) -> bytes:
        """Take so many bytes."""
        if count > len(self.rest):
            raise Unparsable("an SSH certificate is cut short")
        taken, self.rest = self.rest[:count], self.rest[count:]
        return taken

    def number(self, size: int) -> int:
        """Take an unsigned number of so many bytes."""
        return int.from_bytes(self.take(size), "big")

    def string(self) -> bytes:
        """Take bytes that their length stands before."""
        return self.take(self.number(4))


def _packed(data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + data


def fingerprint(blob: bytes) -> str:
    """Return OpenSSH's fingerprint of a public key."""
    return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")


def read(kind: str, encoded: str) -> SshCertificate:
    """Read a certificate of the type that its line begins with. Raises `Unparsable`."""
    if len(encoded) > _LONGEST:
        raise Unparsable("an SSH certificate is absurdly large")
    base = kind.removesuffix(SUFFIX)
    if base not in _FIELDS:
        raise Unparsable("an SSH certificate of a type that is not known here")
    try:
        cut = Cut(base64.b64decode(encoded, validate=True))
    except (binascii.Error, ValueError) as e:
        raise Unparsable("an SSH certificate is damaged") from e
    if cut.string() != kind.encode():
        raise Unparsable("an SSH certificate is of another type than its line says")
    cut.string()
    plain = (f"{base}@openssh.com" if base.startswith("sk-") else base).encode()
    key = _packed(plain) + b"".join(_packed(cut.string()) for _ in range(_FIELDS[base]))
    serial, role, key_id, inner = cut.number(8), cut.number(4), cut.string(), Cut(cut.string())
    principals = []
    while inner.rest:
        principals.append(inner.string().decode("utf-8", "replace"))
    begins, ends = cut.number(8), cut.number(8)
    for _ in range(3):  # critical options, extensions, reserved
        cut.string()
    ca = cut.string()
    cut.string()
    if cut.rest or role not in {1, 2}:
        raise Unparsable("an SSH certificate is damaged")
    return SshCertificate(
        encoded=encoded,
        type=kind,
        user=role == 1,
        serial=serial,
        key_id=key_id.removesuffix(b"\0"),
        principals=tuple(principals),
        begins=begins,
        ends=ends,
        key=fingerprint(key),
        ca=fingerprint(ca),
    )


def _moment(seconds: int) -> str | None:
    return rfc3339(datetime.fromtimestamp(seconds, UTC)) if seconds <= _LAST else None


def finding(found: SshCertificate, at: Location, line: int) -> Finding:
    """Return the finding of a user certificate; the whole of it, which is public, goes along."""
    facts = {
        "type": found.type,
        "serial": str(found.serial),
        "key_id": found.key_id.decode("utf-8", "replace"),
        "principals": ", ".join(found.principals[:20]),
        "key_fingerprint": found.key,
        "ca_fingerprint": found.ca,
        "valid_from": _moment(found.begins) or "",
        "hardware": "yes" if found.type.startswith("sk-") else "",
    }
    seen = sighting(
        "ssh.user-cert",
        at,
        line=line,
        identifier=found.identifier,
        issuer=found.ca,
        subject=facts["key_id"],
        attributes=facts,
        expires_at=_moment(found.ends),
        state=State.PUBLIC_ONLY,
    )
    return replace(seen, attributes={**seen.attributes, "certificate": found.encoded})
