"""Read and replace a file that somebody else's program reads at any moment: whole, in place of the old one, or not at all.

The path is the operator's own configuration, and still only a plain file is touched: a link, a second name or a file of somebody
else would leave the reader with the old value, or give it to a stranger. https://man7.org/linux/man-pages/man2/rename.2.html
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
from pathlib import Path

from rescind import osfiles
from rescind.errors import Denied, Rejected, Unreachable
from rescind.wire.files import write_atomic

MOST_BYTES = 1024 * 1024


def read(path: Path) -> tuple[bytes, os.stat_result] | None:
    """Return a file's bytes and what it is; None when it is not there. Raises typed `ProviderError`s for anything but a plain file."""
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            raise Rejected(f"{path.name} is a link or no regular file: refused", code="ELOOP")
        fd = osfiles.open_closed(path, os.O_RDONLY)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _typed(path, error) from None
    with os.fdopen(fd, "rb") as file:
        info, data = os.fstat(fd), file.read(MOST_BYTES + 1)
    if not stat.S_ISREG(info.st_mode) or len(data) > MOST_BYTES:
        raise Rejected(f"{path.name} is no regular file, or larger than {MOST_BYTES} bytes")
    return data, info


def check(path: Path) -> None:
    """Raise unless the file can be replaced so that its reader goes on reading it: `Rejected`, `Denied` or `Unreachable`."""
    got = read(path)
    if got is None:
        raise Rejected(f"{path.name} is not there: a first value is put there by hand")
    info = got[1]
    if info.st_nlink > 1:
        raise Rejected(f"{path.name} has a second name (hard link) that would keep the old value")
    if osfiles.HAS_OWNERS and info.st_mode & 0o027:
        raise Rejected(f"{path.name} can be read by everybody, or written by others: chmod 600 (or 640) first")
    if not osfiles.may_give_back(info):
        raise Denied(f"{path.name} belongs to another user or group, who could not read what we write")
    if not os.access(path.parent, os.W_OK | os.X_OK, effective_ids=os.access in os.supports_effective_ids):
        raise Denied(f"the folder of {path.name} cannot be written")


def replace(path: Path, data: bytes, before: os.stat_result) -> None:
    """Put new bytes in the place of those that were read, with the same owner and mode. Raises `Rejected` when it changed meanwhile."""
    now = read(path)
    was, is_now = ((i.st_dev, i.st_ino, i.st_size, i.st_mtime_ns) for i in (before, now[1] if now else before))
    if now is None or was != is_now:
        raise Rejected(f"{path.name} changed while it was being written; it was left alone")
    write_atomic(path, data, mode=stat.S_IMODE(before.st_mode))
    _tidy(path)


def _tidy(path: Path) -> None:
    """Remove what a write that was killed left beside the file: its value was given to nobody."""
    mine = re.compile(re.escape(f".{path.name}.") + r"[0-9a-f]{16}\.tmp")
    with contextlib.suppress(OSError):
        for left in path.parent.iterdir():
            if mine.fullmatch(left.name):
                left.unlink()


def _typed(path: Path, error: OSError) -> Denied | Unreachable:
    if isinstance(error, PermissionError):
        return Denied(f"{path.name}: {error.strerror}")
    return Unreachable(f"{path.name}: {error.strerror}", maybe_sent=False)
