"""SSH's wire encoding and public key blobs: https://www.rfc-editor.org/rfc/rfc4251#section-5. No I/O."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re

from rescind.errors import Unrecognised

MPINTS, LONGEST_MPINT = {"ssh-rsa": 2, "ssh-dss": 4}, 2048
_STRINGS = {
    "ssh-ed25519": 1,
    "ecdsa-sha2-nistp256": 2,
    "ecdsa-sha2-nistp384": 2,
    "ecdsa-sha2-nistp521": 2,
    "sk-ssh-ed25519@openssh.com": 2,
    "sk-ecdsa-sha2-nistp256@openssh.com": 3,
}
FIELDS = MPINTS | _STRINGS
"""How many fields follow the type's name in a plain key."""
_NAME = re.compile(rb"[a-z0-9][a-z0-9@.\-]{2,63}")


class Reader:
    """Takes values off the front of some bytes. Every method raises `Unrecognised` for bytes that are not what was asked."""

    __slots__ = ("_at", "_data", "_what")

    def __init__(self, data: bytes, what: str) -> None:
        self._data, self._at, self._what = data, 0, what

    def __bool__(self) -> bool:
        return self._at < len(self._data)

    @property
    def at(self) -> int:
        """How many bytes were taken."""
        return self._at

    def take(self, count: int) -> bytes:
        """Return the next `count` bytes."""
        end = self._at + count
        if end > len(self._data):
            raise self.bad("is cut short")
        self._at, taken = end, self._data[self._at : end]
        return taken

    def number(self, size: int) -> int:
        """Return an unsigned number of `size` bytes."""
        return int.from_bytes(self.take(size), "big")

    def string(self) -> bytes:
        """Return a length-prefixed string."""
        return self.take(self.number(4))

    def text(self) -> bytes:
        """Return a string as OpenSSH takes a C string: a NUL only at its end, where it is dropped."""
        value = self.string()
        value = value.removesuffix(b"\0")
        if b"\0" in value:
            raise self.bad("has a NUL inside a text")
        return value

    def mpint(self) -> int:
        """Return a number of any size up to 16384 bits that is not negative."""
        raw = self.string()
        if raw[:1] >= b"\x80":
            raise self.bad("holds a negative number")
        if len(raw.lstrip(b"\0")) > LONGEST_MPINT or len(raw) > LONGEST_MPINT + 1:
            raise self.bad("holds a number that is too large")
        return int.from_bytes(raw, "big")

    def end(self) -> None:
        """Make sure that nothing is left."""
        if self:
            raise self.bad("has something left over")

    def bad(self, why: str) -> Unrecognised:
        """Return the error that says what is wrong with these bytes."""
        return Unrecognised(f"{self._what} {why}")


def packed(data: bytes) -> bytes:
    """Return bytes as a length-prefixed string."""
    return len(data).to_bytes(4, "big") + data


def packed_mpint(value: int) -> bytes:
    """Return a number that is not negative in its one canonical form."""
    return packed(value.to_bytes(value.bit_length() // 8 + 1, "big") if value else b"")


def type_of(blob: bytes) -> str:
    """Return the type's name that a key blob begins with. Raises `Unrecognised`."""
    name = Reader(blob, "a public key").string()
    if not _NAME.fullmatch(name):
        raise Unrecognised("a public key names no type")
    return name.decode()


def canonical(blob: bytes) -> bytes:
    """Return the blob as sshd would write it again, which is what a revocation list and a fingerprint are made of.

    sshd compares numbers, not bytes: a line with superfluous zeros before an RSA modulus still lets the same key in
    (`sshbuf_get_bignum2_bytes_direct` in https://github.com/openssh/openssh-portable/blob/master/sshbuf-getput-basic.c).
    A type that is not known here stays as it is. Raises `Unrecognised`.
    """
    kind = type_of(blob)
    if kind not in FIELDS:
        return blob
    reader = Reader(blob, "a public key")
    out = packed(reader.string())
    for _ in range(FIELDS[kind]):
        out += packed_mpint(reader.mpint()) if kind in MPINTS else packed(reader.string())
    reader.end()
    return out


def fingerprint(blob: bytes) -> str:
    """Return what `ssh-keygen -l` shows of a blob: `SHA256:` and unpadded base64."""
    return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")


def digest_of(shown: str) -> bytes:
    """Return the 32 bytes that a `SHA256:` fingerprint stands for. Raises `Unrecognised`."""
    prefix, _, encoded = shown.partition(":")
    try:
        digest = base64.b64decode(encoded + "=", validate=True) if prefix == "SHA256" else b""
    except (binascii.Error, ValueError):
        digest = b""
    if len(digest) != hashlib.sha256().digest_size or fingerprint_of(digest) != shown:
        raise Unrecognised("not a SHA256 fingerprint of an SSH key")
    return digest


def fingerprint_of(digest: bytes) -> str:
    """Return a SHA-256 digest in the form of a fingerprint."""
    return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")


def line(blob: bytes) -> bytes:
    """Return a key or certificate as the line of a `.pub` file."""
    return type_of(blob).encode() + b" " + base64.b64encode(blob) + b"\n"
