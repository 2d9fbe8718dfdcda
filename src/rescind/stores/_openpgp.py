"""OpenPGP keys in packets: fingerprints, keygrips, user names, and how the secret part is protected. Nothing is decrypted.

https://www.rfc-editor.org/rfc/rfc9580#section-4
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from rescind.errors import Unparsable
from rescind.stores import _keygrip
from rescind.stores._epoch import epoch

SECRET, PUBLIC, SECRET_SUB, PUBLIC_SUB, SIGNATURE, USER = 5, 6, 7, 14, 2, 13
_KEYS = {SECRET, PUBLIC, SECRET_SUB, PUBLIC_SUB}
_NUMBERS = {1: "n", 2: "n", 3: "n", 16: "pgy", 17: "pqgy"}
_STORED = {1: 2, 2: 2, 3: 2, 16: 3, 17: 4}
_CURVES = {18, 19, 22}
_RAW = {25: 32, 26: 56, 27: 32, 28: 57}  # algorithms of RFC 9580 whose public half has a fixed size
_ALGORITHMS = {1: "rsa", 2: "rsa", 3: "rsa", 16: "elg", 17: "dsa", 18: "ecdh", 19: "ecdsa", 22: "eddsa"}
_ALGORITHMS |= {25: "x25519", 26: "x448", 27: "ed25519", 28: "ed448"}
_MANY, _V4, _V6 = 20_000, 4, 6


@dataclass(slots=True)
class Key:
    """One key or subkey. `protected`: `yes`, `no`, `card` (only a card has it), "" for a public one."""

    fingerprint: str
    keygrip: str
    algorithm: str
    created: int
    primary: str
    protected: str = ""
    users: list[str] = field(default_factory=list)
    lasts: int = 0
    revoked: bool = False

    @property
    def expires_at(self) -> str | None:
        """When the key's own signature says that it ends, RFC 3339 UTC."""
        return epoch(self.created + self.lasts) if self.lasts else None


def packets(blob: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield (tag, body) of every packet. Raises `Unparsable` where the bytes are none."""
    at = 0
    for _ in range(_MANY):
        if at >= len(blob):
            return
        head = blob[at]
        if not head & 0x80:
            raise Unparsable("the file does not consist of OpenPGP packets")
        if head & 0x40:
            tag, body, at = head & 0x3F, *_new(blob, at + 1)
        else:
            size = {0: 1, 1: 2, 2: 4}.get(head & 3, 0)
            length = int.from_bytes(blob[at + 1 : at + 1 + size], "big") if size else len(blob)
            tag, body, at = head >> 2 & 0xF, blob[at + 1 + size : at + 1 + size + length], at + 1 + size + length
        if at > len(blob) + 1 and head & 0x43 != 3:
            raise Unparsable("an OpenPGP packet is cut short")
        yield tag, body
    raise Unparsable("more OpenPGP packets than a keyring has")


def _new(blob: bytes, at: int) -> tuple[bytes, int]:
    parts: list[bytes] = []
    while True:
        first = blob[at] if at < len(blob) else 0
        if first < 192:
            length, at, more = first, at + 1, False
        elif first < 224:
            length, at, more = (first - 192 << 8) + int.from_bytes(blob[at + 1 : at + 2], "big") + 192, at + 2, False
        elif first == 255:
            length, at, more = int.from_bytes(blob[at + 1 : at + 5], "big"), at + 5, False
        else:
            length, at, more = 1 << (first & 0x1F), at + 1, True
        if at + length > len(blob):
            raise Unparsable("an OpenPGP packet is cut short")
        parts.append(blob[at : at + length])
        at += length
        if not more:
            return b"".join(parts), at


def keys(blob: bytes) -> Iterator[Key]:
    """Yield every key and subkey of a keyring, in file order, the primary one with its user names and its end.

    Raises `Unparsable` after the rest for a key that cannot be read.
    """
    primary: Key | None = None
    last: Key | None = None
    trouble = ""
    for tag, body in packets(blob):
        if tag in _KEYS:
            if last is not None:
                yield last
            last = None
            try:
                last = _key(tag, body, primary.fingerprint if primary and tag in {SECRET_SUB, PUBLIC_SUB} else "")
            except Unparsable as e:
                trouble = e.message
            primary = last if tag in {SECRET, PUBLIC} else primary
        elif tag == USER and last is not None and len(last.users) < 20:
            last.users.append(body[:300].decode("utf-8", "replace"))
        elif tag == SIGNATURE and last is not None and primary is not None:
            _signed(body, last, primary)
    if last is not None:
        yield last
    if trouble:
        raise Unparsable(trouble)


def _key(tag: int, body: bytes, primary: str) -> Key:
    version = body[0] if body else 0
    if version not in {_V4, 5, _V6} or len(body) < 12:
        raise Unparsable("an OpenPGP key of a version that is not known here")
    start = 6 if version == _V4 else 10
    grip, curve, end = _parameters(body, body[5], start)
    public = body[:end]
    if version == _V4:
        digest = hashlib.sha1(b"\x99" + len(public).to_bytes(2, "big") + public).hexdigest()  # noqa: S324 - RFC 4880
    else:
        digest = hashlib.sha256(bytes([0x95 + version]) + len(public).to_bytes(4, "big") + public).hexdigest()
    name = f"{_ALGORITHMS.get(body[5], str(body[5]))}{' ' + curve if curve else ''}"
    own = Key(digest.upper(), grip, name, int.from_bytes(body[1:5], "big"), primary or digest.upper())
    if tag in {SECRET, SECRET_SUB}:
        own.protected = _protection(body[end:])
    return own


def _parameters(body: bytes, algorithm: int, at: int) -> tuple[str, str, int]:
    """Return keygrip, curve or size, and where the public parameters end."""
    if algorithm in _RAW:
        return "", "", at + _RAW[algorithm]
    if algorithm in _CURVES:
        size = body[at] if at < len(body) else 0
        oid = body[at + 1 : at + 1 + size].hex()
        point, at = _number(body, at + 1 + size)
        at += 1 + body[at] if algorithm == 18 and at < len(body) else 0
        return _keygrip.of_point(oid, point), _keygrip.CURVES.get(oid, oid[:40]), at
    if algorithm not in _NUMBERS:
        return "", "", len(body)
    numbers: list[bytes] = []
    for _ in range(_STORED[algorithm]):
        number, at = _number(body, at)
        numbers.append(number)
    names = _NUMBERS[algorithm]
    bits = int.from_bytes(numbers[0][:3000], "big").bit_length()
    return _keygrip.of_numbers(names, numbers[: len(names)]), str(bits), at


def _number(body: bytes, at: int) -> tuple[bytes, int]:
    size = (int.from_bytes(body[at : at + 2], "big") + 7) // 8
    if at + 2 + size > len(body):
        raise Unparsable("an OpenPGP key is cut short")
    return body[at + 2 : at + 2 + size], at + 2 + size


def _protection(secret: bytes) -> str:
    """Return how the secret part that follows the public one is protected: gpg marks stubs of cards with S2K 101."""
    if not secret or secret[0] == 0:
        return "no"
    at = 2 if secret[0] in {253, 254, 255} else 1
    return "card" if secret[at : at + 1] == b"\x65" else "yes"


def _signed(body: bytes, key: Key, primary: Key) -> None:
    """Take from a signature of the key's own what it says of its end, or of its revocation."""
    if len(body) < 6 or body[0] not in {_V4, 5, _V6}:
        return
    size = 4 if body[0] == _V6 else 2
    length = int.from_bytes(body[4 : 4 + size], "big")
    hashed, rest = body[4 + size : 4 + size + length], body[4 + size + length :]
    other = rest[size : size + int.from_bytes(rest[:size], "big")]
    facts = {**dict(_subpackets(other)), **dict(_subpackets(hashed))}
    issuer = facts.get(33, b"")[1:].hex().upper() or facts.get(16, b"").hex().upper()
    if not issuer or not (primary.fingerprint == issuer or primary.fingerprint.endswith(issuer)):
        return
    if body[1] in {0x20, 0x28}:
        key.revoked = True
    elif body[1] in {0x10, 0x11, 0x12, 0x13, 0x18, 0x1F}:
        key.lasts = int.from_bytes(facts.get(9, b""), "big")


def _subpackets(area: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(area):
        body, end = _new(area, at) if area[at] < 224 or area[at] == 255 else (b"", len(area))
        if body:
            yield body[0] & 0x7F, body[1:]
        at = end
