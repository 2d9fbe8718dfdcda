"""Reading a file that somebody names: never more than a limit, and never a pipe or a device that could stall us."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

from rescind import osfiles
from rescind.errors import UsageError


def read_bounded(
    path: Path, limit: int, refuse: type[UsageError], *, check: Callable[[os.stat_result], None] | None = None
) -> bytes:
    """Return a regular file's bytes. What is none, cannot be opened, or is longer than `limit` raises `refuse`.

    `check` looks at the file that was really opened, so that nothing can be put in its place in between.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | osfiles.FOLLOWING)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a usable file name"
        raise refuse(f"{path}: it cannot be opened: {reason}") from None
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise refuse(f"{path}: found something that is not a file; allowed: a file")
        if check is not None:
            check(found)
        with os.fdopen(descriptor, "rb", closefd=False) as handle:
            blob = handle.read(limit + 1)
    except OSError as error:
        raise refuse(f"{path}: it cannot be read: {error.strerror}") from None
    finally:
        os.close(descriptor)
    if len(blob) > limit:
        raise refuse(f"{path}: found more than {limit // 1024} KiB; allowed: {limit // 1024} KiB")
    return blob
