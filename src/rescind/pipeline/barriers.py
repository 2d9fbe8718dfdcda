"""When a phase may begin. Pure: the plan and what the trail says of the past in, the moment or nothing out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from rescind.models.clock import parse_rfc3339, rfc3339
from rescind.models.plan import Barrier, Plan
from rescind.models.playbook import Playbook


@dataclass(frozen=True, slots=True, kw_only=True)
class Rest:
    """Why a run rests: until a moment (RFC 3339 UTC), and for what, in words."""

    until: str
    reason: str


def of(playbook: Playbook) -> tuple[Barrier, ...]:
    """Return the barriers that a playbook puts before its phases."""
    return tuple(Barrier(phase=p.name, after_seconds=p.after_seconds) for p in playbook.phases if p.after_seconds)


def base(phase: str) -> str:
    """Return the playbook's own name of a planned phase that a sweep repeats (`revoke/sweep-1`)."""
    return phase.partition("/")[0]


def waits(plan: Plan, phases: Sequence[str], index: int) -> bool:
    """Tell whether anything has to be asked before the nth phase begins. The same answer every time: a resumed run rests on it."""
    begins = index == 0 and bool(plan.case.at) and not plan.parent_digest
    return begins or any(b.phase == base(phases[index]) for b in plan.barriers)


def rest(plan: Plan, phases: Sequence[str], index: int, *, ended: str, now: datetime) -> Rest | None:
    """Return why the nth phase may not begin yet, or None. `ended`: when the phase before it did (or the run began)."""
    due: list[tuple[datetime, str]] = []
    if index == 0 and plan.case.at and not plan.parent_digest:
        due.append((parse_rfc3339(plan.case.at), "the moment of the case (--at)"))
    for b in plan.barriers:
        if b.phase == base(phases[index]) and b.after_seconds:
            what = f"phase {b.phase}: {spoken(b.after_seconds)} after the phase before it ended"
            due.append((parse_rfc3339(ended) + timedelta(seconds=b.after_seconds), what))
    late = max((d for d in due if d[0] > now), default=None)
    return Rest(until=_up(late[0]), reason=late[1]) if late else None


def _up(moment: datetime) -> str:
    """Round up to the second: what is told to people is never too early."""
    return rfc3339(moment if not moment.microsecond else moment + timedelta(seconds=1))


def spoken(seconds: float) -> str:
    """Say a duration in its largest whole unit, as playbooks write it."""
    for name, size in (("d", 86_400), ("h", 3600), ("m", 60)):
        if seconds >= size and seconds % size == 0:
            return f"{int(seconds // size)}{name}"
    return f"{int(seconds)}s"
