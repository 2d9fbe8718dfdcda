"""Carry out a rotation: mint → prove → deliver → read back → prove again → let both work for a while. Retiring comes in later phases.

Whatever happens, a working credential stays where its user reads it. Minting cannot be repeated blindly: what the owner has is recorded
in the intent, so that after a crash whatever this run minted and did not deliver is found at the provider and ended before another is
minted. What this run did not mint is never touched.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from rescind.errors import Denied, ProviderError, Rejected, Unrecognised
from rescind.models.clock import parse_rfc3339
from rescind.models.credential import Credential, EndState
from rescind.models.kind import CallStatus, Known, Liveness, Observation, Verb
from rescind.models.plan import Step
from rescind.models.rotation import Value
from rescind.models.run import Receipt
from rescind.pipeline import receipts
from rescind.pipeline.rotating import PLACE, ROTATION, Opened, listing, named, too_many
from rescind.pipeline.stepping import Context, intent, receipt
from rescind.pipeline.tenants import Connected
from rescind.pipeline.verify import prove, reason, unknown

MINTS = 2  # a mint whose answer was lost is ended and made once more, not for ever
POLL = 1.0


class _Stop(Exception):
    """The rotation cannot go on: what the receipt will say."""

    def __init__(self, state: EndState, why: str, liveness: Liveness = Liveness.UNKNOWN) -> None:
        super().__init__(why)
        self.state, self.why, self.liveness = state, why, liveness


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    step: Step
    c: Credential
    at: Connected
    ctx: Context
    one: Opened

    @property
    def mark(self) -> str:
        """Return what a provider keeps with what we mint: the run and the step, nothing secret."""
        return f"{self.ctx.run}/{self.step.id}"

    def begin(self, part: str, **facts: Any) -> None:
        """Tell the trail what is about to be written."""
        data = {**intent(self.step, self.c, self.at), "part": part, **facts}
        self.ctx.log.append("intent", run=self.ctx.run, step=self.step.id, data=data)

    def did(self, part: str, **facts: Any) -> None:
        """Tell the trail what was written."""
        self.ctx.log.append("rotation", run=self.ctx.run, step=self.step.id, data={"part": part, **facts})

    def told(self, entry: str, part: str) -> list[tuple[str, Mapping[str, Any]]]:
        """Return when, and with which facts, this step told the trail of a part."""
        found = self.ctx.log.entries(run=self.ctx.run, step=self.step.id, type=entry)
        return [(e.at, e.data) for e in found if e.data.get("part") == part]


def rotate(step: Step, c: Credential, at: Connected, ctx: Context) -> Receipt:
    """Give a credential's user a successor that works, and return the receipt. The old one lives on: later steps retire it.

    Never raises for what a provider or a place does. Raises `AuditError` when the trail cannot be written.
    """
    try:
        job = _Job(step=step, c=c, at=at, ctx=ctx, one=_opened(c, ctx))
        new = _delivered(job) or _mint_and_deliver(job)
        seen = _working(job, new)
        ctx.clock.sleep(job.one.row.overlap)  # who read the old one a moment ago may still be about to use it
    except _Stop as stop:
        return receipt(step, stop.state, ctx, evidence=stop.why, liveness=stop.liveness)
    except ProviderError as error:
        why = f"the rotation stopped before its end, and the old one was left alone: {reason(error)}"
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


def not_yet(step: Step, c: Credential, at: Connected, ctx: Context) -> Receipt | None:
    """Return why a credential that is being rotated may not be ended (None: it may).

    Its successor must have been delivered in this run, and what its user reads at this moment must be another one that works.
    """
    done = _rotated(ctx, c)
    if done is None or "new" not in done.notes:
        why = done.evidence if done else "the rotation has no outcome"
        state, liveness = (done.end_state, done.liveness) if done else (EndState.UNKNOWN, Liveness.UNKNOWN)
        return receipt(step, state, ctx, evidence=f"left alone, it was not replaced: {why}", liveness=liveness)
    try:
        job = _Job(step=step, c=c, at=at, ctx=ctx, one=_opened(c, ctx))
        _working(job, _successor(job))
    except _Stop as stop:
        return receipt(step, stop.state, ctx, evidence=stop.why, liveness=stop.liveness)
    except ProviderError as error:
        why = f"left alone: whether its successor works could not be seen again: {reason(error)}"
        return receipt(step, EndState.UNKNOWN, ctx, evidence=why, error=error.message)
    return None


def _successor(job: _Job) -> Value:
    value = job.one.target.read()
    name = named(job.one.kind, job.c.owner, value, job.at) if value else ""
    if value is None or not name or name == job.c.identifier:
        what = "the old one again" if name else "nothing that works"
        raise _Stop(EndState.HELD, f"left alone: {job.one.target.place} holds {what}")
    return replace(value, identifier=name)


def _rotated(ctx: Context, c: Credential) -> Receipt | None:
    for entry in ctx.log.entries(run=ctx.run, type="outcome"):
        if entry.data.get("credential") == c.id and entry.data.get("verb") == Verb.ROTATE:
            return receipts.from_json(entry.data)
    return None


def _opened(c: Credential, ctx: Context) -> Opened:
    name = c.attributes.get(ROTATION, "")
    one = ctx.rotations.get(name)
    if one is None or one.target.place != c.attributes.get(PLACE):
        raise _Stop(EndState.HELD, f"rotation {name!r} is not configured as it was when the plan was made")
    return one


def _delivered(job: _Job) -> Value | None:
    """Return the successor if an earlier attempt has delivered it; None when the place still holds the old one."""
    value = job.one.target.read()
    name = named(job.one.kind, job.c.owner, value, job.at) if value else ""
    if value is not None and name == job.c.identifier:
        return None
    if value is not None and name and name in {d.get("new") for _, d in job.told("rotation", "mint")}:
        job.did("deliver", new=name, place=job.one.target.place)
        return replace(value, identifier=name)
    raise _Stop(EndState.HELD, f"{job.one.target.place} holds something else than when the plan was made")


def _mint_and_deliver(job: _Job) -> Value:
    for _ in range(MINTS):
        value = _mint(job, _without_orphans(job))
        if value is not None:
            _deliver(job, value)
            return value
    _without_orphans(job)
    raise _Stop(EndState.FAILED, "no successor was made: each time the provider's answer was lost", Liveness.LIVE)


def _mint(job: _Job, known: Mapping[str, Known]) -> Value | None:
    """Return a new credential; None when the answer was lost and one may have been made. Raises `_Stop` where there is no room or right."""
    one, old = job.one, known.get(job.c.identifier)
    if old is None or old.liveness is not Liveness.LIVE:
        raise _Stop(EndState.HELD, f"{job.c.owner} does not have it any more, or it was switched off")
    if one.how.limit and len(known) >= one.how.limit:
        raise _Stop(EndState.HELD, too_many(one, known, job.c.identifier), Liveness.LIVE)
    one.target.check()  # nothing is minted that could not be delivered
    job.begin("mint", existing=sorted(known), place=one.target.place)
    try:
        made, _ = job.at.ask(lambda: one.how.mint(job.at.client, job.c, job.mark), repeatable=False)
    except ProviderError as error:
        if error.maybe_sent or isinstance(error, Unrecognised):
            return None
        state = EndState.HELD if isinstance(error, Rejected) and "Limit" in error.code else EndState.FAILED
        raise _Stop(state, f"no successor was made: {reason(error)}", Liveness.LIVE) from None
    if job.ctx.on_call:
        job.ctx.on_call()
    job.did("mint", new=made.value.identifier, request_id=made.request_id, provider_time=made.provider_time)
    return made.value


def _deliver(job: _Job, value: Value) -> None:
    """Put a minted value where its user reads it, once it works. What cannot be delivered is ended, and the old one stays there."""
    one, name = job.one, value.identifier
    seen = _alive(job, value)
    if seen.liveness is not Liveness.LIVE:
        _discard(job, name)
        raise _Stop(EndState.FAILED, f"the successor {name} never worked and was ended: {seen.evidence}", Liveness.LIVE)
    old = _still_old(job)
    if old is None:
        _discard(job, name)
        raise _Stop(
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
    if not _holds(job, old):
        _put_back(job, old)
    if not _holds(job, old):
        raise _Stop(EndState.UNKNOWN, f"{one.target.place} may hold neither; {name} and the old one both live: {why}")
    _discard(job, name)
    raise _Stop(EndState.FAILED, f"not delivered to {one.target.place}: {why}; {name} was ended", Liveness.LIVE)


def _still_old(job: _Job) -> Value | None:
    """Return what the place holds if that is still the old one; None when it is not, or cannot be said."""
    try:
        held = job.one.target.read()
        same = held is not None and named(job.one.kind, job.c.owner, held, job.at) == job.c.identifier
    except ProviderError:
        return None
    return held if same else None


def _put_back(job: _Job, old: Value) -> None:
    try:
        job.one.target.write(old)
    except ProviderError:
        return  # what the place holds then is read, not assumed


def _holds(job: _Job, value: Value) -> bool:
    try:
        held = job.one.target.read()
    except ProviderError:
        return False
    return held is not None and held.secret.same_as(value.secret) and held.identifier in {"", value.identifier}


def _without_orphans(job: _Job) -> dict[str, Known]:
    """Return what the owner has, after ending what this step minted and nobody was given. Raises `_Stop` for what is not ours."""
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
        if name in existing:
            continue
        if name not in recorded and not any(job.one.how.ours(one, job.mark, t) for t in times):
            if job.one.how.limit:
                raise _Stop(EndState.HELD, too_many(job.one, known, c.identifier), Liveness.LIVE)
            continue  # somebody else's, and there is room for it
        _discard(job, name)
        del known[name]
    return known


def _discard(job: _Job, name: str) -> None:
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
        raise _Stop(EndState.UNKNOWN, why)
    job.did("discard", new=name)


def _working(job: _Job, value: Value) -> Observation:
    """Return the proof that what its user reads works. Raises `_Stop` without one."""
    held = job.one.target.read()
    seen = _alive(job, replace(held, identifier=value.identifier)) if held else unknown("nothing is there")
    if seen.liveness is not Liveness.LIVE:
        why = f"{job.one.target.place} holds {value.identifier}, which could not be shown to work: {seen.evidence}"
        raise _Stop(EndState.UNKNOWN, why)
    return seen


def _alive(job: _Job, value: Value) -> Observation:
    """Look until a value was seen to work as often, and over as long, as its kind asks for; at most the step's wait."""
    how, clock = job.one.how, job.ctx.clock
    needed, window = how.birth.positives, how.birth.seconds
    gap = max(window / max(1, needed - 1), 0.05)
    end = clock.monotonic() + max(job.step.wait_seconds, window * 2 + POLL)
    positives, first = 0, 0.0
    while True:
        try:
            seen, _ = job.at.ask(lambda: how.prove(job.at.client, job.c, value))
        except Denied as error:  # to us: waiting does not change it
            return unknown(reason(error), error.request_id)
        except ProviderError as error:
            seen = unknown(reason(error), error.request_id)
        now = clock.monotonic()
        positives, first = (positives + 1, first if positives else now) if seen.liveness is Liveness.LIVE else (0, 0.0)
        if positives >= needed and now - first >= window:
            return seen
        pause = gap if positives else POLL
        if now + pause > end:
            return seen if seen.liveness is not Liveness.LIVE else unknown(f"{seen.evidence}; seen too briefly")
        clock.sleep(pause)
