"""A sweep that could not look everywhere says so."""

from __future__ import annotations

import json

import pytest

from rescind.audit.log import open_log
from rescind.audit.signer import load_signer
from rescind.engine import state
from rescind.engine.runs import CaseWork, result
from rescind.pipeline.people import People
from rescind.pipeline.tenants import Tenants
from rescind.schema import plan as plan_file
from tests.unit.made_up import FakeClock
from tests.unit.test_plan import SMALL
from tests.unit.test_report import plan


@pytest.mark.parametrize(("tenants", "gaps"), [({"t": "acct"}, ["tenant:t"]), ({}, [])])
def test_a_tenant_that_left_the_configuration_before_a_resume_is_a_gap(tmp_path, tenants, gaps):
    clock = FakeClock()
    log = open_log(tmp_path / "rescind.db", load_signer(tmp_path), clock)
    state.save_run(tmp_path, "r", json.dumps(plan_file.to_json(plan(tenants=tenants, sweep_rounds=1))), {})
    none = Tenants((), resolve=lambda ref: None, clock=clock, write=False)  # type: ignore[arg-type,return-value]
    work = CaseWork(
        state_dir=tmp_path, tenants=none, people=People(), log=log, clock=clock, playbook=SMALL, providers=("aws",)
    )
    assert work.sweep("r", 1)["again"] is False
    assert [g.source for g in result(tmp_path, log, "r", clock).gaps] == gaps
