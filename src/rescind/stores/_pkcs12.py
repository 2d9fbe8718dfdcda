"""PKCS#12 files without a password; how much work a file asks for is read before any of it is done."""

from __future__ import annotations

import warnings
from itertools import pairwise

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12

from rescind.errors import Unparsable

_WORK = 1_000_000  # iterations in all; well below a second
_SCRYPT = bytes.fromhex("2b06010401da47040b")  # its cost is memory: never run
_ENCRYPTED = bytes.fromhex(
    "2a864886f70d010706"
)  # encryptedData: what it holds, and what that would cost, cannot be seen
_CONTENT = 0xA0  # [0] EXPLICIT: only there does an octet string wrap more of the file; ciphertext, salts and ids may look like it
_DEEP, _MANY = 24, 4000


def is_pkcs12(blob: bytes) -> bool:
    """Tell whether bytes begin like a PFX: a sequence whose first member is the integer 3 (RFC 7292)."""
    head = 2 if len(blob) > 1 and (blob[1] < 0x80 or blob[1] == 0x80) else 2 + (blob[1] & 0x7F) if len(blob) > 1 else 0
    return blob[:1] == b"\x30" and blob[head : head + 3] == b"\x02\x01\x03"


def _members(data: bytes) -> list[tuple[int, bytes]] | None:
    """Return the (tag, content) pairs that DER bytes consist of, None where they are not DER."""
    out: list[tuple[int, bytes]] = []
    at = 0
    while at < len(data):
        if at + 2 > len(data):
            return None
        tag, size, at = data[at], data[at + 1], at + 2
        if size & 0x80:
            n = size & 0x7F
            if not 1 <= n <= 4:
                return None
            size, at = int.from_bytes(data[at : at + n], "big"), at + n
        if at + size > len(data):
            return None
        out.append((tag, data[at : at + size]))
        at += size
    return out


def _wrapped(content: bytes) -> bytes:
    """Return the sequence that an octet string begins with (what follows is ignored, as OpenSSL does), b"" where it is data."""
    long = content[1] & 0x7F if len(content) > 1 and content[1] & 0x80 else 0
    end = 2 + (int.from_bytes(content[2 : 2 + long], "big") + long if long else content[1] if len(content) > 1 else 0)
    return content[:end] if content[:1] == b"\x30" and (end <= len(content) or content[1:2] == b"\x80") else b""


def work(blob: bytes) -> int:
    """Return an upper bound for the sum of all iteration counts: every integer that follows a salt.

    Raises `Unparsable` where a part is not DER, so that nothing can ask for work unseen.
    """
    total, visited = 0, 0
    queue = [(blob, 0, 0)]
    while queue:
        data, depth, inside = queue.pop()
        members = _members(data)
        visited += len(members or ())
        if members is None or depth > _DEEP or visited > _MANY or any(tag == 0x24 for tag, _ in members):
            raise Unparsable("a PKCS#12 file is not plain DER, so what it asks for cannot be seen")
        for (tag, _), (then, number) in pairwise(members):
            if tag == 0x04 and then == 0x02:
                total += int.from_bytes(number[:8], "big")
        queue += [(c, depth + 1, tag) for tag, c in members if tag & 0x20]
        if inside == _CONTENT:
            queue += [(inner, depth + 1, 0x04) for tag, c in members if tag == 0x04 and (inner := _wrapped(c))]
    return total


def locked_pkcs12(blob: bytes) -> bool:
    """Tell whether a PFX keeps its certificates behind a password, so that only its file's name can be told."""
    return is_pkcs12(blob) and _ENCRYPTED in blob


def open_pkcs12(blob: bytes) -> tuple[bytes, list[x509.Certificate]]:
    """Return the private key (PKCS#8 DER, empty where there is none) and the certificates, its own first.

    Only no password and the empty one are tried, on the key; encrypted certificates are not opened at all, since their content
    could ask for any work. Raises `Unparsable` for these, for damaged files, and for too much work.
    """
    if _ENCRYPTED in blob:
        raise Unparsable("PKCS#12 is encrypted")
    if _SCRYPT in blob or work(blob) > _WORK:
        raise Unparsable("a PKCS#12 file asks for an unreasonable amount of work")
    for password in (None, b""):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter(
                    "error", UserWarning
                )  # it says that BER would be read instead, which `work` cannot follow
                bag = pkcs12.load_pkcs12(blob, password)
            certificates = [c.certificate for c in (bag.cert, *bag.additional_certs) if c is not None]
            form = serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            return (bag.key.private_bytes(*form) if bag.key else b""), certificates
        except (ValueError, TypeError, UserWarning, UnsupportedAlgorithm):
            continue
    raise Unparsable("PKCS#12 is encrypted")
