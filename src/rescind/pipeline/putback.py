"""Take one step back: what was cut on a false alarm works again as before, or the receipt says that it is still cut."""

from __future__ import annotations

from rescind.errors import ProviderError
from rescind.models.credential import Credential, EndState
from rescind.models.kind import Act, Kind, Liveness
from rescind.models.plan import Step
from rescind.models.run import Receipt
from rescind.pipeline.stepping import Context, intent, receipt
from rescind.pipeline.tenants import Connected
from rescind.pipeline.verify import prove_restored


def put_back(step: Step, c: Credential, kind: Kind, row: Act, at: Connected, ctx: Context) -> Receipt:
    """Take a step back, which is safe to repeat: `restore` looks at what is there. It never establishes that anything is dead."""
    if row.restore is None:
        return receipt(
            step, EndState.FAILED, ctx, evidence="this version cannot take the step back", error="no restore"
        )
    ctx.log.append("intent", run=ctx.run, step=step.id, data=intent(step, c, at))
    restore, result, error, attempts = row.restore, None, None, 1
    try:
        result, attempts = at.ask(lambda: at.run(restore, c, look=False), repeatable=True)
    except ProviderError as failure:
        error, attempts = failure, failure.attempts
    left = result.notes.get("left", "") if result else ""
    wait = 0.0 if error is not None or left else step.wait_seconds
    seen = prove_restored(kind, row, c, at, ctx.clock, wait=wait)
    state, told = EndState.UNKNOWN, seen.observation.evidence
    match seen.observation.liveness:
        case Liveness.LIVE:
            state, told = EndState.SKIPPED, f"restored on purpose: {told}"
        case Liveness.DEAD if left:
            state, told = EndState.SKIPPED, f"left as it was before the run, on purpose: {left}; {told}"
        case Liveness.DEAD:  # the truth stays: what was cut is still cut, and still there
            state, told = EndState.CONTAINED, f"not restored, still cut: {told}"
        case Liveness.UNKNOWN:
            pass
    return receipt(
        step,
        state,
        ctx,
        evidence=told,
        liveness=seen.observation.liveness,
        call_status=str(result.status) if result else "",
        request_id=(result.request_id if result else "") or seen.observation.request_id,
        provider_time=(result.provider_time if result else "") or seen.observation.provider_time,
        verify_method=seen.method,
        reversible=state is EndState.CONTAINED,
        attempts=attempts,
        error=error.message if error else "",
        notes=dict(result.notes) if result else {},
    )
