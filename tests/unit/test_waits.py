"""A run that must wait rests: nothing is sent before the moment, `resume` refuses until then, and no crash hurries it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from rescind.audit.log import open_log
from rescind.audit.signer import load_signer
from rescind.engine import Interrupted, start, state
from rescind.engine.rests import phases_of
from rescind.engine.runs import result
from rescind.errors import EvidenceError, RefusedError
from rescind.models.clock import rfc3339
from rescind.models.config import Config
from rescind.models.plan import Barrier, Case, Step
from rescind.pipeline import barriers, execute, preview, render, report
from rescind.pipeline.case import case_of
from rescind.pipeline.people import People
from rescind.pipeline.session import Session
from rescind.schema import plan as plan_file
from tests.unit.made_up import CREDENTIAL, STEP, FakeClock, Provider, kind
from tests.unit.test_execute import OneTenant
from tests.unit.test_plan import SMALL, book
from tests.unit.test_plan import plan as planned
from tests.unit.test_report import plan

NOON, HOUR = "2026-11-23T12:00:00Z", 3600.0


class Desk:
    """One state folder, a provider that counts, a clock that stands still, and a plan that may be taken up again and again."""

    def __init__(self, tmp_path, monkeypatch, **facts):
        self.provider, self.clock, self.dir = Provider(alive={"one": True, "two": True}), FakeClock(), tmp_path
        monkeypatch.setattr(execute, "kind_of", lambda k: kind() if k == "made-up.token" else None)
        monkeypatch.setattr("rescind.catalogue.providers", dict)
        monkeypatch.setattr("rescind.engine.start._fresh", lambda *_: self.tenants)
        monkeypatch.setattr("rescind.engine.start.people", lambda *_: People(mapped={"made-up": ("ada",)}))
        self.tenants = OneTenant(self.provider, self.clock)
        self.log = open_log(tmp_path / "rescind.db", load_signer(tmp_path), self.clock)
        self.said: list[str] = []
        made = replace(plan([CREDENTIAL, SECOND], [STEP, LATER], sweep_rounds=0), **facts)
        self.plan = replace(made, digest=plan_file.digest_of(made))
        self.session = Session(
            config=Config(missing=True), resolve=lambda _: None, clock=self.clock, state_dir=tmp_path, progress=self.said.append
        )  # fmt: skip

    def new(self, **how):
        return start.new(self.session, self.plan, SMALL, self.tenants, self.log, **how)

    def again(self, run, **how):
        return start.again(self.session, run, self.plan, SMALL, self.log, **how)

    def sent(self):
        return self.provider.calls.count("act")


SECOND = replace(CREDENTIAL, identifier="two")
LATER = Step(phase="later", verb=STEP.verb, credential=SECOND.id, tenant="t", wait_seconds=20)
AT = Case(person="ada@example.com", at="2026-11-23T15:00:00Z")


def test_nothing_is_sent_before_the_moment_of_the_case(tmp_path, monkeypatch):
    desk = Desk(tmp_path, monkeypatch, case=AT)
    rests = desk.new()
    assert (rests.status, rests.waiting_until, desk.provider.calls) == ("waiting", "2026-11-23T15:00:00Z", [])
    assert report.exit_code(rests) == 4
    assert report.line_one(rests).startswith("waiting until 15:00Z")
    told = report.to_json(rests)
    assert (told["waiting_until"], told["status"]) == ("2026-11-23T15:00:00Z", "waiting")
    assert f"rescind resume {rests.run}" in " ".join(render.text(rests).split())
    with pytest.raises(RefusedError, match="until 2026-11-23T15:00:00Z") as caught:
        desk.again(rests.run)
    assert (caught.value.exit_code, desk.provider.calls) == (3, [])
    desk.clock.t = 3 * HOUR
    done = desk.again(rests.run)
    assert (done.status, done.waiting_until, desk.sent()) == ("ended", "", 2)


def test_grace_counts_from_the_end_of_the_phase_before(tmp_path, monkeypatch):
    desk = Desk(tmp_path, monkeypatch, barriers=(Barrier(phase="later", after_seconds=24 * HOUR),))
    rests = desk.new()
    assert (rests.status, desk.sent()) == ("waiting", 1)
    assert desk.provider.alive == {"one": False, "two": True}
    ended = desk.log.last("phase-ended", rests.run, "revoke").at
    until = barriers.parse_rfc3339(ended) + timedelta(days=1)
    assert abs((barriers.parse_rfc3339(rests.waiting_until) - until).total_seconds()) < 1
    desk.clock.t = 24 * HOUR - 60
    with pytest.raises(RefusedError):
        desk.again(rests.run)
    (waited,) = desk.log.entries(run=rests.run, type="run-waiting")
    assert waited.data["until"] == rests.waiting_until
    # a run that was killed between its record and its rest asks again, and is told the same
    state.set_status(desk.dir, rests.run, "running", waiting_until="")
    assert (desk.again(rests.run).status, desk.sent()) == ("waiting", 1)
    desk.clock.t = 25 * HOUR
    done = desk.again(rests.run)
    assert (done.status, desk.sent()) == ("ended", 2)
    assert [e.step for e in desk.log.entries(run=rests.run, type="intent")] == [STEP.id, LATER.id]


def test_with_wait_the_process_sleeps_in_the_foreground_and_goes_on(tmp_path, monkeypatch):
    desk = Desk(tmp_path, monkeypatch, case=AT, barriers=(Barrier(phase="later", after_seconds=HOUR),))
    done = desk.new(wait=True)
    assert (done.status, desk.sent()) == ("ended", 2)
    assert desk.clock.t >= 4 * HOUR
    assert max(desk.clock.slept) <= 30
    assert any("waits until 2026-11-23T15:00:00Z" in s for s in desk.said)


def test_ctrl_c_while_sleeping_leaves_the_run_resting(tmp_path, monkeypatch):
    desk = Desk(tmp_path, monkeypatch, case=AT)

    def stop(_seconds):
        raise KeyboardInterrupt

    monkeypatch.setattr(desk.clock, "sleep", stop)
    with pytest.raises(Interrupted) as caught:
        desk.new(wait=True)
    assert caught.value.exit_code == 130
    (run,) = state.list_runs(desk.dir)
    assert run.run in caught.value.hint
    assert result(desk.dir, desk.log, run.run, desk.clock).status == "waiting"


def test_a_phase_without_a_wait_is_not_asked_about_and_a_sweep_keeps_the_grace():
    made = plan([CREDENTIAL], [STEP, LATER], barriers=(Barrier(phase="later", after_seconds=60.0),))
    assert [p.waits for p in phases_of(made)] == [False, True]
    swept = replace(made, steps=(replace(LATER, phase="later/sweep-1"),), parent_digest="sha256:x")
    assert [p.waits for p in phases_of(swept)] == [True]
    assert [p.waits for p in phases_of(replace(made, case=AT))] == [True, True]
    assert [p.waits for p in phases_of(replace(swept, barriers=(), case=AT))] == [False]


def test_the_plan_and_its_digest_hold_the_wait():
    waits = book(phases="\n  - name: a\n    after: 7d\n    steps: [{select: 'true', verbs: [revoke]}]\n")
    made = planned(playbook=waits)
    assert made.barriers == (Barrier(phase="a", after_seconds=7 * 86_400.0),)
    assert plan_file.digest_of(made) != plan_file.digest_of(replace(made, barriers=()))
    assert plan_file.digest_of(made) != plan_file.digest_of(replace(made, case=replace(made.case, at=NOON)))
    assert "Nothing begins before" in preview.text(replace(made, case=AT))
    old = plan_file.to_json(made)
    del old["barriers"], old["case"]["at"]
    assert plan_file.from_stored(json.dumps(old)).barriers == ()


def test_a_moment_has_a_zone_and_lies_ahead():
    now = FakeClock().now()
    assert case_of(at="2026-12-01T17:00Z", now=now).at == "2026-12-01T17:00:00Z"
    for bad, why in (("tomorrow", "RFC 3339"), ("2026-12-01T17:00:00", "RFC 3339"), (rfc3339(now), "has passed")):
        with pytest.raises(EvidenceError, match=why):
            case_of(at=bad, now=now)


@pytest.mark.parametrize(("seconds", "words"), [(86_400, "1d"), (7200, "2h"), (90, "90s"), (300, "5m"), (0, "0s")])
def test_a_duration_is_said_as_playbooks_write_it(seconds, words):
    assert barriers.spoken(seconds) == words


def test_a_resting_run_that_was_taken_back_is_not_gone_on_with(tmp_path, monkeypatch):
    desk = Desk(tmp_path, monkeypatch, barriers=(Barrier(phase="later", after_seconds=HOUR),))
    rests = desk.new()
    assert (rests.status, desk.sent()) == ("waiting", 1)
    desk.log.append("run-started", run="the-undo", data={"undo_of": rests.run, "steps": []})
    desk.clock.t = 2 * HOUR
    for how in ({}, {"wait": True}):
        with pytest.raises(RefusedError, match="taken back by run the-undo") as caught:
            desk.again(rests.run, **how)
        assert caught.value.exit_code == 3
    assert desk.sent() == 1
