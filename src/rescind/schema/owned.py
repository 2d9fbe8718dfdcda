"""Reading a file that decides what an administrator's tool does: only when nobody else could have written it."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from rescind import osfiles
from rescind.errors import ConfigError
from rescind.schema.bounded import read_bounded

_OTHERS_WRITE = 0o022
_OTHERS_READ = 0o077


def _trusted(path: Path, found: os.stat_result, forbidden: int) -> None:
    if not osfiles.HAS_OWNERS:
        return  # the access list of its folder says who may write it
    if found.st_uid not in {0, os.geteuid()}:
        raise ConfigError(
            f"{path}: it belongs to user {found.st_uid}, who could change it", hint=f"chown {os.geteuid()} '{path}'"
        )
    if stat.S_IMODE(found.st_mode) & forbidden:
        what, fix = ("read or write it", "go-rwx") if forbidden == _OTHERS_READ else ("write to it", "go-w")
        raise ConfigError(
            f"{path}: others can {what} (mode {stat.S_IMODE(found.st_mode):04o})", hint=f"chmod {fix} '{path}'"
        )


def read_owned(path: Path, limit: int, *, private: bool = False) -> bytes:
    """Return a file's bytes when it and its folder can be written by its owner (us or root) alone. Raises `ConfigError`.

    `private` also demands that nobody else can read it. More than `limit` bytes, a pipe, a device or a folder are refused.
    """
    try:
        folders = {path.parent: path.parent.stat()}
        folders[path.resolve().parent] = path.resolve().parent.stat()
    except (OSError, ValueError, RuntimeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a usable file name"
        raise ConfigError(f"{path}: it cannot be opened: {reason}") from None
    for folder, found in folders.items():
        _trusted(folder, found, _OTHERS_WRITE)
    forbidden = _OTHERS_READ if private else _OTHERS_WRITE
    return read_bounded(path, limit, ConfigError, check=lambda found: _trusted(path, found, forbidden))
