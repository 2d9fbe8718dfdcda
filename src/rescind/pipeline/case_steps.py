"""Carry out what is done for the case as a whole: open the task of a person, or run the operator's own tool once.

A tool that accepted proves nothing: the step is `acknowledged`. One that failed, or whose fate is unknown, leaves the task to a person
and is never run a second time. What a tenant orders a machine to do is in `rescind.pipeline.orders`. Intent before, outcome after, as for every write.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rescind.audit.log import AuditLog
from rescind.errors import redact
from rescind.host.program import Ended, run_program
from rescind.models.config import Hook
from rescind.models.credential import Credential, EndState
from rescind.models.plan import Case, CaseStep, Plan
from rescind.models.run import CaseResult
from rescind.models.use import Reading
from rescind.pipeline import orders, preserve, use
from rescind.pipeline.case_plan import ERASING, HELD_BY_LAW, IRREVERSIBLE, PLACEHOLDER, filled

LANE = ":case"  # no tenant can be called so
_LONGEST, _SHOWN = 253, 160
_TOKENISH = re.compile(r"[\w+/=.~-]{20,}")  # a tool may print what it was given; nothing so long is worth the risk


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseContext:
    """What the case steps of one run share. `hold`: the case is under legal hold now, whatever the plan says.

    `reader` and `credentials`: with what, and for which, a record of what credentials did is read.
    """

    run: str
    case: Case
    log: AuditLog
    hooks: Mapping[str, Hook]
    hold: bool = False
    reader: preserve.Reader | None = None
    credentials: tuple[Credential, ...] = ()


def arguments(hook: Hook, values: Mapping[str, str]) -> tuple[list[str], str]:
    """Return the tool's arguments with its placeholders filled, or why they cannot be.

    A name that somebody else chose may be an option, a file to read (`@x`) or hold control characters: it never reaches the tool then.
    """
    for argument in hook.command:
        for name in PLACEHOLDER.findall(argument):
            value = values.get(name, "")
            if not value:
                return [], f"the case has no {name}"
            if value[0] in "-@+/" or len(value) > _LONGEST or not value.isprintable():
                return [], f"the {name} of the case is not fit to be an argument"
    return [filled(a, values) for a in hook.command], ""


def carry_out(step: CaseStep, ctx: CaseContext) -> str:
    """Do one case step, or open its task; returns its end state. A step that has an outcome keeps it."""
    done = ctx.log.last("outcome", ctx.run, step.id)
    if done is not None:
        return str(done.data["end_state"])
    if ctx.hold and step.verb in ERASING:
        _outcome(step, ctx, EndState.HELD, HELD_BY_LAW)
        return str(EndState.HELD)
    if step.source and ctx.reader is not None:
        return _exported(step, ctx, ctx.reader)
    if step.machine and ctx.reader is not None:
        state, why, call = orders.order(step, ctx.run, ctx.reader)
        if state in {EndState.FAILED, EndState.MANUAL}:  # else it is under way, or may be: nobody is to do it twice
            _open_task(step, ctx)
        _outcome(step, ctx, state, why, call)
        return str(state)
    hook = ctx.hooks.get(str(step.verb)) if step.hook else None
    if hook is None:
        _open_task(step, ctx)
        return str(EndState.MANUAL)
    state, why, call = _hooked(step, hook, ctx)
    if state is not EndState.ACKNOWLEDGED:
        _open_task(step, ctx)
    _outcome(step, ctx, state, why, call)
    return str(state)


def _exported(step: CaseStep, ctx: CaseContext, reader: preserve.Reader) -> str:
    """Read one record, now, before anything is ended. A step that was killed after the trail had it keeps it: a second look may see less."""
    source = preserve.source_at(reader, step)
    if source is None:
        state, why = EndState.UNKNOWN, "this version reads no such record, or its tenant is not configured any more"
    else:
        told = ctx.log.last(use.ENTRY, ctx.run, step.id)
        done = (
            use.from_json(told.data, told.at)
            if told is not None
            else preserve.export(reader, step.tenant, source, ctx.credentials, ctx.case.lost_at, step=step.id)
        )
        state, why = (EndState.UNKNOWN if done.problem else EndState.ACKNOWLEDGED), _told(done)
    _outcome(step, ctx, state, why)
    return str(state)


def _told(done: Reading) -> str:
    left = f", {done.ours} of them in rescind's own name" if done.ours else ""
    kept = f" in {done.file}, sha256 {done.sha256}" if done.file else ", kept nowhere"
    read = f"since {done.since}, complete until {done.until}" if done.until else "nothing could be read"
    return f"{done.events} events{left}{kept}; {read}" + (f"; not whole: {done.problem}" if done.problem else "")


def _hooked(step: CaseStep, hook: Hook, ctx: CaseContext) -> tuple[EndState, str, str]:
    if ctx.log.last("intent", ctx.run, step.id) is not None:
        return EndState.UNKNOWN, "the tool was started before a crash; it is not started again", "unknown"
    values = {"workstation": ctx.case.workstation, "person": ctx.case.person, "run": ctx.run}
    command, unfit = arguments(hook, values)
    if unfit:
        return EndState.MANUAL, f"the tool was not started: {unfit}", ""
    told = {"verb": str(step.verb), "kind": "case", "phase": step.phase, "program": hook.command[0]}
    ctx.log.append("intent", run=ctx.run, step=step.id, data=told)
    ended = run_program(command, hook.seconds)
    heard = _TOKENISH.sub("[redacted]", ended.said)
    said = f", and said: {redact(heard, limit=_SHOWN)}" if heard.strip() else ""
    return (*_judged(ended, hook, said), "done" if ended.code == 0 else "failed")


def _judged(ended: Ended, hook: Hook, said: str) -> tuple[EndState, str]:
    if not ended.started:
        return EndState.FAILED, f"the tool failed{said}"
    if ended.code is None:
        return EndState.UNKNOWN, f"the tool did not end within {hook.seconds:g} s{said}"
    if ended.code != 0:
        return EndState.FAILED, f"the tool ended with {ended.code}{said}"
    return EndState.ACKNOWLEDGED, f"the tool accepted it, which is no proof{said}"


def _open_task(step: CaseStep, ctx: CaseContext) -> None:
    if ctx.log.last("task-opened", ctx.run, step.id) is None:
        facts = {"verb": str(step.verb), "task": step.task, "owner": step.owner, "done_when": step.done_when}
        ctx.log.append("task-opened", run=ctx.run, step=step.id, data=facts)


def _outcome(step: CaseStep, ctx: CaseContext, state: EndState, why: str, call: str = "") -> None:
    facts = {"verb": str(step.verb), "kind": "case", "end_state": str(state), "evidence": why, "call_status": call}
    ctx.log.append("outcome", run=ctx.run, step=step.id, data=facts)


def told_of_the_case(plan: Plan) -> dict[str, Any]:
    """Return what the trail is told at the start beside credentials; nothing where a plan has nothing of it."""
    done = [s for s in plan.case_steps if not (s.held or s.left_out)]
    left = [
        {"case_step": s.id, "verb": str(s.verb), "why": s.left_out or "waits for an approval"}
        for s in plan.case_steps
        if s not in done
    ]
    said = {"case_steps": [s.id for s in done], "case_undone": left, "at": plan.case.at}
    return {k: v for k, v in {**said, "not_isolated": plan.case.not_isolated}.items() if v}


def is_case(step: str) -> bool:
    """Tell whether a step's id is one of the case's."""
    return step.startswith("case-")


def settled(log: AuditLog, run: str, steps: Iterable[CaseStep], verb: str) -> bool:
    """Tell whether everything of a verb was attested by somebody or accepted by the operator's tool."""
    mine = [s for s in steps if s.verb == verb and not s.left_out]
    return all(
        log.last("task-done", run, s.id) is not None
        or ((seen := log.last("outcome", run, s.id)) is not None and seen.data["end_state"] == EndState.ACKNOWLEDGED)
        for s in mine
    )


def results(
    log: AuditLog, run: str, steps: Sequence[CaseStep], attested: Mapping[str, Mapping[str, str]]
) -> tuple[CaseResult, ...]:
    """Return how every case step of a plan stands now."""
    return tuple(_result(log, run, step, attested.get(step.id, {})) for step in steps)


def _result(log: AuditLog, run: str, step: CaseStep, attested: Mapping[str, str]) -> CaseResult:
    seen = orders.last_seen(log, run, step.id)
    opened = log.last("task-opened", run, step.id)
    if step.left_out:
        state, why, at = EndState.SKIPPED, step.left_out, ""
    elif seen is not None:
        state, why, at = EndState(seen.data["end_state"]), str(seen.data["evidence"]), seen.at
    elif step.held:
        always = " (it cannot be taken back)" if step.verb in IRREVERSIBLE else ""
        state, why, at = EndState.HELD, f"it waits for an approval of {step.id}{always}", ""
    else:
        state, at = EndState.MANUAL, opened.at if opened else ""
        why = "a person does it" if opened and not step.source else "its phase has not begun"
    facts: dict[str, Any] = {k: attested.get(k, "") for k in ("attested_by", "attested_at", "evidence")}
    # what an export could not read is a gap, and read again by `rescind verify`: nobody has to do it by hand
    closed = state in {EndState.SKIPPED, EndState.ACKNOWLEDGED} or bool(attested) or bool(step.source and seen)
    return CaseResult(
        id=step.id,
        verb=step.verb,
        phase=step.phase,
        task=step.task,
        owner=step.owner,
        done_when=step.done_when,
        end_state=state,
        reason=why,
        closed=closed,
        at=at,
        source=step.source,
        **facts,
    )
