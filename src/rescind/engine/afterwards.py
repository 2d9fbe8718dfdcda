"""Long after a run's last sweep, look once more for what appeared: whoever was quicker than a provider's delay shows only then.

Nothing is written at any provider: what is found is held, for a plan of its own. Asked are the providers that honour for a while what they
call gone; the others have shown it by the end of the run.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from rescind import catalogue
from rescind.audit.log import AuditLog
from rescind.engine import state
from rescind.engine.record import LATER
from rescind.models.clock import Clock, parse_rfc3339, rfc3339
from rescind.models.credential import EndState, Inventory
from rescind.models.plan import Decision, Plan
from rescind.models.playbook import Playbook
from rescind.pipeline.enumerate import enumerate_all
from rescind.pipeline.people import People
from rescind.pipeline.plan import DECIDE_WITHIN, addendum
from rescind.pipeline.tenants import Tenants
from rescind.schema import plan as plan_file

WITHIN = timedelta(hours=48)
"""For so long after a run whatever was made of what it ended may make more; later, what is new is the person's new work."""


def _over(log: AuditLog, run: str, now: datetime) -> bool:
    """Tell whether nothing is to be looked for any more: too long ago, or the run was taken back."""
    ended = log.last("run-ended", run, "")
    undone = any(e.data.get("undo_of") == run for e in log.entries(type="run-started"))
    return undone or (ended is not None and now > parse_rfc3339(ended.at) + WITHIN)


def _looks(state_dir: Path, run: str) -> int:
    """Return how many of these looks left something to tell."""
    return next(n for n in itertools.count() if state.load_addendum(state_dir, run, LATER + n) is None)


def look_for_more(
    state_dir: Path,
    run: str,
    plans: Sequence[Plan],
    playbook: Playbook,
    providers: Sequence[str],
    tenants: Tenants,
    who: People,
    log: AuditLog,
    clock: Clock,
) -> int:
    """Ask the slow providers of a run again, and keep what is new as an addendum that ends nothing. Returns how many were found."""
    now, first = clock.now(), plans[0]
    slow = tuple(p for p in providers if p in catalogue.providers() and catalogue.providers()[p].eventual)
    if not slow or "provider" not in playbook.sides or not first.sweep_rounds or _over(log, run, now):
        return 0
    seen = enumerate_all(
        Inventory(workstation={}, credentials=()), {}, tenants, who, providers=slow, kinds=playbook.kinds
    )
    known = {c.id: c for plan in plans for c in plan.credentials}
    # each such look says all that it could not see: what an earlier one could not is no gap any more once it was seen
    looks = _looks(state_dir, run)
    said = plans[-1].gaps if looks else ()
    gaps = tuple(g for p in plans[: len(plans) - looks] for g in p.gaps)
    everything = replace(first, credentials=tuple(known.values()), gaps=gaps)
    extra = addendum(everything, seen, playbook, round_=LATER, again=frozenset(), now=now)
    if extra is None and said:
        extra = replace(
            first,
            created_at=rfc3339(now),
            credentials=(),
            candidates=(),
            accepted=(),
            case_steps=(),
            gaps=(),
            parent_digest=first.digest,
        )
    if extra is None or (not extra.credentials and extra.gaps == said):
        return 0
    held = tuple(
        Decision(
            credential=c.id,
            end_state=EndState.HELD,
            reason="it was not there when the run ended: look who made it, and make a new plan",
            owner=c.owner,
            decide_by=rfc3339(now + DECIDE_WITHIN),
        )
        for c in extra.credentials
    )
    extra = replace(extra, steps=(), decisions=held)
    extra = replace(extra, digest=plan_file.digest_of(extra))
    round_ = LATER + looks
    state.save_addendum(state_dir, run, round_, json.dumps(plan_file.to_json(extra)))
    facts: dict[str, Any] = {"steps": [], "plan_digest": extra.digest, "parent_digest": extra.parent_digest}
    facts["credentials"] = [c.id for c in extra.credentials]
    log.append("addendum", run=run, step=f"sweep-{round_}", data=facts)
    return len(extra.credentials)
