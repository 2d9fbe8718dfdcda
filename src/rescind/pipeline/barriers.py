"""When a phase may begin. Pure: the plan and what the trail says of the past in, the moment or nothing out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from rescind.models.clock import parse_rfc3339, rfc3339
from rescind.models.plan import Barrier, Case, Plan
from rescind.models.playbook import Playbook


@dataclass(frozen=True, slots=True, kw_only=True)
class Rest:
    """Why a run rests: until a moment (RFC 3339 UTC), and for what, in words."""

    until: str
    reason: str


def of(playbook: Playbook, case: Case) -> tuple[Barrier, ...]:
    """Return the barriers that a playbook puts before its phases; without its gates where the case waives them."""
    made = (
        Barrier(phase=p.name, after_seconds=p.after_seconds, gate="" if case.not_isolated else p.gate)
        for p in playbook.phases
    )
    return tuple(b for b in made if b.after_seconds or b.gate)


def base(phase: str) -> str:
    """Return the playbook's own name of a planned phase: of a sweep's (`revoke/sweep-1`), and of a second verb's (`revoke.2`)."""
    return re.split(r"[/.]", phase, maxsplit=1)[0]


def places(plan: Plan) -> dict[str, int]:
    """Return the playbook's phases with their places in it."""
    return {str(p.get("name", "")): i for i, p in enumerate(plan.playbook.get("phases", ()))}


def gates(plan: Plan, phase: str) -> list[str]:
    """Return what has to be done for the case before a phase may begin: its own gate and those of the phases before it."""
    place = places(plan)
    mine = place.get(base(phase), -1)
    return [b.gate for b in plan.barriers if b.gate and place.get(b.phase, mine + 1) <= mine]


def _first_of(phase: str) -> bool:
    """Tell whether a planned phase is the first of its playbook phase: a second verb waits behind it already."""
    return "." not in phase


def waits(plan: Plan, phases: Sequence[str], index: int) -> bool:
    """Tell whether anything has to be asked before the nth phase begins. The same answer every time: a resumed run rests on it."""
    begins = index == 0 and bool(plan.case.at) and not plan.parent_digest
    grace = _first_of(phases[index]) and any(b.phase == base(phases[index]) and b.after_seconds for b in plan.barriers)
    return begins or grace or bool(gates(plan, phases[index]))


def rest(plan: Plan, phases: Sequence[str], index: int, *, ended: str, now: datetime) -> Rest | None:
    """Return why the nth phase may not begin yet, or None. `ended`: when the phase before it did (or the run began)."""
    due: list[tuple[datetime, str]] = []
    if index == 0 and plan.case.at and not plan.parent_digest:
        due.append((parse_rfc3339(plan.case.at), "the moment of the case (--at)"))
    for b in plan.barriers:
        if b.phase == base(phases[index]) and b.after_seconds and _first_of(phases[index]):
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
