"""Kill the engine anywhere, resume it, and count at the provider: nothing lost, nothing done twice."""

from __future__ import annotations

import os
import random
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from rescind.engine import PhaseSpec, execute
from tests.forkserver import KillPoints, run_killed

RUN = "r1"
PLAN = {"cut": {"aws": ["a1", "a2", "a3"], "vault": ["v1", "v2"]}, "erase": {"aws": ["a4"], "local": ["l1"]}}
EXTRA = {"cut": {"aws": ["x1", "x2"]}}
STEPS = sorted(s for phases in (PLAN, EXTRA) for lanes in phases.values() for steps in lanes.values() for s in steps)
IDS = {
    "run:r1",
    "run:r1/cut/aws/0",
    "run:r1/cut/vault/0",
    "run:r1/erase/aws/0",
    "run:r1/erase/local/0",
    "run:r1/sweep-1.cut/aws/0",
}


def specs(plan: dict) -> list[PhaseSpec]:
    return [PhaseSpec(name=name, lanes=lanes) for name, lanes in plan.items()]


class Toy:
    """A provider that is a file of effects, and a trail of intents and outcomes in SQLite: what a real run has, in small."""

    def __init__(self, folder: Path) -> None:
        self.effects = folder / "effects"
        self.trail = folder / "trail.db"
        with closing(sqlite3.connect(self.trail)) as db:
            db.execute("create table if not exists trail (step text, what text)")

    def note(self, step: str, what: str) -> None:
        with closing(sqlite3.connect(self.trail, timeout=30)) as db, db:
            db.execute("insert into trail values (?, ?)", (step, what))

    def noted(self, step: str, what: str) -> bool:
        with closing(sqlite3.connect(self.trail, timeout=30)) as db:
            return db.execute("select 1 from trail where step = ? and what = ?", (step, what)).fetchone() is not None

    def send(self, step: str) -> None:
        handle = os.open(self.effects, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(handle, f"{step}\n".encode())
        os.close(handle)

    def done(self) -> list[str]:
        return self.effects.read_text().split() if self.effects.exists() else []

    def act(self, run: str, step: str) -> dict[str, str]:
        if self.noted(step, "outcome"):
            return {"s": "dead"}
        if not (self.noted(step, "intent") and step in self.done()):
            self.note(step, "intent")
            self.send(step)
        self.note(step, "outcome")
        return {"s": "dead"}

    def phases(self, run: str) -> list[PhaseSpec]:
        return specs(PLAN)

    def phase_done(self, run: str, phase: str) -> None:
        self.note(phase, "phase")

    def sweep_rounds(self, run: str) -> int:
        return 2

    def sweep(self, run: str, round: int) -> dict[str, object]:
        return {"steps": 2, "again": True} if round == 1 else {"steps": 0, "again": False}

    def addendum(self, run: str, round: int) -> list[PhaseSpec]:
        return specs(EXTRA)

    def finish(self, run: str) -> None:
        self.note(run, "finish")


def toy_points(points: KillPoints) -> None:
    points.around(Toy, "note", "append")
    points.around(Toy, "send", "send")


def apply_toy(folder: str) -> list[str]:
    toy = Toy(Path(folder))
    execute(RUN, toy, state_dir=Path(folder), concurrency=4)
    return toy.done()


def judge(folder: Path) -> None:
    """Finish the run, then count: every effect exactly once, the same workflow ids, all of them ended."""
    last = run_killed(apply_toy, [str(folder)], patch=toy_points)
    assert last.error == "" and last.stderr == "", (last.error, last.stderr)
    effects = Counter(last.value)
    lost, repeated = set(STEPS) - set(effects), {s for s, n in effects.items() if n > 1}
    assert (lost, repeated) == (set(), set())
    with closing(sqlite3.connect(folder / "journal.db")) as db:
        rows = dict(db.execute("select workflow_uuid, status from workflow_status"))
    assert rows == dict.fromkeys(IDS, "SUCCESS")
    assert Toy(folder).noted(RUN, "finish")


@pytest.fixture(scope="module")
def total(tmp_path_factory: pytest.TempPathFactory) -> int:
    folder = tmp_path_factory.mktemp("whole")
    outcome = run_killed(apply_toy, [str(folder)], patch=toy_points)
    assert outcome.error == "" and outcome.stderr == "" and not outcome.killed
    judge(folder)
    kinds = Counter(e.split(":")[0] for e in outcome.events)
    assert kinds["send"] == 2 * len(STEPS) and kinds["append"] >= 4 * len(STEPS) and kinds["commit"] > 2 * len(STEPS)
    return outcome.count


def chosen(total: int, how_many: int) -> list[int]:
    """Every point with RESCIND_CRASH=all, otherwise a fixed draw over the whole run."""
    if os.environ.get("RESCIND_CRASH") == "all":
        return list(range(1, total + 1))
    width = total / how_many
    return [int(width * k + random.Random(7 + k).random() * width) + 1 for k in range(how_many)]


def test_a_kill_at_any_event_loses_and_repeats_nothing(total: int, tmp_path: Path) -> None:
    for n in chosen(total, 8):
        folder = tmp_path / str(n)
        folder.mkdir()
        outcome = run_killed(apply_toy, [str(folder)], kill_at=n, patch=toy_points)
        assert outcome.killed or outcome.error == "", outcome
        judge(folder)


def test_killed_in_its_recovery_again_and_again(total: int, tmp_path: Path) -> None:
    for n in (total // 2, 3, 12, 25):
        run_killed(apply_toy, [str(tmp_path)], kill_at=n, patch=toy_points)
    judge(tmp_path)


@pytest.mark.parametrize("kind", ["send", "append"])
def test_killed_before_and_after_each_effect_of_the_first_actions(kind: str, tmp_path: Path) -> None:
    for n in (1, 2, 3) if os.environ.get("RESCIND_CRASH") != "all" else range(1, 2 * len(STEPS) + 1):
        folder = tmp_path / str(n)
        folder.mkdir()
        assert run_killed(apply_toy, [str(folder)], kill_at=n, patch=toy_points, only=[kind]).killed
        judge(folder)


class Hasty(Toy):
    """Does not look whether it asked before: the control that shows that a kill is really felt."""

    def phases(self, run: str) -> list[PhaseSpec]:
        return [PhaseSpec(name="cut", lanes={"aws": ["a1", "a2"]})]

    def sweep_rounds(self, run: str) -> int:
        return 0

    def act(self, run: str, step: str) -> dict[str, str]:
        self.send(step)
        return {"s": "dead"}


def apply_hasty(folder: str) -> list[str]:
    toy = Hasty(Path(folder))
    execute(RUN, toy, state_dir=Path(folder), concurrency=1)
    return toy.done()


def test_the_harness_sees_repeats_when_the_probe_is_left_out(tmp_path: Path) -> None:
    assert run_killed(apply_hasty, [str(tmp_path)], kill_at=2, patch=toy_points, only=["send"]).killed
    last = run_killed(apply_hasty, [str(tmp_path)])
    assert Counter(last.value) == {"a1": 2, "a2": 1}
