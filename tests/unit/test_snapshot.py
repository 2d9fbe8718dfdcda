"""What is there before an action is asked for a few seconds: one lost answer costs no undo, and nothing holds the cut up for long."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from rescind.audit.log import open_log
from rescind.audit.signer import load_signer
from rescind.errors import Denied, Throttled, Unreachable
from rescind.models.kind import Act
from rescind.pipeline.stepping import SNAPSHOT_SECONDS, snapshot
from tests.unit.made_up import CREDENTIAL, STEP, FakeClock


@pytest.mark.parametrize(
    ("errors", "known", "asked"),
    [
        ([], True, 1),
        ([Unreachable("503", maybe_sent=True)], True, 2),
        ([Throttled("429", retry_after=1.0)] * 2, True, 3),
        ([Unreachable("cut", maybe_sent=True)] * 3, False, 3),
        ([Throttled("429", retry_after=60.0)], False, 1),
        ([Denied("403")], False, 1),
    ],
)
def test_a_snapshot_is_asked_again_for_a_few_seconds(tmp_path, errors, known, asked):
    clock, left, looks = FakeClock(), list(errors), []

    def look(client, credential):
        looks.append(client)
        if left:
            raise left.pop(0)
        return {"policy": "none"}

    log = open_log(tmp_path / "rescind.db", load_signer(tmp_path), clock)
    row = Act(call=look, reversible=True, idempotent=True, permissions=(), snapshot=look)
    ctx = SimpleNamespace(log=log, run="r", clock=clock)
    began = clock.monotonic()
    for _ in range(2):  # it is recorded once
        snapshot(STEP, CREDENTIAL, row, SimpleNamespace(client="c"), ctx)
    (entry,) = [e for e in log.entries(run="r") if e.type == "snapshot"]
    assert (entry.data["before"], len(looks)) == ("known" if known else "unknown", asked)
    assert (entry.data.get("policy") == "none") is known
    assert clock.monotonic() - began <= SNAPSHOT_SECONDS
