"""A false alarm that was taken back stays taken back: for the rest of its run, and for what was done for the case."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rescind.audit.log import open_log
from rescind.audit.signer import load_signer
from rescind.models.config import Config
from rescind.models.credential import EndState
from rescind.models.kind import Act, CaseVerb, Liveness, Verb
from rescind.models.plan import Case, CaseStep, Plan
from rescind.models.run import CaseResult
from rescind.pipeline import execute, receipts, undo
from rescind.pipeline.people import People
from rescind.pipeline.session import Session
from rescind.pipeline.stepping import receipt
from rescind.secret import Secret
from tests.unit.made_up import CREDENTIAL, STEP, FakeClock, Provider, act, kind
from tests.unit.test_secret_at_apply import OneTenant


@pytest.fixture
def world(tmp_path, monkeypatch):
    provider, clock = Provider(alive={"one": True}), FakeClock()
    how = Act(call=act, reversible=True, idempotent=True, permissions=("x",), restore=act)
    row = kind(actions={Verb.DEACTIVATE: how, Verb.DELETE: replace(how, reversible=False, restore=None)})
    monkeypatch.setattr(execute, "kind_of", lambda _: row)
    monkeypatch.setattr("rescind.catalogue.kinds", lambda: {row.id: row})
    monkeypatch.setattr("rescind.catalogue.providers", dict)
    log = open_log(tmp_path / "rescind.db", load_signer(tmp_path), clock)
    people = People(mapped={"made-up": ("ada",)})
    return provider, execute.Context(run="r", tenants=OneTenant(provider, clock), people=people, log=log, clock=clock)


def test_what_an_undo_put_back_is_not_deleted_by_a_later_phase_of_the_run(world):
    provider, ctx = world
    first = replace(STEP, verb=Verb.DEACTIVATE, phase="cut")
    after = receipt(first, EndState.SKIPPED, ctx, evidence="restored on purpose by run u", liveness=Liveness.LIVE)
    ctx.log.append("verification", run="r", step=first.id, data=receipts.to_json(after))
    later = execute.act(replace(STEP, verb=Verb.DELETE, phase="delete"), CREDENTIAL, ctx)
    assert (later.end_state, later.liveness) == (EndState.SKIPPED, Liveness.LIVE)
    assert "restored on purpose by run u" in later.evidence
    assert provider.calls == ["identify"]


def stood(verb, **facts):
    step = CaseStep(phase="first", verb=verb, task=f"{verb} it", owner="IT", done_when="done")
    told = {"end_state": EndState.MANUAL, "reason": "", "at": "2026-11-23T12:00:00Z", **facts}
    return CaseResult(
        id=step.id, verb=verb, phase="first", task=step.task, owner="IT", done_when="done", **told
    )  # fmt: skip


def test_what_was_done_for_the_case_is_to_be_taken_back_by_whoever_did_it(world, monkeypatch, tmp_path):
    _, ctx = world
    first = replace(STEP, verb=Verb.DEACTIVATE, phase="cut")
    done = receipt(first, EndState.DEAD, ctx, evidence="off", liveness=Liveness.DEAD, call_status="done")
    plan = Plan(
        created_at="2026-11-23T12:00:00Z", case=Case(person="ada@example.com", hold=True), playbook={"name": "p"},
        credentials=(CREDENTIAL,), candidates=(), steps=(first,), decisions=(), accepted=(), gaps=(),
    )  # fmt: skip
    case = (
        stood(CaseVerb.ISOLATE, end_state=EndState.ACKNOWLEDGED),
        stood(CaseVerb.LOCK),  # it was opened: somebody may be at it
        stood(CaseVerb.WIPE, attested_by="bob"),
        stood(CaseVerb.TRANSFER, at=""),  # its phase had not begun
        stood(CaseVerb.NOTIFY, end_state=EndState.SKIPPED),
    )
    monkeypatch.setattr(undo, "tenants", lambda *_, **__: ctx.tenants)
    s = Session(config=Config(), resolve=lambda _: Secret(""), clock=ctx.clock, state_dir=tmp_path)
    made = undo.make_undo(s, "r", [plan], {first.id: done}, {}, case)
    assert [(c.verb, c.held, c.hook) for c in made.case_steps] == [
        (CaseVerb.ISOLATE, False, False),
        (CaseVerb.LOCK, False, False),
        (CaseVerb.NOTIFY, False, False),  # what a legal hold forbids is not planned again
    ]
    assert all("run r" in c.task and "it" in c.task and c.owner == "IT" for c in made.case_steps)
    assert "cannot be taken back" in made.case_steps[2].task
