"""How much memory an archive may take: what unpacks it, its names, what is kept of its members. What does not fit is a gap.

A packed archive says at its beginning how far back its bytes may refer; so much is held while it is read. zstd:
https://www.rfc-editor.org/rfc/rfc8878#section-3.1.1.1.2, xz: https://tukaani.org/xz/xz-file-format.txt (3.1 and 5.3.1).
"""

from __future__ import annotations

ROOM = 80 << 20
MOST_WINDOW = 64 << 20
_LZMA2 = 0x21


class Room:
    """What is left for one archive, and for those in it."""

    def __init__(self, left: int = ROOM) -> None:
        self.left = left

    def take(self, count: int) -> bool:
        """Use so many bytes, if there is room for them."""
        if count > self.left:
            return False
        self.left -= count
        return True

    def give(self, count: int) -> None:
        """Let others use them again."""
        self.left += count


def window_of(head: bytes, packing: str) -> int:
    """Return how far back an archive that begins like this may refer, as it says itself; what does not say so counts as most."""
    try:
        if packing == "zstd":
            return _zstd(head)
        return _xz(head) if packing == "xz" else 1 << 20
    except (IndexError, OverflowError):
        return MOST_WINDOW


def _zstd(head: bytes) -> int:
    flags = head[4]
    if not flags & 0x20:
        base = 1 << (10 + (head[5] >> 3))
        return base + base // 8 * (head[5] & 7)
    at, size = 5 + (0, 1, 2, 4)[flags & 3], (1, 2, 4, 8)[flags >> 6]
    return int.from_bytes(head[at : at + size], "little") + (256 if size == 2 else 0)


def _xz(head: bytes) -> int:
    at, flags = 14, head[13]
    for given in (flags & 0x40, flags & 0x80):
        if given:
            _, at = _number(head, at)
    for _ in range((flags & 3) + 1):
        name, at = _number(head, at)
        size, at = _number(head, at)
        if name == _LZMA2:
            bits = head[at] & 0x3F
            return 0xFFFFFFFF if bits >= 40 else (2 | bits & 1) << (bits // 2 + 11)
        at += size
    return MOST_WINDOW


def _number(head: bytes, at: int) -> tuple[int, int]:
    """Return a number in groups of seven bits, lowest first, and where the next byte stands."""
    value = shift = 0
    while True:
        value |= (head[at] & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if head[at - 1] < 0x80:
            return value, at
