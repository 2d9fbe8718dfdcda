"""Run records: which plan a run executes, its addenda and how it stands. Plain SQLite, so that `status` starts fast.

They live in `rescind.db` beside the audit log's tables. A record is written once; only its status changes.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rescind.engine.lock import private_dir
from rescind.errors import EngineError
from rescind.models.clock import rfc3339

DATABASE = "rescind.db"
_TABLES = """
create table if not exists runs (
  run text primary key, plan text not null, meta text not null, status text not null, created_at text not null);
create table if not exists addenda (
  run text not null references runs (run), round integer not null, plan text not null, primary key (run, round));
create table if not exists inventories (
  run text primary key, workstation text not null, at text not null, inventory text not null);
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """One line of `status`: the run, how it stands, since when (RFC 3339 UTC), and what the caller kept with it."""

    run: str
    status: str
    created_at: str
    meta: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class InventoryRecord:
    """What a machine held when a run began: the run, the machine, when it was saved (RFC 3339 UTC), the inventory as JSON text."""

    run: str
    workstation: str
    at: str
    inventory: str


@contextmanager
def _open(state_dir: Path, *, write: bool) -> Iterator[sqlite3.Connection | None]:
    """Give a connection in one transaction; reading what does not exist gives None and creates nothing.

    Raises `EngineError` when the file cannot be used: a full disk, no right to write, no database.
    """
    try:
        with _transaction(state_dir, write=write) as db:
            yield db
    except sqlite3.Error as error:
        raise EngineError(
            f"{state_dir / DATABASE} cannot be used: {error}",
            hint="nothing is done at a provider without it; make room, or name another folder with --state",
        ) from None


@contextmanager
def _transaction(state_dir: Path, *, write: bool) -> Iterator[sqlite3.Connection | None]:
    path = state_dir / DATABASE
    if write:
        private_dir(state_dir)
        path.touch(mode=0o600)
    elif not path.exists():
        yield None
        return
    with closing(sqlite3.connect(path, timeout=30, isolation_level=None)) as db:
        if write:
            db.execute("pragma journal_mode=WAL")
            db.execute("pragma synchronous=FULL")
            db.executescript(_TABLES)
            db.execute("begin immediate")
        elif not db.execute("select 1 from sqlite_master where name = 'addenda'").fetchone():
            yield None
            return
        try:
            yield db
        except BaseException:
            if db.in_transaction:
                db.execute("rollback")
            raise
        if db.in_transaction:
            db.execute("commit")


def save_run(state_dir: Path, run: str, plan_json: str, meta: Mapping[str, Any]) -> None:
    """Record a new run, as `planned` unless its meta has a `status`. Again with another plan raises `EngineError`."""
    if not run:
        raise EngineError("a run needs an id")
    with _open(state_dir, write=True) as db:
        assert db is not None  # noqa: S101  # writing always connects
        row = db.execute("select plan from runs where run = ?", (run,)).fetchone()
        if row is None:
            values = (
                run,
                plan_json,
                json.dumps(dict(meta)),
                str(meta.get("status", "planned")),
                rfc3339(datetime.now(UTC)),
            )
            db.execute("insert into runs values (?, ?, ?, ?, ?)", values)
        elif row[0] != plan_json:
            raise EngineError(f"run {run} already has another plan", hint="a new plan gets a new run")


def load_run(state_dir: Path, run: str) -> tuple[str, dict[str, Any]] | None:
    """Return the run's plan as it was saved, and its meta with the current `status`; None when there is no such run."""
    with _open(state_dir, write=False) as db:
        row = db and db.execute("select plan, meta, status from runs where run = ?", (run,)).fetchone()
    return (row[0], {**json.loads(row[1]), "status": row[2]}) if row else None


def list_runs(state_dir: Path) -> list[RunRecord]:
    """Return every run, newest first."""
    with _open(state_dir, write=False) as db:
        rows = db.execute("select run, status, created_at, meta from runs order by rowid desc").fetchall() if db else []
    return [RunRecord(run=r, status=s, created_at=c, meta=json.loads(m)) for r, s, c, m in rows]


def latest_run(state_dir: Path) -> str | None:
    """Return the id of the newest run, or None."""
    runs = list_runs(state_dir)
    return runs[0].run if runs else None


def set_status(state_dir: Path, run: str, status: str, **facts: str) -> None:
    """Change how a run stands, and add facts such as `ended_at` to its meta. Raises `EngineError` for an unknown run."""
    with _open(state_dir, write=True) as db:
        assert db is not None  # noqa: S101
        row = db.execute("select meta from runs where run = ?", (run,)).fetchone()
        if row is None:
            raise EngineError(f"no run {run}", hint="`rescind status` lists the runs")
        meta = json.dumps({**json.loads(row[0]), **facts})
        db.execute("update runs set status = ?, meta = ? where run = ?", (status, meta, run))


def save_addendum(state_dir: Path, run: str, round: int, plan_json: str) -> str:  # noqa: A002
    """Store the addendum of a sweep round and return the one that counts: the first one stored stays."""
    with _open(state_dir, write=True) as db:
        assert db is not None  # noqa: S101
        db.execute("insert into addenda values (?, ?, ?) on conflict do nothing", (run, round, plan_json))
        row = db.execute("select plan from addenda where run = ? and round = ?", (run, round)).fetchone()
    return str(row[0])


def load_addendum(state_dir: Path, run: str, round: int) -> str | None:  # noqa: A002
    """Return the stored addendum of a sweep round, or None."""
    with _open(state_dir, write=False) as db:
        row = db and db.execute("select plan from addenda where run = ? and round = ?", (run, round)).fetchone()
    return str(row[0]) if row else None


def save_inventory(state_dir: Path, run: str, workstation: str, inventory_json: str) -> None:
    """Keep the inventory that a run began with; the first one stays."""
    with _open(state_dir, write=True) as db:
        assert db is not None  # noqa: S101
        row = (run, workstation, rfc3339(datetime.now(UTC)), inventory_json)
        db.execute("insert into inventories values (?, ?, ?, ?) on conflict do nothing", row)


def list_inventories(state_dir: Path) -> list[InventoryRecord]:
    """Return every saved inventory, newest first."""
    with _open(state_dir, write=False) as db:
        # a database of an older version has no such table until the next run
        if not db or not db.execute("select 1 from sqlite_master where name = 'inventories'").fetchone():
            return []
        rows = db.execute("select run, workstation, at, inventory from inventories order by rowid desc").fetchall()
    return [InventoryRecord(run=r, workstation=w, at=a, inventory=i) for r, w, a, i in rows]
