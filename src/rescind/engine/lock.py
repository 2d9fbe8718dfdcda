"""One engine per state folder: two live processes on one journal would repeat each other's work."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rescind.errors import EngineError

if sys.platform == "win32":
    import msvcrt

    def _take(handle: int) -> None:
        os.lseek(handle, 1 << 30, os.SEEK_SET)  # a byte far behind the process id, which stays readable to others
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _take(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


def private_dir(path: Path) -> None:
    """Create a folder that only its owner can enter; one that exists is left as it is."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)


@contextmanager
def exclusive(state_dir: Path) -> Iterator[None]:
    """Hold the folder's engine lock; the operating system releases it when the process dies, however it dies.

    Raises `EngineError` naming the process that holds it.
    """
    private_dir(state_dir)
    handle = os.open(state_dir / "engine.lock", os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
    try:
        try:
            _take(handle)
        except OSError:
            os.lseek(handle, 0, os.SEEK_SET)
            pid = os.read(handle, 32).decode("ascii", "replace").strip() or "unknown"
            raise EngineError(
                f"another rescind is running (pid {pid})",
                hint="wait for it, or stop it with Ctrl-C and resume; `rescind status` shows its progress",
            ) from None
        os.lseek(handle, 0, os.SEEK_SET)
        os.ftruncate(handle, 0)
        os.write(handle, f"{os.getpid()}\n".encode("ascii"))
        yield
    finally:
        os.close(handle)
