"""Take one value out of one line of a live machine's file, or one item out of its keychain, after sealing it where asked.

The path comes from evidence, so it is walked component by component below its root without following a link. The value is found
by its keyed fingerprint only: nobody has to tell it. The new file replaces the old one whole, with its owner and mode.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import secrets
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from rescind import osfiles
from rescind.errors import ConfigError, Denied, NotFound, ProviderError, Rejected, Unreachable, Unrecognised
from rescind.host import keychain
from rescind.host.names import as_parts
from rescind.models.clock import Clock
from rescind.secret import Secret

MOST_BYTES = 4 * 1024 * 1024
_MOST_TRIES = 200_000
_EDGE = re.compile(rb"[^A-Za-z0-9_]")
_NO_LINK = osfiles.CLOSED


def _typed(error: OSError, what: str) -> ProviderError:
    if error.errno in {errno.ELOOP, errno.ENOTDIR}:
        return Rejected(f"{what} is reached through a link: refused", code="ELOOP")
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return Denied(f"{what}: {os.strerror(error.errno)}")
    return Unreachable(f"{what}: {os.strerror(error.errno or errno.EIO)}", maybe_sent=False)


@contextmanager
def _folder(root: Path, path: str) -> Iterator[tuple[int, str] | None]:
    """Yield the descriptor of the file's folder and the file's name; None when there is no such folder."""
    parts = as_parts(path)
    if not parts or ".." in parts:
        raise Rejected("the path does not name a file below its root")
    if not osfiles.HOLDS_FOLDERS:
        raise Rejected("this system cannot hold the folders on the way: erase the copy by hand", code="ENOTSUP")
    held: list[int] = []
    try:
        try:
            held.append(os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
        except OSError as e:
            # The root is what all readings rest on: without it nothing is known to be gone.
            raise Unreachable(f"the root: {os.strerror(e.errno or errno.EIO)}", maybe_sent=False) from None
        try:
            for part in parts[:-1]:
                held.append(os.open(part, os.O_RDONLY | os.O_DIRECTORY | _NO_LINK, dir_fd=held[-1]))
        except FileNotFoundError:
            yield None
            return
        except OSError as e:
            raise _typed(e, "a folder on the way") from None
        yield held[-1], parts[-1]
    finally:
        for fd in held:
            os.close(fd)


def _read(folder: int, name: str) -> tuple[bytes, os.stat_result] | None:
    try:
        if not stat.S_ISREG(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
            raise Rejected("the file is a link or no regular file: refused", code="ELOOP")
        fd = os.open(name, os.O_RDONLY | _NO_LINK, dir_fd=folder)
    except FileNotFoundError:
        return None
    except OSError as e:
        raise _typed(e, "the file") from None
    with os.fdopen(fd, "rb") as file:
        info = os.fstat(fd)
        data = file.read(MOST_BYTES + 1)
    if not stat.S_ISREG(info.st_mode) or len(data) > MOST_BYTES:
        raise Rejected(f"the file is no regular file, or larger than {MOST_BYTES} bytes")
    return data, info


def find(line: bytes, fingerprint: str, key: bytes) -> slice | None:
    """Return which part of a line has this keyed fingerprint, None when no part between two edges has.

    Raises `Unrecognised` for a line with too many parts to try them all: not finding it there would prove nothing.
    """
    edges = {0, len(line), *(i for m in _EDGE.finditer(line) for i in m.span())}
    latest_first = sorted(edges, reverse=True)
    tries = 0
    for start in sorted(edges):
        for end in latest_first:
            if end <= start:
                break
            tries += 1
            if tries > _MOST_TRIES:
                raise Unrecognised("a line has too many parts to say whether it holds the value")
            if Secret(line[start:end]).fingerprint(key) == fingerprint:
                return slice(start, end)
    return None


def holds(root: Path, path: str, fingerprint: str, key: bytes) -> bool:
    """Tell whether any line of a file holds the value. False for a file that is gone.

    Raises `Denied`, `Unreachable`, `Rejected` (a link, not a file, too large) or `Unrecognised`: none of them proves absence.
    """
    with _folder(root, path) as spot:
        got = _read(*spot) if spot else None
    return got is not None and any(find(line, fingerprint, key) is not None for line in got[0].split(b"\n"))


def erase_value(
    root: Path,
    path: str,
    line: int | None,
    fingerprint: str,
    key: bytes,
    *,
    seal_to: Sequence[str] = (),
    folder: Path | None = None,
) -> bool:
    """Remove the value from its line (`NAME=` stays), atomically; False when neither the line nor the file holds it any more.

    `line` counts from 1; None searches every line. With `seal_to` (age recipients) the value is first written, sealed, into
    `folder`. A value that took its place is never touched. Raises `Rejected` when the value moved to another line, or the file
    changed while we worked, has a second name (hard link), or is reached through a link; `Denied` or `Unreachable` otherwise.
    """
    with _folder(root, path) as spot:
        got = _read(*spot) if spot else None
        if spot is None or got is None:
            return False
        data, before = got
        lines = data.split(b"\n")
        at, found = _located(lines, line, fingerprint, key)
        if found is None:
            return False
        if before.st_nlink > 1:
            raise Rejected("the file has a second name (hard link) that would keep the value: erase by hand")
        if seal_to:
            what = {"path": path, "line": at + 1, "value": lines[at][found].decode("utf-8", "backslashreplace")}
            keep_sealed(json.dumps(what).encode(), f"{path}\x1f{fingerprint}", seal_to, folder)
        while found is not None:  # exactly where it was recognised: a short value may also be part of a name
            lines[at] = lines[at][: found.start] + lines[at][found.stop :]
            found = find(lines[at], fingerprint, key)
        _replace(*spot, b"\n".join(lines), before)
    return True


def _located(lines: list[bytes], line: int | None, fingerprint: str, key: bytes) -> tuple[int, slice | None]:
    wanted = range(len(lines)) if line is None else range(line - 1, line)
    for at in wanted:
        found = find(lines[at], fingerprint, key) if 0 <= at < len(lines) else None
        if found is not None:
            return at, found
    if line is None:
        return 0, None
    if any(find(text, fingerprint, key) is not None for text in lines):
        raise Rejected("the file changed since it was scanned: the value is on another line; scan again")
    return 0, None


def _replace(folder: int, name: str, data: bytes, before: os.stat_result) -> None:
    beside = f".{name[:100]}.{secrets.token_hex(8)}.tmp"
    try:
        fd = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_LINK, 0o600, dir_fd=folder)
        try:
            with os.fdopen(fd, "wb") as file:
                file.write(data)
                file.flush()
                osfiles.keep_owner(fd, before)
                osfiles.set_mode(fd, stat.S_IMODE(before.st_mode))
                os.fsync(fd)
            _unchanged(os.stat(name, dir_fd=folder, follow_symlinks=False), before)
            os.rename(beside, name, src_dir_fd=folder, dst_dir_fd=folder)
        except BaseException:
            with suppress(OSError):
                os.unlink(beside, dir_fd=folder)
            raise
        os.fsync(folder)
    except OSError as e:
        raise _typed(e, "the file") from None


def _unchanged(now: os.stat_result, before: os.stat_result) -> None:
    was, is_now = ((i.st_dev, i.st_ino, i.st_size, i.st_mtime_ns) for i in (before, now))
    if was != is_now:
        raise Rejected("the file changed while the value was being erased; it was left alone")


def keep_sealed(data: bytes, name: str, seal_to: Sequence[str], folder: Path | None) -> Path:
    """Write what is about to be erased into the operator's `folder`, sealed to age recipients, and return the file.

    Its name tells nothing, and no copy is ever overwritten. Raises `ConfigError` without a folder, and `Denied` when it cannot
    be written: then nothing may be erased.
    """
    from rescind.host.seal import seal

    if folder is None:
        raise ConfigError("what is erased is to be sealed first, but no folder is configured for it")
    digest = hashlib.sha256(name.encode("utf-8", "surrogateescape") + secrets.token_bytes(8)).hexdigest()[:24]
    target = folder / f"erased-{digest}.age"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        fd = osfiles.open_closed(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        with os.fdopen(fd, "wb") as file:
            file.write(seal(data, list(seal_to)))
            file.flush()
            os.fsync(fd)
    except OSError as e:
        raise Denied(f"the sealed copy cannot be written: {os.strerror(e.errno or errno.EIO)}") from None
    return target


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveMachine:
    """A live machine for the local kinds: its evidence roots by name, the fingerprint key, where sealed copies go.

    `backend` is a keyring object to use instead of the session's Secret Service.
    """

    roots: Mapping[str, Path]
    key: bytes = field(repr=False)
    backend: object | None = field(default=None, repr=False)
    seal_to: Sequence[str] = ()
    folder: Path | None = None

    def items(self) -> Mapping[str, str]:
        """Return the identifier and the collection of every item that can be listed, read afresh."""
        return {i.identifier: i.collection for i in keychain.listing(self.backend).items}

    def has_item(self, identifier: str, collection: str) -> bool:
        """Tell whether an item is listed now; see `keychain.has`."""
        return keychain.has(identifier, collection, self.backend)

    def erase_item(self, identifier: str, collection: str) -> bool:
        """Delete an item, sealed first when there are recipients; see `keychain.erase`."""

        def keep(data: bytes) -> None:
            keep_sealed(data, f"{collection}\x1f{identifier}", self.seal_to, self.folder)

        return keychain.erase(identifier, collection, self.backend, keep=keep if self.seal_to else None)

    def file_has(self, root: str, path: str, fingerprint: str) -> bool:
        """Tell whether a file holds the value; see `holds`."""
        return holds(self._root(root), path, fingerprint, self.key)

    def erase_file(self, root: str, path: str, line: int | None, fingerprint: str) -> bool:
        """Take the value out of its line; see `erase_value`."""
        return erase_value(
            self._root(root), path, line, fingerprint, self.key, seal_to=self.seal_to, folder=self.folder
        )

    def _root(self, name: str) -> Path:
        try:
            return self.roots[name]
        except KeyError:
            raise NotFound("the evidence root is not part of this live target") from None


def local_host(
    target: Path,
    *,
    key: bytes,
    backend: object | None = None,
    recipients: Sequence[str] = (),
    sealed_dir: Path | None = None,
    clock: Clock | None = None,
) -> LiveMachine:
    """Return the live machine whose evidence root is `target`: erased copies are first sealed to `recipients` in `sealed_dir`.

    Both root names that a scan gives (`home` and `root`) stand for the target itself: locations are relative to it.
    """
    del clock  # nothing here waits or dates anything
    return LiveMachine(
        roots={"home": target, "root": target}, key=key, backend=backend, seal_to=tuple(recipients), folder=sealed_dir
    )
