"""Start a run of a plan, or take one up again: the two ways into the engine."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from rescind import catalogue
from rescind.audit.log import AuditLog
from rescind.engine import Resting, execute, state
from rescind.engine.rests import sleep_until, still_resting
from rescind.engine.runs import CaseWork, result
from rescind.errors import EvidenceError, RefusedError
from rescind.models.clock import rfc3339
from rescind.models.plan import Plan
from rescind.models.playbook import Playbook
from rescind.models.run import RunResult
from rescind.pipeline import inventory_json as inventory_file
from rescind.pipeline.approvals import Approval
from rescind.pipeline.case import new_run_id
from rescind.pipeline.case_plan import on_hold
from rescind.pipeline.machine import is_locked, secret_reader
from rescind.pipeline.render import many
from rescind.pipeline.rotations import opened
from rescind.pipeline.session import Session, in_scope, people
from rescind.pipeline.session import tenants as connect
from rescind.pipeline.tenants import Tenants
from rescind.schema import plan as plan_file


def new(
    session: Session,
    plan: Plan,
    playbook: Playbook,
    tenants: Tenants,
    log: AuditLog,
    *,
    approvals: tuple[Approval, ...] = (),
    began: float | None = None,
    wait: bool = False,
) -> RunResult:
    """Store a plan as a new run, carry it out and return what became of it. The caller has passed the gate.

    What `approvals` release is done as well; each is recorded in the trail first, which is what makes it usable once.
    `began` is when the command started (the session's monotonic clock): the first phase is then
    sent before the engine starts, and the time to the first cut is counted from there. A run that has to wait for a moment rests, and
    is returned so; with `wait` this process sleeps until then and goes on.
    """
    run = new_run_id(session.clock.now())
    meta: dict[str, Any] = {"status": "running", "started_at": rfc3339(session.clock.now()), "playbook": playbook.name}
    meta |= {"released": sorted({c for a in approvals for c in a.credentials})}
    for a in approvals:
        facts: dict[str, Any] = {
            "by": a.by,
            "nonce": a.nonce,
            "plan_digest": a.plan_digest,
            "credentials": list(a.credentials),
        }
        log.append("approval", run=run, data={**facts, "expires_at": a.expires_at})
        used = [e.run for e in log.entries(type="approval") if e.data.get("nonce") == a.nonce]
        if used[0] != run:  # two that began together both found it unused
            raise RefusedError("the approval was used before, by another run", hint="approve again: rescind approve")
    state.save_run(session.state_dir, run, json.dumps(plan_file.to_json(plan)), meta)
    for seen in session.seen[-1:] if plan.case.target or plan.case.inventory else ():
        machine = plan.case.workstation or seen.workstation.get("hostname", "")
        state.save_inventory(session.state_dir, run, machine, json.dumps(inventory_file.to_json(seen)))
    session.progress(f"run {run}; interrupted, it goes on with: rescind resume {run}")
    return _carry_out(session, run, plan, playbook, tenants, log, began=began, wait=wait)


def again(
    session: Session, run: str, plan: Plan, playbook: Playbook, log: AuditLog, *, wait: bool = False
) -> RunResult:
    """Go on with a stored run. Steps that have an outcome keep it; a step of unknown fate is looked at before it is repeated.

    Raises `RefusedError` before the moment that a resting run waits for, unless `wait`, and for one that was taken back; `EvidenceError`
    while what it needs is sealed.
    """
    _not_undone(session, run, log)
    _unlocked(session, run, plan, log)
    if not wait:
        still_resting(session.state_dir, run, session.clock.now())
    return _carry_out(session, run, plan, playbook, _fresh(session, plan), log, wait=wait)


def _not_undone(session: Session, run: str, log: AuditLog) -> None:
    """Refuse to go on with a run that was taken back before it had ended: what it had still to cut is no longer meant."""
    record = state.load_run(session.state_dir, run)
    undos = [e.run for e in log.entries(type="run-started") if e.data.get("undo_of") == run]
    if undos and record is not None and record[1].get("status") != "ended":
        raise RefusedError(
            f"run {run} was taken back by run {undos[-1]}, so nothing more of it is carried out",
            hint="if it is meant after all, make a new plan: rescind plan",
        )


def _unlocked(session: Session, run: str, plan: Plan, log: AuditLog) -> None:
    """Refuse to go on without the key to a seal that holds what is needed: a forgotten option would make tasks of it for good."""
    by_value = {c.id for c in plan.credentials if (k := catalogue.kinds().get(c.kind)) and k.needs_secret}
    left = {s.credential for s in plan.steps if s.credential in by_value and log.last("outcome", run, s.id) is None}
    if left and is_locked(session, plan.case):
        raise EvidenceError(
            f"{len(left)} credentials of run {run} can only be ended by their values, and these are sealed; nothing was done",
            hint=f"rescind resume {run} --identity FILE: the age key that the inventory was sealed to",
        )


def _fresh(session: Session, plan: Plan) -> Tenants:
    """Connect anew: what was loaded before a wait may have expired meanwhile."""
    return connect(session, plan.case, write=True, expected=plan.tenants)


def _carry_out(
    session: Session,
    run: str,
    plan: Plan,
    playbook: Playbook,
    tenants: Tenants,
    log: AuditLog,
    *,
    began: float | None = None,
    wait: bool = False,
) -> RunResult:
    while (until := _drive(session, run, plan, playbook, tenants, log, began=began)) and wait:
        sleep_until(session.clock, until, session.progress, run)
        tenants, began = _fresh(session, plan), None
    return result(session.state_dir, log, run, session.clock)


def _drive(
    session: Session,
    run: str,
    plan: Plan,
    playbook: Playbook,
    tenants: Tenants,
    log: AuditLog,
    *,
    began: float | None,
) -> str:
    """Carry a run out as far as it may go now; the moment until which it then rests, or nothing."""
    work = CaseWork(
        state_dir=session.state_dir,
        tenants=tenants,
        people=people(session, plan.case),
        log=log,
        clock=session.clock,
        playbook=playbook,
        providers=in_scope(session, playbook),
        read_secret=secret_reader(session, plan.case),
        rotations=opened(session, plan.case.rotations) if plan.case.rotations else {},
        began=began,
        hooks=session.config.hooks,
        hold=on_hold(session.config, plan.case.person),
        records=lambda: _fresh(session, plan),
    )
    if began is not None:
        work.cut_first(run)
    total = sum(not s.held for s in plan.steps) + sum(not (s.held or s.left_out) for s in plan.case_steps)
    done: list[str] = []

    def show(event: str, facts: Mapping[str, Any]) -> None:
        if event == "step.done":
            done.append(str(facts.get("step", "")))
            session.progress(f"{len(done)}/{max(total, len(done))} steps, last: {facts.get('s', '')}")
        elif event == "phase.started":
            session.progress(f"phase {facts.get('phase', '')}: {many(int(facts.get('steps', 0)), 'step')}")

    try:
        execute(run, work, state_dir=session.state_dir, on_event=show)
    except Resting as rest:
        session.progress(rest.message)
        return rest.until
    return ""
