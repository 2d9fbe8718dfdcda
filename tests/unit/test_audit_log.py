"""Appending: dense numbers from any number of writers, nothing committed is lost, nothing secret goes in, readers write nothing."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import sqlite3
import stat
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest
import rfc8785

from rescind.audit import merkle
from rescind.audit.log import open_log, open_reader
from rescind.audit.note import open_checkpoint
from rescind.audit.signer import load_signer, new_signer
from rescind.errors import AuditError, UsageError
from rescind.models.clock import SystemClock
from rescind.secret import Secret
from tests.unit.audit_trails import Ticking, exported, fresh, story


def _recomputed(log):
    rows = list(log.rows())
    assert [seq for seq, _, _ in rows] == list(range(len(rows)))
    leaves = [hashlib.sha256(b"\x00" + raw).digest() for _, _, raw in rows]
    assert leaves == [leaf for _, leaf, _ in rows]
    assert [json.loads(raw)["seq"] for _, _, raw in rows] == list(range(len(rows)))
    return len(rows), merkle.root(leaves).hex()


def test_entry_is_canonical_and_complete(tmp_path):
    with fresh(tmp_path) as log:
        entry = log.append("intent", run="r1", step="s1", data={"z": 1, "a": ["é", None, True, 1.5], "n": {"k": ()}})
        assert entry.raw == rfc8785.dumps(json.loads(entry.raw))
        body = json.loads(entry.raw)
        assert body.pop("actor") == entry.actor and "@" in entry.actor
        assert body == {
            "schema": "rescind.audit/1",
            "seq": 0,
            "at": "2026-03-01T12:00:00.007Z",
            "type": "intent",
            "run": "r1",
            "step": "s1",
            "data": {"z": 1, "a": ["é", None, True, 1.5], "n": {"k": []}},
        }
        assert log.head() == (1, merkle.leaf_hash(entry.raw).hex())
        assert list(log.entries()) == [entry]


def test_root_follows_every_append(tmp_path):
    with fresh(tmp_path) as log:
        assert log.head() == (0, hashlib.sha256(b"").hexdigest())
        for n in range(40):
            log.append("note", data={"n": n})
            assert log.head() == _recomputed(log)


def test_selection_and_last(tmp_path):
    with fresh(tmp_path) as log:
        for run in ("a", "b"):
            story(log, run, 300)
        assert len(list(log.entries())) == 1204
        assert [e.run for e in log.entries(run="b")] == ["b"] * 602
        assert [e.seq for e in log.entries(type="run-ended")] == [601, 1203]
        assert [e.type for e in log.entries(run="a", step="step-0005")] == ["intent", "outcome"]
        last = log.last("outcome", "b", "step-0007")
        assert last is not None and (last.run, last.step, last.data["end_state"]) == ("b", "step-0007", "dead")
        assert log.last("outcome", "b", "absent") is None
        log.append("intent", run="b", step="step-0007", data={"again": True})
        newest = log.last("intent", "b", "step-0007")
        assert newest is not None and newest.data == {"again": True}
        plan = log._select(
            "EXPLAIN QUERY PLAN SELECT raw FROM audit_entry WHERE run='b' AND step='' AND type='' ORDER BY seq DESC LIMIT 1",
            (),
        )
        assert "USING INDEX audit_entry_run" in str(plan) and "TEMP B-TREE" not in str(plan)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ({"token": Secret("hunter2-hunter2")}, "data.token is a secret"),
        ({"deep": [{"x": (1, Secret("hunter2-hunter2"))}]}, r"data\.deep\[0\]\.x\[1\] is a secret"),
        ({"raw": b"hunter2-hunter2"}, "data.raw is a bytes"),
        ({"set": {"hunter2-hunter2"}}, "data.set is a set"),
        ({"n": 2**53}, "2⁵³"),
        ({"n": -(2**53)}, "2⁵³"),
        ({"f": float("nan")}, "finite"),
        ({"f": float("-inf")}, "finite"),
        ({"s": "hunter2-hunter2\ud800"}, "Unicode"),
        ({"hunter2-hunter2\ud800": 1}, "Unicode"),
        ({1: "hunter2-hunter2"}, "key"),
        (["hunter2-hunter2"], "not an object"),
    ],
)
def test_what_may_not_be_written(tmp_path, data, why):
    with fresh(tmp_path) as log:
        with pytest.raises(AuditError, match=why) as caught:
            log.append("note", data=data)
        seen = caught.value
        while seen is not None:
            assert "hunter2" not in f"{seen}{seen.args}"
            seen = seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)
        assert log.head()[0] == 0
        assert "hunter2" not in "".join(p.read_bytes().decode("latin-1") for p in tmp_path.iterdir())


def test_endless_data_and_bad_names(tmp_path):
    loop: dict = {}
    loop["loop"] = loop
    with fresh(tmp_path) as log:
        for bad in ({"data": loop}, {"run": "\ud800"}, {"run": Secret("hunter2")}, {"step": None}):
            with pytest.raises(AuditError):
                log.append("note", **bad)
        with pytest.raises(AuditError, match="sign_head only"):
            log.append("head")
        assert log.append("note").seq == 0


def test_copied_data(tmp_path):
    data = {"list": [1]}
    with fresh(tmp_path) as log:
        entry = log.append("note", data=data)
        data["list"].append(2)
        assert entry.data == {"list": [1]} == next(log.entries()).data


def test_signing(tmp_path):
    signer = new_signer("rescind/0123456789abcdef")
    with fresh(tmp_path, signer) as log:
        first = log.sign_head()
        assert log.sign_head() == first
        story(log, "r", 3)
        second = log.sign_head()
        head = open_checkpoint(second, signer.vkey)
        assert (
            (head.origin, head.size, head.root.hex())
            == (signer.origin, *log.head())
            == (signer.origin, *_recomputed(log))
        )
        assert [size for size, _, _ in log.checkpoints()] == [1, 10]
        assert [e.data for e in log.entries(type="head")] == [{"checkpoint": n, "vkey": signer.vkey} for n in (1, 2)]
    with fresh(tmp_path) as log:  # another key: the same log signs again, and says with which key
        log.sign_head()
        assert [e.data["vkey"] == signer.vkey for e in log.entries(type="head")] == [True, True, False]


def test_private_files(tmp_path):
    with open_log(tmp_path / "state" / "rescind.db", new_signer("rescind/x"), Ticking()) as log:
        log.append("note")
        assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o700
        for file in (tmp_path / "state").iterdir():
            assert stat.S_IMODE(file.stat().st_mode) == 0o600, file.name
        assert log._db.execute("PRAGMA synchronous").fetchone() == (2,)
        assert log._db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    (tmp_path / "link.db").symlink_to(tmp_path / "state" / "rescind.db")
    with pytest.raises(AuditError, match="symbolic link"):
        open_log(tmp_path / "link.db", new_signer("rescind/x"), Ticking())


def test_what_cannot_be_opened_or_written(tmp_path):
    (tmp_path / "text.db").write_text("this is no database, " * 99)
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "text.db", tmp_path, tmp_path / "file" / "x.db"):
        with pytest.raises(AuditError):
            open_log(path, new_signer("rescind/x"), Ticking())
        with pytest.raises(AuditError):
            open_reader(path)
    with pytest.raises(AuditError, match="no audit trail"):
        open_reader(tmp_path / "absent.db")
    assert not (tmp_path / "absent.db").exists()
    log = fresh(tmp_path)
    log.append("note")
    log._db.execute("CREATE TRIGGER full BEFORE INSERT ON audit_entry BEGIN SELECT RAISE(ABORT, 'disk full'); END")
    with pytest.raises(AuditError, match="cannot be written") as caught:
        log.append("note")
    assert caught.value.exit_code == 6
    log._db.execute("DROP TRIGGER full")
    assert log.append("note").seq == 1
    log.close()
    with pytest.raises(AuditError):
        log.append("note")


def _listing(folder):
    return {p.name: (p.stat().st_mtime_ns, p.read_bytes()) for p in folder.iterdir()}


def test_reader_beside_a_writer_and_after_it(tmp_path):
    log = fresh(tmp_path)
    story(log, "r", 2)
    names = set(_listing(tmp_path))
    with open_reader(tmp_path / "rescind.db") as reader:
        assert reader.head() == log.head()
        log.append("note")
        assert reader.head() == log.head()
        for write in (lambda: reader.append("note"), reader.sign_head):
            with pytest.raises(AuditError, match="opened for reading"):
                write()
    assert set(_listing(tmp_path)) == names
    head = log.head()
    log.close()
    before = _listing(tmp_path)
    with open_reader(tmp_path / "rescind.db") as reader:
        assert reader.head() == head == _recomputed(reader)
    assert _listing(tmp_path) == before


def test_reader_of_what_a_dead_writer_left(tmp_path):
    log = fresh(tmp_path)
    story(log, "r", 2)
    copy = tmp_path / "copy"
    copy.mkdir()
    for name in ("rescind.db", "rescind.db-wal"):
        (copy / name).write_bytes((tmp_path / name).read_bytes())
    before = _listing(copy)
    with open_reader(copy / "rescind.db") as reader:
        assert reader.head() == log.head()
    assert _listing(copy) == before
    log.close()


def test_threads_share_one_log(tmp_path):
    with fresh(tmp_path) as log:

        def work(name):
            for n in range(40):
                log.append("note", run=name, data={"n": n})
                if n % 20 == 0:
                    log.sign_head()

        threads = [threading.Thread(target=work, args=(f"t{n}",)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert log.head() == _recomputed(log)
        for n in range(8):
            assert [e.data["n"] for e in log.entries(run=f"t{n}")] == list(range(40))


_WRITER = textwrap.dedent("""
    import sys
    from pathlib import Path
    from rescind.audit.log import open_log
    from rescind.audit.signer import load_signer
    from rescind.models.clock import SystemClock
    folder, name, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    with open_log(folder / "rescind.db", load_signer(folder), SystemClock()) as log:
        for n in range(count):
            entry = log.append("note", run=name, data={"n": n})
            print(entry.seq, flush=True)
""")


def _writer(folder: Path, name: str, count: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", _WRITER, str(folder), name, str(count)], stdout=subprocess.PIPE, text=True
    )


def test_processes_share_one_file(tmp_path):
    writers = [_writer(tmp_path, name, 120) for name in ("a", "b")]
    seen = [int(line) for writer in writers for line in writer.communicate(timeout=60)[0].split()]
    assert [writer.returncode for writer in writers] == [0, 0]
    assert sorted(seen) == list(range(240))
    with open_log(tmp_path / "rescind.db", load_signer(tmp_path), SystemClock()) as log:
        assert log.head() == _recomputed(log)
        for name in ("a", "b"):
            assert [e.data["n"] for e in log.entries(run=name)] == list(range(120))


def test_killed_writer_loses_nothing_it_acknowledged(tmp_path):
    total = 0
    for round_ in range(4):
        writer = _writer(tmp_path, f"w{round_}", 1_000_000)
        assert writer.stdout is not None
        acknowledged = -1
        until = time.monotonic() + 0.02 + 0.013 * round_
        for line in writer.stdout:
            acknowledged = int(line)
            if time.monotonic() > until:
                break
        os.kill(writer.pid, signal.SIGKILL)
        acknowledged = max(
            [
                acknowledged,
                *(int(line) for line in writer.stdout.read().splitlines(keepends=True) if line.endswith("\n")),
            ]
        )
        writer.wait()
        writer.stdout.close()
        assert acknowledged >= total
        with open_reader(tmp_path / "rescind.db") as reader:
            size, _ = _recomputed(reader)
            assert reader.head() == _recomputed(reader)
        assert size in (acknowledged + 1, acknowledged + 2)  # the last one may have been committed and not yet told
        total = size
    with open_log(tmp_path / "rescind.db", load_signer(tmp_path), SystemClock()) as log:
        assert log.append("note").seq == total


def test_exports_are_whole_private_and_honest(tmp_path):
    log = fresh(tmp_path)
    story(log, "r", 2)
    with open_reader(tmp_path / "rescind.db") as reader:
        with pytest.raises(AuditError, match="not covered"):
            exported(reader, tmp_path)
        whole = exported(log, tmp_path)
        assert stat.S_IMODE((tmp_path / "trail.jsonl").stat().st_mode) == 0o600
        assert exported(reader, tmp_path) == whole == exported(log, tmp_path)
        with pytest.raises(AuditError, match="one run is signed"):
            exported(reader, tmp_path, "r")
    with pytest.raises(AuditError, match="no such run"):
        exported(log, tmp_path, "absent")
    assert (tmp_path / "trail.jsonl").read_bytes() == whole
    assert sorted(p.suffix for p in tmp_path.iterdir() if "trail" in p.name) == [".jsonl"]
    (tmp_path / "trail.jsonl").unlink()
    (tmp_path / "trail.jsonl").symlink_to(tmp_path / "target")
    with pytest.raises(UsageError, match="symbolic link"):
        exported(log, tmp_path)
    log.close()


def test_a_busy_file_is_an_audit_error(tmp_path):
    log = fresh(tmp_path)
    log._db.execute("PRAGMA busy_timeout = 1")
    other = sqlite3.connect(tmp_path / "rescind.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(AuditError, match="locked"):
        log.append("note")
    other.execute("ROLLBACK")
    other.close()
    assert log.append("note").seq == 0
    log.close()
