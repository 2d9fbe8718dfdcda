"""A folder, most often a network share: `FOLDER/<workstation>/<name>`. The machine needs no right to list or to read."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from rescind import osfiles
from rescind.errors import Denied, NotFound, ProviderError, Rejected, Unreachable, Unrecognised
from rescind.models.checkin import Arrival, SinkConf
from rescind.models.clock import rfc3339
from rescind.models.tenant import SecretRef
from rescind.secret import Secret


class Folder:
    """Check-ins as files."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def put(self, workstation: str, name: str, blob: bytes) -> None:
        """Write a new file, whole or not at all. One of that name counts as done: names carry the content's digest."""
        folder = self._root / workstation
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
            beside = folder / f".{name}.part"
            with open(osfiles.open_closed(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), "wb") as file:  # noqa: PTH123
                file.write(blob)
                file.flush()
                os.fsync(file.fileno())
            try:
                os.link(beside, folder / name)  # unlike a rename it never replaces anything
            except FileExistsError:
                pass
            finally:
                beside.unlink()
        except OSError as error:
            raise _typed(error, folder) from None

    def names(self, workstation: str) -> list[str]:
        """Return the files that are there; unfinished ones begin with a dot and do not count."""
        try:
            return sorted(n for n in os.listdir(self._root / workstation) if not n.startswith("."))  # noqa: PTH208
        except OSError as error:
            raise _typed(error, self._root / workstation) from None

    def arrivals(self, workstation: str) -> Mapping[str, Arrival]:
        """Return when each file was last changed as a file system counts it: no sender sets that back, but a copy starts it anew."""
        try:
            with os.scandir(self._root / workstation) as entries:
                seen = {e.name: e.stat(follow_symlinks=False).st_ctime for e in entries}
        except OSError as error:
            raise _typed(error, self._root / workstation) from None
        return {n: Arrival(at=rfc3339(datetime.fromtimestamp(at, UTC)), sure=False) for n, at in seen.items()}

    def get(self, workstation: str, name: str, limit: int) -> bytes:
        """Read one regular file; links, pipes and devices are refused."""
        path = self._root / workstation / name
        try:
            with open(osfiles.open_closed(path, os.O_RDONLY), "rb") as file:  # noqa: PTH123
                if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                    raise Rejected(f"{name} is not a regular file", code="EINVAL")
                blob = file.read(limit + 1)
        except OSError as error:
            raise _typed(error, path) from None
        if len(blob) > limit:
            raise Unrecognised(f"{name} is larger than {limit} bytes")
        return blob


def _typed(error: OSError, path: Path) -> ProviderError:
    if isinstance(error, FileNotFoundError):
        return NotFound(f"{path} is not there")
    if isinstance(error, PermissionError):
        return Denied(f"{path} may not be used")
    if error.errno is not None and error.errno in {
        errno.ENOSPC,
        getattr(errno, "EDQUOT", errno.ENOSPC),
        errno.EROFS,
        errno.ELOOP,
        errno.ENOTDIR,
    }:
        return Rejected(f"{path}: {error.strerror}", code=errno.errorcode[error.errno])
    return Unreachable(f"{path}: {error.strerror or type(error).__name__}", maybe_sent=True)


def open_sink(conf: SinkConf, resolve: Callable[[SecretRef], Secret]) -> Folder:  # noqa: ARG001  a folder needs no credential
    """Return the folder's sink."""
    return Folder(Path(conf.settings["path"]).expanduser())
