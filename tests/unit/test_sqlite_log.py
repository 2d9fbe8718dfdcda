"""The image that is made of a database and its log, against what the real SQLite shows of copies of both."""

from __future__ import annotations

import random
import shutil
import sqlite3
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rescind.errors import EvidenceError
from rescind.host.opening import open_host
from rescind.host.sqlite_log import is_database, is_hot, merged
from rescind.models.evidence import Gap
from tests.unit._evidence import StillClock, picture, put, split, store

MOST = 16 << 20
_MANY = settings(
    max_examples=60, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)


def shown(image: bytes) -> list[tuple]:
    base = sqlite3.connect(":memory:")
    base.deserialize(image)
    assert base.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    tables = [n for (n,) in base.execute("SELECT name FROM sqlite_schema WHERE type='table' ORDER BY name")]
    rows = [(t, *row) for t in tables for row in base.execute(f"SELECT * FROM {t} ORDER BY 1, 2")]
    base.close()
    return rows


def by_sqlite(folder: Path, name: str = "base.db") -> list[tuple]:
    """What SQLite shows of copies, which it may recover as it likes."""
    copy = folder / "copy"
    shutil.rmtree(copy, ignore_errors=True)
    copy.mkdir()
    for end in ("", "-wal"):
        if (folder / (name + end)).exists():
            shutil.copy(folder / (name + end), copy / (name + end))
    base = sqlite3.connect(copy / name)
    assert base.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    tables = [n for (n,) in base.execute("SELECT name FROM sqlite_schema WHERE type='table' ORDER BY name")]
    rows = [(t, *row) for t in tables for row in base.execute(f"SELECT * FROM {t} ORDER BY 1, 2")]
    base.close()
    return rows


def write(folder: Path, seed: int, page_size: int, steps: int) -> sqlite3.Connection:
    """Random work in write-ahead mode; the connection stays open, so that nothing is checkpointed at its end."""
    chance = random.Random(seed)
    base = sqlite3.connect(folder / "base.db", isolation_level=None)
    base.execute(f"PRAGMA page_size={page_size}")
    base.execute("PRAGMA journal_mode=wal")
    base.execute("PRAGMA wal_autocheckpoint=0")
    base.execute("PRAGMA cache_size=5")
    base.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, value)")
    for number in range(steps):
        what = chance.randrange(10)
        if what < 5:
            base.execute("BEGIN")
            for _ in range(chance.randrange(1, 30)):
                base.execute(
                    "INSERT OR REPLACE INTO t VALUES (?, ?)",
                    (chance.randrange(200), chance.randbytes(chance.randrange(900))),
                )
            base.execute(chance.choice(("COMMIT", "COMMIT", "ROLLBACK")))
        elif what < 7:
            base.execute("DELETE FROM t WHERE id % ? = 0", (chance.randrange(1, 9),))
        elif what == 7:
            base.execute(f"PRAGMA wal_checkpoint({chance.choice(('PASSIVE', 'FULL', 'RESTART', 'TRUNCATE'))})")
        elif what == 8:
            base.execute("VACUUM")
        else:
            base.execute(f"CREATE TABLE IF NOT EXISTS more{number} AS SELECT * FROM t LIMIT 5")
    return base


@_MANY
@given(
    seed=st.integers(0, 10**9),
    page_size=st.sampled_from([512, 1024, 4096, 65536]),
    steps=st.integers(0, 25),
    cut=st.none() | st.floats(0, 1),
)
def test_the_image_is_what_sqlite_shows(
    tmp_path_factory: pytest.TempPathFactory, seed: int, page_size: int, steps: int, cut: float | None
) -> None:
    folder = tmp_path_factory.mktemp("base")
    base = write(folder, seed, page_size, steps)
    wal = folder / "base.db-wal"
    try:
        if cut is not None:  # torn: cut off somewhere, or overwritten from there
            data = wal.read_bytes()
            at = int(len(data) * cut)
            copy = folder / "torn"
            copy.mkdir()
            shutil.copy(folder / "base.db", copy / "base.db")
            (copy / "base.db-wal").write_bytes(data[:at] + (b"\xa5" * (len(data) - at) if seed % 2 else b""))
            folder = copy
        try:
            want = by_sqlite(folder)
        except (sqlite3.DatabaseError, AssertionError):
            return  # a torn log may leave a base that was already overwritten in part
        log = (folder / "base.db-wal").read_bytes() if (folder / "base.db-wal").exists() else b""
        assert shown(merged((folder / "base.db").read_bytes(), log, MOST)) == want
    finally:
        base.close()


@_MANY
@given(st.binary(max_size=200), st.binary(max_size=200), st.booleans())
def test_any_bytes_give_an_image_or_a_refusal(base: bytes, log: bytes, real: bool) -> None:
    head = (0x377F0682).to_bytes(4, "big") + (3007000).to_bytes(4, "big") + (512).to_bytes(4, "big") if real else b""
    try:
        merged(base.ljust(512, b"\0"), head + log, MOST)
    except EvidenceError:
        pass


def test_a_log_of_another_database_and_an_absurd_size_are_refused(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    one, two = write(tmp_path, 1, 512, 3), write(tmp_path / "b", 1, 4096, 3)
    data, log = (tmp_path / "base.db").read_bytes(), (tmp_path / "b/base.db-wal").read_bytes()
    with pytest.raises(EvidenceError, match="another database"):
        merged(data, log, MOST)
    with pytest.raises(EvidenceError, match="larger than"):
        merged(data, (tmp_path / "base.db-wal").read_bytes(), 1024)
    one.close()
    two.close()


def rows(blob: bytes, _at=None) -> list[tuple]:
    return shown(blob)


def test_a_row_that_is_only_in_the_log_is_seen_and_nothing_is_written(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / ".tool").mkdir(parents=True)
    base = sqlite3.connect(home / ".tool/base.db", isolation_level=None)
    base.execute("PRAGMA journal_mode=wal")
    base.execute("CREATE TABLE t (id, value)")
    base.execute("INSERT INTO t VALUES (1, 'made-up-token')")
    before = picture(home)
    with open_host(home, clock=StillClock(), environ={}) as host:
        blobs, reasons = split(host.candidates(store(".tool/base.db")))
        again = host.read("home", ".tool/base.db", 1 << 20)
    assert shown(blobs[".tool/base.db"]) == [("t", 1, "made-up-token")]
    assert again == blobs[".tool/base.db"]
    assert not reasons
    assert picture(home) == before
    base.close()


def test_a_log_that_cannot_be_had_and_a_hot_journal_are_gaps(tmp_path: Path) -> None:
    base = sqlite3.connect(tmp_path / "a.db", isolation_level=None)
    base.execute("CREATE TABLE t (id, value)")
    base.execute("BEGIN")
    base.execute("PRAGMA cache_size=1")
    for n in range(2000):
        base.execute("INSERT INTO t VALUES (?, ?)", (n, "x" * 400))
    hot = (tmp_path / "a.db-journal").read_bytes()
    base.execute("ROLLBACK")
    base.close()
    assert is_hot(hot)
    home = tmp_path / "home"
    put(home / "a.db", (tmp_path / "a.db").read_bytes())
    put(home / "a.db-journal", hot)
    put(home / "b.db", (tmp_path / "a.db").read_bytes())
    (home / "b.db-wal").mkdir()
    put(home / "c.db", (tmp_path / "a.db").read_bytes())
    put(home / "c.db-wal", b"not a log, whatever it is called")
    with open_host(home, clock=StillClock(), environ={}) as host:
        blobs, _ = split(host.candidates(store("*.db")))
        reasons = {g.path: g.reason for g in host.gaps if isinstance(g, Gap)}
    assert set(blobs) == {"a.db", "b.db", "c.db"}
    assert all(map(is_database, blobs.values()))
    assert reasons == {
        "a.db-journal": "a change was under way that may not be final; the database was read as it stands",
        "b.db-wal": "the log of the database was left out: is a directory, not a file",
        "c.db-wal": "the log of the database was left out: the write-ahead log is of another format",
    }
