"""Bytes of an archive from front to back, unpacked as they are needed and never further than the bounds allow.

A stream that grows more than `MOST_RATIO`-fold, or past `MOST_BYTES`, is not read on: what comes after it is a gap.
"""

from __future__ import annotations

import bz2
import lzma
import sys
import zlib
from collections.abc import Callable
from typing import BinaryIO, Protocol

from rescind.errors import EvidenceError
from rescind.host.room import MOST_WINDOW

MOST_RATIO = 200
MOST_BYTES = 256 << 30
PASS_SECONDS = 900.0
_FREE = 32 << 20  # below this much, no ratio tells a bomb from an empty disk
_CHUNK = 1 << 18
_LZMA_MEMORY = MOST_WINDOW + (4 << 20)
_WINDOW_LOG = MOST_WINDOW.bit_length() - 1

MAGIC = (
    (b"\x1f\x8b", "gzip"),
    (b"\xfd7zXZ\0", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"BZh", "bzip2"),
)


class _Unpacker(Protocol):
    """The shape that `bz2`, `lzma` and `zstd` share."""

    @property
    def eof(self) -> bool:
        """Whether the frame is complete."""

    @property
    def needs_input(self) -> bool:
        """Whether more packed bytes are needed."""

    @property
    def unused_data(self) -> bytes:
        """What follows the frame."""

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """Return at most so many bytes."""


class _Gzip:
    """`zlib` in that shape."""

    def __init__(self) -> None:
        self._inner, self._tail = zlib.decompressobj(wbits=31), b""

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def needs_input(self) -> bool:
        return not self._tail

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        out = self._inner.decompress(self._tail + data, max_length)
        self._tail = self._inner.unconsumed_tail
        return out


def _zstd() -> _Unpacker:
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd
    unpacker: _Unpacker = zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: _WINDOW_LOG})
    return unpacker


def _damage() -> tuple[type[Exception], ...]:
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd
    return (zlib.error, lzma.LZMAError, zstd.ZstdError, EOFError, OSError, ValueError)


_UNPACKERS: dict[str, Callable[[], _Unpacker]] = {
    "gzip": _Gzip,
    "xz": lambda: lzma.LZMADecompressor(format=lzma.FORMAT_XZ, memlimit=_LZMA_MEMORY),
    "bzip2": bz2.BZ2Decompressor,
    "zstd": _zstd,
}


class Stream:
    """A packed (or, with `packing` "", plain) file read forwards. `allowance` is how much may be read before it is renewed.

    It does what `tarfile` asks of a file. Raises `EvidenceError` for damage and for every bound that is reached.
    """

    def __init__(self, raw: BinaryIO, packing: str, monotonic: Callable[[], float]) -> None:
        self._raw, self._monotonic, self._end = raw, monotonic, monotonic() + PASS_SECONDS
        raw.seek(0)
        self._make = _UNPACKERS.get(packing)
        self._unpacker = self._make() if self._make else None
        self._damage = _damage() if self._make else (OSError,)
        self._rest, self._at, self._taken, self._dry = b"", 0, 0, False
        self.allowance = 0
        self.last = b""

    def tell(self) -> int:
        """Return how far it was read, in unpacked bytes."""
        return self._at

    def read(self, size: int) -> bytes:
        """Return so many bytes, fewer at the end; more than the allowance is refused."""
        if size < 0 or size > self.allowance:
            raise EvidenceError("a header of the archive is unreasonably large")
        self.allowance -= size
        self.last = self._take(size)
        return self.last

    def seek(self, place: int) -> int:
        """Go forward to a place, backward only in a plain file."""
        if self._unpacker is None:
            self._at = self._raw.seek(place)
            return place
        if place < self._at:
            raise EvidenceError("the archive points backwards")
        while self._at < place and self._take(min(_CHUNK, place - self._at)):
            pass
        return self._at

    def _take(self, size: int) -> bytes:
        parts, missing = [], size
        while missing > 0 and (chunk := self._some(missing)):
            parts.append(chunk)
            missing -= len(chunk)
        return b"".join(parts)

    def _some(self, most: int) -> bytes:
        try:
            chunk = self._raw.read(most) if self._unpacker is None else self._unpacked(most)
        except self._damage as exc:
            raise EvidenceError("the archive is damaged or cut off") from exc
        self._at += len(chunk)
        if self._unpacker is not None and self._at > max(_FREE, self._taken * MOST_RATIO):
            raise EvidenceError(f"the archive unpacks to more than {MOST_RATIO} times its size")
        if self._at > MOST_BYTES or self._monotonic() > self._end:
            raise EvidenceError("the archive is too large to be read to its end")
        return chunk

    def _unpacked(self, most: int) -> bytes:
        while not self._dry and self._unpacker is not None and self._make is not None:
            if self._unpacker.eof:
                packed = self._unpacker.unused_data or self._raw.read(_CHUNK)
                if not packed.strip(b"\0"):
                    self._dry = True  # padding, or the end
                    break
                self._unpacker = self._make()
                self._rest = packed
            packed, self._rest = self._rest, b""
            if not packed and self._unpacker.needs_input:
                packed = self._raw.read(_CHUNK)
                self._taken += len(packed)
                if not packed:
                    raise EOFError
            if chunk := self._unpacker.decompress(packed, most):
                return chunk
        return b""


def packing_of(head: bytes) -> str:
    """Return how a file that begins like this is packed, "" when it is not."""
    return next((name for magic, name in MAGIC if head.startswith(magic)), "")
