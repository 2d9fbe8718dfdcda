"""An approval that two runs carry at the same moment is good for the first of them only."""

from __future__ import annotations

import pytest

from rescind.engine import state
from rescind.errors import RefusedError
from rescind.pipeline.approvals import Approval
from tests.unit.test_waits import Desk

GOOD = Approval(by="bob", plan_digest="d", credentials=(), expires_at="2026-11-24T12:00:00Z", nonce="n1")


def test_an_approval_that_another_run_used_meanwhile_is_refused(tmp_path, monkeypatch):
    desk = Desk(tmp_path, monkeypatch)
    desk.log.append("approval", run="other", data={"nonce": "n1"})  # since this one was checked
    with pytest.raises(RefusedError, match="used before"):
        desk.new(approvals=(GOOD,))
    assert desk.sent() == 0
    assert not state.list_runs(tmp_path)
