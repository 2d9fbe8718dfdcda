"""authorized_keys files: which keys they list, and how one is taken out. https://man.openbsd.org/sshd#AUTHORIZED_KEYS_FILE_FORMAT.

Lines are read as sshd reads them; every other line stays as it is, byte for byte.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import stat
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from rescind import osfiles
from rescind.errors import Denied, NotFound, ProviderError, Rejected, Unreachable, Unrecognised
from rescind.providers.ssh._blob import FIELDS, canonical, type_of
from rescind.providers.ssh._paths import shown
from rescind.wire.files import write_atomic

_LIMIT = 64 * 1024 * 1024
_SWEEPING = threading.Lock()
_NAMES = {n.encode() for n in FIELDS} | {b"rsa-sha2-256", b"rsa-sha2-512"}  # sshd takes the last two for RSA keys


@dataclass(frozen=True, slots=True)
class Entry:
    """One key of a file: its blob as written and as sshd understands it, whether the line makes it a CA, its comment."""

    raw: bytes
    blob: bytes
    authority: bool
    comment: bytes
    options: bytes = b""

    def is_key(self, digest: bytes) -> bool:
        """Tell whether this is the key of a SHA-256 digest."""
        return digest in {hashlib.sha256(self.blob).digest(), hashlib.sha256(self.raw).digest()}


def _past_options(text: bytes) -> int:
    """Return where the options end: at the first blank outside of double quotes, in which a quote may be escaped."""
    at, quoted = 0, False
    while at < len(text) and (quoted or text[at : at + 1] not in {b" ", b"\t"}):
        if text[at : at + 2] == b'\\"':
            at += 1
        elif text[at : at + 1] == b'"':
            quoted = not quoted
        at += 1
    return at


def options_of(text: bytes) -> list[bytes]:
    """Return options split at the commas outside of double quotes."""
    out, quoted, at = [b""], False, 0
    while at < len(text):
        step = 2 if text[at : at + 2] == b'\\"' else 1
        piece = text[at : at + step]
        quoted ^= piece == b'"'
        if piece == b"," and not quoted:
            out.append(b"")
        else:
            out[-1] += piece
        at += step
    return out


def _key(text: bytes) -> tuple[bytes, bytes, bytes] | None:
    """Return blob, canonical blob and comment if a key begins here."""
    words = text.replace(b"\t", b" ").split(b" ")
    name, rest = words[0], [w for w in words[1:] if w]
    if not name or not rest:
        return None
    encoded = b"".join(rest[0].split())  # what base64 skips: the line's end among it
    try:
        blob = base64.b64decode(encoded, validate=True)
        if name not in _NAMES and type_of(blob).encode() != name:  # a future type names itself
            return None
        return blob, canonical(blob), b" ".join(rest[1:]).strip()
    except (binascii.Error, ValueError, Unrecognised):
        return None


def entry(line: bytes) -> Entry | None:
    """Return the key that a line lists, None for a blank line, a comment, or what sshd could not read either."""
    text = line.split(b"\0", 1)[0].lstrip(b" \t")  # sshd's text ends at a NUL
    if not text or text[:1] in {b"#", b"\n"}:
        return None
    options = b""
    found = _key(text)
    if found is None:
        at = _past_options(text)
        options, found = text[:at], _key(text[at:].lstrip(b" \t"))
    if found is None:
        return None
    authority = any(o.lower() == b"cert-authority" for o in options_of(options))
    return Entry(found[0], found[1], authority, found[2], options)


def _lines(data: bytes) -> list[bytes]:
    parts = data.split(b"\n")
    return [p + b"\n" for p in parts[:-1]] + ([parts[-1]] if parts[-1] else [])


def entries(data: bytes) -> Iterator[Entry]:
    """Yield the keys that a file lists, in its order."""
    for line in _lines(data):
        found = entry(line)
        if found is not None:
            yield found


def without(data: bytes, digest: bytes) -> tuple[bytes, int]:
    """Return the file without the lines of one key, and how many those were."""
    lines = _lines(data)
    kept = [x for x in lines if not ((e := entry(x)) and e.is_key(digest))]
    return b"".join(kept), len(lines) - len(kept)


def read(path: Path, what: str) -> bytes:
    """Return a file. Raises `NotFound`, `Denied`, `Rejected` (a symbolic link, not a file), `Unreachable` or `Unrecognised` (too large)."""
    return stated(path, what)[0]


def stated(path: Path, what: str) -> tuple[bytes, os.stat_result]:
    """Return a file and its status, as `read` does and with its errors."""
    try:
        fd = osfiles.open_closed(path, os.O_RDONLY)
        try:
            seen = os.fstat(fd)
            if not stat.S_ISREG(seen.st_mode):
                raise Rejected(f"{what} is not a regular file", code="ELOOP")
            with os.fdopen(fd, "rb", closefd=False) as file:
                data = file.read(_LIMIT + 1)
        finally:
            os.close(fd)
    except FileNotFoundError:
        raise NotFound(f"{what} is not there") from None
    except PermissionError:
        raise Denied(f"{what} may not be read by this user") from None
    except OSError as e:
        if path.is_symlink():
            raise Rejected(f"{what} is a symbolic link: refused", code="ELOOP") from None
        raise Unreachable(f"{what} cannot be read: {e.strerror}", maybe_sent=False) from None
    if len(data) > _LIMIT:
        raise Unrecognised(f"{what} is larger than {_LIMIT} bytes")
    return data, seen


def keepable(seen: os.stat_result, what: str) -> None:
    """Make sure that a file written anew can have the owner and group it has now. Raises `Denied`."""
    if not osfiles.may_give_back(seen):
        raise Denied(f"{what} belongs to another user, and this one could not give it back: run as root")


def _unchanged(path: Path, seen: os.stat_result) -> bool:
    try:
        now = path.lstat()
    except OSError:
        return False  # reading it again tells what is the matter
    return (now.st_ino, now.st_size, now.st_mtime_ns) == (seen.st_ino, seen.st_size, seen.st_mtime_ns)


def sweep(path: Path, digest: bytes) -> int:
    """Take one key out of a file and return how many lines went. Mode and owner stay; access control lists do not.

    Raises `Unreachable` when somebody else keeps changing the file, and what reading and writing raise.
    """
    what = shown(path)
    with _SWEEPING:
        for _ in range(5):
            data, seen = stated(path, what)
            kept, removed = without(data, digest)
            if not removed:
                return 0
            keepable(seen, what)
            if not _unchanged(path, seen):
                continue
            write_atomic(path, kept, mode=stat.S_IMODE(seen.st_mode))
            return removed
    raise Unreachable(f"{what} is being changed by somebody else", maybe_sent=False)


def sweep_all(paths: Iterable[Path], digest: bytes) -> tuple[int, list[Path], ProviderError | None]:
    """Take one key out of every file, past those that refuse. Returns lines removed, files changed, and the first error."""
    removed, changed, first = 0, [], None
    for path in paths:
        try:
            count = sweep(path, digest)
        except NotFound:
            continue  # gone since its folder was listed
        except ProviderError as e:
            first = first or e
            continue
        removed += count
        changed += [path] if count else []
    return removed, changed, first
