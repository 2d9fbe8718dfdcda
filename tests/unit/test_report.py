"""Adding a run up: one state per credential, the sum always right, line one and exit codes true."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rescind.models.credential import WORST_FIRST, Credential, EndState, Ownership, Sighted
from rescind.models.evidence import Gap, Location
from rescind.models.kind import Act, Liveness, Residual, Verb
from rescind.models.plan import Accepted, Case, Decision, Plan, Step
from rescind.models.run import Receipt
from rescind.pipeline import render, report
from tests.unit.made_up import act, kind

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def credential(i: int, **facts) -> Credential:
    return Credential(
        **{
            "kind": "made-up.token",
            "provider": "made-up",
            "identifier": f"id-{i}",
            "tenant": "t",
            "owner": "ada",
            "ownership": Ownership.CASE,
            **facts,
        }
    )


def plan(credentials=(), steps=(), decisions=(), accepted=(), gaps=(), **facts) -> Plan:
    return Plan(
        created_at="2026-11-23T11:59:00Z",
        case=Case(person="ada@example.com", lost_at="2026-11-23T10:00:00Z"),
        playbook={"name": "p"},
        credentials=tuple(credentials),
        candidates=(),
        steps=tuple(steps),
        decisions=tuple(decisions),
        accepted=tuple(accepted),
        gaps=tuple(gaps),
        digest="sha256:x",
        **facts,
    )


def step(c: Credential, verb: Verb = Verb.REVOKE, phase: str = "revoke") -> Step:
    return Step(phase=phase, verb=verb, credential=c.id, tenant="t")


def receipt(s: Step, state: EndState, **facts) -> Receipt:
    live = Liveness.DEAD if state in {EndState.DEAD, EndState.RESIDUAL, EndState.CONTAINED} else Liveness.UNKNOWN
    return Receipt(
        **{
            "step": s.id,
            "credential": s.credential,
            "verb": s.verb,
            "end_state": state,
            "liveness": live,
            "evidence": "e",
            "at": "2026-11-23T12:00:00Z",
            **facts,
        }
    )


def add_up(p, receipts=(), now=NOW, **facts):
    return report.add_up(
        "run",
        [p, *facts.pop("more", [])],
        {r.step: r for r in receipts},
        now=now,
        status="ended",
        started_at="2026-11-23T11:59:58Z",
        **facts,
    )


@given(st.lists(st.tuples(st.sampled_from(list(EndState)), st.booleans(), st.booleans()), max_size=12))
def test_every_credential_is_in_exactly_one_state(spec):
    cs = [credential(i) for i in range(len(spec))]
    steps = [step(c) for c, (_, has_step, _) in zip(cs, spec, strict=True) if has_step]
    by = {s.credential: s for s in steps}
    decisions = [
        Decision(credential=c.id, end_state=state, reason="r")
        for c, (state, has, _) in zip(cs, spec, strict=True)
        if not has
    ]
    done = [receipt(by[c.id], state) for c, (state, has, out) in zip(cs, spec, strict=True) if has and out]
    result = add_up(plan(cs, steps, decisions), done)
    assert sum(result.counts.values()) == len(cs) == len(result.credentials)
    for r in result.credentials:
        assert r.end_state in WORST_FIRST
    unfinished = {c.id for c, (_, has, out) in zip(cs, spec, strict=True) if has and not out}
    assert all(r.end_state is EndState.UNKNOWN for r in result.credentials if r.id in unfinished)
    if not cs:
        assert report.exit_code(result) == 0


def test_line_one_says_what_holds():
    cs = [credential(i) for i in range(4)]
    s = [step(c) for c in cs[:3]]
    done = [
        receipt(s[0], EndState.DEAD),
        receipt(s[1], EndState.RESIDUAL, residual_until="2026-11-23T14:20:00Z"),
        receipt(s[2], EndState.UNKNOWN),
    ]
    p = plan(
        [replace(cs[0], last_used="2026-11-23T11:02:00Z"), *cs[1:]],
        s,
        [Decision(credential=cs[3].id, end_state=EndState.HELD, reason="grace's")],
        gaps=[Gap(source="x", reason="y")],
    )
    result = add_up(p, done)
    assert report.line_one(result) == "1 dead · 1 until 14:20Z · 2 need you · 1 unseen · last known use 11:02Z"
    assert report.exit_reasons(result) == [4, 7, 5]
    assert report.exit_code(result) == 4
    used = {c.identifier: c.used_after_loss for c in result.credentials}
    assert used["id-0"] == "yes"
    assert used["id-1"] == "unknown"


def test_gaps_alone_never_exit_zero():
    c = credential(1)
    result = add_up(
        plan([c], [step(c)], gaps=[Gap(source="store", reason="unreadable")]), [receipt(step(c), EndState.DEAD)]
    )
    assert report.exit_code(result) == 7


def test_as_intended_changes_the_exit_and_never_the_state():
    c = credential(1)
    p = plan([c], [step(c)], accepted=[Accepted(credential=c.id, end_state=EndState.CONTAINED)])
    result = add_up(p, [receipt(step(c), EndState.CONTAINED)])
    assert result.credentials[0].end_state is EndState.CONTAINED
    assert result.credentials[0].as_intended
    assert report.exit_code(result) == 0


def test_a_residual_that_ran_out_is_dead():
    c = credential(1)
    result = add_up(plan([c], [step(c)]), [receipt(step(c), EndState.RESIDUAL, residual_until="2026-11-23T11:59:59Z")])
    assert result.credentials[0].end_state is EndState.DEAD


@pytest.mark.parametrize("child", [EndState.UNKNOWN, EndState.HELD, EndState.FAILED, EndState.RESIDUAL])
def test_a_live_child_makes_its_parent_at_best_residual(child):
    parent, kid = credential(1), credential(2)
    kid = replace(kid, parent=parent.id)
    result = add_up(
        plan([parent, kid], [step(parent), step(kid)]),
        [receipt(step(parent), EndState.DEAD), receipt(step(kid), child, residual_until="2026-11-23T15:00:00Z")],
    )
    states = {r.identifier: r.end_state for r in result.credentials}
    assert states["id-1"] is EndState.RESIDUAL


def test_a_proven_deny_shortens_the_clock_and_a_failed_one_is_told(monkeypatch):
    row = kind(
        actions={
            Verb.DENY: Act(
                call=act, reversible=True, idempotent=True, permissions=("x",), ends=EndState.CONTAINED, supports=True
            ),
            Verb.REVOKE: Act(call=act, reversible=False, idempotent=True, permissions=("x",)),
        },
        residual=Residual(
            seconds=129600, what="sessions", source="https://example.com", shortened_by={Verb.DENY: 43200}
        ),
    )
    monkeypatch.setattr("rescind.catalogue.kinds", lambda: {"made-up.token": row})
    c = credential(1)
    deny, end = step(c, Verb.DENY, "stop"), step(c)
    ended = receipt(end, EndState.RESIDUAL, residual_until="2026-11-25T00:00:00Z", cut_at="2026-11-23T12:00:00Z")
    result = add_up(plan([c], [deny, end]), [receipt(deny, EndState.CONTAINED), ended])
    assert result.credentials[0].residual_until == "2026-11-24T00:00:00Z"
    result = add_up(plan([c], [deny, end]), [receipt(deny, EndState.FAILED, error="denied"), ended])
    assert result.credentials[0].residual_until == "2026-11-25T00:00:00Z"
    assert "deny failed: denied" in result.credentials[0].reason


def test_what_a_sweep_added_counts_and_a_later_receipt_replaces_an_earlier_one():
    c, new = credential(1), credential(2)
    again = step(c, phase="revoke/sweep-1")
    extra = replace(
        plan([c, new], [again], [Decision(credential=new.id, end_state=EndState.HELD, reason="new")]),
        parent_digest="sha256:x",
    )
    result = add_up(
        plan([c], [step(c)]), [receipt(step(c), EndState.DEAD), receipt(again, EndState.FAILED)], more=[extra]
    )
    states = {r.identifier: r.end_state for r in result.credentials}
    assert states == {"id-1": EndState.FAILED, "id-2": EndState.HELD}
    assert sum(result.counts.values()) == 2


HOSTILE = "\x1b[2Jevil\u202etxt|<img src=x onerror=alert(1)>`\n# heading"


def test_hostile_text_steers_neither_terminal_nor_markdown():
    c = credential(
        1,
        identifier=HOSTILE,
        owner=HOSTILE,
        findings=(Sighted(store="s", location=Location(root="home", path=HOSTILE)),),
    )
    p = plan(
        [c],
        (),
        [
            Decision(
                credential=c.id,
                end_state=EndState.HELD,
                reason=HOSTILE,
                task=HOSTILE,
                would_break=HOSTILE,
                owner=HOSTILE,
            )
        ],
        gaps=[Gap(source="s", reason="r", path=HOSTILE)],
    )
    result = add_up(p)
    for text in (render.text(result, width=80), render.markdown(result)):
        assert "\x1b" not in text
        assert "\u202e" not in text
        assert "\n# heading" not in text
    assert "<img" not in render.markdown(result)


def test_the_summary_fits_eighty_columns_and_one_screen():
    cs = [credential(i, identifier=f"AKIA{i:016d}") for i in range(40)]
    p = plan(
        cs,
        (),
        [
            Decision(
                credential=c.id,
                end_state=EndState.HELD,
                reason="the provider says that it belongs to grace, not to the person of this case",
            )
            for c in cs
        ],
    )
    text = render.text(add_up(p), width=80)
    assert max(len(line) for line in text.splitlines()) <= 80
    assert len(text.splitlines()) <= 40
    assert "and 32 more" in text
