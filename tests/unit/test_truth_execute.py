"""One step: never `dead` on less than the kind asks for, never a clock shorter than the truth, never another's."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from rescind.models.clock import parse_rfc3339, rfc3339
from rescind.models.credential import EndState
from rescind.models.kind import Residual
from tests.unit.made_up import STEP, kind
from tests.unit.test_execute import run, world

__all__ = ["world"]


def test_a_playbook_that_waits_for_nothing_does_not_weaken_what_dead_needs(world):
    provider, ctx, _ = world
    receipt = run(ctx, replace(STEP, wait_seconds=0))
    assert receipt.end_state is EndState.DEAD
    assert provider.looks >= 3
    assert ctx.clock.t >= 4.0


def test_nor_does_it_make_an_early_negative_a_death(world, monkeypatch):
    provider, ctx, _ = world
    looks = []

    def flapping():
        looks.append(1)
        provider.alive["one"] = len(looks) > 1  # one stale replica first

    provider.on_look = flapping
    assert run(ctx, replace(STEP, wait_seconds=0)).end_state is EndState.FAILED


@pytest.mark.parametrize("hours", [-3, 0, 3])
def test_a_clock_of_ours_that_is_wrong_never_ends_a_residual_early(world, monkeypatch, hours):
    """Our clock is that much ahead of the provider's: what lives for an hour lives for an hour of our clock, too."""
    provider, ctx, rows = world
    rows["made-up.token"] = kind(residual=Residual(seconds=3600))
    began = ctx.clock.now()
    theirs = rfc3339(began - timedelta(hours=hours))
    real = rows["made-up.token"].actions[STEP.verb]
    answer = lambda client, c: replace(real.call(client, c), provider_time=theirs)  # noqa: E731
    rows["made-up.token"] = replace(rows["made-up.token"], actions={STEP.verb: replace(real, call=answer)})
    receipt = run(ctx)
    assert receipt.end_state is EndState.RESIDUAL
    assert parse_rfc3339(receipt.residual_until) >= began + timedelta(seconds=3600)
    assert receipt.provider_time == theirs
