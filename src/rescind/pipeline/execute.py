"""Carry out one step: intent → (earlier intent? look first) → call → prove → outcome. The one place where a write can happen.

`act` never raises for what a provider does: that becomes the step's receipt. It raises only when the audit trail cannot be
written, because nothing may be done without it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from rescind.errors import ConfigError, EvidenceError, NotFound, ProviderError, RefusedError, Rejected
from rescind.models.clock import parse_rfc3339, rfc3339
from rescind.models.credential import Credential, EndState
from rescind.models.kind import Act, CallResult, CallStatus, Kind, Liveness, Observation, Verb
from rescind.models.plan import Plan, Step
from rescind.models.run import Receipt
from rescind.pipeline import receipts
from rescind.pipeline.case_plan import DESTRUCTIVE, HELD_BY_LAW
from rescind.pipeline.people import ownership
from rescind.pipeline.putback import put_back
from rescind.pipeline.retire import not_yet
from rescind.pipeline.rotate import rotate
from rescind.pipeline.rotating import ROTATION
from rescind.pipeline.stepping import Context, intent, receipt, snapshot
from rescind.pipeline.tenants import LOCAL, Connected, kind_of
from rescind.pipeline.verify import Proof, prove

RECHECK_SECONDS = 30.0


def _drift(c: Credential, kind: Kind, at: Connected, ctx: Context) -> str:
    """Return why a credential may not be touched any more ("" when it may). Raises if the provider could not be asked."""
    identify = kind.identify
    if identify is None or at.tenant.name == LOCAL:
        return ""
    with ctx.lock:
        seen = ctx.rechecked.get(c.id)
    if seen and ctx.clock.monotonic() - seen[0] < RECHECK_SECONDS:
        return seen[1]
    why = ""
    try:
        known, _ = at.ask(lambda: identify(at.client, c, at.secret))
        now_whose = ownership(known, ctx.people, at.tenant.provider, at.identity)
        if known.owner != c.owner:
            why = f"its owner at the provider is now {known.owner or 'not stated'}, the plan says {c.owner}"
        elif now_whose is not c.ownership:
            why = (
                f"{c.owner or 'its owner'} counts as {now_whose} now, by the configuration; the plan says {c.ownership}"
            )
    except NotFound:
        pass  # it is not shown any more: verification decides what that means
    with ctx.lock:
        ctx.rechecked[c.id] = (ctx.clock.monotonic(), why)
    return why


def _restored(c: Credential, ctx: Context) -> str:
    """Return by what an undo put a credential back in this run, "" if none did: what is left of the run would take it away again."""
    told = (e.data for e in ctx.log.entries(run=ctx.run, type="verification") if e.data.get("credential") == c.id)
    back = [r for r in map(receipts.from_json, told) if (r.end_state, r.liveness) == (EndState.SKIPPED, Liveness.LIVE)]
    return back[-1].evidence if back else ""


def _call(row: Act, c: Credential, at: Connected) -> tuple[CallResult, int]:
    try:
        return at.ask(lambda: at.run(row.call, c, look=False), repeatable=row.idempotent)
    except (
        ConfigError,
        EvidenceError,
    ) as error:  # a recipient that cannot be sealed to: this step's trouble, not the run's
        raise Rejected(error.message, code="configuration") from error


def act(step: Step, c: Credential, ctx: Context) -> Receipt:
    """Carry out one step and return its receipt; a step that already has an outcome returns that one.

    Raises `AuditError` when the trail cannot be written.
    """
    done = ctx.log.last("outcome", ctx.run, step.id)
    if done is not None:
        return receipts.from_json(done.data)
    if ctx.hold and step.verb in DESTRUCTIVE and not step.reverse:
        return _close(ctx, step, c, receipt(step, EndState.HELD, ctx, evidence=HELD_BY_LAW))
    earlier = ctx.log.last("intent", ctx.run, step.id)
    kind = kind_of(c.kind)
    row = kind.actions.get(step.verb) if kind else None
    if kind is None or (row is None and not (step.verb is Verb.ROTATE and kind.rotation)):
        return _close(
            ctx,
            step,
            c,
            receipt(
                step, EndState.FAILED, ctx, evidence="this version cannot carry out the step", error="no such action"
            ),
        )
    try:
        secret = ctx.read_secret(c) if kind.needs_secret and ctx.read_secret else None
    except (EvidenceError, ProviderError) as error:
        why = "the provider ends it by its value only, and what holds its value could not be read again"
        return _close(ctx, step, c, receipt(step, EndState.UNKNOWN, ctx, evidence=why, error=error.message))
    if kind.needs_secret and not secret:
        return _close(ctx, step, c, _without_value(step, kind, ctx, attempted=earlier is not None))
    try:
        at = replace(ctx.tenants.get(step.tenant), secret=secret)
        drift = _drift(c, kind, at, ctx)
    except (ProviderError, RefusedError) as error:
        return _close(
            ctx,
            step,
            c,
            receipt(step, EndState.UNKNOWN, ctx, evidence="its owner could not be checked again", error=error.message),
        )
    if drift:
        return _close(ctx, step, c, receipt(step, EndState.HELD, ctx, evidence=drift))
    if row is None:
        return _close(ctx, step, c, rotate(step, c, at, ctx))
    if ROTATION in c.attributes and not step.reverse and (left := not_yet(step, c, at, ctx)):
        return _close(ctx, step, c, left)
    if not step.reverse and (why := _restored(c, ctx)):
        told = receipt(step, EndState.SKIPPED, ctx, evidence=f"left alone: {why}", liveness=Liveness.LIVE)
        return _close(ctx, step, c, told)
    if step.reverse:
        return _close(ctx, step, c, put_back(step, c, kind, row, at, ctx))
    return _close(ctx, step, c, _carry_out(step, c, kind, row, at, ctx, attempted=earlier is not None))


def _without_value(step: Step, kind: Kind, ctx: Context, *, attempted: bool) -> Receipt:
    why = "its value is not in the evidence any more, and the provider ends it by its value only"
    if attempted:
        return receipt(step, EndState.UNKNOWN, ctx, evidence=f"an earlier attempt has an unknown outcome, and {why}")
    return receipt(step, EndState.MANUAL, ctx, evidence=f"{why}: {kind.steps_by_hand or 'end it at its issuer'}")


def _carry_out(
    step: Step, c: Credential, kind: Kind, row: Act, at: Connected, ctx: Context, *, attempted: bool
) -> Receipt:
    wait = max(step.wait_seconds, kind.death.seconds, 1.0)  # no playbook makes the proof cheaper than the kind says
    if attempted and step.id not in ctx.answered:
        before = prove(kind, row, c, at, ctx.clock, wait=0.0)
        # dead because it was switched off before says nothing of a deletion that was under way
        still_to_do = before.observation.reversible and not row.reversible and row.idempotent
        if before.observation.liveness is Liveness.DEAD and not still_to_do:
            proof = prove(kind, row, c, at, ctx.clock, wait=wait)
            return conclude(step, kind, row, proof, ctx, CallResult(status=CallStatus.ALREADY), attempts=0)
        if not row.idempotent and before.observation.liveness is Liveness.UNKNOWN:
            why = (
                "an earlier attempt has an unknown outcome and must not be repeated blindly: "
                + before.observation.evidence
            )
            return receipt(step, EndState.UNKNOWN, ctx, evidence=why, verify_method=before.method)
    sent = ctx.answered.pop(step.id) if step.id in ctx.answered else _send(step, c, row, at, ctx, attempted=attempted)
    result, error, attempts = sent
    heard = rfc3339(ctx.clock.now())
    proof = prove(kind, row, c, at, ctx.clock, wait=wait if error is None else 0.0)
    if error is not None and proof.observation.liveness is Liveness.DEAD:
        proof = prove(kind, row, c, at, ctx.clock, wait=wait)  # one look is not the declared number of negatives
    return conclude(step, kind, row, proof, ctx, result, error=error, attempts=attempts, heard=heard)


def _send(
    step: Step, c: Credential, row: Act, at: Connected, ctx: Context, *, attempted: bool
) -> tuple[CallResult | None, ProviderError | None, int]:
    """Snapshot, intent, call: the only place where something is changed at a provider on purpose of ending it."""
    if not attempted:  # after an attempt, what is there may be our own doing
        snapshot(step, c, row, at, ctx)
    ctx.log.append("intent", run=ctx.run, step=step.id, data=intent(step, c, at))
    try:
        result, attempts = _call(row, c, at)
    except ProviderError as failure:
        return None, failure, failure.attempts
    if ctx.on_call:
        ctx.on_call()
    return result, None, attempts


def cut(step: Step, c: Credential, ctx: Context) -> None:
    """Send a step's call now and leave the proof to `act`, which makes the receipt. Does nothing where `act` has to decide first.

    Whose the credential is was asked in this same command. Raises `AuditError` when the trail cannot be written.
    """
    kind = kind_of(c.kind)
    row = kind.actions.get(step.verb) if kind else None
    if kind is None or row is None or kind.needs_secret or step.reverse or step.held:
        return
    if any(ctx.log.last(entry, ctx.run, step.id) is not None for entry in ("intent", "outcome")):
        return
    try:
        at = ctx.tenants.get(step.tenant)
    except (ProviderError, RefusedError):
        return
    ctx.rechecked[c.id] = (ctx.clock.monotonic(), "")
    ctx.answered[step.id] = _send(step, c, row, at, ctx, attempted=False)


def conclude(
    step: Step,
    kind: Kind,
    row: Act,
    proof: Proof,
    ctx: Context,
    result: CallResult | None,
    *,
    error: ProviderError | None = None,
    attempts: int = 1,
    heard: str = "",
) -> Receipt:
    """Turn what the provider answered and what was then observed into one end state. A status code alone never makes `dead`.

    `heard` is our own clock at the answer. Residual times run out by our clock, so they count from the later of the two; and from when it
    was first seen dead, if it lived on after the answer.
    """
    seen: Observation = proof.observation
    now = ctx.clock.now()
    answered = (result.provider_time, heard) if result else ()
    cut_at = max(*answered, proof.since, "", key=_moment) or rfc3339(now)
    state, until, what, deaf = EndState.UNKNOWN, "", "", ""
    match seen.liveness:
        case Liveness.DEAD:
            state = row.ends
            if state in {EndState.DEAD, EndState.CONTAINED}:
                until, what, deaf = _residual(kind, row, seen, cut_at)
                if until and parse_rfc3339(until) <= now:
                    until = what = deaf = ""
                if what and state is EndState.DEAD and not row.supports:
                    state = EndState.RESIDUAL
        case Liveness.LIVE:
            state = EndState.FAILED
        case Liveness.UNKNOWN:
            if result is not None and proof.method == "none" and result.status is not CallStatus.NOTHING:
                state = EndState.ACKNOWLEDGED
    return receipt(
        step,
        state,
        ctx,
        evidence=seen.evidence,
        liveness=seen.liveness,
        call_status=str(result.status) if result else "",
        request_id=(result.request_id if result else error.request_id if error else "") or seen.request_id,
        provider_time=(result.provider_time if result else "") or seen.provider_time,
        verify_method=proof.method,
        residual_until=until,
        residual_what=what,
        deaf_until=deaf,
        reversible=seen.reversible or (row.reversible and seen.liveness is Liveness.DEAD),
        attempts=attempts,
        error=error.message if error else "",
        cut_at=cut_at if seen.liveness is Liveness.DEAD else "",
        notes=dict(result.notes) if result else {},
    )


def _moment(text: str) -> float:
    return parse_rfc3339(text).timestamp() if text else 0.0


def _residual(kind: Kind, row: Act, seen: Observation, cut_at: str) -> tuple[str, str, str]:
    """Return until when what was derived goes on at most ("" with words: without an end of its own), what it is, and `deaf_until`.

    A helping act has such a clock only where the look says so.
    """

    def after(seconds: int) -> str:
        return rfc3339(parse_rfc3339(cut_at) + timedelta(seconds=seconds)) if seconds >= 0 else ""

    declared = 0 if row.supports else kind.residual.seconds
    seconds = declared if seen.residual_seconds is None else seen.residual_seconds
    until = seen.residual_until or (after(seconds) if seconds else "")
    if not until and seconds >= 0:
        return "", "", ""
    deaf = kind.residual.deaf if seen.deaf_seconds is None else seen.deaf_seconds
    what = kind.residual.what or "what was derived from it"
    return until, what, after(deaf) if kind.residual.hears and not row.supports else ""


def _close(ctx: Context, step: Step, c: Credential, receipt: Receipt) -> Receipt:
    # what the checker and the exports need beside the receipt: whose outcome it is, and that no call was made ("")
    named = {"kind": c.kind, "identifier": c.identifier, "call_status": receipt.call_status}
    ctx.log.append("outcome", run=ctx.run, step=step.id, data={**receipts.to_json(receipt), **named})
    return receipt


def find(plan: Plan, step_id: str) -> tuple[Step, Credential]:
    """Return a planned step and its credential. Raises `KeyError` for an id that the plan does not hold."""
    step = next((s for s in plan.steps if s.id == step_id), None)
    if step is None:
        raise KeyError(step_id)
    return step, next(c for c in plan.credentials if c.id == step.credential)


__all__ = ["Context", "act", "conclude", "cut", "find"]
