"""Open what lies below one directory, and nothing else: the only place that touches the files of an evidence root.

Every component is opened relative to its parent's descriptor and never through a link; links are read and resolved here, inside
the root. So a link, a `..` or a name swapped under the scan cannot lead outside. Nothing is executed, written or truncated, and
the access time stays where the system allows it (`O_NOATIME`, https://man7.org/linux/man-pages/man2/open.2.html).
"""

from __future__ import annotations

import os
import stat
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from rescind.errors import EvidenceError
from rescind.host.names import Parts, split
from rescind.host.quiet import CHUNK, OPEN, READ_SECONDS, OpenFolder, open_quietly, why
from rescind.host.tree import (
    CIRCLE,
    DANGLING,
    LEAVES,
    MAX_ENTRIES,
    MAX_LINKS,
    WHOLE,
    Blob,
    Found,
    Located,
    NoFilesError,
    Trouble,
    kind_of,
    moment,
    rebased,
)
from rescind.models.clock import Clock

_PSEUDO = frozenset({"proc", "sys", "dev"})
_DATALESS = (
    0x40000000  # SF_DATALESS: reading would download it, https://developer.apple.com/documentation/technotes/tn3150
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """Where a path ends after its links: the parent's descriptor, the last name, what lies there, and the resolved path."""

    fd: int
    name: str
    st: os.stat_result
    parts: Parts


class Tree(Located):
    """One evidence root, held by a descriptor. In its `volumes` an absolute link starts at the root of its system again.

    Outside of them (a home) an absolute link counts as inside only if it names the home itself. Raises `EvidenceError` when the
    directory cannot be opened, and from every method when something exists and cannot be had; absent is `None` or empty.
    """

    def __init__(self, target: Path, *, clock: Clock) -> None:
        self._clock = clock
        self.volumes = WHOLE
        self.troubles: list[Trouble] = []
        real = os.path.realpath(target)
        name = os.path.basename(real)  # noqa: PTH119 - stays text
        likely = ("home", "Users", "var/home") if name else ()
        self._own = {split(real), split(os.path.abspath(target)), *(split(f"{p}/{name}") for p in likely)}  # noqa: PTH100
        try:
            self.fd = os.open(target, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as exc:
            hint = "Give a home folder or the mounted root of a system."
            raise EvidenceError(f"the evidence {why(exc)}", hint=hint) from None

    def close(self) -> None:
        """Let go of the root; nothing can be read afterwards."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    def below(self, path: str, at: Parts = ()) -> Parts | None:
        """Return where an absolute path that was met at `at` lies below the root, or None when it is outside."""
        parts, inside = split(path), rebased(self.volumes, path, at)
        if inside is not None:
            return inside
        return next((parts[len(own) :] for own in self._own if own and parts[: len(own)] == own), None)

    @contextmanager
    def spot(self, parts: Parts) -> Iterator[Spot | None]:
        """Resolve a path inside the root and hold its parent open. None: there is no such thing. Links are counted."""
        stack: list[tuple[int, str]] = []
        try:
            yield self._resolve(parts, stack)
        finally:
            _drop(stack, len(stack))

    def _resolve(self, parts: Parts, stack: list[tuple[int, str]]) -> Spot | None:
        todo, last, links = deque(parts), "", 0
        st: os.stat_result | None = None
        while todo and st is None:
            name = todo.popleft()
            if name == "..":
                self._climb(stack)
                continue
            try:
                st, last = self._look(name, stack), name
                if stat.S_ISLNK(st.st_mode):
                    links, st = links + 1, None
                    self._follow(name, todo, stack, links)
                elif todo:
                    st = None
                    stack.append((open_quietly(name, OPEN | os.O_DIRECTORY, self._here(stack)), name))
            except (FileNotFoundError, NotADirectoryError):
                if links:
                    raise EvidenceError(DANGLING) from None
                return None
            except OSError as exc:
                raise EvidenceError(why(exc)) from None
        found = _names(stack)
        if st is None:  # it ended on a directory that is already open
            return Spot(fd=self._here(stack), name=".", st=os.fstat(self._here(stack)), parts=found)
        return Spot(fd=self._here(stack), name=last, st=st, parts=(*found, last))

    def _here(self, stack: list[tuple[int, str]]) -> int:
        return stack[-1][0] if stack else self.fd

    def _climb(self, stack: list[tuple[int, str]]) -> None:
        if _names(stack) in self.volumes:
            return  # the parent of a system's root is the root
        if not stack:
            raise EvidenceError(LEAVES)
        _drop(stack, 1)

    def _look(self, name: str, stack: list[tuple[int, str]]) -> os.stat_result:
        if name in _PSEUDO and _names(stack) in self.volumes:
            raise NoFilesError("path leads into a pseudo file system")
        return os.stat(name, dir_fd=self._here(stack), follow_symlinks=False)

    def _follow(self, name: str, todo: deque[str], stack: list[tuple[int, str]], links: int) -> None:
        if links > MAX_LINKS:
            raise EvidenceError(CIRCLE)
        link = os.readlink(name, dir_fd=self._here(stack))
        parts: Parts | None = split(link)
        if link.startswith("/"):
            parts = self.below(link, _names(stack))
            _drop(stack, len(stack))
        if parts is None:
            raise EvidenceError(LEAVES)
        todo.extendleft(reversed(parts))

    def find(self, parts: Parts) -> Found | None:
        """Return where a path ends after its links, None when there is no such thing."""
        with self.spot(parts) as spot:
            return Found(parts=spot.parts, st=spot.st) if spot else None

    def link_head(self, parts: Parts) -> Parts:
        """Return the first component that a link names, `..` left out; empty when it cannot be told."""
        fd = self.open_dir(parts[:-1])
        if fd is None:
            return ()
        try:
            return tuple(p for p in split(os.readlink(parts[-1], dir_fd=fd)) if p != "..")[:1]
        except OSError:
            return ()
        finally:
            os.close(fd)

    def open_dir(self, parts: Parts) -> int | None:
        """Return a new descriptor of a directory (the caller closes it), None when there is none."""
        with self.spot(parts) as spot:
            if spot is None or not stat.S_ISDIR(spot.st.st_mode):
                return None
            try:
                return open_quietly(spot.name, OPEN | os.O_DIRECTORY, spot.fd)
            except OSError as exc:
                raise EvidenceError(why(exc)) from None

    def folder(self, parts: Parts) -> OpenFolder | None:
        """Return a directory to walk through, None when there is none."""
        fd = self.open_dir(parts)
        return None if fd is None else OpenFolder(fd)

    def names(self, parts: Parts) -> list[str]:
        """Return the sorted names in a directory; empty when there is none, an error when it is unreasonably large."""
        fd = self.open_dir(parts)
        if fd is None:
            return []
        try:
            with os.scandir(fd) as entries:
                found = sorted(e.name for e in islice(entries, MAX_ENTRIES + 1))
        except OSError as exc:
            raise EvidenceError(why(exc)) from None
        finally:
            os.close(fd)
        if len(found) > MAX_ENTRIES:
            raise EvidenceError(f"directory holds more than {MAX_ENTRIES} entries")
        return found

    def read(self, parts: Parts, max_bytes: int) -> Blob | None:
        """Return a regular file's bytes, None when there is none. One that changes meanwhile is read twice, then refused."""
        for _ in range(2):
            with self.spot(parts) as spot:
                if spot is None:
                    return None
                blob = self._read_once(spot, max_bytes)
            if blob is not None:
                return blob
        raise EvidenceError("changed while it was read")

    def _read_once(self, spot: Spot, max_bytes: int) -> Blob | None:
        if not stat.S_ISREG(spot.st.st_mode):  # before opening: opening a pipe or a device has effects
            raise EvidenceError(f"is a {kind_of(spot.st.st_mode)}, not a file")
        if spot.st.st_size > max_bytes:
            raise EvidenceError(f"is larger than {max_bytes} bytes")
        if getattr(spot.st, "st_flags", 0) & _DATALESS:
            raise EvidenceError("is an online-only placeholder and was not downloaded")
        try:
            fd = open_quietly(spot.name, OPEN, spot.fd)
        except FileNotFoundError:
            return None
        except OSError as exc:
            raise EvidenceError(why(exc)) from None
        try:
            before = os.fstat(fd)
            if (before.st_dev, before.st_ino) != (spot.st.st_dev, spot.st.st_ino):
                return None
            data = self._drain(fd, max_bytes)
            after = os.fstat(fd)
        except OSError as exc:
            raise EvidenceError(why(exc)) from None
        finally:
            os.close(fd)
        same = (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns) and len(data) == after.st_size
        return Blob(data=data, modified=moment(after.st_mtime)) if same else None

    def ends(self, parts: Parts, max_bytes: int) -> Blob | None:
        """Return the first ninth and the last eight ninths of `max_bytes` of a file that is larger, whole lines, None when it is not.

        The newest commands of a history stand at its end.
        """
        with self.spot(parts) as spot:
            if spot is None or not stat.S_ISREG(spot.st.st_mode) or spot.st.st_size <= max_bytes:
                return None
            if getattr(spot.st, "st_flags", 0) & _DATALESS:
                return None
            try:
                fd = open_quietly(spot.name, OPEN, spot.fd)
            except OSError as exc:
                raise EvidenceError(why(exc)) from None
            try:
                head = os.pread(fd, max_bytes // 9, 0)
                tail = os.pread(fd, max_bytes // 9 * 8, spot.st.st_size - max_bytes // 9 * 8)
            except OSError as exc:
                raise EvidenceError(why(exc)) from None
            finally:
                os.close(fd)
        return Blob(data=head + b"\n" + tail, modified=moment(spot.st.st_mtime))

    def _drain(self, fd: int, max_bytes: int) -> bytes:
        end, chunks, left = self._clock.monotonic() + READ_SECONDS, [], max_bytes + 1
        while left > 0 and (chunk := os.read(fd, min(CHUNK, left))):
            chunks.append(chunk)
            left -= len(chunk)
            if self._clock.monotonic() > end:
                raise EvidenceError(f"could not be read within {READ_SECONDS:.0f} s")
        if left <= 0:
            raise EvidenceError(f"is larger than {max_bytes} bytes")
        return b"".join(chunks)


def _drop(stack: list[tuple[int, str]], count: int) -> None:
    for _ in range(count):
        os.close(stack.pop()[0])


def _names(stack: list[tuple[int, str]]) -> Parts:
    return tuple(name for _, name in stack)
