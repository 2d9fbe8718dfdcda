"""The key of an installation's fingerprints: it joins sightings of one secret and tells nothing without it."""

from __future__ import annotations

import getpass
import os
import secrets
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path

from rescind.errors import RefusedError
from rescind.models.tenant import SecretRef
from rescind.secret import Secret
from rescind.wire.files import write_atomic


def key(ref: SecretRef | None, resolve: Callable[[SecretRef], Secret], state_dir: Path, *, keep: bool) -> bytes:
    """Return the configured key, else a random one that is made once.

    Reading commands must change nothing below a scanned home, and the state folder may lie in it: until a run needs the key
    for good (`keep`), a new one waits in the user's runtime folder, and a plan made with it can be applied until that is emptied.
    Raises `RefusedError` when somebody else made that folder.
    """
    if ref is not None:
        return resolve(ref).reveal_bytes()
    path, waiting = state_dir / "fingerprint.key", _runtime_dir() / "fingerprint.key"
    if path.exists():
        return path.read_bytes()
    made = waiting.read_bytes() if waiting.exists() else secrets.token_bytes(32)
    if not waiting.exists():
        write_atomic(waiting, made, mode=0o600)
    if keep:
        state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_atomic(path, made, mode=0o600)
    return made


def _runtime_dir() -> Path:
    base = os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()
    folder = Path(base) / f"rescind-{getpass.getuser() if os.name == 'nt' else os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    seen = folder.lstat()
    if not stat.S_ISDIR(seen.st_mode) or (os.name != "nt" and (seen.st_uid != os.getuid() or seen.st_mode & 0o077)):
        raise RefusedError(f"{folder} is not a folder of yours alone", hint="remove it, or set XDG_RUNTIME_DIR")
    return folder
