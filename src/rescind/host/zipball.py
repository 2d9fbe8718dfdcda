"""Zip archives: names out of the central directory, bytes of single members where they lie. Nothing else is unpacked."""

from __future__ import annotations

import bz2
import stat
import struct
import zlib
from collections.abc import Mapping
from typing import BinaryIO

from rescind.errors import EvidenceError
from rescind.host import zip_directory
from rescind.host.member import clean
from rescind.host.nodes import Full, Node, NodeTree
from rescind.host.streams import MOST_RATIO
from rescind.host.tree import Trouble
from rescind.host.zip_directory import Member

_FREE = 1 << 20
_CHUNK = 1 << 18
_MOST_LINK = 4096
_STORED, _DEFLATED, _BZIP2 = 0, 8, 12
_ENCRYPTED = 0x1
_UNIX = frozenset({3, 19})
_SLIPS = (zlib.error, EOFError, OSError, ValueError, OverflowError)


class Zipball:
    """The members of one zip, by the place of their entry in its directory."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._directory = zip_directory.directory(file)

    def index(self, tree: NodeTree) -> None:
        """Put every member into the tree. What cannot be read is a trouble of the tree."""
        locked = 0
        try:
            for member in zip_directory.members(self._file, self._directory):
                try:
                    parts = clean(_name(member), windows=True)
                    node = self._node(member)
                    node.source, node.where = self, member.where
                    tree.add(parts, node)
                except EvidenceError as exc:
                    tree.troubles.append(Trouble((), exc.message))
                locked += member.flags & _ENCRYPTED
        except EvidenceError as exc:
            if not tree.members:
                raise
            tree.troubles.append(Trouble((), f"{exc.message}; {tree.members} members were seen, what follows was not"))
        except Full:
            seen = f"the archive holds more than {tree.members - 1} members; the rest was not read"
            tree.troubles.append(Trouble((), seen))
        if locked:
            tree.troubles.append(Trouble((), f"{locked} members are encrypted and were not read"))

    def _node(self, member: Member) -> Node:
        mode = member.mode >> 16 if member.system in _UNIX else 0
        kind = stat.S_IFDIR if member.name.endswith((b"/", b"\\")) else stat.S_IFMT(mode) or stat.S_IFREG
        link = ""
        if kind == stat.S_IFLNK:
            link = self.read(member.where, _MOST_LINK).decode("utf-8", "surrogateescape")[:_MOST_LINK] or "."
        return Node(kind | 0o644, size=member.size, modified=_modified(member.extra), link=link)

    def fetch(self, wanted: Mapping[int, int]) -> None:
        """Nothing to do: a member is read where it lies."""

    def read(self, where: int, most: int) -> bytes:
        """Return a member's bytes, at most so many and one more."""
        member = zip_directory.member_at(self._file, where, self._directory.before)
        if member.flags & _ENCRYPTED:
            raise EvidenceError("is encrypted in the archive")
        if member.method not in {_STORED, _DEFLATED, _BZIP2}:
            raise EvidenceError("is packed by a method that is not read")
        if member.size > max(_FREE, member.packed * MOST_RATIO):
            raise EvidenceError(f"unpacks to more than {MOST_RATIO} times its size")
        try:
            zip_directory.data_of(self._file, member)
            data = self._unpacked(member, most + 1)
        except _SLIPS as exc:
            raise EvidenceError("is damaged in the archive") from exc
        if len(data) <= most and zlib.crc32(data) != member.crc:
            raise EvidenceError("is damaged in the archive")
        return data

    def _unpacked(self, member: Member, most: int) -> bytes:
        left, parts = member.packed, list[bytes]()
        if member.method == _STORED:
            return self._file.read(min(left, most))
        deflate = zlib.decompressobj(-15) if member.method == _DEFLATED else None
        bzip2 = None if deflate else bz2.BZ2Decompressor()
        while most > 0:
            hungry = not deflate.unconsumed_tail if deflate else bzip2 is not None and bzip2.needs_input
            packed = self._file.read(min(_CHUNK, left)) if hungry else b""
            left -= len(packed)
            if deflate:
                chunk = deflate.decompress(deflate.unconsumed_tail + packed, min(_CHUNK, most))
                done = deflate.eof or not (packed or chunk)
            else:
                assert bzip2 is not None  # noqa: S101  # one of the two
                chunk = bzip2.decompress(packed, min(_CHUNK, most))
                done = bzip2.eof or not (packed or chunk)
            parts.append(chunk)
            most -= len(chunk)
            if done:
                break
        return b"".join(parts)


def _name(member: Member) -> str:
    """Return a name as its bytes say: many archivers write UTF-8 and do not say so."""
    return member.name.decode("utf-8", "surrogateescape")


def _modified(extra: bytes) -> int | None:
    """Return the time that an extended timestamp gives; the plain one has no time zone, so it dates nothing."""
    while len(extra) >= 4:
        tag, size = struct.unpack_from("<HH", extra)
        if tag == 0x5455 and size >= 5 and len(extra) >= 9 and extra[4] & 1:
            return int(struct.unpack_from("<l", extra, 5)[0])
        extra = extra[4 + size :]
    return None
