"""Files that must never be half written: revocation lists, authorized keys, exports."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from pathlib import Path

from rescind import osfiles
from rescind.errors import Rejected, Unreachable


def write_atomic(path: Path, data: bytes, *, mode: int = 0o600) -> None:
    """Replace `path` with `data`, so that a reader or a crash sees the whole old file or the whole new one.

    Writes a new file beside it, flushes it to disk, renames it over the target, and flushes the folder
    (https://man7.org/linux/man-pages/man2/rename.2.html). An existing file's owner is kept where we may.
    Raises `Rejected` with the system's error name as `code` (`ENOSPC`, `ELOOP` for a symbolic link, …): the old file is
    untouched. Raises `Unreachable(maybe_sent=True)` when the new file is in place but could not be flushed.
    """
    before = _target(path)
    beside = path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")
    try:
        _write_new(beside, data, mode, before)
        os.replace(beside, path)  # noqa: PTH105  (tests replace os.replace)
    except OSError as error:
        with contextlib.suppress(OSError):
            beside.unlink()
        raise _rejected(path, error) from None
    except BaseException:
        with contextlib.suppress(OSError):
            beside.unlink()
        raise
    try:
        osfiles.flush_folder(path.parent)
    except OSError as error:
        what = f"wrote {path.name}, but the folder could not be flushed: {error.strerror}"
        raise Unreachable(what, maybe_sent=True) from None


def _target(path: Path) -> os.stat_result | None:
    try:
        found = path.lstat()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _rejected(path, error) from None
    if not stat.S_ISREG(found.st_mode) or osfiles.is_link(found):
        # Renaming would replace the link itself, so this guards the reader's idea of where the list lives, not our write.
        what = "a symbolic link" if osfiles.is_link(found) else "not a regular file"
        raise Rejected(f"{path.name} is {what}: refused", code="ELOOP")
    return found


def _write_new(beside: Path, data: bytes, mode: int, before: os.stat_result | None) -> None:
    fd = osfiles.open_closed(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(fd, view) :]
        if before is not None:
            with contextlib.suppress(PermissionError):
                osfiles.keep_owner(fd, before)
        osfiles.set_mode(fd, mode)  # after the owner, which may clear bits
        os.fsync(fd)
    finally:
        os.close(fd)


def _rejected(path: Path, error: OSError) -> Rejected:
    name = errno.errorcode.get(error.errno or 0, "EIO")
    return Rejected(f"cannot write {path.name}: {error.strerror or name}", code=name)
