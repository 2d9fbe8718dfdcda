"""Looking again may only ever make a run look worse, or prove more: never better on the strength of what was not seen."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from rescind.audit.log import open_log
from rescind.audit.signer import load_signer
from rescind.errors import Unreachable
from rescind.models.clock import rfc3339
from rescind.models.credential import EndState
from rescind.models.kind import Liveness, Observation, Residual
from rescind.models.plan import Case, Plan
from rescind.pipeline import execute, receipts, reverify
from rescind.pipeline.people import People
from rescind.secret import Secret
from tests.unit.made_up import CREDENTIAL, STEP, FakeClock, Provider, kind
from tests.unit.test_execute import OneTenant, boom

PLAN = Plan(
    created_at="2026-11-23T11:59:00Z",
    case=Case(person="ada@example.com"),
    playbook={"name": "p"},
    credentials=(CREDENTIAL,),
    candidates=(),
    steps=(STEP,),
    decisions=(),
    accepted=(),
    gaps=(),
)


@pytest.fixture
def world(tmp_path, monkeypatch):
    provider, clock = Provider(alive={"one": True}), FakeClock()
    log = open_log(tmp_path / "rescind.db", load_signer(tmp_path), clock)
    rows = {"made-up.token": kind()}
    for module in (execute, reverify):
        monkeypatch.setattr(module, "kind_of", lambda k: rows.get(k))
    monkeypatch.setattr("rescind.catalogue.providers", dict)
    people = People(mapped={"made-up": ("ada",)})
    ctx = execute.Context(run="r", tenants=OneTenant(provider, clock), people=people, log=log, clock=clock)
    return provider, ctx, rows


def newest(ctx):
    return ctx.log.last("verification", "r", STEP.id)


def blind(client, c):
    return Observation(liveness=Liveness.UNKNOWN, evidence="this tenant shows nothing", unverifiable=True)


def test_what_no_provider_accepted_is_not_acknowledged_by_looking_again(world):
    provider, ctx, rows = world
    rows["made-up.token"] = kind(verify=blind, control=None)
    provider.on_act = boom(Unreachable("timed out", maybe_sent=True))
    before = execute.act(STEP, CREDENTIAL, ctx)
    assert before.end_state is EndState.UNKNOWN
    for _ in range(2):  # nor by looking twice
        reverify.look_again([PLAN], {STEP.id: before}, ctx)
        entry = newest(ctx)
        assert entry.data["end_state"] == "unknown"
        before = replace(before, call_status=entry.data.get("call_status", ""))


def test_what_the_provider_accepted_stays_acknowledged(world):
    _, ctx, rows = world
    rows["made-up.token"] = kind(verify=blind, control=None)
    before = execute.act(STEP, CREDENTIAL, ctx)
    assert before.end_state is EndState.ACKNOWLEDGED
    reverify.look_again([PLAN], {STEP.id: before}, ctx)
    assert newest(ctx).data["end_state"] == "acknowledged"
    assert newest(ctx).data["call_status"] == before.call_status


def by_value(**facts):
    def verify(client, c, secret):
        assert secret.reveal() == "value"
        return Observation(liveness=Liveness.LIVE if client.alive["one"] else Liveness.DEAD, evidence="probe")

    def control(client, c, secret):
        return Observation(liveness=Liveness.LIVE, evidence="ours")

    return kind(needs_secret=True, verify=verify, control=control, identify=None, **facts)


def test_a_kind_ended_by_its_value_is_looked_at_again_with_the_value_of_the_evidence(world):
    provider, ctx, rows = world
    before = execute.act(STEP, CREDENTIAL, ctx)
    rows["made-up.token"] = by_value()
    ctx.read_secret = lambda c: Secret("value")
    provider.alive["one"] = True  # it came back
    assert reverify.look_again([PLAN], {STEP.id: before}, ctx) == 1
    assert newest(ctx).data["end_state"] == "failed"


def test_without_the_value_nothing_is_claimed_and_the_other_steps_are_still_looked_at(world):
    _, ctx, rows = world
    before = execute.act(STEP, CREDENTIAL, ctx)
    rows["made-up.token"] = by_value()
    assert reverify.look_again([PLAN], {STEP.id: before}, ctx) == 0
    assert newest(ctx) is None


def test_what_an_undo_needs_survives_a_second_look(world):
    _, ctx, _ = world
    before = replace(execute.act(STEP, CREDENTIAL, ctx), notes={"policy": "AWSDenyAll"})
    reverify.look_again([PLAN], {STEP.id: before}, ctx)
    assert newest(ctx).data["notes"] == {"policy": "AWSDenyAll"}


def test_a_second_look_sets_no_clock_back_and_a_clock_that_ran_out_stays_so(world):
    _, ctx, rows = world

    def from_now(client, c):
        until = rfc3339(ctx.clock.now() + timedelta(hours=1))
        return Observation(liveness=Liveness.DEAD, evidence="not active", residual_until=until)

    rows["made-up.token"] = kind(verify=from_now)
    before = execute.act(STEP, CREDENTIAL, ctx)
    assert before.end_state is EndState.RESIDUAL
    ctx.clock.t += 1800
    reverify.look_again([PLAN], {STEP.id: before}, ctx)
    assert newest(ctx).data["residual_until"] == before.residual_until
    ctx.clock.t += 7200
    over = replace(before, end_state=EndState.DEAD, residual_until="")
    reverify.look_again([PLAN], {STEP.id: over}, ctx)
    assert newest(ctx).data["end_state"] == "dead"


def test_what_lived_in_between_gets_a_new_clock(world):
    provider, ctx, rows = world
    rows["made-up.token"] = kind(residual=Residual(seconds=3600))
    before = execute.act(STEP, CREDENTIAL, ctx)
    provider.alive["one"] = True
    reverify.look_again([PLAN], {STEP.id: before}, ctx)
    alive = receipts.from_json(newest(ctx).data)
    assert alive.end_state is EndState.FAILED
    provider.alive["one"] = False
    ctx.clock.t += 7200
    reverify.look_again([PLAN], {STEP.id: alive}, ctx)
    assert newest(ctx).data["residual_until"] > rfc3339(ctx.clock.now())
