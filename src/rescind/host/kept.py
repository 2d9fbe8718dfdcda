"""Members of a packed archive that will be asked for, held in memory and packed anew: small ones together, a large one by itself."""

from __future__ import annotations

import zlib
from collections.abc import Iterable

from rescind.host.room import Room

_TOGETHER = 32 << 10
_MOST_OPEN = 32


class Kept:
    """At most so many bytes of them, within the archive's room. What was refused makes the next miss begin anew (`forget`)."""

    def __init__(self, most: int, room: Room) -> None:
        self._most = self._left = most
        self._room = room
        self._places: dict[int, tuple[int, int, int]] = {}
        self._blocks: list[bytes] = []
        self._open = bytearray()
        self._seen: dict[int, bytes] = {}
        self.refused = False

    def __contains__(self, where: int) -> bool:
        return where in self._places

    def put(self, where: int, size: int, chunks: Iterable[bytes]) -> None:
        """Keep a member, or refuse it: it is then read again when it is asked for."""
        left = min(self._left, self._room.left) - len(self._open)
        if size <= _TOGETHER:
            if size > left:
                self.refused = True
                return
            data = b"".join(chunks)
            self._places[where] = len(self._blocks), len(self._open), len(data)
            self._open += data
            if len(self._open) >= _TOGETHER:
                self._close()
            return
        packed = _packed(chunks, left)
        if packed is None:
            self.refused = True
            return
        self._close()
        self._places[where] = len(self._blocks), 0, size
        self._hold(packed)

    def get(self, where: int) -> bytes:
        """Return a member that is kept."""
        number, start, size = self._places[where]
        if number == len(self._blocks):
            return bytes(self._open[start : start + size])
        whole = self._seen.pop(number, b"") or zlib.decompress(self._blocks[number])
        if len(whole) <= 2 * _TOGETHER:
            self._seen[number] = whole  # the last one used stands last
            if len(self._seen) > _MOST_OPEN:
                del self._seen[next(iter(self._seen))]
        return whole if len(whole) == size else whole[start : start + size]

    def forget(self) -> None:
        """Make room for others."""
        self._room.give(self._most - self._left)
        self._left, self.refused = self._most, False
        self._seen.clear()
        self._places.clear()
        self._blocks.clear()
        self._open.clear()

    def _close(self) -> None:
        if self._open:
            self._hold(zlib.compress(bytes(self._open), 1))
            self._open.clear()

    def _hold(self, packed: bytes) -> None:
        self._blocks.append(packed)
        taken = min(len(packed), self._left, self._room.left)
        self._left -= taken
        self._room.take(taken)


def _packed(chunks: Iterable[bytes], left: int) -> bytes | None:
    """Return chunks packed anew, None when that takes more than what is left."""
    packer, parts, size = zlib.compressobj(1), list[bytes](), 0
    for chunk in chunks:
        parts.append(packer.compress(chunk))
        size += len(parts[-1])
        if size > left:
            return None
    parts.append(packer.flush())
    return b"".join(parts) if size + len(parts[-1]) <= left else None
