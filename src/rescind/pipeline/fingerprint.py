"""The key of an installation's fingerprints: it joins sightings of one secret and tells nothing without it."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path

from rescind import osfiles
from rescind.errors import EvidenceError, ProviderError, RefusedError
from rescind.models.tenant import SecretRef
from rescind.schema.bounded import read_bounded
from rescind.secret import Secret
from rescind.wire.files import write_atomic

_BYTES, _LONGEST = 32, 4096


def key(ref: SecretRef | None, resolve: Callable[[SecretRef], Secret], state_dir: Path, *, keep: bool) -> bytes:
    """Return the configured key, else a random one that is made once.

    Reading commands must change nothing below a scanned home, and the state folder may lie in it: until a run needs the key
    for good (`keep`), a new one waits in the user's runtime folder, and a plan made with it can be applied until that is emptied.
    Raises `RefusedError` when somebody else made that folder or a key, or a new one cannot be kept.
    """
    if ref is not None:
        return resolve(ref).reveal_bytes()
    path, waiting = state_dir / "fingerprint.key", _runtime_dir() / "fingerprint.key"
    if _there(path):
        return _read(path)
    made = _read(waiting) if _there(waiting) else secrets.token_bytes(_BYTES)
    if not _there(waiting):
        _write(waiting, made)
    if keep:
        state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        _write(path, made)
    return made


def _there(path: Path) -> bool:
    return path.is_symlink() or path.exists()


def _read(path: Path) -> bytes:
    """Read a key that nobody else could have put there: with a known key, fingerprints tell the values they stand for."""

    def check(seen: os.stat_result) -> None:
        if not (osfiles.is_ours(seen) and osfiles.is_private(seen)):
            raise RefusedError(f"{path} is not a file of yours alone", hint="find out who made it, then remove it")

    made = read_bounded(path, _LONGEST, EvidenceError, check=check)
    if len(made) < _BYTES:
        raise RefusedError(
            f"{path} holds no key of {_BYTES} bytes", hint="remove it; plans made with it are made again"
        )
    return made


def _write(path: Path, made: bytes) -> None:
    try:
        write_atomic(path, made, mode=0o600)
    except ProviderError as error:
        raise RefusedError(
            f"{path}: the key of fingerprints cannot be kept: {error.message}",
            hint="make room there, set XDG_RUNTIME_DIR, or name another folder with --state",
        ) from None


def _runtime_dir() -> Path:
    base = os.environ.get("XDG_RUNTIME_DIR", "")
    if not (base and os.access(base, os.W_OK | os.X_OK)):  # after `su` it names another user's, or one that is gone
        base = tempfile.gettempdir()
    folder = Path(base) / f"rescind-{os.geteuid() if osfiles.HAS_OWNERS else osfiles.user()}"
    try:
        with contextlib.suppress(FileExistsError):
            folder.mkdir(mode=0o700)
        seen = folder.lstat()
    except OSError as error:
        raise RefusedError(
            f"{folder} cannot be made: {error.strerror}", hint="set XDG_RUNTIME_DIR to a folder of yours"
        ) from None
    if (
        not stat.S_ISDIR(seen.st_mode)
        or osfiles.is_link(seen)
        or not (osfiles.is_ours(seen) and osfiles.is_private(seen))
    ):
        raise RefusedError(f"{folder} is not a folder of yours alone", hint="remove it, or set XDG_RUNTIME_DIR")
    return folder
