"""The names of an archive as a tree: links are resolved in it, and nothing outside of it exists."""

from __future__ import annotations

import os
import stat
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Protocol

from rescind.errors import EvidenceError
from rescind.host.names import Parts, split
from rescind.host.room import Room
from rescind.host.tree import (
    CIRCLE,
    DANGLING,
    LEAVES,
    MAX_ENTRIES,
    MAX_LINKS,
    WHOLE,
    Blob,
    Found,
    Trouble,
    kind_of,
    moment,
    rebased,
)

MOST_MEMBERS = 300_000
NODE_BYTES = 240  # of memory, and its name
_DIRECTORY = stat.S_IFDIR | 0o644
_MODES: dict[int, int] = {}


class Full(Exception):
    """The archive holds more members than are read."""


class Source(Protocol):
    """Where the bytes of members come from."""

    def fetch(self, wanted: Mapping[int, int]) -> None:
        """Make members quick to read."""

    def read(self, where: int, most: int) -> bytes:
        """Return a member's bytes, at most so many and one more. Raises `EvidenceError`."""


class Node:
    """One member: a folder (`inner`), a link (`link`), or a file (`where` in `source`)."""

    __slots__ = ("inner", "link", "mode", "modified", "size", "source", "where")

    def __init__(self, mode: int, *, size: int = 0, modified: int | None = None, link: str = "") -> None:
        self.mode = _MODES.setdefault(mode, mode)  # one number for all
        self.size, self.modified, self.link = size, modified, link
        self.inner: dict[str, Node] | None = {} if stat.S_ISDIR(mode) else None
        self.source: Source | None = None
        self.where = -1

    def is_dir(self) -> bool:
        """Tell whether it is a folder."""
        return self.inner is not None


class Named:
    """A name in a folder, for a walk."""

    __slots__ = ("name", "node")

    def __init__(self, name: str, node: Node) -> None:
        self.name, self.node = name, node

    def is_dir(self, *, follow_symlinks: bool = True) -> bool:
        """Tell whether it is a folder."""
        return self.node.inner is not None and not (follow_symlinks and self.node.link)

    def is_file(self, *, follow_symlinks: bool = True) -> bool:
        """Tell whether it is a plain file."""
        return stat.S_ISREG(self.node.mode) and not (follow_symlinks and self.node.link)

    def is_symlink(self) -> bool:
        """Tell whether it is a link."""
        return bool(self.node.link)


class OpenNode:
    """A folder of an archive, for a walk: see `rescind.host.tree.Folder`."""

    __slots__ = ("device", "key", "node")

    def __init__(self, node: Node) -> None:
        self.node, self.device, self.key = node, 0, (0, id(node))

    def entries(self) -> Iterator[Named]:
        """Yield what it holds."""
        return (Named(name, node) for name, node in (self.node.inner or {}).items())

    def enter(self, name: str) -> OpenNode:
        """Open a folder in it."""
        node = (self.node.inner or {})[name]
        if node.inner is None:
            raise NotADirectoryError
        return OpenNode(node)

    def close(self) -> None:
        """Let go of it."""


class NodeTree:
    """An archive as evidence. The last member of a name counts, as it does when an archive is unpacked."""

    def __init__(self) -> None:
        self.volumes = WHOLE
        self.root = Node(_DIRECTORY)
        self.troubles: list[Trouble] = []
        self.files: list[object] = []
        self.members = self.repeated = 0
        self.room = Room()

    def add(self, parts: Parts, node: Node) -> None:
        """Put a member at its place. Raises `EvidenceError` when there is none."""
        self.members += 1
        at = self.root
        if not parts:
            return
        if self.members > MOST_MEMBERS or not self.room.take(NODE_BYTES + len(parts[-1])):
            raise Full
        for name in parts[:-1]:
            if at.inner is None:
                break
            below = at.inner.get(name) or Node(_DIRECTORY)
            at.inner[name] = below
            at = below
        here = at.inner
        if here is None:
            raise EvidenceError("member below something that is no folder was refused")
        before = here.get(parts[-1])
        if before is not None and before.inner is not None:
            if not node.is_dir():
                raise EvidenceError("member with the name of a folder was refused")
            return
        self.repeated += before is not None
        here[parts[-1]] = node

    def close(self) -> None:
        """Let go of the archive's file."""
        for file in self.files:
            getattr(file, "close", lambda: None)()

    def below(self, path: str, at: Parts = ()) -> Parts | None:
        """Return where an absolute path that was met at `at` lies, None when it is outside."""
        inside = rebased(self.volumes, path, at)
        if inside is not None:
            return inside
        parts = split(path)
        homes = [(*base, at[0]) for base in (("home",), ("Users",), ("var", "home")) if at]
        return next((at[:1] + parts[len(home) :] for home in homes if parts[: len(home)] == home), None)

    def find(self, parts: Parts) -> Found | None:
        """Return where a path ends after its links, None when there is no such thing."""
        found = self._resolve(parts)
        if found is None:
            return None
        place, node = found
        times = (node.modified or 0,) * 3
        return Found(parts=place, st=os.stat_result((node.mode, id(node), 0, 1, 0, 0, node.size, *times)))

    def _resolve(self, parts: Parts) -> tuple[Parts, Node] | None:
        todo, place, links = deque(parts), [("", self.root)], 0
        while todo:
            name = todo.popleft()
            here = tuple(n for n, _ in place[1:])
            if name == "..":
                if here not in self.volumes:
                    if not here:
                        raise EvidenceError(LEAVES)
                    place.pop()
                continue
            node = (place[-1][1].inner or {}).get(name)
            if node is None:
                if links:
                    raise EvidenceError(DANGLING)
                return None
            if not node.link:
                place.append((name, node))
                continue
            links += 1
            if links > MAX_LINKS:
                raise EvidenceError(CIRCLE)
            target: Parts | None = split(node.link)
            if node.link.startswith("/"):
                target = self.below(node.link, here)
                place = place[:1]
            if target is None:
                raise EvidenceError(LEAVES)
            todo.extendleft(reversed(target))
        return tuple(n for n, _ in place[1:]), place[-1][1]

    def is_dir(self, parts: Parts) -> bool:
        """Tell whether a folder lies there; False also for what cannot be looked at."""
        try:
            found = self._resolve(parts)
        except EvidenceError:
            return False
        return found is not None and found[1].is_dir()

    def exists(self, parts: Parts) -> bool:
        """Tell whether something lies there, readable or not."""
        try:
            return self._resolve(parts) is not None
        except EvidenceError:
            return True

    def link_head(self, parts: Parts) -> Parts:
        """Return the first component that a link names, `..` left out; empty when it cannot be told."""
        node = self.at(parts)
        return tuple(p for p in split(node.link) if p != "..")[:1] if node else ()

    def at(self, parts: Parts) -> Node | None:
        """Return the member that stands there by itself, without following links."""
        node: Node | None = self.root
        for name in parts:
            node = (node.inner or {}).get(name) if node else None
        return node

    def folder(self, parts: Parts) -> OpenNode | None:
        """Return a folder to walk through, None when there is none."""
        found = self._resolve(parts)
        return OpenNode(found[1]) if found and found[1].is_dir() else None

    def names(self, parts: Parts) -> list[str]:
        """Return the sorted names in a folder; empty when there is none, an error when it is unreasonably large."""
        found = self._resolve(parts)
        inner = found[1].inner if found else None
        if inner and len(inner) > MAX_ENTRIES:
            raise EvidenceError(f"directory holds more than {MAX_ENTRIES} entries")
        return sorted(inner or ())

    def read(self, parts: Parts, max_bytes: int) -> Blob | None:
        """Return a regular file's bytes, None when there is none."""
        found = self._resolve(parts)
        if found is None:
            return None
        node = found[1]
        if not stat.S_ISREG(node.mode) or node.source is None:
            raise EvidenceError(f"is a {kind_of(node.mode)}, not a file")
        if node.size > max_bytes:
            raise EvidenceError(f"is larger than {max_bytes} bytes")
        data = node.source.read(node.where, max_bytes)
        if len(data) != node.size:
            raise EvidenceError("holds another number of bytes than the archive says")
        return Blob(data=data, modified=None if node.modified is None else moment(node.modified))

    def fetch(self, wanted: Mapping[Parts, int]) -> None:
        """Have files at hand that will be read; what cannot be had shows when it is read."""
        by_source: dict[int, tuple[Source, dict[int, int]]] = {}
        for parts, most in wanted.items():
            try:
                found = self._resolve(parts)
            except EvidenceError:
                continue
            if found and found[1].source is not None:
                by_source.setdefault(id(found[1].source), (found[1].source, {}))[1][found[1].where] = most
        for source, places in by_source.values():
            with suppress(EvidenceError):
                source.fetch(places)

    def ends(self, parts: Parts, max_bytes: int) -> Blob | None:
        """Return None: a member of an archive is read whole or not at all."""
        del parts, max_bytes
        return None

    def files_named(self, ends: tuple[str, ...], most_deep: int) -> Iterable[tuple[Parts, Node]]:
        """Yield the files near the root whose names end in one of these."""
        todo: deque[tuple[Parts, Node]] = deque([((), self.root)])
        while todo:
            parts, node = todo.popleft()
            for name, inner in sorted((node.inner or {}).items()):
                if inner.inner is None and stat.S_ISREG(inner.mode) and name.lower().endswith(ends):
                    yield (*parts, name), inner
                elif inner.inner is not None and len(parts) < most_deep - 1:
                    todo.append(((*parts, name), inner))
