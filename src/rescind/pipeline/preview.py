"""A plan for people: what would be done, what will not be and why, on one screen."""

from __future__ import annotations

from collections import Counter

from rescind.models.credential import Credential, EndState
from rescind.models.plan import Decision, Plan
from rescind.pipeline.barriers import spoken
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


def text(plan: Plan, *, width: int = 80) -> str:
    """Return the one-screen preview of a plan."""
    by_id = {c.id: c for c in plan.credentials}
    out = [line_one(plan), ""]
    if plan.case.at:
        out += [f"Nothing begins before {plan.case.at}: the run rests until then.", ""]
    grace = {b.phase: b.after_seconds for b in plan.barriers}
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
    phases: dict[str, list[str]] = {}
    for s in (s for s in plan.steps if not s.held):
        c = by_id[s.credential]
        phases.setdefault(s.phase, []).append(
            f"{'undo ' if s.reverse else ''}{s.verb}  {c.kind}  {_short(c)}  ({c.relation}, {safe(c.owner) or 'local'}, {s.tenant})"
        )
    for phase, lines in phases.items():
        waits = f", {spoken(grace[phase])} after the phase before it ended" if grace.get(phase) else ""
        out.append(f"Phase {phase}: {many(len(lines), 'step')}{waits}")
        for line in lines[:ONE_SCREEN]:
            out += wrap(line, width, "  ")
        if len(lines) > ONE_SCREEN:
            out.append(f"  … and {len(lines) - ONE_SCREEN} more (in the plan file)")
    releasable = sorted({s.credential for s in plan.steps if s.held})
    if releasable:
        out += ["", "An approval can release (rescind approve --credential ID):"]
        out += [f"  {c}  {safe(by_id[c].kind)}  {_short(by_id[c])}" for c in releasable[:ONE_SCREEN]]
    out += ["", f"Plan digest {plan.digest}"]
    return "\n".join(out) + "\n"


def exit_code(plan: Plan) -> int:
    """Return 4 when the plan leaves something live or presumed live, 7 when something was not seen, otherwise 0."""
    if any(d.end_state in OPEN for d in plan.decisions):
        return 4
    return 7 if plan.gaps else 0
