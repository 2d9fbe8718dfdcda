"""The central directory of a zip, entry by entry: it is never held as a whole, because it may name more than memory should hold.

https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT (4.3.7, 4.3.12 to 4.3.16, 4.5.3).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from rescind.errors import EvidenceError

MOST_BYTES = 256 << 20
_END = struct.Struct("<4s4H2LH")
_END64 = struct.Struct("<4sQ2H2L4Q")
_ENTRY = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_CHUNK = 1 << 20
_FULL = 0xFFFFFFFF
_LONGEST = _ENTRY.size + 3 * 0xFFFF


@dataclass(frozen=True, slots=True)
class Member:
    """What the directory says of one member. `where` is the place of this entry, `start` that of the member."""

    where: int
    name: bytes
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    start: int
    system: int
    mode: int
    extra: bytes


@dataclass(frozen=True, slots=True)
class Directory:
    """Where the directory lies, how many entries it claims, and what stands before the archive in the file."""

    start: int
    end: int
    count: int
    before: int


def directory(file: BinaryIO) -> Directory:
    """Find the directory by the record at the end of a file. Raises `EvidenceError` where there is none, or too large a one."""
    length = file.seek(0, 2)
    file.seek(max(0, length - (1 << 16) - _END.size))
    at0 = file.tell()
    tail = file.read()
    at, end = _last_record(tail)
    count, size, offset, until = end[4], end[5], end[6], at0 + at
    wide = tail.rfind(b"PK\6\6", 0, at) if tail[max(0, at - 20) : at].startswith(b"PK\6\7") else -1
    if wide >= 0 and at - wide >= _END64.size:
        end64 = _END64.unpack_from(tail, wide)
        count, size, offset, until = end64[7], end64[8], end64[9], at0 + wide
    if size > MOST_BYTES:
        raise EvidenceError("the archive holds unreasonably many members")
    before = until - size - offset
    if before < 0 or until - size < 0:
        raise EvidenceError("the zip archive is damaged or cut off")
    return Directory(until - size, until, count, before)


def _last_record(tail: bytes) -> tuple[int, tuple[int, ...]]:
    """Return the last end record whose comment fits behind it: a comment may hold the same four bytes."""
    at = tail.rfind(b"PK\5\6")
    while at >= 0:
        if len(tail) - at >= _END.size:
            end = _END.unpack_from(tail, at)
            if at + _END.size + end[7] <= len(tail):
                return at, end
        at = tail.rfind(b"PK\5\6", 0, at)
    raise EvidenceError("the zip archive is damaged or cut off")


def members(file: BinaryIO, found: Directory) -> Iterator[Member]:
    """Yield every entry. Raises `EvidenceError` where one is damaged."""
    at, base, held = found.start, found.start, b""
    while at < found.end:
        if len(held) - (at - base) < min(_LONGEST, found.end - at):
            held, base = _read(file, at, min(_CHUNK, found.end - at)), at
        member, size = _entry(held, at - base, at, found.before)
        yield member
        at += size


def member_at(file: BinaryIO, where: int, before: int) -> Member:
    """Read one entry again."""
    return _entry(_read(file, where, _LONGEST), 0, where, before)[0]


def data_of(file: BinaryIO, member: Member) -> None:
    """Go to where a member's bytes begin. Raises `EvidenceError` where no member stands."""
    head = _read(file, member.start, _LOCAL.size)
    if len(head) < _LOCAL.size or not head.startswith(b"PK\3\4"):
        raise EvidenceError("is damaged in the archive")
    *_, name, extra = _LOCAL.unpack(head)
    file.seek(member.start + _LOCAL.size + name + extra)


def _read(file: BinaryIO, at: int, count: int) -> bytes:
    file.seek(at)
    return file.read(count)


def _entry(held: bytes, at: int, where: int, before: int) -> tuple[Member, int]:
    if len(held) - at < _ENTRY.size:
        raise EvidenceError("the zip archive is damaged or cut off")
    sign, made, _, flags, method, _, _, crc, packed, size, n, x, c, _, _, mode, start = _ENTRY.unpack_from(held, at)
    if sign != b"PK\1\2" or len(held) - at < _ENTRY.size + n + x + c:
        raise EvidenceError("the zip archive is damaged or cut off")
    name = held[at + _ENTRY.size : at + _ENTRY.size + n]
    extra = held[at + _ENTRY.size + n : at + _ENTRY.size + n + x]
    size, packed, start = _wide(extra, size, packed, start)
    system = made >> 8
    return Member(where, name, flags, method, crc, packed, size, start + before, system, mode, extra), (
        _ENTRY.size + n + x + c
    )


def _wide(extra: bytes, size: int, packed: int, start: int) -> tuple[int, int, int]:
    """Return the three numbers of an entry, of 64 bits where 32 do not hold them."""
    while len(extra) >= 4:
        tag, length = struct.unpack_from("<HH", extra)
        if tag == 1:
            body, at, found = extra[4 : 4 + length], 0, [size, packed, start]
            for number, value in enumerate(found):
                if value == _FULL and len(body) >= at + 8:
                    found[number], at = int(struct.unpack_from("<Q", body, at)[0]), at + 8
            return found[0], found[1], found[2]
        extra = extra[4 + length :]
    return size, packed, start
