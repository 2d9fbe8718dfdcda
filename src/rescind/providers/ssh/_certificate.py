"""OpenSSH user certificates: what one says, and whether its CA really signed that.

Format: https://github.com/openssh/openssh-portable/blob/master/PROTOCOL.certkeys. No I/O.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from urllib.parse import quote, unquote_to_bytes

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import SSHCertificate, load_ssh_public_identity

from rescind.errors import Rejected, Unrecognised
from rescind.providers.ssh._blob import FIELDS, Reader, canonical, digest_of, fingerprint, line, packed, type_of

_SUFFIX = "-cert-v01@openssh.com"
_LONGEST_ID = 400
FOREVER = 2**64 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """A user certificate: keys are canonical blobs, times seconds since 1970 (`FOREVER`: no end)."""

    blob: bytes
    key: bytes
    ca: bytes
    serial: int
    key_id: bytes
    principals: tuple[bytes, ...]
    valid_before: int

    @property
    def identifier(self) -> str:
        """What names it: its serial number, where it has none its key id, and without that its key; and always its CA."""
        shown = quote(self.key_id, safe="+ ,:")
        if self.serial:
            return f"{self.serial}@{fingerprint(self.ca)}"
        if shown and len(shown) <= _LONGEST_ID:
            return f"id:{shown}@{fingerprint(self.ca)}"
        return f"key:{fingerprint(self.key)}@{fingerprint(self.ca)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """An identifier taken apart: the CA's fingerprint and one of serial (not 0), key id, digest of the certified key."""

    ca: str
    serial: int = 0
    key_id: bytes | None = None
    digest: bytes = b""


def named(identifier: str) -> Name:
    """Take an identifier apart. Raises `Rejected` for anything else."""
    left, _, ca = identifier.rpartition("@")
    digest_of(ca)
    if re.fullmatch(r"[1-9][0-9]{0,19}", left) and int(left) <= FOREVER:
        return Name(ca=ca, serial=int(left))
    if left.startswith("id:") and left != "id:" and "%00" not in left:
        return Name(ca=ca, key_id=unquote_to_bytes(left.removeprefix("id:")))
    if left.startswith("key:"):
        return Name(ca=ca, digest=digest_of(left.removeprefix("key:")))
    raise Rejected("the certificate's identifier holds no serial number, key id or key")


def parse(blob: bytes) -> Certificate:
    """Read a user certificate, without judging its signature. Raises `Unrecognised`, also for a host's certificate."""
    kind = type_of(blob)
    base = kind.removesuffix(_SUFFIX)
    base = f"{base}@openssh.com" if base.startswith("sk-") else base
    if not kind.endswith(_SUFFIX) or base not in FIELDS:
        raise Unrecognised("not a certificate of a known type")
    reader = Reader(blob, "a certificate")
    reader.string()
    reader.string()
    key = packed(base.encode()) + b"".join(packed(reader.string()) for _ in range(FIELDS[base]))
    serial, role, key_id = reader.number(8), reader.number(4), reader.text()
    principals, names = Reader(reader.string(), "a certificate"), []
    while principals:
        names.append(principals.text())
    reader.number(8)
    before = reader.number(8)
    for _ in range(3):  # critical options, extensions, reserved
        reader.string()
    ca = canonical(reader.string())
    reader.string()
    reader.end()
    if role != 1:
        raise Unrecognised("not a user's certificate")
    return Certificate(
        blob=blob,
        key=canonical(key),
        ca=ca,
        serial=serial,
        key_id=key_id,
        principals=tuple(names),
        valid_before=before,
    )


def from_text(text: str) -> Certificate:
    """Read a certificate from base64. Raises `Unrecognised`."""
    try:
        return parse(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError):
        raise Unrecognised("not a certificate in base64") from None


def signed(certificate: Certificate) -> bool | None:
    """Tell whether the CA inside a certificate signed it; None where this build cannot tell (hardware keys)."""
    try:
        found = load_ssh_public_identity(line(certificate.blob))
        if not isinstance(found, SSHCertificate):
            return False
        found.verify_cert_signature()
    except InvalidSignature:
        return False
    except UnsupportedAlgorithm:
        return None
    except (ValueError, TypeError):
        return (
            None if type_of(certificate.blob).startswith("sk-") or type_of(certificate.ca).startswith("sk-") else False
        )
    return True
