"""Evidence below one folder, reached by paths: for systems that hold no folders open for us (Windows). See `rescind.host.beneath`.

Every component is looked at before the next, links are read and resolved here, inside the root, and what was opened is asked where
it lies before a byte of it counts. Paths have the form that no part of the system rewrites, so that `NUL` is a file's name, and a
long or dotted one is one too (https://learn.microsoft.com/windows/win32/fileio/naming-a-file). What others have open can be read and
is not disturbed; the access time is not kept.
"""

from __future__ import annotations

import os
import stat
from collections import deque
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from rescind import osfiles
from rescind.errors import EvidenceError
from rescind.host import opened
from rescind.host.names import Parts, split
from rescind.host.quiet import CHUNK, READ_SECONDS, why
from rescind.host.tree import (
    CIRCLE,
    DANGLING,
    LEAVES,
    MAX_ENTRIES,
    MAX_LINKS,
    WHOLE,
    Blob,
    Folder,
    Found,
    Located,
    Trouble,
    kind_of,
    moment,
    rebased,
)
from rescind.models.clock import Clock

LIKELY = (("home",), ("Users",), ("var", "home"))
"""Where a copied home may have lain."""


class PathEntry:
    """One name in a folder. What stands for another place is a link and no folder."""

    __slots__ = ("_entry", "_link", "name")

    def __init__(self, entry: os.DirEntry[str]) -> None:
        self._entry, self.name = entry, entry.name
        self._link: bool | None = None

    def is_symlink(self) -> bool:
        """Tell whether it is a link."""
        if self._link is None:
            self._link = osfiles.is_link(self._entry.stat(follow_symlinks=False))
        return self._link

    def is_file(self, *, follow_symlinks: bool = True) -> bool:
        """Tell whether it is a file."""
        return self._entry.is_file(follow_symlinks=follow_symlinks) and (follow_symlinks or not self.is_symlink())

    def is_dir(self, *, follow_symlinks: bool = True) -> bool:
        """Tell whether it is a folder."""
        return self._entry.is_dir(follow_symlinks=follow_symlinks) and (follow_symlinks or not self.is_symlink())


class PathFolder:
    """A folder for a walk: see `rescind.host.tree.Folder`."""

    __slots__ = ("_path", "device", "key")

    def __init__(self, path: str) -> None:
        seen = os.lstat(path)
        if osfiles.is_link(seen) or not stat.S_ISDIR(seen.st_mode):
            raise NotADirectoryError
        self._path, self.device, self.key = path, seen.st_dev, (seen.st_dev, seen.st_ino)

    def entries(self) -> Iterator[PathEntry]:
        """Yield what it holds, unsorted."""
        with os.scandir(self._path) as entries:
            yield from map(PathEntry, entries)

    def enter(self, name: str) -> Folder:
        """Look at a folder in it, never through a link."""
        return PathFolder(self._path.rstrip(os.sep) + os.sep + name)

    def close(self) -> None:
        """Nothing is held."""


class PathTree(Located):
    """One evidence root, named by its path. It answers as `rescind.host.beneath.Tree` does."""

    def __init__(self, target: Path, *, clock: Clock) -> None:
        self._clock = clock
        self.volumes = WHOLE
        self.troubles: list[Trouble] = []
        real = os.path.realpath(target)
        self._base = opened.unrewritten(real)
        self._drive, own = opened.absolute(real)
        likely = ((*base, own[-1]) for base in LIKELY if own)
        self._own = {own, opened.absolute(os.path.abspath(target))[1], *likely}  # noqa: PTH100
        try:
            with os.scandir(self._base):
                pass
        except OSError as exc:
            hint = "Give a home folder or the root of a system."
            raise EvidenceError(f"the evidence {why(exc)}", hint=hint) from None

    def close(self) -> None:
        """Nothing is held."""

    def _at(self, parts: Parts) -> str:
        return self._base.rstrip(os.sep) + os.sep + os.sep.join(parts)  # noqa: PTH118 - no form of it may change

    def below(self, path: str, at: Parts = ()) -> Parts | None:
        """Return where an absolute path that was met at `at` lies below the root, or None when it is outside."""
        parts, inside = split(path), rebased(self.volumes, path, at)
        if inside is not None:
            return inside
        folded = tuple(p.casefold() for p in parts)
        homes = ((own, tuple(o.casefold() for o in own)) for own in self._own if own)
        return next((parts[len(own) :] for own, key in homes if folded[: len(key)] == key), None)

    def _resolve(self, parts: Parts) -> Found | None:
        todo, links = deque(parts), 0
        here: list[str] = []
        try:
            seen = os.lstat(self._at(()))
            while todo:
                name = todo.popleft()
                if name == "..":
                    if tuple(here) not in self.volumes:
                        if not here:
                            raise EvidenceError(LEAVES)
                        here.pop()
                    seen = os.lstat(self._at(tuple(here)))
                    continue
                if not stat.S_ISDIR(seen.st_mode) or not opened.is_a_name(name):
                    raise NotADirectoryError  # noqa: TRY301
                seen = os.lstat(self._at((*here, name)))
                if not osfiles.is_link(seen):
                    here.append(name)
                    continue
                links += 1
                if links > MAX_LINKS:
                    raise EvidenceError(CIRCLE)
                target, anew = self._linked(opened.link(self._at((*here, name))), tuple(here))
                here = [] if anew else here
                todo.extendleft(reversed(target))
                seen = os.lstat(self._at(tuple(here)))
        except (FileNotFoundError, NotADirectoryError):
            if links:
                raise EvidenceError(DANGLING) from None
            return None
        except (OSError, ValueError) as exc:
            raise EvidenceError(why(exc) if isinstance(exc, OSError) else "has a name that cannot be asked") from None
        return Found(parts=tuple(here), st=seen)

    def _linked(self, link: str, at: Parts) -> tuple[Parts, bool]:
        """Return the parts that a link names, and whether they start at the root."""
        drive, parts = opened.absolute(link)
        if drive is None:
            return parts, False
        inside = (
            self.below("/" + "/".join(parts), at) if drive.casefold() in {"", (self._drive or "").casefold()} else None
        )
        if inside is None:
            raise EvidenceError(LEAVES)
        return inside, True

    def find(self, parts: Parts) -> Found | None:
        """Return where a path ends after its links, None when there is no such thing."""
        return self._resolve(parts)

    def link_head(self, parts: Parts) -> Parts:
        """Return the first component that a link names, `..` left out; empty when it cannot be told."""
        try:
            found = self._resolve(parts[:-1])
            link = opened.link(self._at((*found.parts, parts[-1]))) if found else ""
        except (EvidenceError, OSError, ValueError):
            return ()
        return tuple(p for p in opened.absolute(link)[1] if p != "..")[:1]

    def folder(self, parts: Parts) -> Folder | None:
        """Return a directory to walk through, None when there is none."""
        found = self._resolve(parts)
        if found is None or not stat.S_ISDIR(found.st.st_mode):
            return None
        try:
            return PathFolder(self._at(found.parts))
        except OSError as exc:
            raise EvidenceError(why(exc)) from None

    def names(self, parts: Parts) -> list[str]:
        """Return the sorted names in a directory; empty when there is none, an error when it is unreasonably large."""
        folder = self.folder(parts)
        if folder is None:
            return []
        try:
            found = sorted(e.name for e in islice(folder.entries(), MAX_ENTRIES + 1))
        except OSError as exc:
            raise EvidenceError(why(exc)) from None
        if len(found) > MAX_ENTRIES:
            raise EvidenceError(f"directory holds more than {MAX_ENTRIES} entries")
        return found

    def read(self, parts: Parts, max_bytes: int) -> Blob | None:
        """Return a regular file's bytes, None when there is none. One that changes meanwhile is read twice, then refused."""
        for _ in range(2):
            found = self._resolve(parts)
            if found is None:
                return None
            self._refuse(found.st, max_bytes)
            blob = self._part(found, ((0, max_bytes + 1),))
            if blob is not None and len(blob.data) > max_bytes:
                raise EvidenceError(f"is larger than {max_bytes} bytes")
            if blob is not None and len(blob.data) == found.st.st_size:
                return blob
        raise EvidenceError("changed while it was read")

    def _refuse(self, st: os.stat_result, max_bytes: int) -> None:
        if not stat.S_ISREG(st.st_mode):
            raise EvidenceError(f"is a {kind_of(st.st_mode)}, not a file")
        if st.st_size > max_bytes:
            raise EvidenceError(f"is larger than {max_bytes} bytes")
        if osfiles.is_elsewhere(st):
            raise EvidenceError("is an online-only placeholder and was not downloaded")

    def _part(self, found: Found, pieces: tuple[tuple[int, int], ...]) -> Blob | None:
        """Return pieces of a file (from, how much) with a line's end between them, None when it changed meanwhile."""
        try:
            fd = opened.open_there(self._at(found.parts))
        except FileNotFoundError:
            return None
        except OSError as exc:
            raise EvidenceError(why(exc)) from None
        try:
            before = os.fstat(fd)
            if not osfiles.same(before, found.st) or not self._is_there(fd, found):
                return None
            parts = [self._drain(fd, at, most) for at, most in pieces]
            after = os.fstat(fd)
        except OSError as exc:
            raise EvidenceError(why(exc)) from None
        finally:
            os.close(fd)
        same = (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns)
        return Blob(data=b"\n".join(parts), modified=moment(after.st_mtime)) if same else None

    def _is_there(self, fd: int, found: Found) -> bool:
        told = opened.lies_at(fd, self._at(found.parts))
        again = self._resolve(found.parts) if told is None else None
        return told or (again is not None and again.parts == found.parts and osfiles.same(again.st, found.st))

    def _drain(self, fd: int, at: int, most: int) -> bytes:
        end, chunks, left = self._clock.monotonic() + READ_SECONDS, [], most
        os.lseek(fd, at, os.SEEK_SET)
        while left > 0 and (chunk := os.read(fd, min(CHUNK, left))):
            chunks.append(chunk)
            left -= len(chunk)
            if self._clock.monotonic() > end:
                raise EvidenceError(f"could not be read within {READ_SECONDS:.0f} s")
        return b"".join(chunks)

    def ends(self, parts: Parts, max_bytes: int) -> Blob | None:
        """Return the first ninth and the last eight ninths of `max_bytes` of a file that is larger, None when it is not."""
        found = self._resolve(parts)
        size = found.st.st_size if found else 0
        if found is None or not stat.S_ISREG(found.st.st_mode) or size <= max_bytes or osfiles.is_elsewhere(found.st):
            return None
        tail = max_bytes // 9 * 8
        return self._part(found, ((0, max_bytes // 9), (size - tail, tail)))
