"""The engine's serializer, lock and run records."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from rescind.engine import serializer, state
from rescind.engine.lock import exclusive
from rescind.errors import AuditError, EngineError, Throttled
from rescind.secret import Secret


def test_plain_json_and_times_survive() -> None:
    moment = datetime(2026, 11, 23, 12, tzinfo=UTC)
    for data in (None, True, 7, "x", ["a", {"b": 1.5}], {"s": "dead"}, moment):
        assert serializer.loads(serializer.dumps(data)) == data
    assert serializer.loads(serializer.dumps({"args": ("r", 0), "kwargs": {}})) == {"args": ("r", 0), "kwargs": {}}


@pytest.mark.parametrize("thing", [Secret("canary"), {"a": Secret("canary")}, b"canary", {1, 2}, object(), Path("x")])
def test_nothing_but_json_may_be_persisted(thing: object) -> None:
    with pytest.raises(TypeError, match="may not be persisted") as caught:
        serializer.dumps(thing)
    assert "canary" not in str(caught.value)


def test_nan_is_refused() -> None:
    with pytest.raises(ValueError):
        serializer.dumps(float("nan"))


TOKENS = (
    "hvs." + "CAESIJ1xyzw9",
    "ghp_" + "a1B2c3D4e5F6g7H8",
    "gho_" + "a1B2c3D4e5F6g7H8",
    "github_pat_" + "11ABCDEFG0_x",
    "glpat-" + "x1y2z3w4v5",
    "xoxb-" + "1234567890-abc",
    "xoxp-" + "1234567890-abc",
    "sk-ant-" + "api03-0123456789abcdef",
    "eyJ" + "hbGciOiJI.eyJzdWIiOiIx.sig",
    "-----BEGIN OPENSSH PRIVATE " + "KEY-----",
    "wJalrXUtnFEMI/K7MDENG/" + "bPxRfiCYEXAMPLEKEY"[:18],
)


@pytest.mark.parametrize("token", TOKENS, ids=lambda t: t[:6])
def test_text_of_a_tokens_shape_is_refused_wherever_it_stands(token: str) -> None:
    for data in (token, {"s": f"said {token} there"}, {token: 1}, [[token]]):
        with pytest.raises(ValueError, match="shape") as caught:
            serializer.dumps(data)
        assert token not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "step-0123456789abcdef",
        "0123456789abcdef0123456789abcdef01234567",
        "run:2026-11-23/cut/prod-aws/0",
        "hmac-sha256:0011",
        "AKIAIOSFODNN7EXAMPLE",
        "arn:aws:iam::123456789012:role/incident-responder",
    ],
)
def test_what_the_engine_itself_writes_is_not_mistaken(text: str) -> None:
    assert serializer.loads(serializer.dumps(text)) == text


def test_an_exception_becomes_its_type() -> None:
    for error in (RuntimeError("Bearer canary"), Throttled("canary", retry_after=2), AuditError("canary")):
        text = serializer.dumps(error)
        assert "canary" not in text
        back = serializer.loads(text)
        assert isinstance(back, EngineError) and str(back) == type(error).__name__


def test_the_lock_is_exclusive_names_its_holder_and_is_released(tmp_path: Path) -> None:
    with exclusive(tmp_path / "s"):
        with (
            pytest.raises(EngineError, match=f"another rescind is running \\(pid {os.getpid()}\\)") as caught,
            exclusive(tmp_path / "s"),
        ):
            pass
        assert "resume" in caught.value.hint
        with exclusive(tmp_path / "other"):
            pass
    with exclusive(tmp_path / "s"):
        pass
    assert (tmp_path / "s").stat().st_mode & 0o077 == 0


def _hold(folder: str, ready: object) -> None:
    with exclusive(Path(folder)):
        ready.set()  # type: ignore[attr-defined]
        signal.pause()


def test_a_killed_holder_leaves_no_lock(tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    ready = spawn.Event()
    child = spawn.Process(target=_hold, args=(str(tmp_path), ready))
    child.start()
    assert ready.wait(20)
    with pytest.raises(EngineError, match=str(child.pid)), exclusive(tmp_path):
        pass
    child.kill()
    child.join()
    with exclusive(tmp_path):
        pass


def test_a_lock_that_is_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("keep")
    (tmp_path / "engine.lock").symlink_to(tmp_path / "precious")
    with pytest.raises(OSError), exclusive(tmp_path):
        pass
    assert (tmp_path / "precious").read_text() == "keep"


def test_reading_where_nothing_is_creates_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "none"
    assert state.load_run(folder, "r") is None
    assert state.list_runs(folder) == []
    assert state.latest_run(folder) is None
    assert state.load_addendum(folder, "r", 1) is None
    assert not folder.exists()
    folder.mkdir()
    with closing(sqlite3.connect(folder / "rescind.db")) as db, db:  # the audit log came first
        db.execute("create table entries (n integer)")
    assert state.list_runs(folder) == [] and state.load_run(folder, "r") is None


def test_a_run_is_written_once_and_its_status_changes(tmp_path: Path) -> None:
    state.save_run(tmp_path, "r1", '{"plan": 1}', {"started_at": "2026-11-23T12:00:00Z"})
    state.save_run(tmp_path, "r1", '{"plan": 1}', {"started_at": "later"})
    state.save_run(tmp_path, "r2", '{"plan": 2}', {})
    with pytest.raises(EngineError, match="another plan"):
        state.save_run(tmp_path, "r1", '{"plan": 2}', {})
    assert state.load_run(tmp_path, "r1") == (
        '{"plan": 1}',
        {"started_at": "2026-11-23T12:00:00Z", "status": "planned"},
    )
    state.set_status(tmp_path, "r1", "ended", ended_at="2026-11-23T13:00:00Z")
    loaded = state.load_run(tmp_path, "r1")
    assert loaded is not None and loaded[1] == {
        "started_at": "2026-11-23T12:00:00Z",
        "ended_at": "2026-11-23T13:00:00Z",
        "status": "ended",
    }
    assert [(r.run, r.status) for r in state.list_runs(tmp_path)] == [("r2", "planned"), ("r1", "ended")]
    assert state.latest_run(tmp_path) == "r2"
    for bad in ("", "r9"):
        with pytest.raises(EngineError):
            state.set_status(tmp_path, bad, "ended")
    with pytest.raises(EngineError, match="needs an id"):
        state.save_run(tmp_path, "", "{}", {})
    assert (tmp_path / "rescind.db").stat().st_mode & 0o077 == 0


def test_the_first_addendum_of_a_round_stays(tmp_path: Path) -> None:
    state.save_run(tmp_path, "r", "{}", {})
    assert state.save_addendum(tmp_path, "r", 1, "first") == "first"
    assert state.save_addendum(tmp_path, "r", 1, "second") == "first"
    assert state.load_addendum(tmp_path, "r", 1) == "first"
    assert state.save_addendum(tmp_path, "r", 2, "") == "" and state.load_addendum(tmp_path, "r", 2) == ""
    assert state.load_addendum(tmp_path, "r", 3) is None
