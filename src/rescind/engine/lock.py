"""One engine per state folder: two live processes on one journal would repeat each other's work."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rescind import osfiles
from rescind.errors import EngineError


def private_dir(path: Path) -> None:
    """Create a folder that only its owner can enter; one that exists is left as it is."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)


@contextmanager
def exclusive(state_dir: Path) -> Iterator[None]:
    """Hold the folder's engine lock; the operating system releases it when the process dies, however it dies.

    Raises `EngineError` naming the process that holds it.
    """
    private_dir(state_dir)
    handle = osfiles.open_closed(state_dir / "engine.lock", os.O_RDWR | os.O_CREAT)
    try:
        try:
            osfiles.lock(handle, wait=False)
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
