"""GnuPG's keybox, `pubring.kbx`: blobs that each hold one OpenPGP keyblock or one X.509 certificate.

https://github.com/gpg/gnupg/blob/master/kbx/keybox-blob.c
"""

from __future__ import annotations

from collections.abc import Iterator

from rescind.errors import Unparsable

OPENPGP, X509 = 2, 3
_HEADER, _LEAST = 1, 16
_MANY = 50_000


def is_keybox(blob: bytes) -> bool:
    """Tell whether bytes are a keybox: its first blob says so."""
    return blob[4:5] == bytes([_HEADER]) and blob[8:12] == b"KBXf"


def contents(blob: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield what each blob holds: (`OPENPGP`, packets) or (`X509`, DER). Raises `Unparsable` where the file is damaged."""
    at = 0
    for _ in range(_MANY):
        if at >= len(blob):
            return
        size = int.from_bytes(blob[at : at + 4], "big")
        if size < _LEAST or at + size > len(blob):
            raise Unparsable("a keybox is damaged or cut short")
        whole = blob[at : at + size]
        start, length = int.from_bytes(whole[8:12], "big"), int.from_bytes(whole[12:16], "big")
        if whole[4] in {OPENPGP, X509}:
            if start + length > size:
                raise Unparsable("a keybox is damaged or cut short")
            yield whole[4], whole[start : start + length]
        at += size
    raise Unparsable("more keys than a keybox has")
