"""What every kind of evidence answers, be it a folder, a mounted system or an archive: names, links, folders and bytes."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from rescind.errors import EvidenceError
from rescind.host.names import Parts, split
from rescind.models.clock import rfc3339


class NoFilesError(EvidenceError):
    """A place where a kernel shows itself (`/proc`, `/sys`): no tool keeps a file there."""


LEAVES = "link leaves the evidence"
DANGLING = "link target is not in the evidence"
CIRCLE = "links run in a circle"
MAX_LINKS = 40
MAX_ENTRIES = 100_000
WHOLE: tuple[Parts, ...] = ((),)
"""The volumes of evidence that is the root of one system."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Blob:
    """What one file held, and when it was last modified (RFC 3339 UTC, None when the time is absurd or not known)."""

    data: bytes
    modified: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Where a path ends after its links, and what lies there."""

    parts: Parts
    st: os.stat_result


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something on the way that could not be looked into."""

    parts: Parts
    reason: str


class Entry(Protocol):
    """One name in a folder; `os.DirEntry` is one."""

    @property
    def name(self) -> str:
        """The name as the file system gave it."""

    def is_dir(self, *, follow_symlinks: bool = True) -> bool:
        """Tell whether it is a folder."""

    def is_file(self, *, follow_symlinks: bool = True) -> bool:
        """Tell whether it is a plain file."""

    def is_symlink(self) -> bool:
        """Tell whether it is a link."""


class Folder(Protocol):
    """One folder held open by a walk. `key` tells whether two of them are the same, `device` whether something is mounted."""

    key: tuple[int, int]
    device: int

    def entries(self) -> Iterable[Entry]:
        """Return what it holds. Raises `OSError`."""

    def enter(self, name: str) -> Folder:
        """Open a folder in it, never through a link. Raises `OSError`."""

    def close(self) -> None:
        """Let go of it."""


class Evidence(Protocol):
    """One target. `volumes` are the places in it where the root of a system lies, so that absolute links start there.

    A method raises `EvidenceError` when something exists and cannot be had; absent is `None` or empty.
    """

    volumes: tuple[Parts, ...]
    troubles: list[Trouble]
    """What was met while the evidence was opened, and could not be had."""

    def close(self) -> None:
        """Let go of the evidence; nothing can be read afterwards."""

    def below(self, path: str, at: Parts = ()) -> Parts | None:
        """Return where an absolute path that was met at `at` lies, None when it is outside."""

    def find(self, parts: Parts) -> Found | None:
        """Return where a path ends after its links, None when there is no such thing."""

    def is_dir(self, parts: Parts) -> bool:
        """Tell whether a folder lies there; False also for what cannot be looked at."""

    def exists(self, parts: Parts) -> bool:
        """Tell whether something lies there, readable or not."""

    def link_head(self, parts: Parts) -> Parts:
        """Return the first component that a link names, `..` left out; empty when it cannot be told."""

    def folder(self, parts: Parts) -> Folder | None:
        """Return a folder to walk through, None when there is none."""

    def names(self, parts: Parts) -> list[str]:
        """Return the sorted names in a folder; empty when there is none, an error when it is unreasonably large."""

    def read(self, parts: Parts, max_bytes: int) -> Blob | None:
        """Return a regular file's bytes, None when there is none."""

    def fetch(self, wanted: Mapping[Parts, int]) -> None:
        """Have files at hand that will be read, each up to so many bytes."""

    def ends(self, parts: Parts, max_bytes: int) -> Blob | None:
        """Return the two ends of a file that is larger than this, None when it is not, or cannot be read in parts."""


class Located:
    """What follows from `find` where real files are read."""

    def find(self, parts: Parts) -> Found | None:
        """Return where a path ends after its links, None when there is no such thing. Raises `EvidenceError`."""
        raise NotImplementedError

    def is_dir(self, parts: Parts) -> bool:
        """Tell whether a directory lies there, inside the evidence; False also for what cannot be looked at."""
        try:
            found = self.find(parts)
        except EvidenceError:
            return False
        return found is not None and stat.S_ISDIR(found.st.st_mode)

    def exists(self, parts: Parts) -> bool:
        """Tell whether something lies there, readable or not."""
        try:
            return self.find(parts) is not None
        except EvidenceError:
            return True

    def fetch(self, wanted: Mapping[Parts, int]) -> None:
        """Nothing to do: a file is read where it lies."""


def volume_of(volumes: Iterable[Parts], at: Parts) -> Parts | None:
    """Return the innermost volume that holds a path, None when none does."""
    return max((v for v in volumes if at[: len(v)] == v), key=len, default=None)


def rebased(volumes: Iterable[Parts], path: str, at: Parts) -> Parts | None:
    """Return where an absolute path that was met at `at` lies in its own volume, None when `at` is in none."""
    volume = volume_of(volumes, at)
    return None if volume is None else (*volume, *split(path))


def kind_of(mode: int) -> str:
    """Return what to call something that is no regular file."""
    names = ((stat.S_ISDIR, "directory"), (stat.S_ISFIFO, "named pipe"), (stat.S_ISSOCK, "socket"))
    return next((word for test, word in names if test(mode)), "device")


def moment(seconds: float) -> str | None:
    """Return a time of a file as RFC 3339 UTC, None for one that no clock shows."""
    try:
        return rfc3339(datetime.fromtimestamp(seconds, UTC))
    except (OverflowError, ValueError, OSError):
        return None
