"""What one step establishes, whatever the provider does: `pipeline.execute.act` against a provider with hooks."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rescind.audit.log import open_log
from rescind.audit.signer import load_signer
from rescind.errors import AuditError, Denied, NotFound, Rejected, Throttled, Unreachable, Unrecognised
from rescind.models.credential import EndState
from rescind.models.kind import Act, CallResult, CallStatus, Residual, Verb
from rescind.pipeline import execute
from rescind.pipeline.people import People
from rescind.pipeline.tenants import Connected
from rescind.wire.retry import Retry
from tests.unit.made_up import CREDENTIAL, STEP, FakeClock, Provider, act, kind


class OneTenant:
    def __init__(self, provider: Provider, clock: FakeClock) -> None:
        self.at = Connected(
            tenant=provider.tenant,
            client=provider,
            identity=provider.identity(),
            retry=Retry(clock, deadline=60, jitter=lambda c: c),
        )

    def get(self, name: str) -> Connected:
        return self.at


@pytest.fixture
def world(tmp_path, monkeypatch):
    provider, clock = Provider(alive={"one": True}), FakeClock()
    log = open_log(tmp_path / "rescind.db", load_signer(tmp_path), clock)
    rows = {"made-up.token": kind()}
    monkeypatch.setattr(execute, "kind_of", lambda k: rows.get(k))
    ctx = execute.Context(
        run="r", tenants=OneTenant(provider, clock), people=People(mapped={"made-up": ("ada",)}), log=log, clock=clock
    )
    monkeypatch.setattr("rescind.catalogue.providers", dict)
    return provider, ctx, rows


def run(ctx, step=STEP, c=CREDENTIAL):
    return execute.act(step, c, ctx)


def entries(ctx):
    return [e.type for e in ctx.log.entries(run="r")]


def boom(error):
    def raise_():
        raise error

    return raise_


def test_dead_needs_the_declared_negatives_over_the_declared_time(world):
    provider, ctx, _ = world
    receipt = run(ctx)
    assert receipt.end_state is EndState.DEAD
    assert provider.looks >= 3
    assert ctx.clock.t >= 4.0
    assert entries(ctx) == ["intent", "outcome"]


def test_one_early_negative_followed_by_life_starts_the_count_again(world):
    provider, ctx, _ = world
    provider.dead_after_looks = 4
    assert run(ctx).end_state is EndState.DEAD
    assert provider.looks >= 7


def test_still_alive_after_the_wait_is_failed_not_acknowledged(world):
    provider, ctx, _ = world
    provider.dead_after_looks = 10_000
    receipt = run(ctx)
    assert receipt.end_state is EndState.FAILED
    assert receipt.call_status == "done"


@pytest.mark.parametrize(
    "error",
    [
        Denied("401"),
        Throttled("429", retry_after=1),
        Unreachable("500", maybe_sent=True),
        NotFound("404", status=404),
        Rejected("409", status=409),
        Unrecognised("html"),
    ],
)
def test_a_look_that_fails_is_unknown_never_dead(world, error):
    provider, ctx, _ = world
    provider.on_look = boom(error)
    assert run(ctx).end_state is EndState.UNKNOWN


@pytest.mark.parametrize("error", [Denied("403"), Unreachable("x", maybe_sent=True), NotFound("404")])
def test_without_the_control_read_a_negative_is_no_proof(world, error):
    provider, ctx, _ = world
    provider.on_control = boom(error)
    receipt = run(ctx)
    assert receipt.end_state is EndState.UNKNOWN
    assert "control" in receipt.evidence


def test_denied_to_act_and_seen_alive_is_failed(world):
    provider, ctx, _ = world
    provider.on_act = boom(Denied("403"))
    receipt = run(ctx)
    assert receipt.end_state is EndState.FAILED
    assert "403" in receipt.error


def test_reset_after_the_provider_acted_is_proven_not_guessed(world):
    provider, ctx, rows = world
    rows["made-up.token"] = kind(
        actions={Verb.REVOKE: Act(call=act, reversible=False, idempotent=False, permissions=("x",))}
    )
    provider.after_act = boom(Unreachable("reset", maybe_sent=True))
    receipt = run(ctx)
    assert provider.calls.count("act") == 1
    assert receipt.end_state is EndState.DEAD
    assert provider.looks >= 3  # one look is not the declared number


def test_throttled_is_repeated_and_obeyed(world):
    provider, ctx, _ = world
    left = [2]

    def twice():
        if left[0]:
            left[0] -= 1
            raise Throttled("slow", retry_after=7)

    provider.on_act = twice
    receipt = run(ctx)
    assert receipt.end_state is EndState.DEAD
    assert receipt.attempts == 3
    assert ctx.clock.slept[:2] == [7, 7]


def test_twice_is_the_same_receipt_and_no_second_call(world):
    provider, ctx, _ = world
    first = run(ctx)
    assert run(ctx) == first
    assert provider.calls.count("act") == 1


def test_an_earlier_intent_is_looked_at_before_anything_is_repeated(world):
    provider, ctx, rows = world
    rows["made-up.token"] = kind(
        actions={Verb.REVOKE: Act(call=act, reversible=False, idempotent=False, permissions=("x",))}
    )
    ctx.log.append("intent", run="r", step=STEP.id, data={})
    provider.alive["one"] = False  # the killed process had got through
    receipt = run(ctx)
    assert receipt.end_state is EndState.DEAD
    assert provider.calls.count("act") == 0


def test_an_earlier_intent_of_unknown_fate_is_not_repeated_blindly(world):
    provider, ctx, rows = world
    rows["made-up.token"] = kind(
        actions={Verb.REVOKE: Act(call=act, reversible=False, idempotent=False, permissions=("x",))}
    )
    ctx.log.append("intent", run="r", step=STEP.id, data={})
    provider.on_look = boom(Denied("403"))
    assert run(ctx).end_state is EndState.UNKNOWN
    assert provider.calls.count("act") == 0


def test_an_owner_that_changed_since_the_plan_is_held(world):
    provider, ctx, _ = world
    provider.owner = "grace"
    receipt = run(ctx)
    assert receipt.end_state is EndState.HELD
    assert provider.calls.count("act") == 0
    assert "intent" not in entries(ctx)


def test_an_owner_that_cannot_be_asked_is_unknown_and_nothing_is_done(world, monkeypatch):
    provider, ctx, rows = world
    rows["made-up.token"] = kind(identify=lambda *_: boom(Denied("403"))())
    assert run(ctx).end_state is EndState.UNKNOWN
    assert provider.calls.count("act") == 0


def test_without_a_way_to_check_it_is_acknowledged_and_nothing_found_is_unknown(world):
    provider, ctx, rows = world
    rows["made-up.token"] = kind(verify=None)
    assert run(ctx).end_state is EndState.ACKNOWLEDGED
    rows["made-up.token"] = kind(
        verify=None,
        actions={
            Verb.REVOKE: Act(
                call=lambda *_: CallResult(status=CallStatus.NOTHING),
                reversible=False,
                idempotent=True,
                permissions=("x",),
            )
        },
    )
    assert run(ctx, replace(STEP, phase="again")).end_state is EndState.UNKNOWN


def test_a_residual_is_counted_from_the_providers_clock(world):
    _, ctx, rows = world
    rows["made-up.token"] = kind(residual=Residual(seconds=3600, what="sessions", source="https://example.com"))
    receipt = run(ctx)
    assert receipt.end_state is EndState.RESIDUAL
    assert receipt.residual_until == "2026-11-23T13:00:00Z"


def test_without_a_trail_nothing_is_done(world, monkeypatch):
    provider, ctx, _ = world
    monkeypatch.setattr(ctx.log, "append", lambda *_a, **_k: boom(AuditError("disk full"))())
    with pytest.raises(AuditError):
        run(ctx)
    assert provider.calls.count("act") == 0
