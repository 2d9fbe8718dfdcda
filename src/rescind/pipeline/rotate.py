"""Carry out a rotation: mint → prove → deliver → read back → prove again → let both work for a while. Retiring comes in later phases.

Whatever happens, a working credential stays where its user reads it. Minting cannot be repeated blindly: what the owner has is recorded
in the intent, so that after a crash whatever this run minted and did not deliver is found at the provider and ended before another is
minted. What this run did not mint is never touched.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from rescind.errors import ProviderError, Rejected, Unrecognised
from rescind.models.clock import parse_rfc3339
from rescind.models.credential import Credential, EndState
from rescind.models.kind import CallStatus, Known, Liveness
from rescind.models.plan import Step
from rescind.models.rotation import Value
from rescind.models.run import Receipt
from rescind.pipeline.rotating import listing, named, too_many
from rescind.pipeline.stepping import Context, receipt
from rescind.pipeline.successor import Job, Stop, alive, held, opened, working
from rescind.pipeline.tenants import Connected
from rescind.pipeline.verify import prove, reason, unknown

MINTS = 2  # a mint whose answer was lost is ended and made once more, not for ever


def rotate(step: Step, c: Credential, at: Connected, ctx: Context) -> Receipt:
    """Give a credential's user a successor that works, and return the receipt. The old one lives on: later steps retire it.

    Never raises for what a provider or a place does. Raises `AuditError` when the trail cannot be written.
    """
    try:
        job = Job(step=step, c=c, at=at, ctx=ctx, one=opened(c, ctx))
    except Stop as stop:
        return receipt(step, stop.state, ctx, evidence=stop.why, liveness=stop.liveness)
    try:
        new = _delivered(job) or _mint_and_deliver(job)
        seen = working(job, new)
        ctx.clock.sleep(job.one.row.overlap)  # who read the old one a moment ago may still be about to use it
    except Stop as stop:
        return receipt(step, stop.state, ctx, evidence=stop.why + _loose(job, stop.why), liveness=stop.liveness)
    except ProviderError as error:
        why = f"the rotation stopped before its end, and the old one was left alone: {reason(error)}"
        why += _loose(job, why) or _lost(job)
        return receipt(step, EndState.UNKNOWN, ctx, evidence=why, request_id=error.request_id, error=error.message)
    name = new.identifier
    return receipt(
        step,
        EndState.SKIPPED,
        ctx,
        evidence=f"its user has {name} now, in {job.one.target.place}: {seen.evidence}",
        liveness=Liveness.LIVE,
        call_status=str(CallStatus.DONE),
        request_id=seen.request_id,
        provider_time=seen.provider_time,
        verify_method="prove",
        notes={"new": name, "place": job.one.target.place},
    )


def _delivered(job: Job) -> Value | None:
    """Return the successor if an earlier attempt has delivered it; None when the place still holds the old one."""
    value = held(job)
    name = named(job.one.kind, job.c.owner, value, job.at) if value else ""
    if value is not None and name == job.c.identifier:
        return None
    if value is not None and name and name in {d.get("new") for _, d in job.told("rotation", "mint")}:
        job.did("deliver", new=name, place=job.one.target.place)
        return replace(value, identifier=name)
    # what this run minted is not to be left behind, unless it was put there and its user may have it from there
    if name or (job.told("intent", "mint") and not job.told("intent", "deliver")):
        _without_orphans(job, keep=name)
    raise Stop(EndState.HELD, f"{job.one.target.place} holds something else than when the plan was made")


def _loose(job: Job, told: str) -> str:
    """Return what this run minted and neither delivered nor ended, as far as it is known and not `told` yet: it is nobody's, and lives."""
    over = {str(d.get("new")) for part in ("deliver", "discard") for _, d in job.told("rotation", part)}
    made = {str(d.get("new")) for _, d in job.told("rotation", "mint")}
    names = [name for name in sorted(made - over) if name not in told]
    return f"; minted by this run, neither known to be delivered nor ended: {', '.join(names)}" if names else ""


def _lost(job: Job) -> str:
    """Return that something may have been minted, where the trail knows of the attempt only."""
    known = any(job.told("rotation", part) for part in ("mint", "discard"))
    return "; whether this run minted one is not known" if job.told("intent", "mint") and not known else ""


def _mint_and_deliver(job: Job) -> Value:
    for _ in range(MINTS):
        value = _mint(job, _without_orphans(job))
        if value is not None:
            _deliver(job, value)
            return value
    _without_orphans(job)
    raise Stop(EndState.FAILED, "no successor was made: each time the provider's answer was lost", Liveness.LIVE)


def _mint(job: Job, known: Mapping[str, Known]) -> Value | None:
    """Return a new credential; None when the answer was lost and one may have been made. Raises `Stop` where there is no room or right."""
    one, old = job.one, known.get(job.c.identifier)
    if old is None or old.liveness is not Liveness.LIVE:
        raise Stop(EndState.HELD, f"{job.c.owner} does not have it any more, or it was switched off")
    if one.how.limit and len(known) >= one.how.limit:
        raise Stop(EndState.HELD, too_many(one, known, job.c.identifier), Liveness.LIVE)
    try:
        one.target.check()  # nothing is minted that could not be delivered
    except ProviderError as error:
        why = f"nothing was minted, {one.target.place} could not take it: {error.message}"
        raise Stop(EndState.FAILED, why, Liveness.LIVE) from None
    job.begin("mint", existing=sorted(known), place=one.target.place)
    try:
        made, _ = job.at.ask(lambda: one.how.mint(job.at.client, job.c, job.mark), repeatable=False)
    except ProviderError as error:
        if error.maybe_sent or isinstance(error, Unrecognised):
            return None
        state = EndState.HELD if isinstance(error, Rejected) and "Limit" in error.code else EndState.FAILED
        raise Stop(state, f"no successor was made: {reason(error)}", Liveness.LIVE) from None
    if job.ctx.on_call:
        job.ctx.on_call()
    job.did("mint", new=made.value.identifier, request_id=made.request_id, provider_time=made.provider_time)
    return made.value


def _deliver(job: Job, value: Value) -> None:
    """Put a minted value where its user reads it, once it works. What cannot be delivered is ended, and the old one stays there."""
    one, name = job.one, value.identifier
    seen = alive(job, value)
    if seen.liveness is not Liveness.LIVE:
        _discard(job, name)
        raise Stop(EndState.FAILED, f"the successor {name} never worked and was ended: {seen.evidence}", Liveness.LIVE)
    old = _still_old(job)
    if old is None:
        _discard(job, name)
        raise Stop(
            EndState.HELD, f"{one.target.place} changed meanwhile; the successor {name} was ended", Liveness.LIVE
        )
    job.begin("deliver", new=name, place=one.target.place)
    try:
        one.target.write(value)
        why = "it reads differently than it was written"
    except ProviderError as error:
        why = error.message
    if _holds(job, value):
        job.did("deliver", new=name, place=one.target.place)
        return
    if other := _another(job, name):
        _discard(job, name)
        raise Stop(EndState.HELD, f"{one.target.place} got {other} from somebody else meanwhile; {name} was ended")
    if not _holds(job, old):
        _put_back(job, old)
    if not _holds(job, old):
        raise Stop(EndState.UNKNOWN, f"{one.target.place} may hold neither; {name} and the old one both live: {why}")
    _discard(job, name)
    raise Stop(EndState.FAILED, f"not delivered to {one.target.place}: {why}; {name} was ended", Liveness.LIVE)


def _still_old(job: Job) -> Value | None:
    """Return what the place holds if that is still the old one; None when it is not, or cannot be said."""
    try:
        held = job.one.target.read()
        same = held is not None and named(job.one.kind, job.c.owner, held, job.at) == job.c.identifier
    except ProviderError:
        return None
    return held if same else None


def _another(job: Job, name: str) -> str:
    """Return what the place holds if the provider knows it and it is neither the old one nor ours: it is not to be written over."""
    try:
        there = job.one.target.read()
        found = named(job.one.kind, job.c.owner, there, job.at) if there else ""
        theirs = found not in {"", name, job.c.identifier} and found in listing(job.one.kind, job.c.owner, job.at)
    except ProviderError:
        return ""
    return found if theirs else ""


def _put_back(job: Job, old: Value) -> None:
    try:
        job.one.target.write(old)
    except ProviderError:
        return  # what the place holds then is read, not assumed


def _holds(job: Job, value: Value) -> bool:
    try:
        held = job.one.target.read()
    except ProviderError:
        return False
    return held is not None and held.secret.same_as(value.secret) and held.identifier in {"", value.identifier}


def _without_orphans(job: Job, keep: str = "") -> dict[str, Known]:
    """Return what the owner has, after ending what this step minted and nobody was given; never `keep`. Raises `Stop` for what is not ours."""
    kind, c, seconds = job.one.kind, job.c, job.one.how.birth.seconds
    known = listing(kind, c.owner, job.at)
    intended = job.told("intent", "mint")
    if not intended:
        return known
    if not any(d.get("new") for _, d in job.told("rotation", "mint")):
        job.ctx.clock.sleep(seconds)  # what was made a moment ago may not be listed yet
        known = {**known, **listing(kind, c.owner, job.at)}
    existing, times = intended[0][1]["existing"], [parse_rfc3339(at) for at, _ in intended]
    recorded = {str(d.get("new")) for _, d in job.told("rotation", "mint")}
    for name, one in list(known.items()):
        if name in existing or name == keep:
            continue
        if name not in recorded and not any(job.one.how.ours(one, job.mark, t) for t in times):
            if job.one.how.limit:
                raise Stop(EndState.HELD, too_many(job.one, known, c.identifier), Liveness.LIVE)
            continue  # somebody else's, and there is room for it
        _discard(job, name)
        del known[name]
    return known


def _discard(job: Job, name: str) -> None:
    """End what was minted and never delivered; its value went with the process, or is about to."""
    kind, verb = job.one.kind, job.one.how.discard
    row, orphan = kind.actions[verb], replace(job.c, identifier=name)
    job.begin("discard", new=name)
    try:
        job.at.ask(lambda: job.at.run(row.call, orphan, look=False), repeatable=row.idempotent)
    except ProviderError as error:
        seen = unknown(reason(error))
    else:
        seen = prove(kind, row, orphan, job.at, job.ctx.clock, wait=job.step.wait_seconds).observation
    if seen.liveness is not Liveness.DEAD:
        why = f"{name} was minted by this run and given to nobody, and is not proven dead: {seen.evidence}"
        raise Stop(EndState.UNKNOWN, why)
    job.did("discard", new=name)
