"""Zip archives: names out of the central directory, bytes of single members where they lie. Nothing else is unpacked."""

from __future__ import annotations

import lzma
import stat
import struct
import zipfile
import zlib
from collections.abc import Mapping
from typing import BinaryIO

from rescind.errors import EvidenceError
from rescind.host.member import clean
from rescind.host.nodes import Full, Node, NodeTree
from rescind.host.streams import MOST_RATIO
from rescind.host.tree import Trouble

_FREE = 1 << 20
_CHUNK = 1 << 18
_DIRECTORY_BYTES = 64 << 20
MOST_MEMBERS = 150_000  # `zipfile` keeps as much again of each
_MOST_LINK = 4096
_END = struct.Struct("<4s4H2LH")
_END64 = struct.Struct("<4sQ2H2L4Q")
_READ = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2})
_SLIPS = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, ValueError, RuntimeError, OverflowError),
    *(struct.error, NotImplementedError, UnicodeError, IndexError),
)


class Zipball:
    """The members of one zip, by the number of their place in it."""

    def __init__(self, file: BinaryIO) -> None:
        size, count = _directory(file)
        if size > _DIRECTORY_BYTES or count > MOST_MEMBERS:
            raise EvidenceError("the archive holds unreasonably many members")
        try:
            self._zip = zipfile.ZipFile(file)
        except _SLIPS as exc:
            raise EvidenceError("the zip archive is damaged or cut off") from exc
        self._infos = self._zip.infolist()

    def index(self, tree: NodeTree) -> None:
        """Put every member into the tree. What cannot be read is a trouble of the tree."""
        locked = 0
        for number, info in enumerate(self._infos):
            try:
                parts = clean(_name(info), windows=True)
                node = self._node(info, number)
                node.source, node.where = self, number
                tree.add(parts, node)
            except EvidenceError as exc:
                tree.troubles.append(Trouble((), exc.message))
            except Full:
                tree.troubles.append(Trouble((), f"the archive holds more than {MOST_MEMBERS} members"))
                break
            locked += info.flag_bits & 1
        if locked:
            tree.troubles.append(Trouble((), f"{locked} members are encrypted and were not read"))

    def _node(self, info: zipfile.ZipInfo, number: int) -> Node:
        mode = info.external_attr >> 16 if info.create_system in {3, 19} else 0
        kind = stat.S_IFDIR if info.is_dir() or info.filename.endswith("\\") else stat.S_IFMT(mode) or stat.S_IFREG
        link = ""
        if kind == stat.S_IFLNK:
            link = self.read(number, _MOST_LINK).decode("utf-8", "surrogateescape")[:_MOST_LINK] or "."
        return Node(kind | 0o644, size=info.file_size, modified=_modified(info.extra), link=link)

    def fetch(self, wanted: Mapping[int, int]) -> None:
        """Nothing to do: a member is read where it lies."""

    def read(self, where: int, most: int) -> bytes:
        """Return a member's bytes, at most so many and one more."""
        info = self._infos[where]
        if info.flag_bits & 1:
            raise EvidenceError("is encrypted in the archive")
        if info.compress_type not in _READ:
            raise EvidenceError("is packed by a method that is not read")
        if info.file_size > max(_FREE, info.compress_size * MOST_RATIO):
            raise EvidenceError(f"unpacks to more than {MOST_RATIO} times its size")
        try:
            with self._zip.open(info) as file:
                parts, left = [], most + 1
                while left > 0 and (chunk := file.read(min(_CHUNK, left))):
                    parts.append(chunk)
                    left -= len(chunk)
                return b"".join(parts)
        except _SLIPS as exc:
            raise EvidenceError("is damaged in the archive") from exc


def _directory(file: BinaryIO) -> tuple[int, int]:
    """Return how many bytes and members the central directory claims, before it is read. Zeros for what `zipfile` will refuse.

    https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT (4.3.14 to 4.3.16).
    """
    size = file.seek(0, 2)
    file.seek(max(0, size - (1 << 16) - _END.size))
    tail = file.read()
    at = tail.rfind(b"PK\5\6")
    if at < 0 or len(tail) - at < _END.size:
        return 0, 0
    end = _END.unpack_from(tail, at)
    where = tail.rfind(b"PK\6\6", 0, at)
    if where >= 0 and at - where >= _END64.size:
        end64 = _END64.unpack_from(tail, where)
        return int(max(end64[8], end[5] % 0xFFFFFFFF)), int(max(end64[7], end[4] % 0xFFFF))
    return int(end[5]), int(end[4])


def _name(info: zipfile.ZipInfo) -> str:
    """Return a name as its bytes say: many archivers write UTF-8 and do not say so."""
    if info.flag_bits & 0x800:
        return info.orig_filename
    return info.orig_filename.encode("cp437", "replace").decode("utf-8", "surrogateescape")


def _modified(extra: bytes) -> int | None:
    """Return the time that an extended timestamp gives; the plain one has no time zone, so it dates nothing."""
    while len(extra) >= 4:
        tag, size = struct.unpack_from("<HH", extra)
        if tag == 0x5455 and size >= 5 and len(extra) >= 9 and extra[4] & 1:
            return int(struct.unpack_from("<l", extra, 5)[0])
        extra = extra[4 + size :]
    return None
