"""The append-only trail: one SQLite file, one transaction per entry, an RFC 6962 frontier kept beside the entries.

An append is durable when it returns (WAL with synchronous=FULL, https://www.sqlite.org/pragma.html#pragma_synchronous). The sequence
number is given inside the transaction, so any number of threads and processes write one dense sequence. Entries are canonical JSON
(RFC 8785, https://www.rfc-editor.org/rfc/rfc8785) and stored as the bytes that were hashed.
"""

from __future__ import annotations

import contextlib
import getpass
import json
import platform
import shutil
import sqlite3
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import rfc8785

from rescind.audit import merkle
from rescind.audit.note import Signer, checkpoint_text
from rescind.audit.plain import JSON, plain
from rescind.errors import AuditError
from rescind.models.clock import Clock

SCHEMA = "rescind.audit/1"
HEAD = "head"  # an entry of this type is the last leaf of every signed head: checkpoints cannot go missing unnoticed
_BUSY_SECONDS = 30.0
_PAGE = 512
_TABLES = """
CREATE TABLE IF NOT EXISTS audit_entry (
  seq INTEGER PRIMARY KEY, type TEXT NOT NULL, run TEXT NOT NULL, step TEXT NOT NULL, leaf BLOB NOT NULL, raw BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS audit_entry_run ON audit_entry (run, step, type, seq);
CREATE INDEX IF NOT EXISTS audit_entry_type ON audit_entry (type, seq);
CREATE TABLE IF NOT EXISTS audit_head (
  one INTEGER PRIMARY KEY CHECK (one = 1), size INTEGER NOT NULL, frontier BLOB NOT NULL, heads INTEGER NOT NULL);
INSERT OR IGNORE INTO audit_head VALUES (1, 0, x'', 0);
CREATE TABLE IF NOT EXISTS checkpoint (size INTEGER PRIMARY KEY, vkey TEXT NOT NULL, note TEXT NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the trail. `seq` counts from 0 and is the leaf's index; `raw` is what was hashed; `data` holds no secret."""

    seq: int
    at: str
    type: str
    run: str
    step: str
    actor: str
    data: Mapping[str, Any]
    raw: bytes


class AuditLog:
    """A trail opened by `open_log` (to write) or `open_reader`. One object serves several threads. Raises `AuditError` only."""

    def __init__(
        self, connection: sqlite3.Connection, signer: Signer | None, clock: Clock | None, close: Callable[[], None]
    ) -> None:
        self._db = connection
        self._lock = threading.RLock()
        self._signer = signer
        self._clock = clock
        self._close = close
        self._actor = _actor()

    @property
    def signer(self) -> Signer | None:
        """The key that signs heads; None for a reader."""
        return self._signer

    def append(self, type: str, *, run: str = "", step: str = "", data: Mapping[str, JSON] | None = None) -> Entry:  # noqa: A002
        """Write one entry durably and return it. Raises `AuditError` if it cannot be written or `data` may not be written."""
        if type == HEAD:
            raise AuditError(f"entries of type {HEAD!r} are written by sign_head only")
        checked = plain(data or {})
        with self._writing() as (size, frontier, heads):
            return self._add(size, frontier, heads, (type, run, step), checked)

    def entries(self, *, run: str | None = None, step: str | None = None, type: str | None = None) -> Iterator[Entry]:  # noqa: A002
        """Yield entries in order, those of one run, step or type if given. Entries appended meanwhile may or may not be included."""
        for _, _, raw in self.rows(run=run, step=step, type=type):
            yield _entry(raw)

    def rows(
        self,
        *,
        run: str | None = None,
        step: str | None = None,
        type: str | None = None,  # noqa: A002
        end: int | None = None,
    ) -> Iterator[tuple[int, bytes, bytes]]:
        """Yield (seq, leaf hash, stored bytes) in order, below `end` if given: what an export is made of."""
        wanted = {"run": run, "step": step, "type": type}
        named = {column: value for column, value in wanted.items() if value is not None}
        where = "".join(f" AND {column} = :{column}" for column in named)
        # The plus keeps SQLite from walking the whole table by seq when a run, step or type narrows it.
        query = f"SELECT seq, CAST(leaf AS BLOB), CAST(raw AS BLOB) FROM audit_entry WHERE {'+' if named else ''}seq >= :after AND seq < :end{where} ORDER BY seq LIMIT {_PAGE}"  # noqa: S608
        after, last = 0, end if end is not None else 1 << 62
        while True:
            page = self._select(query, named | {"after": after, "end": last})
            yield from page
            if len(page) < _PAGE:
                return
            after = page[-1][0] + 1

    def last(self, type: str, run: str, step: str) -> Entry | None:  # noqa: A002
        """Return the newest entry of that type, run and step, or None."""
        query = "SELECT CAST(raw AS BLOB) FROM audit_entry WHERE run = ? AND step = ? AND type = ? ORDER BY seq DESC LIMIT 1"
        rows = self._select(query, (run, step, type))
        return _entry(rows[0][0]) if rows else None

    def head(self) -> tuple[int, str]:
        """Return the number of entries and the tree's root in hexadecimal."""
        size, frontier, _ = self._state()
        return size, merkle.frontier_root(frontier).hex()

    def sign_head(self) -> str:
        """Sign the trail as it stands and return the checkpoint.

        A `head` entry goes in first, in the same transaction, so that the signed tree itself says how many checkpoints there are and
        with which key each was signed. Signing again with nothing new returns the same checkpoint.
        """
        signer = self._signer
        if signer is None:
            raise AuditError("a trail opened for reading cannot be signed")
        with self._writing() as (size, frontier, heads):
            newest = self._db.execute(
                "SELECT note FROM checkpoint WHERE size = ? AND vkey = ?", (size, signer.vkey)
            ).fetchone()
            if newest:
                return str(newest[0])
            self._add(size, frontier, heads + 1, (HEAD, "", ""), {"checkpoint": heads + 1, "vkey": signer.vkey})
            note = signer.sign(checkpoint_text(signer.origin, size + 1, merkle.frontier_root(frontier)))
            self._db.execute("INSERT INTO checkpoint VALUES (?, ?, ?)", (size + 1, signer.vkey, note))
        return note

    def checkpoints(self) -> list[tuple[int, str, str]]:
        """Return (size, vkey, signed note) of every signed head, oldest first."""
        return self._select("SELECT size, vkey, note FROM checkpoint ORDER BY size", ())

    def close(self) -> None:
        """Close the file. Nothing is lost without it."""
        with self._lock:
            self._close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _add(
        self, size: int, frontier: list[bytes], heads: int, names: tuple[str, str, str], data: dict[str, JSON]
    ) -> Entry:
        """Write one entry inside the caller's transaction; `frontier` is extended in place."""
        entry_type, run, step = names
        entry: dict[str, Any] = {
            "schema": SCHEMA,
            "seq": size,
            "at": self._now(),
            "type": entry_type,
            "run": run,
            "step": step,
            "actor": self._actor,
            "data": data,
        }
        try:
            raw = rfc8785.dumps(entry)
        except (rfc8785.CanonicalizationError, UnicodeError, TypeError, AttributeError):
            raise AuditError("an audit entry holds a name that JSON cannot carry") from None
        leaf = merkle.leaf_hash(raw)
        merkle.extend(frontier, size, leaf)
        self._db.execute("INSERT INTO audit_entry VALUES (?, ?, ?, ?, ?, ?)", (size, *names, leaf, raw))
        self._db.execute(
            "UPDATE audit_head SET size = ?, frontier = ?, heads = ?", (size + 1, b"".join(frontier), heads)
        )
        return Entry(size, str(entry["at"]), entry_type, run, step, self._actor, data, raw)

    @contextlib.contextmanager
    def _writing(self) -> Iterator[tuple[int, list[bytes], int]]:
        if self._signer is None:
            raise AuditError("a trail opened for reading cannot be written")
        with self._lock, _sqlite("the audit trail cannot be written"):
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._state()
                self._db.execute("COMMIT")
            finally:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")

    def _state(self) -> tuple[int, list[bytes], int]:
        size, frontier, heads = self._select("SELECT size, CAST(frontier AS BLOB), heads FROM audit_head", ())[0]
        return size, [frontier[i : i + merkle.HASH_BYTES] for i in range(0, len(frontier), merkle.HASH_BYTES)], heads

    def _select(self, query: str, values: tuple[Any, ...] | Mapping[str, Any]) -> list[Any]:
        with self._lock, _sqlite("the audit trail cannot be read"):
            return self._db.execute(query, values).fetchall()

    def _now(self) -> str:
        assert self._clock is not None  # noqa: S101 - only writers get here
        return self._clock.now().astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def open_log(path: Path, signer: Signer, clock: Clock) -> AuditLog:
    """Open the trail for writing, creating its folder (0700) and file (0600). Raises `AuditError`."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if path.is_symlink():
            raise AuditError(f"the audit trail's file is a symbolic link: {path}")
        path.touch(mode=0o600, exist_ok=True)
    except OSError as error:
        raise AuditError(f"the audit trail cannot be opened: {error.strerror}", hint=f"check {path}") from error
    with _sqlite("the audit trail cannot be opened"):
        connection = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.executescript("BEGIN IMMEDIATE;" + _TABLES + "COMMIT;")
    return AuditLog(connection, signer, clock, connection.close)


def open_reader(path: Path) -> AuditLog:
    """Open the trail for reading; nothing is written or created beside it. Raises `AuditError`.

    A reader of a WAL database makes its shared-memory file (https://www.sqlite.org/wal.html#read_only_databases), so unless a writer
    has made one, the file is read as immutable, or, when a dead writer left its WAL behind, from a private copy.
    """
    if not path.is_file():
        raise AuditError(f"there is no audit trail at {path}")
    shared, wal = (path.with_name(path.name + end) for end in ("-shm", "-wal"))
    mode = "mode=ro" if shared.exists() else "mode=ro&immutable=1"
    with contextlib.ExitStack() as undo, _sqlite("the audit trail cannot be read"):
        if not shared.exists() and wal.exists() and wal.stat().st_size:
            folder = Path(undo.enter_context(tempfile.TemporaryDirectory(prefix="rescind-")))
            shutil.copyfile(wal, folder / wal.name)
            path, mode = Path(shutil.copyfile(path, folder / path.name)), "mode=ro"
        uri = f"file:{quote(str(path.absolute()))}?{mode}"
        connection = sqlite3.connect(
            uri, uri=True, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        undo.callback(connection.close)
        connection.execute("SELECT size FROM audit_head").fetchone()
        return AuditLog(connection, None, None, undo.pop_all().close)


@contextlib.contextmanager
def _sqlite(what: str) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        reason = str(error) if isinstance(error, sqlite3.Error) else error.strerror
        raise AuditError(f"{what}: {reason}", hint="nothing is done at a provider without it") from error


def _entry(raw: bytes) -> Entry:
    try:
        e = json.loads(raw)
        return Entry(e["seq"], e["at"], e["type"], e["run"], e["step"], e["actor"], e["data"], raw)
    except (ValueError, KeyError, TypeError):
        raise AuditError("an entry of the audit trail is damaged", hint="run `rescind audit verify`") from None


def _actor() -> str:
    try:
        user = getpass.getuser()
    except (OSError, KeyError, ImportError):
        user = "unknown"
    return f"{user}@{platform.node() or 'unknown'}"
