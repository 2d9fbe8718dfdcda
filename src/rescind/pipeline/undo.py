"""Plan the reversal of a false alarm: what a run cut reversibly is put back exactly as it was, and nothing else.

What was there before comes from the run's own plan and from the snapshots that its trail holds; what a run did not add is left.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from rescind import __version__, catalogue
from rescind.audit.log import AuditLog
from rescind.errors import RefusedError
from rescind.models.clock import rfc3339
from rescind.models.credential import Credential, EndState
from rescind.models.kind import Act, CaseVerb, Liveness
from rescind.models.plan import Accepted, Case, CaseStep, Decision, Plan, Step
from rescind.models.run import CaseResult, Receipt
from rescind.pipeline import inventory as inventories
from rescind.pipeline import receipts as kept
from rescind.pipeline.machine import inventory_of
from rescind.pipeline.session import Session, tenants
from rescind.schema import plan as plan_file
from rescind.schema.policy import policy_digest

_NOTHING_DONE = {EndState.SKIPPED, EndState.HELD, EndState.MANUAL}


def snapshots(log: AuditLog, run: str) -> dict[str, Mapping[str, Any]]:
    """Return what the trail says was there before each step of a run, by step id; a look that failed is left out."""
    found = {e.step: e.data for e in log.entries(run=run, type="snapshot")}
    return {step: data for step, data in found.items() if data.get("before") == "known"}


def _row(c: Credential, step: Step) -> Act | None:
    kind = catalogue.kinds().get(c.kind)
    return kind.actions.get(step.verb) if kind else None


def _took(plans: Sequence[Plan], done: Mapping[str, Receipt]) -> list[tuple[Step, Credential, Receipt, Act]]:
    """Return every step of a run that changed something, or may have, newest first, each verb on each credential once."""
    found: dict[tuple[str, str], tuple[Step, Credential, Receipt, Act]] = {}
    for plan in reversed(plans):
        by_id = {c.id: c for c in plan.credentials}
        for step in reversed(plan.steps):
            receipt, c = done.get(step.id), by_id[step.credential]
            row = _row(c, step)
            if receipt is None or row is None or step.reverse or receipt.end_state in _NOTHING_DONE:
                continue
            if receipt.call_status or receipt.liveness is Liveness.DEAD:
                found.setdefault((step.verb, c.id), (step, c, receipt, row))
    return list(found.values())


def make_undo(
    session: Session,
    run: str,
    plans: Sequence[Plan],
    done: Mapping[str, Receipt],
    before: Mapping[str, Mapping[str, Any]],
    case: Iterable[CaseResult] = (),
) -> Plan:
    """Return the plan that takes a run back; what was done for the `case` becomes tasks for who did it. Raises `RefusedError` when the run left nothing that could be, or a tenant changed."""
    took = _took(plans, done)
    gone = {c.id for _, c, _, row in took if not row.reversible and not row.supports}
    back = [t for t in took if t[3].restore is not None and (t[1].id not in gone or t[3].supports)]
    if not back:
        raise RefusedError(
            f"run {run} left nothing that can be put back",
            hint="`rescind status RUN` shows what it did; `rescind catalogue kinds --json` says what undoes a step by hand",
        )
    credentials: dict[str, Credential] = {}
    steps: list[Step] = []
    for step, c, receipt, _ in back:
        facts = {f"did.{k}": str(v) for k, v in receipt.notes.items()}
        facts |= {
            f"before.{k}": str(v) for k, v in before.get(step.id, {}).items() if k not in {"credential", "before"}
        }
        known = credentials.get(c.id, c)
        credentials[c.id] = replace(known, attributes={**known.attributes, **facts})
        steps.append(replace(step, phase=f"undo-{step.phase}", held=False, reverse=True))
    decisions: list[Decision] = []
    for _, c, receipt, row in took:
        if c.id not in credentials:
            credentials[c.id] = c
            why = f"it cannot be put back: {receipt.verb} left it {receipt.end_state}"
            decisions.append(
                Decision(credential=c.id, end_state=EndState.SKIPPED, reason=f"{why}; {row.undo}".rstrip("; "))
            )
    plan = _bound(session, run, plans[0], tuple(credentials.values()), tuple(steps), tuple(decisions))
    plan = replace(plan, case_steps=tuple(_called_off(s, run) for s in case if _begun(s)))
    return replace(plan, digest=plan_file.digest_of(plan))


def _begun(s: CaseResult) -> bool:
    """Tell whether something was done for the case, or somebody may be doing it."""
    changed = s.end_state not in {EndState.HELD, EndState.SKIPPED} and not s.source  # an export changed nothing
    return changed and bool(s.at or s.attested_by)


def _called_off(s: CaseResult, run: str) -> CaseStep:
    wiped = s.verb in {CaseVerb.WIPE, CaseVerb.RETIRE}
    gone = f"Stop it if it has not begun; what is {s.verb}d cannot be taken back"
    how = gone if wiped else "Take it back, or call it off"
    return CaseStep(
        phase=f"undo-{s.phase}",
        verb=CaseVerb.NOTIFY if wiped else s.verb,
        task=f"A false alarm (run {run}). {how}: {s.task}",
        owner=s.owner,
        done_when=f"It is as it was before run {run}, or cannot be and its owner knows.",
    )


def _bound(
    session: Session,
    run: str,
    first: Plan,
    credentials: tuple[Credential, ...],
    steps: tuple[Step, ...],
    decisions: tuple[Decision, ...],
) -> Plan:
    then = first.case
    case = Case(person=then.person, workstation=then.workstation, hold=then.hold, rotations=then.rotations, undo_of=run)
    at, accounts, principals = tenants(session, case, write=False), {}, {}
    for name in sorted({s.tenant for s in steps}):
        me = at.get(name).identity
        if first.tenants.get(name, me.account) != me.account:
            raise RefusedError(
                f"tenant {name!r} is account {me.account!r} now, run {run} was at {first.tenants[name]!r}",
                hint="nothing was changed; correct rescind.toml",
            )
        accounts[name], principals[name] = me.account, me.principal
    scope = {**dict(first.playbook.get("scope", {})), "evidence": [], "sides": ["provider"]}
    title = f"Put back what run {run} cut"
    playbook = {**first.playbook, "name": "undo", "title": title, "scope": scope, "sweep": {"rounds": 0}}
    seen, _ = inventory_of(session, case, scope=())
    return Plan(
        created_at=rfc3339(session.clock.now()),
        case=case,
        playbook=playbook,
        credentials=credentials,
        candidates=(),
        steps=steps,
        decisions=decisions,
        accepted=tuple(Accepted(credential=c.id, end_state=EndState.SKIPPED) for c in credentials),
        gaps=(),
        tenants=accounts,
        principals=principals,
        inventory_digest=inventories.digest(seen),
        policy_digest=policy_digest(session.config),
        catalogue_version=catalogue.version(),
        tool_version=__version__,
        sweep_rounds=0,
        parent_digest=first.digest,
    )


def record(
    log: AuditLog,
    plan: Plan,
    run: str,
    undone: Mapping[str, Receipt],
    originals: Iterable[Plan],
    done: Mapping[str, Receipt],
) -> int:
    """Tell the trail of the run that was taken back what lives again, so that it does not go on to call it cut. Returns how much."""
    first = plan.case.undo_of
    back = {(s.verb, s.credential): undone.get(s.id) for s in plan.steps}
    told = 0
    for step in (s for p in originals for s in p.steps):
        now, then = back.get((step.verb, step.credential)), done.get(step.id)
        if now is None or then is None or now.liveness is not Liveness.LIVE or then.end_state is EndState.SKIPPED:
            continue
        after = replace(
            then,
            end_state=EndState.SKIPPED,
            liveness=Liveness.LIVE,
            evidence=f"restored on purpose by run {run}",
            at=now.at,
            residual_until="",
            residual_what="",
            reversible=False,
        )
        log.append("verification", run=first, step=step.id, data=kept.to_json(after))
        told += 1
    return told
