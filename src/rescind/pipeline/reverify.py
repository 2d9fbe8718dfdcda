"""Look again at what a run ended, hours or days later: what came back is reopened, a clock that ran out becomes death.

Nothing is written at any provider. Each look is an entry of the audit trail, and the newest one is what the run says from then on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace

from rescind.errors import EvidenceError, ProviderError, RefusedError
from rescind.models.clock import rfc3339
from rescind.models.credential import Credential, EndState
from rescind.models.kind import CallResult, CallStatus, Liveness
from rescind.models.plan import Plan, Step
from rescind.models.run import Receipt
from rescind.pipeline import receipts
from rescind.pipeline.execute import Context, conclude
from rescind.pipeline.tenants import kind_of
from rescind.pipeline.verify import prove

_LOOKED_AT = {
    EndState.DEAD,
    EndState.RESIDUAL,
    EndState.CONTAINED,
    EndState.ACKNOWLEDGED,
    EndState.UNKNOWN,
    EndState.FAILED,
}


def look_again(plans: Iterable[Plan], done: Mapping[str, Receipt], ctx: Context) -> int:
    """Prove every step's effect afresh and record it; returns how many were looked at. A tenant that cannot be asked is `unknown`."""
    looked = 0
    for plan in plans:
        credentials = {c.id: c for c in plan.credentials}
        for step in plan.steps:
            before = done.get(step.id)
            if before is None or before.end_state not in _LOOKED_AT:
                continue
            after = _look(step, credentials[step.credential], before, ctx)
            if after is not None:
                looked += 1
                ctx.log.append("verification", run=ctx.run, step=step.id, data=receipts.to_json(after))
    return looked


def _look(step: Step, c: Credential, before: Receipt, ctx: Context) -> Receipt | None:
    kind = kind_of(c.kind)
    row = kind.actions.get(step.verb) if kind else None
    if kind is None or row is None or (row.verify is None and kind.verify is None):
        return None
    secret = None
    with suppress(EvidenceError, ProviderError):
        secret = ctx.read_secret(c) if kind.needs_secret and ctx.read_secret else None
    if kind.needs_secret and not secret:
        return None  # only its value could be shown to the provider, and it is not in the evidence any more: what was seen stands
    # The cut stays where it was: only then does the clock of what was derived run out. And what no provider accepted then is not
    # accepted by being looked at.
    accepted = before.call_status not in ("", str(CallStatus.NOTHING))
    cut = CallResult(status=CallStatus.ALREADY if accepted else CallStatus.NOTHING, provider_time=before.cut_at)
    try:
        at = replace(ctx.tenants.get(step.tenant), secret=secret)
    except (ProviderError, RefusedError) as error:
        return replace(
            before,
            end_state=EndState.UNKNOWN,
            liveness=Liveness.UNKNOWN,
            evidence=f"looked again, the tenant could not be asked: {error.message}",
            at=rfc3339(ctx.clock.now()),
            residual_until="",
            residual_what="",
            error="",
        )
    proof = prove(kind, row, c, at, ctx.clock, wait=max(kind.death.seconds, 1.0))
    # what an undo needs, and what the provider said to the call itself, is no matter of this look
    after = replace(conclude(step, kind, row, proof, ctx, cut), call_status=before.call_status, notes=before.notes)
    if (
        before.cut_at
        and after.residual_until
        and after.end_state in {EndState.RESIDUAL, EndState.CONTAINED}
        and before.end_state in {EndState.DEAD, EndState.RESIDUAL, EndState.CONTAINED}
    ):
        # it was dead then and is now: looking at it does not set the clock of what it left behind back
        state, until, what = before.end_state, before.residual_until, before.residual_what
        after = replace(after, end_state=state, residual_until=until, residual_what=what)
    return after
