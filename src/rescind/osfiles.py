"""Where operating systems differ about files: no link followed, ours alone, locked, flushed. Nothing else here asks which system this is.

On Windows there are no mode bits: what is ours lies below the user's profile, whose access list admits that user, SYSTEM and the
administrators (https://learn.microsoft.com/windows/win32/secauthz/access-control-lists), and that is all that protects it. A reparse
point that stands for another place (a symbolic link, a junction, a mounted folder) is a link; one that does not (deduplication,
a file in the cloud) is none (https://learn.microsoft.com/windows/win32/fileio/reparse-point-tags).
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import sys
from pathlib import Path

CLOSED = 0
"""Flags of every opening: no link, no waiting for a pipe, no terminal, nothing handed to a child, bytes as they are."""
for _name in ("O_NOFOLLOW", "O_CLOEXEC", "O_NONBLOCK", "O_NOCTTY", "O_BINARY", "O_NOINHERIT"):
    CLOSED |= getattr(os, _name, 0)
FOLLOWING = CLOSED & ~getattr(os, "O_NOFOLLOW", 0)
HAS_OWNERS = hasattr(os, "geteuid")
"""Whether a file tells whose it is and who else may use it."""
HOLDS_FOLDERS = os.open in os.supports_dir_fd
"""Whether a file can be opened below a folder that is held open."""
_STANDS_FOR_ANOTHER = 0x20000000  # IsReparseTagNameSurrogate
_NOT_HERE = 0x00001000 | 0x00040000 | 0x00400000  # FILE_ATTRIBUTE_OFFLINE, _RECALL_ON_OPEN, _RECALL_ON_DATA_ACCESS
_DATALESS = (
    0x40000000  # SF_DATALESS: reading would download it, https://developer.apple.com/documentation/technotes/tn3150
)
_FAR = 1 << 30  # the byte that is locked on Windows: far behind what the file holds, which stays readable

if sys.platform == "win32":
    import msvcrt

    def _take(fd: int, *, wait: bool) -> None:
        while True:
            os.lseek(fd, _FAR, os.SEEK_SET)
            try:
                msvcrt.locking(fd, msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
            except OSError as error:  # it gives up waiting after ten seconds
                if wait and error.errno in {errno.EDEADLK, errno.EACCES}:
                    continue
                raise
            os.lseek(fd, 0, os.SEEK_SET)
            return
else:
    import fcntl

    def _take(fd: int, *, wait: bool) -> None:
        fcntl.flock(fd, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))


def lock(fd: int, *, wait: bool) -> None:
    """Hold an open file for ourselves until it is closed, between threads and processes. Raises `OSError` when it is taken."""
    _take(fd, wait=wait)


def is_link(seen: os.stat_result) -> bool:
    """Tell whether what `lstat` saw stands for another place."""
    return stat.S_ISLNK(seen.st_mode) or bool(getattr(seen, "st_reparse_tag", 0) & _STANDS_FOR_ANOTHER)


def is_elsewhere(seen: os.stat_result) -> bool:
    """Tell whether a file is only a placeholder, so that reading it would download it."""
    return bool(getattr(seen, "st_flags", 0) & _DATALESS or getattr(seen, "st_file_attributes", 0) & _NOT_HERE)


def same(one: os.stat_result, other: os.stat_result) -> bool:
    """Tell whether two looks saw the same file."""
    return (one.st_dev, one.st_ino) == (other.st_dev, other.st_ino)


def open_closed(path: str | os.PathLike[str], flags: int, mode: int = 0o600) -> int:
    """Open a file that must not be a link. Raises `OSError`, with `ELOOP` for a link.

    Where the system cannot refuse links by itself, what was opened must be what lies there, and no link.
    """
    if hasattr(os, "O_NOFOLLOW"):
        return os.open(path, flags | CLOSED, mode)
    fd = os.open(path, (flags & ~os.O_TRUNC) | CLOSED, mode)
    try:
        there = os.lstat(path)
        straight = not is_link(there) and same(there, os.fstat(fd))
        if straight and flags & os.O_TRUNC:
            os.truncate(fd, 0)
    except BaseException:
        os.close(fd)
        raise
    if not straight:
        os.close(fd)
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
    return fd


def is_private(seen: os.stat_result) -> bool:
    """Tell whether nobody but the owner may use a file, as far as the system says."""
    return not HAS_OWNERS or not seen.st_mode & 0o077


def is_ours(seen: os.stat_result) -> bool:
    """Tell whether a file belongs to the user of this process, as far as the system says."""
    return not HAS_OWNERS or seen.st_uid == os.geteuid()


def keep_owner(fd: int, before: os.stat_result) -> None:
    """Give a new file the owner of the one it replaces. Raises `PermissionError` where we may not."""
    if HAS_OWNERS and (before.st_uid, before.st_gid) != (os.geteuid(), os.getegid()):
        os.fchown(fd, before.st_uid, before.st_gid)


def set_mode(fd: int, mode: int) -> None:
    """Say who may use a file, where the system keeps that with the file."""
    if HAS_OWNERS:
        os.fchmod(fd, mode)


def may_give_back(seen: os.stat_result) -> bool:
    """Tell whether a file written anew can have the owner and group that it has now."""
    if not HAS_OWNERS:
        return True
    me = os.geteuid()
    return not me or (seen.st_uid == me and seen.st_gid in {os.getegid(), *os.getgroups()})


def user() -> str:
    """Return who runs this, by the system's own word: the environment is anybody's."""
    if not HAS_OWNERS:
        return os.getlogin()
    import pwd

    with contextlib.suppress(KeyError):
        return pwd.getpwuid(os.geteuid()).pw_name
    return f"uid {os.geteuid()}"


def flush_folder(folder: Path) -> None:
    """Have the names in a folder reach the disk. Windows keeps them in its journal and cannot be asked to."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
