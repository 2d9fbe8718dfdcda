"""What a run adds up to must not look better than its worst part."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rescind.models.credential import EndState
from rescind.models.kind import Act, Residual, Verb
from rescind.models.plan import Accepted, Decision
from rescind.pipeline import report
from tests.unit.made_up import act, kind
from tests.unit.test_report import add_up, credential, plan, receipt, step


def by_id(result):
    return {c.identifier: c for c in result.credentials}


def test_a_parent_left_alive_by_policy_is_not_made_residual_by_its_child():
    parent = credential(1)
    child = credential(2, parent=parent.id)
    p = plan([parent, child], [step(child)], [Decision(credential=parent.id, end_state=EndState.SKIPPED, reason="x")])
    result = add_up(p, [receipt(step(child), EndState.RESIDUAL, residual_until="2026-11-23T14:00:00Z")])
    assert by_id(result)["id-1"].end_state is EndState.SKIPPED
    assert report.exit_code(result) == 4


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2)])
def test_a_grandchild_that_still_works_is_seen_in_the_whole_line(order):
    first = credential(1)
    middle = credential(2, parent=first.id)
    last = credential(3, parent=middle.id)
    family = [first, middle, last]
    p = plan([family[i] for i in order], [step(c) for c in family])
    result = add_up(
        p, [receipt(step(c), s) for c, s in zip(family, [EndState.DEAD, EndState.DEAD, EndState.FAILED], strict=True)]
    )
    assert {k: str(v.end_state) for k, v in by_id(result).items()} == {
        "id-1": "residual",
        "id-2": "residual",
        "id-3": "failed",
    }


def test_parents_in_a_circle_end():
    a = credential(1)
    b = replace(credential(2), parent=a.id)
    a = replace(a, parent=b.id)
    result = add_up(
        plan([a, b], [step(a), step(b)]), [receipt(step(a), EndState.DEAD), receipt(step(b), EndState.FAILED)]
    )
    assert by_id(result)["id-1"].end_state is EndState.RESIDUAL


def test_a_deny_that_came_later_shortens_the_clock_from_its_own_moment(monkeypatch):
    deny = Act(call=act, reversible=True, idempotent=True, permissions=("x",), ends=EndState.CONTAINED, supports=True)
    row = kind(residual=Residual(seconds=172_800, shortened_by={Verb.DENY: 43_200}))
    rows = {"made-up.token": replace(row, actions={**row.actions, Verb.DENY: deny})}
    monkeypatch.setattr("rescind.catalogue.kinds", lambda: rows)
    c = credential(1)
    steps = [step(c, Verb.DENY, "a"), step(c)]
    done = [
        receipt(steps[0], EndState.CONTAINED, cut_at="2026-11-24T09:00:00Z"),
        receipt(steps[1], EndState.RESIDUAL, cut_at="2026-11-23T10:00:00Z", residual_until="2026-11-25T10:00:00Z"),
    ]
    result = add_up(plan([c], steps), done)
    # until 09:00 on the 24th a session of the key could still assume a role, for twelve hours
    assert by_id(result)["id-1"].residual_until == "2026-11-24T21:00:00Z"


def test_a_run_that_has_not_ended_is_never_a_success():
    c = credential(1)
    p = plan([c], [step(c)], accepted=[Accepted(credential=c.id, end_state=EndState.DEAD)])
    result = add_up(p, [receipt(step(c), EndState.DEAD)])
    assert report.exit_code(result) == 0
    running = replace(result, status="running")
    assert report.exit_code(running) == 7
    assert "not finished" in report.line_one(running)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2)])
def test_the_longest_clock_of_a_line_counts_for_all_above_it(order):
    first = credential(1)
    middle = credential(2, parent=first.id)
    family = [first, middle, credential(3, parent=middle.id)]
    p = plan([family[i] for i in order], [step(c) for c in family])
    done = [
        receipt(step(c), EndState.RESIDUAL, residual_until=f"2026-11-23T{hour}:00:00Z")
        for c, hour in zip(family, (18, 20, 22), strict=True)
    ]
    assert {c.residual_until for c in add_up(p, done).credentials} == {"2026-11-23T22:00:00Z"}


def test_an_approval_releases_nothing_that_a_sweep_added(tmp_path):
    import json

    from rescind.engine import state
    from rescind.engine.runs import plans_of
    from rescind.schema import plan as plan_file

    c = credential(1)
    held = [replace(step(c), held=True)]
    why = [Decision(credential=c.id, end_state=EndState.HELD, reason="grace's")]
    first = plan([c], held, why, sweep_rounds=1)
    again = plan([c], [replace(held[0], phase="revoke/sweep-1")], why, sweep_rounds=1)
    state.save_run(tmp_path, "r", json.dumps(plan_file.to_json(first)), {"released": [c.id]})
    state.save_addendum(tmp_path, "r", 1, json.dumps(plan_file.to_json(again)))
    plans, _ = plans_of(tmp_path, "r")
    assert [len(p.steps) for p in plans] == [1, 0]
    assert [len(p.decisions) for p in plans] == [0, 1]
