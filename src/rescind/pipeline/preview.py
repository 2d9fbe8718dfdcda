"""A plan for people: what would be done, what will not be and why, on one screen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from rescind.models.credential import Credential, EndState
from rescind.models.plan import Barrier, Decision, Plan
from rescind.pipeline import barriers, upstream
from rescind.pipeline.render import ONE_SCREEN, many, safe, title, wrap

OPEN = {EndState.HELD, EndState.MANUAL, EndState.UNKNOWN, EndState.IRREVOCABLE, EndState.SKIPPED}


def line_one(plan: Plan) -> str:
    """Return the plan in one line: what would be ended, what would not, what was not seen."""
    steps = [s for s in plan.steps if not s.held]
    acting = {s.credential for s in steps}
    done = f"put back as they were before run {plan.case.undo_of}" if plan.case.undo_of else "ended"
    parts = [
        f"{len(acting)} of {many(len(plan.credentials), 'credential')} would be {done} in {many(len(steps), 'step')}"
    ]
    left = Counter(d.end_state for d in plan.decisions)
    parts += [f"{left[s]} {s}" for s in EndState if left[s]]
    if plan.gaps:
        parts.append(f"{len(plan.gaps)} unseen")
    if plan.candidates:
        parts.append(many(len(plan.candidates), "candidate"))
    return " · ".join(parts)


def _short(c: Credential) -> str:
    return safe(c.identifier or c.fingerprint or c.id)


def _phases(plan: Plan, by_id: Mapping[str, Credential], width: int) -> list[str]:
    """Return every phase with what has to hold before it, what is done for the case in it, and its steps."""
    steps: dict[str, list[str]] = {s.phase: [] for s in plan.steps if not s.held}
    for s in (s for s in plan.steps if not s.held):
        c = by_id[s.credential]
        steps[s.phase].append(
            f"{'undo ' if s.reverse else ''}{s.verb}  {c.kind}  {_short(c)}  ({c.relation}, {safe(c.owner) or 'local'}, {s.tenant})"
        )
    case: dict[str, list[str]] = {}
    for item in plan.case_steps:
        how = (
            "left out"
            if item.left_out
            else "needs approval"
            if item.held
            else "your tool"
            if item.hook
            else item.tenant or item.owner
        )
        why = f" [{item.left_out}]" if item.left_out else ""
        case.setdefault(item.phase, []).append(f"{item.verb}  {item.id}  ({how}): {item.task}{why}")
    place = barriers.places(plan)
    out: list[str] = []
    gated = False
    for phase in sorted({**steps, **case}, key=lambda name: place.get(barriers.base(name), -1)):
        lines, waits = steps.get(phase, []), "".join(_grace(b) for b in plan.barriers if b.phase == phase)
        if barriers.gates(plan, phase) and not gated:
            gated, waits = True, waits + ", not before the machine is isolated"
        counted = f": {many(len(lines), 'step')}" if lines else ""
        out.append(f"Phase {phase}{counted}{waits}")
        for line in [*case.get(phase, []), *lines[:ONE_SCREEN]]:
            out += wrap(line, width, "  ")
        if len(lines) > ONE_SCREEN:
            out.append(f"  … and {len(lines) - ONE_SCREEN} more (in the plan file)")
    return out


def _grace(barrier: Barrier) -> str:
    spoken = barriers.spoken(barrier.after_seconds)
    return f", {spoken} after the phase before it ended" if barrier.after_seconds else ""


def _upstream(plan: Plan, width: int) -> list[str]:
    """Return what will not last unless somebody makes the cut at its source of authority too."""
    touched = {s.credential for s in plan.steps if not s.reverse} | {d.credential for d in plan.decisions}
    found = [(c, upstream.named(c)) for c in plan.credentials if upstream.named(c) and c.id in touched]
    out = ["Will not last unless it is cut there too:"] if found else []
    for c, where in found[:ONE_SCREEN]:
        out += wrap(f"{c.kind}  {_short(c)}: {where}", width, "  ")
    if len(found) > ONE_SCREEN:
        out.append(f"  … and {len(found) - ONE_SCREEN} more (in the plan file)")
    return [*out, ""] if out else []


def text(plan: Plan, *, width: int = 80) -> str:
    """Return the one-screen preview of a plan."""
    by_id = {c.id: c for c in plan.credentials}
    out = [line_one(plan), ""]
    if plan.case.not_isolated:
        out += [*wrap(f"NOT ISOLATED, on purpose: {plan.case.not_isolated}", width, ""), ""]
    if plan.case.at:
        out += [f"Nothing begins before {plan.case.at}: the run rests until then.", ""]
    if plan.gaps:
        out.append("Not seen:")
        for g in plan.gaps[:ONE_SCREEN]:
            out += wrap(f"{' '.join(filter(None, (g.source, g.path)))}: {g.reason}", width, "  ")
        if len(plan.gaps) > ONE_SCREEN:
            out.append(f"  … and {len(plan.gaps) - ONE_SCREEN} more (in the plan file)")
        out.append("")
    decisions: list[Decision] = sorted(plan.decisions, key=lambda d: list(EndState).index(d.end_state))
    if decisions:
        out.append("Not put back by this plan:" if plan.case.undo_of else "Not ended by this plan:")
        for d in decisions[:ONE_SCREEN]:
            c = by_id[d.credential]
            out += wrap(f"{title(d.end_state)}  {c.kind}  {_short(c)}", width, "  ")
            out += wrap(d.reason, width, "      ")
        if len(decisions) > ONE_SCREEN:
            out.append(f"  … and {len(decisions) - ONE_SCREEN} more (in the plan file)")
        out.append("")
    out += _upstream(plan, width)
    out += _phases(plan, by_id, width)
    releasable = sorted({s.credential for s in plan.steps if s.held})
    held = [s for s in plan.case_steps if s.held]
    if releasable or held:
        out += [*([""] if out[-1] else []), "An approval can release (rescind approve --credential ID):"]
        out += [f"  {c}  {safe(by_id[c].kind)}  {_short(by_id[c])}" for c in releasable[:ONE_SCREEN]]
        out += [f"  {s.id}  {s.verb}" for s in held]
    out += [*([""] if out[-1] else []), f"Plan digest {plan.digest}"]
    return "\n".join(out) + "\n"


def exit_code(plan: Plan) -> int:
    """Return 4 when the plan leaves something live or presumed live, 7 when something was not seen, otherwise 0."""
    if any(d.end_state in OPEN for d in plan.decisions):
        return 4
    return 7 if plan.gaps else 0
