"""The engine on a toy `Work`: order, lanes, concurrency, stopping, resuming, and what it must not import or print."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from rescind.engine import Interrupted, PhaseSpec, execute, workflow
from rescind.errors import AuditError, EngineError


class Toy:
    def __init__(self, phases: dict, *, extra: dict | None = None, rounds: int = 0, slow: float = 0.0) -> None:
        self.plan, self.extra, self.rounds, self.slow = phases, extra or {}, rounds, slow
        self.lock = threading.Lock()
        self.started: list[str] = []
        self.ended: list[str] = []
        self.peak: Counter[str] = Counter()
        self.busy: Counter[str] = Counter()
        self.log: list[str] = []
        self.raises: dict[str, BaseException] = {}

    def act(self, run: str, step: str) -> dict[str, str]:
        tenant = step.split("-")[0]
        with self.lock:
            self.started.append(step)
            self.busy[tenant] += 1
            self.peak[tenant] = max(self.peak[tenant], self.busy[tenant])
        try:
            time.sleep(self.slow)
            if step in self.raises:
                raise self.raises[step]
        finally:
            with self.lock:
                self.busy[tenant] -= 1
        with self.lock:
            self.ended.append(step)
        return {"s": "dead"}

    def phases(self, run: str) -> list[PhaseSpec]:
        return [PhaseSpec(name=n, lanes=lanes) for n, lanes in self.plan.items()]

    def phase_done(self, run: str, phase: str) -> None:
        self.log.append(f"{phase} after {len(self.ended)}")

    def sweep_rounds(self, run: str) -> int:
        return self.rounds

    def sweep(self, run: str, round: int) -> dict[str, object]:
        self.log.append(f"sweep {round}")
        return {"steps": 1, "again": True} if round == 1 and self.extra else {"steps": 0, "again": False}

    def addendum(self, run: str, round: int) -> list[PhaseSpec]:
        return [PhaseSpec(name=n, lanes=lanes) for n, lanes in self.extra.items()]

    def finish(self, run: str) -> None:
        self.log.append("finish")


def statuses(state: Path) -> dict[str, str]:
    with closing(sqlite3.connect(state / "journal.db")) as db:
        return dict(db.execute("select workflow_uuid, status from workflow_status"))


def test_phases_are_barriers_and_sweeps_follow(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    toy = Toy(
        {"one": {"a": ["a-1", "a-2"], "b": ["b-1"]}, "two": {"a": ["a-3"]}}, extra={"one": {"a": ["a-9"]}}, rounds=3
    )
    heard: list[tuple[str, dict]] = []
    execute("r", toy, state_dir=tmp_path, on_event=lambda name, facts: heard.append((name, dict(facts))))
    assert toy.log == ["one after 3", "two after 4", "sweep 1", "sweep-1.one after 5", "sweep 2", "finish"]
    assert Counter(name for name, _ in heard) == {
        "phase.started": 3,
        "phase.done": 3,
        "step.done": 5,
        "sweep.done": 2,
        "finished": 1,
    }
    assert ("step.done", {"step": "b-1", "s": "dead"}) in heard
    ids = {"run:r", "run:r/one/a/0", "run:r/one/b/0", "run:r/two/a/0", "run:r/sweep-1.one/a/0"}
    assert statuses(tmp_path) == dict.fromkeys(ids, "SUCCESS")
    execute("r", toy, state_dir=tmp_path)
    assert len(toy.started) == 5, "a run that ended is not run again"
    assert capfd.readouterr().err == ""
    with closing(sqlite3.connect(tmp_path / "journal.db")) as db:
        assert db.execute("pragma journal_mode").fetchone() == ("wal",)
    assert (tmp_path / "journal.db").stat().st_mode & 0o077 == 0


def test_concurrency_is_bounded_per_tenant_and_one_does_not_delay_another(tmp_path: Path) -> None:
    toy = Toy({"one": {"a": [f"a-{n}" for n in range(12)], "b": [f"b-{n}" for n in range(12)]}})
    full = threading.Barrier(8)  # each call waits until four of both tenants are in flight
    act = toy.act
    toy.act = lambda run, step: full.wait(20) >= 0 and act(run, step)  # type: ignore[method-assign]
    execute("r", toy, state_dir=tmp_path, concurrency=4)
    assert max(toy.peak.values()) <= 4
    assert len(toy.ended) == 24


def test_a_long_lane_is_cut_into_batches_that_follow_each_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert 50 <= workflow.BATCH <= 250
    monkeypatch.setattr(workflow, "BATCH", 40)
    steps = [f"a-{n:03}" for n in range(90)]
    toy = Toy({"one": {"a": steps}})
    execute("r", toy, state_dir=tmp_path)
    assert sorted(toy.ended) == steps
    batch = [int(s[2:]) // 40 for s in toy.started]
    assert batch == sorted(batch)
    assert {k for k in statuses(tmp_path) if k != "run:r"} == {f"run:r/one/a/{n}" for n in range(3)}
    with closing(sqlite3.connect(tmp_path / "journal.db")) as db:
        query = "select function_name from operation_outputs where workflow_uuid = 'run:r/one/a/0' order by function_id"
        named = [name for (name,) in db.execute(query)]
    assert named == [f"act:{s}" for s in steps[:40]], "step numbers follow the plan, whatever finished first"


def test_more_tenants_than_places(tmp_path: Path) -> None:
    toy = Toy({"one": {f"t{n}": [f"t{n}-1"] for n in range(14)}})
    execute("r", toy, state_dir=tmp_path)
    assert len(toy.ended) == 14


@pytest.mark.parametrize("place", ["act", "phase_done", "sweep", "finish", "phases"])
def test_what_the_work_raises_stops_the_run_which_stays_resumable(
    place: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    toy = Toy({"one": {"a": ["a-1", "a-2"]}}, rounds=1)
    fine = getattr(toy, place)

    def broken(*args: object) -> None:
        raise AuditError("the trail cannot be written")

    setattr(toy, place, broken)
    with pytest.raises(AuditError, match="cannot be written"):
        execute("r", toy, state_dir=tmp_path)
    assert "finish" not in toy.log
    assert set(statuses(tmp_path).values()) <= {"PENDING", "SUCCESS"} and statuses(tmp_path)["run:r"] == "PENDING"
    setattr(toy, place, fine)
    execute("r", toy, state_dir=tmp_path)
    assert Counter(toy.ended) == {"a-1": 1, "a-2": 1}
    assert toy.log[-1] == "finish"
    assert capfd.readouterr().err == ""


def test_no_action_starts_after_the_one_that_stopped_the_run(tmp_path: Path) -> None:
    toy = Toy({"one": {"a": [f"a-{n}" for n in range(30)]}}, slow=0.01)
    toy.raises["a-3"] = AuditError("stop")
    with pytest.raises(AuditError):
        execute("r", toy, state_dir=tmp_path, concurrency=1)
    assert toy.started == ["a-0", "a-1", "a-2", "a-3"]
    toy.raises.clear()
    execute("r", toy, state_dir=tmp_path, concurrency=1)
    assert toy.started[4:] == [f"a-{n}" for n in range(3, 30)], "in plan order, and nothing that had ended"


def test_a_foreign_exception_tells_its_type_only(tmp_path: Path) -> None:
    toy = Toy({"one": {"a": ["a-1"]}})
    toy.raises["a-1"] = ValueError("401 for Bearer canary-7f3a")
    with pytest.raises(EngineError) as caught:
        execute("r", toy, state_dir=tmp_path)
    assert "ValueError" in str(caught.value) and "canary" not in str(caught.value) + caught.value.hint
    for file in tmp_path.iterdir():
        assert b"canary" not in file.read_bytes()


def test_a_result_of_a_tokens_shape_is_refused_before_it_is_written(tmp_path: Path) -> None:
    class Leaky(Toy):
        def act(self, run: str, step: str) -> dict[str, str]:
            return {"s": "ghp_" + "x7" * 18}

    with pytest.raises(EngineError, match="ValueError"):
        execute("r", Leaky({"one": {"a": ["a-1"]}}), state_dir=tmp_path)
    for file in tmp_path.iterdir():
        assert b"ghp_" not in file.read_bytes()


def test_taking_up_one_run_leaves_another_alone(tmp_path: Path) -> None:
    first = Toy({"one": {"a": ["a-1", "a-2"], "b": ["b-1"]}})
    first.raises["a-1"] = AuditError("stop")
    with pytest.raises(AuditError):
        execute("first", first, state_dir=tmp_path)
    before = list(first.started)
    second = Toy({"one": {"a": ["a-5"]}})
    execute("second", second, state_dir=tmp_path)
    assert second.started == ["a-5"] and first.started == before
    assert statuses(tmp_path)["run:first"] != "SUCCESS"
    first.raises.clear()
    execute("first", first, state_dir=tmp_path)
    assert sorted(first.ended) == ["a-1", "a-2", "b-1"] and second.started == ["a-5"]


def test_an_empty_run_id_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="needs an id"):
        execute("", Toy({}), state_dir=tmp_path)


def test_a_listener_that_breaks_does_not_break_the_run(tmp_path: Path) -> None:
    toy = Toy({"one": {"a": ["a-1"]}})

    def broken(name: str, facts: object) -> None:
        raise RuntimeError(name)

    execute("r", toy, state_dir=tmp_path, on_event=broken)
    assert toy.log[-1] == "finish"


def test_ctrl_c_lets_calls_in_flight_end_starts_no_other_and_resumes(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    toy = Toy({"one": {"a": [f"a-{n}" for n in range(20)]}}, slow=0.15)

    def interrupt() -> None:
        while len(toy.started) < 3:
            time.sleep(0.005)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(Interrupted) as caught:
        execute("r", toy, state_dir=tmp_path, concurrency=2)
    thread.join()
    assert caught.value.exit_code == 130 and "rescind resume r" in caught.value.hint
    seen = list(toy.started)
    assert 3 <= len(seen) < 20 and sorted(toy.ended) == sorted(seen), "what had started has ended"
    assert statuses(tmp_path)["run:r"] == "PENDING"
    toy.slow = 0
    execute("r", toy, state_dir=tmp_path, concurrency=2)
    assert Counter(toy.ended) == Counter(f"a-{n}" for n in range(20)), "each exactly once over both"
    assert capfd.readouterr().err == ""


def test_a_call_that_hangs_is_waited_for_only_so_long(tmp_path: Path) -> None:
    toy = Toy({"one": {"a": ["a-1"]}})
    release = threading.Event()
    act = toy.act
    toy.act = lambda run, step: release.wait(20) and act(run, step)  # type: ignore[method-assign]
    timer = threading.Timer(0.6, lambda: os.kill(os.getpid(), signal.SIGINT))
    timer.start()
    began = time.monotonic()
    with pytest.raises(Interrupted):
        execute("r", toy, state_dir=tmp_path, grace=0.2)
    assert time.monotonic() - began < 5
    release.set()


def test_a_second_process_is_refused_while_one_runs(tmp_path: Path) -> None:
    toy = Toy({"one": {"a": ["a-1"]}})
    answers: list[str] = []

    def second() -> None:
        code = "import sys; from rescind.engine import execute\ntry: execute('r', None, state_dir=__import__('pathlib').Path(sys.argv[1]))\nexcept Exception as e: print(type(e).__name__, e)"
        answers.append(
            subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True).stdout
        )

    act = toy.act
    toy.act = lambda run, step: second() or act(run, step)  # type: ignore[method-assign, func-returns-value]
    execute("r", toy, state_dir=tmp_path)
    assert answers == [f"EngineError another rescind is running (pid {os.getpid()})\n"]
    assert toy.ended == ["a-1"]


def test_importing_the_package_and_reading_runs_stays_light(tmp_path: Path) -> None:
    code = (
        "import json, sys; from pathlib import Path; import rescind.engine; from rescind.engine import state, lock, work, serializer\n"
        "state.list_runs(Path(sys.argv[1])); print(json.dumps(sorted(sys.modules)))"
    )
    loaded = json.loads(
        subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True).stdout
    )
    heavy = re.compile(r"^(dbos|sqlalchemy|asyncio|httpx|boto3|pydantic)(\.|$)")
    assert not [m for m in loaded if heavy.match(m)]


def test_only_two_modules_import_dbos() -> None:
    src = Path(__file__).resolve().parents[2] / "src" / "rescind"
    users = {
        p.relative_to(src).as_posix()
        for p in src.rglob("*.py")
        if re.search(r"^\s*(from|import) dbos", p.read_text(), re.M)
    }
    assert users == {"engine/boot.py", "engine/workflow.py"}
