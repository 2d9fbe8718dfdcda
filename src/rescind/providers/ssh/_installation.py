"""What an ssh tenant is: the operator's files, read anew at every look, and the one way in which the revocation list changes."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from rescind import osfiles
from rescind.errors import Denied, NotFound, Rejected, Unreachable
from rescind.models.clock import Clock, SystemClock, rfc3339
from rescind.models.kind import Identity
from rescind.models.tenant import Tenant
from rescind.providers.ssh import _authorized, _blob, _keygen, _krl, _paths, _registry
from rescind.wire.files import write_atomic

NO_END = "9999-12-31T23:59:59Z"
"""Stands for "nobody knows until when": no bound is configured."""
_LAST = 253402300799


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """Where one key stands in the configured files: the files, its blob as sshd understands it, whether as a CA somewhere."""

    files: tuple[Path, ...] = ()
    blob: bytes = b""
    authority: bool = False
    comment: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class SshClient:
    """An ssh tenant. `cas` are CA keys by fingerprint; `keygen` is the operator's ssh-keygen, None where there is none."""

    tenant: Tenant
    patterns: tuple[str, ...] = ()
    krl: Path | None = None
    cas: Mapping[str, bytes] = field(default_factory=dict)
    registry: Path | None = None
    session: float | None = None
    propagation: float = 0.0
    keygen: str | None = None
    write: bool = False
    clock: Clock = field(default_factory=SystemClock)

    def identity(self) -> Identity:
        """Return `ssh:` and 16 hex digits of SHA-256 over the configured paths (patterns sorted, KRL) and CA fingerprints.

        It stays while the configuration stays, whatever the files hold. The principal is the local user we run as.
        """
        named = [sorted(self.patterns), str(self.krl or ""), sorted(self.cas)]
        digest = hashlib.sha256(json.dumps(named).encode("utf-8", "surrogateescape")).hexdigest()[:16]
        return Identity(account=f"ssh:{digest}", principal=osfiles.user())

    def registered(self) -> _registry.Registry | None:
        """Return the registry as it is now, None where none is configured."""
        if self.registry is None:
            return None
        try:
            return _registry.read(_authorized.read(self.registry, "the registry"))
        except NotFound:
            raise Rejected("the registry is not there") from None  # this must not read as "this key is not known"

    def listed(self, digest: bytes) -> Listed:
        """Look for one key in every configured file. Raises when any of them cannot be read."""
        files, blob, authority, comment = [], b"", False, b""
        for path in _paths.expand(self.patterns):
            try:
                data = _authorized.read(path, _paths.shown(path))
            except NotFound:
                continue  # gone since the folder was listed
            for entry in _authorized.entries(data):
                if entry.is_key(digest):
                    files.append(path)
                    blob, authority, comment = entry.blob, authority or entry.authority, comment or entry.comment
        return Listed(files=tuple(dict.fromkeys(files)), blob=blob, authority=authority, comment=comment)

    def revocations(self) -> tuple[_krl.Krl, bytes]:
        """Return the revocation list as it is now. Raises `Rejected` when none is configured or it is not there."""
        if self.krl is None:
            raise Rejected("no key revocation list is configured (krl)")
        blob, _ = _read_krl(self.krl)
        return _krl.parse(blob), blob

    def sessions_until(self, krl: _krl.Krl) -> str:
        """Return when the last session that was open at the revocation has ended, as far as the operator declared a bound.

        Counted from the list's last change, which is never before this entry was made.
        """
        if self.session is None or self.krl is None:
            return NO_END
        try:
            since = max(float(krl.date), self.krl.stat().st_mtime)
        except OSError as e:
            raise Unreachable(f"the key revocation list cannot be looked at: {e.strerror}", maybe_sent=False) from None
        until = since + self.propagation + self.session
        return rfc3339(datetime.fromtimestamp(until, UTC)) if until < _LAST else NO_END

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Let one change at a time happen, across threads and processes. Raises `Denied` for a client that only reads."""
        if not self.write:
            raise Denied("this client only reads")
        if self.krl is None:
            yield
            return
        lock = self.krl.with_name(self.krl.name + ".lock")
        try:
            fd = osfiles.open_closed(lock, os.O_RDWR | os.O_CREAT)
        except OSError as e:
            raise Denied(f"the lock beside the key revocation list cannot be opened: {e.strerror}") from None
        try:
            _lock(fd)
            yield
        finally:
            os.close(fd)

    def add(self, wanted: _krl.Wanted, *, judged_by: bytes = b"") -> tuple[_krl.Krl, bool, str]:
        """Have the list revoke what is wanted; only inside `changing`. Returns the list, whether it changed, and who read it.

        The new list is installed only after our reader and, where there is one, ssh-keygen found everything in it that the old
        one held, and what was added. `judged_by` is a key or certificate that must then be revoked. Raises `Rejected` for a list
        that is missing, of another format, damaged or signed: it stays as it is.
        """
        if self.krl is None:
            raise Rejected("no key revocation list is configured (krl)")
        blob, seen = _read_krl(self.krl)
        old = _krl.parse(blob)
        more = _krl.missing(old, wanted)
        who = "ssh-keygen and rescind" if self.keygen else "rescind only: there is no ssh-keygen here"
        if _krl.nothing(more):
            return old, False, who
        candidate = _krl.extended(old, more, now=int(self.clock.now().timestamp()))
        new = _krl.parse(candidate)
        if not _krl.holds(new, old) or not _krl.nothing(_krl.missing(new, wanted)):
            raise Rejected("the new key revocation list does not hold what it must: nothing was changed")
        if self.keygen:
            _judge(self.keygen, blob, candidate, more, judged_by)
        _authorized.keepable(seen, "the key revocation list")
        write_atomic(self.krl, candidate, mode=stat.S_IMODE(seen.st_mode))
        if _read_krl(self.krl)[0] != candidate:
            raise Unreachable(
                "the key revocation list was changed by somebody else at the same moment", maybe_sent=True
            )
        return new, True, who


def _lock(fd: int) -> None:
    try:
        osfiles.lock(fd, wait=True)
    except OSError as e:
        raise Unreachable(f"the key revocation list cannot be locked: {e.strerror}", maybe_sent=False) from None


def _read_krl(path: Path) -> tuple[bytes, os.stat_result]:
    try:
        return _authorized.stated(path, "the key revocation list")
    except NotFound:
        # Made by us it would let in whom sshd refuses now: without the file it refuses every public key.
        raise Rejected("the key revocation list is not there: make an empty one with ssh-keygen -k -f FILE") from None


def _judge(program: str, old: bytes, new: bytes, added: _krl.Wanted, asked: bytes) -> None:
    before, after = _keygen.listing(program, old), _keygen.listing(program, new)
    ca = _blob.fingerprint(added.ca)
    misses = [
        not after.holds(before),
        bool(added.serial) and not after.serial(ca, added.serial, added.serial),
        bool(added.key) and not _keygen.revoked(program, new, added.key),
        bool(added.sha256) and ("", f"hash: SHA256:{added.sha256.hex()}") not in after.lines,
        _plain(added.key_id) and (ca, f"id: {(added.key_id or b'').decode()}") not in after.lines,
        bool(asked) and not _keygen.revoked(program, new, asked),
    ]
    if any(misses):
        raise Rejected("ssh-keygen does not find in the new key revocation list what it must hold: nothing was changed")


def _plain(key_id: bytes | None) -> bool:
    """Tell whether ssh-keygen prints a key id as it is."""
    return (
        bool(key_id)
        and key_id is not None
        and key_id.isascii()
        and key_id.decode().isprintable()
        and b"\\" not in key_id
    )
