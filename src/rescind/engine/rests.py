"""A run that must wait rests: nobody sleeps for it, its record says until when and for what, and any later `resume` asks again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from rescind import catalogue
from rescind.audit.log import AuditLog
from rescind.engine import state
from rescind.engine.work import Interrupted, PhaseSpec, Resting
from rescind.errors import RefusedError
from rescind.models.clock import Clock, parse_rfc3339
from rescind.models.plan import Plan
from rescind.pipeline import barriers, report
from rescind.pipeline.barriers import Rest
from rescind.pipeline.case_steps import LANE, settled

HOUR = "hour"
ISOLATION = (
    "isolation: malware can wipe a home when its token dies, so nothing is ended before somebody attests that the machine is "
    "isolated (rescind task done), or its tool accepted it"
)
_SLICE, _TOLD_EVERY = 30.0, 600.0  # short looks at the clock: a laptop may be suspended meanwhile


def phases_of(plan: Plan) -> list[PhaseSpec]:
    """Return a plan's steps as phases of lanes, one lane per tenant and one for the case, in the order of plan and playbook."""
    phases: dict[str, dict[str, list[str]]] = {}
    for step in plan.steps:
        phases.setdefault(step.phase, {}).setdefault(step.tenant, []).append(step.id)
    for case in plan.case_steps:
        if not (case.held or case.left_out):
            phases.setdefault(case.phase, {}).setdefault(LANE, []).append(case.id)
    if not phases and plan.case.at and not plan.parent_digest:
        return [
            PhaseSpec(name=HOUR, lanes={}, waits=True)
        ]  # else its sweeps, which may end something, would begin before it
    place = barriers.places(plan)
    names = sorted(
        phases, key=lambda name: place.get(barriers.base(name), -1)
    )  # stable: what the playbook does not name stays put
    return [
        PhaseSpec(name=name, lanes=phases[name], waits=barriers.waits(plan, names, i)) for i, name in enumerate(names)
    ]


def rest_before(log: AuditLog, run: str, first: Plan, plan: Plan, sweep: int, index: int, now: datetime) -> Rest | None:
    """Return why the nth phase of a plan or addendum may not begin at this moment, or None. `first`: the run's own plan."""
    names = [p.name for p in phases_of(plan)]
    for gate in barriers.gates(plan, names[index]):
        if not settled(log, run, first.case_steps, gate):
            return Rest(until="", reason=ISOLATION)
    mark = f"sweep-{sweep}." if sweep else ""
    before = log.last("phase-ended", run, mark + names[index - 1]) if index else None
    before = before or (log.last("sweep", run, f"sweep-{sweep}") if sweep else log.last("run-started", run, ""))
    return barriers.rest(plan, names, index, ended=before.at if before else plan.created_at, now=now)


def rested(state_dir: Path, log: AuditLog, run: str, rest: Rest | None) -> None:
    """Keep in the run's record, and in the trail, that it rests, or that it goes on. Raises `Resting` in the first case."""
    if rest is None:
        state.set_status(state_dir, run, "running", waiting_until="", waiting_for="")
        return
    state.set_status(state_dir, run, report.WAITING, waiting_until=rest.until, waiting_for=rest.reason)
    facts = {"until": rest.until, "for": rest.reason}
    said = log.last("run-waiting", run, "")
    if said is None or said.data != facts:
        log.append("run-waiting", run=run, data=facts)
        log.sign_head()
    told = f"run {run} waits for {rest.reason}" + (f", {rest.until}" if rest.until else "")
    raise Resting(told, until=rest.until, hint=f"go on then with: rescind resume {run}")


def let_settle(
    log: AuditLog, run: str, plans: Sequence[Plan], after: Sequence[float], round_: int, clock: Clock
) -> None:
    """Sleep until a sweep's round may look: so long after the last cut as the playbook says, where the provider is an eventual one.

    AWS honours for seconds what it says is gone, and whoever is inside mints more meanwhile: a look at once would miss it
    (https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency).
    """
    slow = {name for name, row in catalogue.providers().items() if row.eventual}
    cuts = {s.id for p in plans for c in p.credentials if c.provider in slow for s in p.steps if s.credential == c.id}
    intents = log.entries(run=run, type="intent") if after and cuts else ()
    acts = [parse_rfc3339(entry.at) for entry in intents if entry.step in cuts]
    if acts:
        most = after[min(round_, len(after)) - 1]
        left = most - (clock.now() - max(acts)).total_seconds()
        clock.sleep(min(max(left, 0.0), most))  # never longer, whatever becomes of the clock


def still_resting(state_dir: Path, run: str, now: datetime) -> None:
    """Refuse to take a run up before the moment it rests until. Raises `RefusedError`."""
    record = state.load_run(state_dir, run)
    until = str(record[1].get("waiting_until", "")) if record else ""
    if until and parse_rfc3339(until) > now:
        reason = record[1].get("waiting_for", "") if record else ""
        raise RefusedError(
            f"run {run} rests until {until} for {reason}; nothing was done",
            hint=f"rescind resume {run} after that moment, or with --wait now",
        )


def sleep_until(clock: Clock, until: str, progress: Callable[[str], None], run: str) -> None:
    """Sleep in the foreground until a moment by the wall clock, with a word now and then. Raises `Interrupted` on Ctrl-C."""
    moment, told = parse_rfc3339(until), float("-inf")
    try:
        while (left := (moment - clock.now()).total_seconds()) > 0:
            if clock.monotonic() - told >= _TOLD_EVERY:
                told = clock.monotonic()
                progress(f"run {run} waits until {until}, {left / 60:.0f} min; Ctrl-C leaves it resting")
            clock.sleep(min(left, _SLICE))
    except KeyboardInterrupt:
        raise Interrupted(f"run {run} rests until {until}", hint=f"go on then with: rescind resume {run}") from None
