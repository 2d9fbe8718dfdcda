"""Key revocation lists as bytes and values: read, judged, and extended without ever losing an entry. No I/O.

The format is https://github.com/openssh/openssh-portable/blob/master/PROTOCOL.krl, read as strictly as OpenSSH reads it: what
sshd cannot read makes it refuse every public key, so such a list must be noticed and never made.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from rescind.errors import Rejected, Unrecognised
from rescind.providers.ssh._blob import Reader, packed

MAGIC = b"SSHKRL\n\0"
_TOP = 2**64 - 1
_CERTIFICATES, _KEYS, _SHA1, _SIGNATURE, _SHA256, _EXTENSION = 1, 2, 3, 4, 5, 255
_LIST, _RANGE, _BITMAP, _KEY_ID, _CERT_EXTENSION = 0x20, 0x21, 0x22, 0x23, 0x39
_WHAT = "the key revocation list"


@dataclass(slots=True)
class Certificates:
    """What is revoked of one CA: `bitmaps` are (offset, bits), where bit N stands for serial offset + N."""

    serials: set[int] = field(default_factory=set)
    ranges: set[tuple[int, int]] = field(default_factory=set)
    bitmaps: set[tuple[int, int]] = field(default_factory=set)
    key_ids: set[bytes] = field(default_factory=set)

    def serial(self, serial: int) -> bool:
        """Tell whether a serial number is revoked. Zero never is: sshd takes it for "no serial number"."""
        if not serial:
            return False
        in_bits = any(o <= serial and bits >> (serial - o) & 1 for o, bits in self.bitmaps if serial - o < 2**16)
        return serial in self.serials or in_bits or any(lo <= serial <= hi for lo, hi in self.ranges)

    def holds(self, other: Certificates) -> bool:
        """Tell whether everything the other revokes is revoked here, in the same form."""
        return (
            self.serials >= other.serials
            and self.ranges >= other.ranges
            and self.bitmaps >= other.bitmaps
            and self.key_ids >= other.key_ids
        )


@dataclass(slots=True)
class Krl:
    """A revocation list, parsed. `body` holds its sections as they were; `certificates` goes by CA blob, b"" means every CA."""

    version: int
    date: int
    flags: int
    reserved: bytes
    comment: bytes
    body: bytes
    keys: set[bytes] = field(default_factory=set)
    sha1s: set[bytes] = field(default_factory=set)
    sha256s: set[bytes] = field(default_factory=set)
    certificates: dict[bytes, Certificates] = field(default_factory=dict)
    signed: bool = False

    def of(self, ca: bytes) -> Certificates:
        """Return what is revoked of one CA, from here on part of the list."""
        return self.certificates.setdefault(ca, Certificates())


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a list shall revoke: a key by its blob and digest, or certificates of `ca` by serial (not 0) or key id."""

    key: bytes = b""
    sha256: bytes = b""
    ca: bytes = b""
    serial: int = 0
    key_id: bytes | None = None


def parse(data: bytes) -> Krl:
    """Read a list. Raises `Unrecognised` for anything that OpenSSH would not read, and for critical extensions."""
    if not data.startswith(MAGIC):
        raise Unrecognised(f"{_WHAT} is not in the format that ssh-keygen -k writes")
    reader = Reader(data, _WHAT)
    reader.take(len(MAGIC))
    if reader.number(4) != 1:
        raise Unrecognised(f"{_WHAT} is of another format version")
    version, date, flags = reader.number(8), reader.number(8), reader.number(8)
    reserved, comment = reader.string(), reader.text()
    krl = Krl(version, date, flags, reserved, comment, data[reader.at :])
    while reader:
        kind, section = reader.number(1), Reader(reader.string(), _WHAT)
        if kind == _SIGNATURE:
            reader.string()
            krl.signed = True
        elif krl.signed:
            raise Unrecognised(f"{_WHAT} goes on after its signature")
        else:
            _section(krl, kind, section)
    return krl


def _section(krl: Krl, kind: int, section: Reader) -> None:
    match kind:
        case _ if kind == _CERTIFICATES:
            _certificates(krl, section)
        case _ if kind == _KEYS:
            _blobs(section, krl.keys, 0)
        case _ if kind == _SHA1:
            _blobs(section, krl.sha1s, 20)
        case _ if kind == _SHA256:
            _blobs(section, krl.sha256s, 32)
        case _ if kind == _EXTENSION:
            _extension(section)
        case _:
            raise Unrecognised(f"{_WHAT} has a section of unknown type {kind}")


def _blobs(section: Reader, into: set[bytes], size: int) -> None:
    while section:
        blob = section.string()
        if size and len(blob) != size:
            raise section.bad("holds a digest of the wrong length")
        into.add(blob)


def _extension(section: Reader) -> None:
    section.text()
    critical = section.number(1)
    section.string()
    section.end()
    if critical:
        raise section.bad("has a critical extension that is not known here")


def _certificates(krl: Krl, section: Reader) -> None:
    ca = section.string()
    if ca:
        Reader(ca, _WHAT).string()
    section.string()
    into = krl.of(ca)
    while section:
        kind, part = section.number(1), Reader(section.string(), _WHAT)
        _subsection(into, kind, part)
        part.end()


def _subsection(into: Certificates, kind: int, part: Reader) -> None:
    match kind:
        case _ if kind == _LIST:
            while part:
                into.serials.add(_serial(part.number(8), part))
        case _ if kind == _RANGE:
            lo, hi = _serial(part.number(8), part), part.number(8)
            if lo > hi:
                raise part.bad("has a range that runs backwards")
            into.ranges.add((lo, hi))
        case _ if kind == _BITMAP:
            offset, bits = part.number(8), part.mpint()
            if (offset == 0 and bits & 1) or offset + max(bits.bit_length() - 1, 0) > _TOP:
                raise part.bad("has a bitmap outside of what serial numbers can be")
            into.bitmaps.add((offset, bits))
        case _ if kind == _KEY_ID:
            while part:
                into.key_ids.add(part.text())
        case _ if kind == _CERT_EXTENSION:
            _extension(part)
        case _:
            raise part.bad(f"has certificates in a section of unknown type {kind}")


def _serial(value: int, part: Reader) -> int:
    if not value:  # sshd refuses the whole list for it
        raise part.bad("revokes serial number 0, which no list can")
    return value


def digest(blob: bytes) -> bytes:
    """Return the SHA-256 digest by which a list revokes a key."""
    return hashlib.sha256(blob).digest()


def revokes_key(krl: Krl, sha256: bytes, blob: bytes = b"") -> str:
    """Return by what a plain key is revoked, "" when it is not. Without its blob a SHA-1 entry cannot be seen."""
    if sha256 in krl.sha256s:
        return "SHA-256 digest"
    if (blob and blob in krl.keys) or (not blob and blob_of(krl, sha256)):
        return "the key itself"
    sha1 = hashlib.sha1(blob, usedforsecurity=False).digest() if blob else b""
    return "SHA-1 digest" if sha1 in krl.sha1s else ""


def blob_of(krl: Krl, sha256: bytes) -> bytes:
    """Return the key of that digest if the list holds it as a whole, otherwise b""."""
    return next((k for k in krl.keys if digest(k) == sha256), b"")


def revokes_certificate(krl: Krl, ca: bytes, *, serial: int, key_id: bytes | None, key: bytes = b"") -> str:
    """Return by what a certificate is revoked, "" when it is not. `key_id` None and `key` b"" stand for "not known"."""
    for scope in (ca, b""):
        of = krl.certificates.get(scope, Certificates())
        if of.serial(serial):
            return f"serial {serial}"
        if key_id is not None and key_id in of.key_ids:
            return "key id"
    if why := key and revokes_key(krl, digest(key), key):
        return f"its key, by {why}"
    if why := revokes_key(krl, digest(ca), ca):
        return f"its CA, by {why}"
    return ""


def missing(krl: Krl, wanted: Wanted) -> Wanted:
    """Return the part of what is wanted that the list does not hold yet in that very form."""
    of = krl.certificates.get(wanted.ca, Certificates())
    return Wanted(
        key=b"" if wanted.key in krl.keys else wanted.key,
        sha256=b"" if wanted.sha256 in krl.sha256s else wanted.sha256,
        ca=wanted.ca,
        serial=0 if of.serial(wanted.serial) else wanted.serial,
        key_id=None if wanted.key_id in of.key_ids else wanted.key_id,
    )


def nothing(wanted: Wanted) -> bool:
    """Tell whether nothing is wanted."""
    return not (wanted.key or wanted.sha256 or wanted.serial) and wanted.key_id is None


def extended(old: Krl, wanted: Wanted, *, now: int) -> bytes:
    """Return a list with one version more that also revokes what is wanted. `now` is in seconds since 1970.

    The old sections stay as they are, byte for byte, and the new ones follow: nothing can be lost, neither an extension.
    Raises `Rejected` for a signed list (the signature would no longer fit) and for one whose version cannot go up.
    """
    if old.signed:
        raise Rejected(f"{_WHAT} is signed inside: extend and sign it where its key is kept")
    if old.version >= _TOP:
        raise Rejected(f"{_WHAT} has the highest version there is")
    body = old.body
    if wanted.serial or wanted.key_id is not None:
        if not wanted.ca:
            raise Rejected("a certificate is revoked within one CA only")
        parts = bytes([_LIST]) + packed(wanted.serial.to_bytes(8, "big")) if wanted.serial else b""
        parts += bytes([_KEY_ID]) + packed(packed(wanted.key_id)) if wanted.key_id is not None else b""
        body += bytes([_CERTIFICATES]) + packed(packed(wanted.ca) + packed(b"") + parts)
    if wanted.key:
        body += bytes([_KEYS]) + packed(packed(wanted.key))
    if wanted.sha256:
        body += bytes([_SHA256]) + packed(packed(wanted.sha256))
    head = MAGIC + (1).to_bytes(4, "big")
    for value in (old.version + 1, max(now, old.date), old.flags):
        head += value.to_bytes(8, "big")
    return head + packed(old.reserved) + packed(old.comment) + body


def holds(new: Krl, old: Krl) -> bool:
    """Tell whether a list revokes all that the old one does, is of a later version, and keeps its comment."""
    empty = Certificates()
    return (
        new.version > old.version
        and (new.comment, new.reserved, new.flags) == (old.comment, old.reserved, old.flags)
        and new.keys >= old.keys
        and new.sha1s >= old.sha1s
        and new.sha256s >= old.sha256s
        and all(new.certificates.get(ca, empty).holds(was) for ca, was in old.certificates.items())
    )
