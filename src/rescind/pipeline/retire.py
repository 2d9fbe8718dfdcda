"""May the old one be ended now? Only while its user reads another one that works, which this run delivered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from rescind.errors import ProviderError
from rescind.models.credential import Credential, EndState
from rescind.models.kind import Liveness, Verb
from rescind.models.plan import Step
from rescind.models.rotation import Value
from rescind.models.run import Receipt
from rescind.pipeline import receipts
from rescind.pipeline.rotating import listing, named
from rescind.pipeline.stepping import Context, receipt
from rescind.pipeline.strangers import strangers
from rescind.pipeline.successor import Job, Stop, held, opened, working
from rescind.pipeline.tenants import Connected
from rescind.pipeline.verify import reason


def not_yet(step: Step, c: Credential, at: Connected, ctx: Context) -> Receipt | None:
    """Return why a credential that is being rotated may not be ended (None: it may).

    Its successor must have been delivered in this run, and what its user reads at this moment must be another one that works.
    """
    told = [r for e in ctx.log.entries(run=ctx.run, type="outcome") if (r := _of(e.data, c)) is not None]
    done = next((r for r in told if r.verb is Verb.ROTATE), None)
    if done is None or "new" not in done.notes:
        why = done.evidence if done else "the rotation has no outcome"
        state, liveness = (done.end_state, done.liveness) if done else (EndState.UNKNOWN, Liveness.UNKNOWN)
        return receipt(step, state, ctx, evidence=f"left alone, it was not replaced: {why}", liveness=liveness)
    try:
        job = Job(step=step, c=c, at=at, ctx=ctx, one=opened(c, ctx))
        working(job, _successor(job))
        if any(r.liveness is Liveness.DEAD for r in told):
            _still_off(job)
            _nothing_new(job)
    except Stop as stop:
        return receipt(step, stop.state, ctx, evidence=stop.why, liveness=stop.liveness)
    except ProviderError as error:
        why = f"left alone: whether its successor works could not be seen again: {reason(error)}"
        return receipt(step, EndState.UNKNOWN, ctx, evidence=why, error=error.message)
    return None


def _of(data: Mapping[str, Any], c: Credential) -> Receipt | None:
    return receipts.from_json(data) if data.get("credential") == c.id else None


def _successor(job: Job) -> Value:
    value = held(job)
    name = named(job.one.kind, job.c.owner, value, job.at) if value else ""
    if value is None or not name or name == job.c.identifier:
        what = "the old one again" if name else "nothing that works"
        raise Stop(EndState.HELD, f"left alone: {job.one.target.place} holds {what}")
    return replace(value, identifier=name)


def _nothing_new(job: Job) -> None:
    """Leave what is switched off already as evidence while there is something that somebody else made of it, perhaps."""
    new = strangers(job.one, job.c, job.at, job.ctx.log, job.ctx.run)
    if new:
        why = f"left switched off, not deleted: {', '.join(new)} appeared during the rotation and is not this run's"
        raise Stop(EndState.HELD, why, Liveness.DEAD)


def _still_off(job: Job) -> None:
    known = listing(job.one.kind, job.c.owner, job.at).get(job.c.identifier)
    if known is not None and known.liveness is Liveness.LIVE:
        raise Stop(EndState.HELD, "left alone: somebody switched it on again after this run retired it", Liveness.LIVE)
