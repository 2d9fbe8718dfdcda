"""Open what is evidence without leaving a trace: no access time, no link followed, no waiting for a pipe, no controlling terminal."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator

from rescind import osfiles

READ_SECONDS = 10.0
CHUNK = 1 << 18
OPEN = os.O_RDONLY | osfiles.CLOSED
_NOATIME = getattr(os, "O_NOATIME", 0)


def open_quietly(name: str, flags: int, dir_fd: int | None) -> int:
    """Open without touching the access time where that is allowed (owner or root), otherwise plainly. Raises `OSError`."""
    try:
        return os.open(name, flags | _NOATIME, dir_fd=dir_fd)
    except PermissionError:
        return os.open(name, flags, dir_fd=dir_fd)


def why(exc: OSError) -> str:
    """Return a reason for a gap from a system error: the system's own words, never a path."""
    return f"cannot be read: {os.strerror(exc.errno or errno.EIO).lower()}"


class OpenFolder:
    """A directory held by its descriptor, for a walk: see `rescind.host.tree.Folder`."""

    __slots__ = ("device", "fd", "key")

    def __init__(self, fd: int) -> None:
        st = os.fstat(fd)
        self.fd, self.device, self.key = fd, st.st_dev, (st.st_dev, st.st_ino)

    def entries(self) -> Iterator[os.DirEntry[str]]:
        """Yield what the directory holds, unsorted."""
        with os.scandir(self.fd) as entries:
            yield from entries

    def enter(self, name: str) -> OpenFolder:
        """Open a directory in it, never through a link."""
        return OpenFolder(open_quietly(name, OPEN | os.O_DIRECTORY, self.fd))

    def close(self) -> None:
        """Let go of the descriptor."""
        os.close(self.fd)
