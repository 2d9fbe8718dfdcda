"""A disk image as evidence: the file systems in it, read by a process of its own, with links resolved inside of each.

An image of one file system is what a mount of it would show. Of several each is a folder: `p1`, `p2` by their partitions, `vg-lv` by
logical volumes, `p2-Data` by the volumes of an APFS container.
"""

from __future__ import annotations

import os
import stat
from collections import OrderedDict, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from rescind.errors import EvidenceError
from rescind.host.image_reader import ImageReader
from rescind.host.names import Parts, split
from rescind.host.tree import (
    CIRCLE,
    DANGLING,
    LEAVES,
    MAX_LINKS,
    WHOLE,
    Blob,
    Found,
    Trouble,
    kind_of,
    moment,
    rebased,
)

_FOLDER = stat.S_IFDIR | 0o755
_HOMES = (("home",), ("Users",), ("var", "home"))
_MOST_NAMES = 200_000
_MOST_FAILED = 10_000


@dataclass(frozen=True, slots=True)
class ImageEntry:
    """One name in a folder, and the letter of what it is."""

    name: str
    letter: str

    def is_dir(self, *, follow_symlinks: bool = True) -> bool:
        """Tell whether it is a folder; a link is none."""
        del follow_symlinks
        return self.letter == "d"

    def is_file(self, *, follow_symlinks: bool = True) -> bool:
        """Tell whether it is a plain file; a link is none."""
        del follow_symlinks
        return self.letter == "f"

    def is_symlink(self) -> bool:
        """Tell whether it is a link."""
        return self.letter == "l"


class ImageFolder:
    """A folder of an image, for a walk: see `rescind.host.tree.Folder`."""

    __slots__ = ("_parts", "_tree", "device", "key")

    def __init__(self, tree: ImageTree, parts: Parts) -> None:
        self._tree, self._parts = tree, parts
        self.key = tree.number(parts)
        self.device = self.key[0]

    def entries(self) -> Iterator[ImageEntry]:
        """Yield what it holds."""
        return (ImageEntry(name, letter) for name, letter in self._tree.listing(self._parts).items())

    def enter(self, name: str) -> ImageFolder:
        """Open a folder in it. Raises `OSError` when it cannot be listed."""
        try:
            return ImageFolder(self._tree, (*self._parts, name))
        except EvidenceError as exc:
            raise OSError from exc

    def close(self) -> None:
        """Let go of it."""


class ImageTree:
    """The file systems of one image: see `rescind.host.tree.Evidence`."""

    def __init__(self, reader: ImageReader) -> None:
        self._reader = reader
        self.volumes = WHOLE
        self.troubles: list[Trouble] = list(reader.troubles)
        self._names = {name: number for number, name in enumerate(reader.volumes)}
        self.is_one = len(self._names) == 1
        self._known: OrderedDict[Parts, tuple[int, dict[str, str]]] = OrderedDict()
        self._failed: dict[Parts, EvidenceError] = {}
        self._held = 0

    @property
    def has_systems(self) -> bool:
        """Whether the image holds a file system that is read."""
        return bool(self._names)

    def close(self) -> None:
        """Let go of the image; nothing can be read afterwards."""
        self._reader.close()

    def below(self, path: str, at: Parts = ()) -> Parts | None:
        """Return where an absolute path that was met at `at` lies, None when it is outside.

        Homes that have a file system to themselves are known by where they are mounted.
        """
        inside = rebased(self.volumes, path, at)
        if inside is not None:
            return inside
        parts = split(path)
        for number, name in enumerate(at):
            for home in ((*base, name) for base in _HOMES):
                if parts[: len(home)] == home:
                    return at[: number + 1] + parts[len(home) :]
        return None

    def _in(self, parts: Parts) -> tuple[int, Parts] | None:
        """Return the number of the file system that a path lies in and the path there, None above all of them."""
        if self.is_one:
            return 0, parts
        return (self._names[parts[0]], parts[1:]) if parts else None

    def _is_top(self, parts: Parts) -> bool:
        return parts in self.volumes or (parts == () if self.is_one else len(parts) == 1)

    def listing(self, parts: Parts) -> dict[str, str]:
        """Return what each name in a folder is. Raises `EvidenceError` when it cannot be listed."""
        return self._listed(parts)[1]

    def number(self, parts: Parts) -> tuple[int, int]:
        """Return what tells a folder from every other one: its file system and its number there."""
        place = self._in(parts)
        return (0, 0) if place is None else (place[0] + 1, self._listed(parts)[0])

    def _listed(self, parts: Parts) -> tuple[int, dict[str, str]]:
        place = self._in(parts)
        if place is None:
            return 0, dict.fromkeys(self._names, "d")
        if parts in self._known:
            self._known.move_to_end(parts)
            return self._known[parts]
        if parts in self._failed:
            raise EvidenceError(self._failed[parts].message)
        try:
            number, names = self._reader.names(*place)
        except EvidenceError as exc:
            if len(self._failed) < _MOST_FAILED:
                self._failed[parts] = exc
            raise
        sound = {_sound(name): letter for name, letter in names.items() if name not in {"", ".", ".."}}
        self._known[parts] = number, sound
        self._held += len(sound) + 1
        while self._held > _MOST_NAMES and len(self._known) > 1:
            self._held -= len(self._known.popitem(last=False)[1][1]) + 1
        return number, sound

    def _resolve(self, parts: Parts) -> tuple[Parts, str] | None:
        """Return where a path ends after its links, and the letter of what is there."""
        todo, place, letter, links = deque(parts), Parts(), "d", 0
        while todo:
            name = todo.popleft()
            if name == "..":
                place = place if self._is_top(place) else place[:-1]
                continue
            letter = self.listing(place).get(name, "") if letter == "d" else ""
            if not letter:
                if links:
                    raise EvidenceError(DANGLING)
                return None
            if letter != "l":
                place = (*place, name)
                continue
            links, letter = links + 1, "d"
            if links > MAX_LINKS:
                raise EvidenceError(CIRCLE)
            link = self._link((*place, name))
            target: Parts | None = split(link)
            if link.startswith("/"):
                target, place = self.below(link, place), ()
            if target is None:
                raise EvidenceError(LEAVES)
            todo.extendleft(reversed(target))
        return place, letter

    def _link(self, parts: Parts) -> str:
        place = self._in(parts)
        return "" if place is None else self._reader.stat(*place).link

    def find(self, parts: Parts) -> Found | None:
        """Return where a path ends after its links, None when there is no such thing."""
        found = self._resolve(parts)
        if found is None:
            return None
        place = self._in(found[0])
        if place is None:
            return Found(parts=(), st=os.stat_result((_FOLDER, 0, 0, 1, 0, 0, 0, 0, 0, 0)))
        told = self._reader.stat(*place)
        times = (int(told.modified or 0),) * 3
        st = os.stat_result((told.mode, told.ino, place[0] + 1, 1, 0, 0, told.size, *times))
        return Found(parts=found[0], st=st)

    def is_dir(self, parts: Parts) -> bool:
        """Tell whether a folder lies there; False also for what cannot be looked at."""
        try:
            found = self._resolve(parts)
        except EvidenceError:
            return False
        return found is not None and found[1] == "d"

    def exists(self, parts: Parts) -> bool:
        """Tell whether something lies there, readable or not."""
        try:
            return self._resolve(parts) is not None
        except EvidenceError:
            return True

    def link_head(self, parts: Parts) -> Parts:
        """Return the first component that a link names, `..` left out; empty when it cannot be told."""
        try:
            return tuple(p for p in split(self._link(parts)) if p != "..")[:1]
        except EvidenceError:
            return ()

    def folder(self, parts: Parts) -> ImageFolder | None:
        """Return a folder to walk through, None when there is none."""
        found = self._resolve(parts)
        return ImageFolder(self, found[0]) if found is not None and found[1] == "d" else None

    def names(self, parts: Parts) -> list[str]:
        """Return the sorted names in a folder; empty when there is none, an error when it is unreasonably large."""
        found = self._resolve(parts)
        return [] if found is None or found[1] != "d" else sorted(self.listing(found[0]))

    def read(self, parts: Parts, max_bytes: int) -> Blob | None:
        """Return a regular file's bytes, None when there is none."""
        found = self._file(parts)
        if found is None:
            return None
        (volume, place), size, modified = found
        if size > max_bytes:
            raise EvidenceError(f"is larger than {max_bytes} bytes")
        data = self._reader.read(volume, place, max_bytes)
        if len(data) != size:
            raise EvidenceError("holds another number of bytes than its file system says")
        return Blob(data=data, modified=modified)

    def fetch(self, wanted: Mapping[Parts, int]) -> None:
        """Do nothing: a file is read where it lies."""

    def ends(self, parts: Parts, max_bytes: int) -> Blob | None:
        """Return the first ninth and the last eight ninths of `max_bytes` of a file that is larger, None when it is not."""
        found = self._file(parts)
        if found is None or found[1] <= max_bytes:
            return None
        (volume, place), _, modified = found
        return Blob(data=self._reader.read(volume, place, max_bytes, ends=True), modified=modified)

    def _file(self, parts: Parts) -> tuple[tuple[int, Parts], int, str | None] | None:
        found = self._resolve(parts)
        place = self._in(found[0]) if found is not None else None
        if found is None:
            return None
        told = None if place is None else self._reader.stat(*place)
        if place is None or told is None or not stat.S_ISREG(told.mode):
            raise EvidenceError(f"is a {kind_of(told.mode if told else _FOLDER)}, not a file")
        return place, told.size, None if told.modified is None else moment(told.modified)


def _sound(name: str) -> str:
    """Return a name without what no name can hold; the file of one that was changed is not found again, and so a gap."""
    return name.replace("/", "\ufffd").replace("\0", "\ufffd")
