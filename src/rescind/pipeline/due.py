"""What is due: rotations past their age, and runs that rested long enough. Read-only; nothing is decided here but what the numbers say."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rescind.models.clock import parse_rfc3339
from rescind.pipeline.render import safe, wrap
from rescind.pipeline.rotations import Age


@dataclass(frozen=True, slots=True, kw_only=True)
class Resting:
    """A run that rests: until when ("" when it waits for something else than a moment), and for what."""

    run: str
    playbook: str
    until: str
    reason: str

    def over(self, now: datetime) -> bool:
        """Tell whether its moment has come."""
        return bool(self.until) and parse_rfc3339(self.until) <= now


def exit_code(ages: Iterable[Age], resting: Iterable[Resting], now: datetime) -> int:
    """Return 4 when something is due, 7 when an age could not be read, otherwise 0."""
    told = list(ages)
    if any(a.due for a in told) or any(r.over(now) for r in resting):
        return 4
    return 7 if any(a.seconds is None for a in told) else 0


def to_json(ages: Iterable[Age], resting: Iterable[Resting], now: datetime) -> dict[str, Any]:
    """Return both lists as `rescind.due/1`."""
    return {
        "schema": "rescind.due/1",
        "rotations": [
            {
                "name": a.row.name,
                "kind": a.row.kind,
                "tenant": a.row.tenant,
                "subject": a.row.subject,
                "identifier": a.identifier,
                "created_at": a.created_at,
                "age_seconds": a.seconds,
                "max_age_seconds": a.row.max_age or None,
                "due": a.due,
                "why": a.why,
            }
            for a in ages
        ],
        "resting": [
            {"run": r.run, "playbook": r.playbook, "until": r.until, "for": r.reason, "due": r.over(now)}
            for r in resting
        ],
    }


def _span(seconds: float) -> str:
    for unit, length in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{int(seconds // length)} {unit}"
    return f"{int(seconds)} s"


def _rotation(a: Age) -> str:
    if a.seconds is None:
        return f"unseen  {a.row.name}  {a.row.kind}: {a.why}"
    most = f"at most {_span(a.row.max_age)}" if a.row.max_age else "no age is set"
    return f"{'due' if a.due else 'ok'}  {a.row.name}  {a.row.kind}  {a.identifier}: {_span(a.seconds)} old, {most}"


def text(ages: Sequence[Age], resting: Sequence[Resting], now: datetime, *, width: int = 80) -> str:
    """Return both lists for people, and what to do about what is due."""
    due = [a.row.name for a in ages if a.due]
    over = [r.run for r in resting if r.over(now)]
    out = [f"{len(due)} of {len(ages)} rotations due · {len(over)} of {len(resting)} resting runs may go on", ""]
    for a in sorted(ages, key=lambda a: (not a.due, a.seconds is not None, a.row.name)):
        out += wrap(_rotation(a), width, "  ")
    for r in resting:
        out += wrap(f"rests  {r.run}  {r.playbook}: for {r.reason}" + (f", {r.until}" if r.until else ""), width, "  ")
    out += [""] if due or over else []
    out += [f"  → rescind rotate {safe(' '.join(due))}"] if due else []
    out += [f"  → rescind resume {safe(run)}" for run in over]
    return "\n".join(out).rstrip() + "\n"
