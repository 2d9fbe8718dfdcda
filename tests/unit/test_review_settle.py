"""A sweep waits for a provider that is eventually consistent, and a clock that is set back makes it wait no longer."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest

from rescind.engine.rests import let_settle
from rescind.models.provider import Provider
from tests.unit.made_up import CREDENTIAL, STEP, FakeClock
from tests.unit.test_report import plan


@pytest.mark.parametrize(("at", "slept"), [(10.0, 50.0), (70.0, 0.0), (-86_400.0, 60.0)])
def test_a_clock_that_is_set_back_makes_a_sweep_wait_no_longer(monkeypatch, at, slept):
    slow = Provider(id="made-up", title="m", connect="x:y", reference="r", eventual=True)
    monkeypatch.setattr("rescind.catalogue.providers", lambda: {"made-up": slow})
    clock = FakeClock()
    log = SimpleNamespace(entries=lambda **_: [SimpleNamespace(at="2026-11-23T12:00:00Z", step=STEP.id)])
    clock.t = at
    let_settle(log, "r", [replace(plan([CREDENTIAL], [STEP], sweep_rounds=1))], (60.0,), 1, clock)
    assert clock.slept == [slept]
