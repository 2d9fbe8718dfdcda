"""Tar archives, plain or packed, read from front to back: names first, and with them the bytes of the members that rows ask for.

A plain one is read again where a member lies. A packed one goes by once more when something else is asked for, a few times at most.
"""

from __future__ import annotations

import stat
import tarfile
from collections.abc import Callable, Iterator, Mapping
from typing import BinaryIO

from rescind.errors import EvidenceError
from rescind.host.interest import Interest
from rescind.host.kept import Kept
from rescind.host.member import clean
from rescind.host.names import Parts
from rescind.host.nodes import Full, Node, NodeTree
from rescind.host.room import Room
from rescind.host.streams import Stream
from rescind.host.tree import Trouble

KEPT_BYTES = 16 << 20
MOST_PASSES = 12
_HEADER_BYTES = 1 << 20
_CHUNK = 1 << 18
_TYPES = {
    tarfile.DIRTYPE: stat.S_IFDIR,
    tarfile.SYMTYPE: stat.S_IFLNK,
    tarfile.CHRTYPE: stat.S_IFCHR,
    tarfile.BLKTYPE: stat.S_IFBLK,
    tarfile.FIFOTYPE: stat.S_IFIFO,
}
_SLIPS = (tarfile.TarError, ValueError, OverflowError, RecursionError, UnicodeError, IndexError, KeyError)


class Tarball:
    """The members of one tar. `open_stream` begins it again; `plain` means that it can be read at any place."""

    def __init__(self, open_stream: Callable[[], Stream], *, plain: bool, interest: Interest) -> None:
        self._open, self._plain, self._interest = open_stream, plain, interest
        self._last = -1, b""
        self._passes = 0
        self._wanted: dict[int, int] = {}
        self._kept = Kept(KEPT_BYTES, Room())

    def index(self, tree: NodeTree) -> None:
        """Put every member into the tree, and keep what rows will ask for. What cannot be read is a trouble of the tree."""
        hard: list[tuple[Parts, str]] = []
        self._kept = Kept(KEPT_BYTES, tree.room)

        def take(tar: tarfile.TarFile, info: tarfile.TarInfo) -> None:
            try:
                parts = clean(info.name, windows=False)
                if info.islnk():
                    hard.append((parts, info.linkname))
                    return
                node = _node(info)
                node.source, node.where = self, info.offset
                tree.add(parts, node)
            except EvidenceError as exc:
                tree.troubles.append(Trouble((), exc.message))
                return
            most = self._interest.most(parts) if info.isreg() and not self._plain else 0
            if most and info.size <= most:
                self._wanted[info.offset] = most
                self._keep(tar, info)

        try:
            self._go(take)
        except EvidenceError as exc:
            tree.troubles.append(Trouble((), f"{exc.message}; {tree.members} members were seen, what follows was not"))
        except Full:
            tree.troubles.append(
                Trouble((), f"the archive holds more than {tree.members - 1} members; the rest was not read")
            )
        for parts, target in hard:
            self._link(tree, parts, target)

    def _link(self, tree: NodeTree, parts: Parts, target: str) -> None:
        """Give a hard link the bytes of the member that it names."""
        try:
            node = tree.at(clean(target, windows=False))
            if node is not None and node.inner is None and not node.link:
                tree.add(parts, node)
                return
            reason = "hard link to something that is not in the archive was refused"
        except (EvidenceError, Full) as exc:
            reason = str(exc) or "too many members"
        tree.troubles.append(Trouble(parts, reason))

    def read(self, where: int, most: int) -> bytes:
        """Return a member's bytes, at most so many and one more."""
        if where in self._kept:
            return self._kept.get(where)
        if where == self._last[0]:
            return self._last[1]
        if self._plain:
            return self._at(where, most)
        self._passes += 1
        if self._passes > MOST_PASSES:
            raise EvidenceError(f"was not read: the archive would have to be unpacked more than {MOST_PASSES} times")
        self._last = -1, b""
        if self._kept.refused:
            self._kept.forget()
        self._wanted[where] = most

        def take(tar: tarfile.TarFile, info: tarfile.TarInfo) -> None:
            if info.offset == where:
                self._last = where, _content(tar, info, most)
            elif info.offset > where and info.offset in self._wanted and info.offset not in self._kept:
                self._keep(tar, info)

        self._go(take)
        if where != self._last[0]:
            raise EvidenceError("could not be found again in the archive")
        return self._last[1]

    def fetch(self, wanted: Mapping[int, int]) -> None:
        """Keep the bytes of members that will be asked for beside those of rows, all in one pass."""
        missing = {where: most for where, most in wanted.items() if where not in self._kept}
        if self._plain or not missing or self._passes >= MOST_PASSES:
            return
        self._passes += 1
        self._wanted.update(missing)

        def take(tar: tarfile.TarFile, info: tarfile.TarInfo) -> None:
            if info.offset in missing and info.size <= missing[info.offset]:
                self._keep(tar, info)

        self._go(take)

    def _keep(self, tar: tarfile.TarFile, info: tarfile.TarInfo) -> None:
        self._kept.put(info.offset, info.size, _chunks(tar, info, self._wanted[info.offset]))

    def _at(self, where: int, most: int) -> bytes:
        stream = self._open()
        stream.allowance = _HEADER_BYTES
        try:
            stream.seek(where)
            with tarfile.open(fileobj=_file(stream), mode="r:") as tar:
                info = tar.next()
                if info is None:
                    raise EvidenceError("could not be found again in the archive")
                return _content(tar, info, most)
        except _SLIPS as exc:
            raise EvidenceError("the archive is damaged here") from exc

    def _go(self, take: Callable[[tarfile.TarFile, tarfile.TarInfo], None]) -> None:
        """Call `take` for each member, in order."""
        stream = self._open()
        stream.allowance = _HEADER_BYTES
        try:
            with tarfile.open(fileobj=_file(stream), mode="r:", errorlevel=2) as tar:
                while (info := tar.next()) is not None:
                    take(tar, info)
                    vars(tar)["members"].clear()  # tarfile would keep them all
                    stream.allowance = _HEADER_BYTES
        except _SLIPS as exc:
            raise EvidenceError("the archive is damaged or cut off") from exc
        if stream.last.strip(b"\0") or not stream.last:
            raise EvidenceError("the archive is damaged or cut off")
        while stream.last:  # to the end, as only there it shows whether a packed one is whole
            stream.allowance = _CHUNK
            if stream.read(_CHUNK).strip(b"\0"):
                raise EvidenceError("something follows the end of the archive")


def _file(stream: Stream) -> BinaryIO:
    return stream  # type: ignore[return-value]


def _node(info: tarfile.TarInfo) -> Node:
    kind = stat.S_IFREG if info.isreg() else _TYPES.get(info.type, stat.S_IFCHR)
    modified = int(info.mtime) if abs(info.mtime) < 1 << 40 else None
    link = info.linkname if info.issym() else ""
    return Node(kind | 0o644, size=info.size, modified=modified, link=link or ("." if info.issym() else ""))


def _content(tar: tarfile.TarFile, info: tarfile.TarInfo, most: int) -> bytes:
    return b"".join(_chunks(tar, info, most))


def _chunks(tar: tarfile.TarFile, info: tarfile.TarInfo, most: int) -> Iterator[bytes]:
    file = tar.extractfile(info)
    stream = tar.fileobj
    if file is None or not isinstance(stream, Stream):
        raise EvidenceError("is not a file")
    if info.size > most:
        raise EvidenceError(f"is larger than {most} bytes")
    stream.allowance = most + _HEADER_BYTES
    left = most + 1
    while left > 0 and (chunk := file.read(min(_CHUNK, left))):
        yield chunk
        left -= len(chunk)
