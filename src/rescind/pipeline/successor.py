"""Whether a successor works, by its provider's word, as it lies where its user reads it. What both ends of a rotation share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from rescind.errors import Denied, ProviderError
from rescind.models.credential import Credential, EndState
from rescind.models.kind import Liveness, Observation
from rescind.models.plan import Step
from rescind.models.rotation import Value
from rescind.pipeline.rotating import PLACE, ROTATION, Opened
from rescind.pipeline.stepping import Context, intent
from rescind.pipeline.tenants import Connected
from rescind.pipeline.verify import reason, unknown

POLL = 1.0


class Stop(Exception):
    """The rotation cannot go on: what the receipt will say."""

    def __init__(self, state: EndState, why: str, liveness: Liveness = Liveness.UNKNOWN) -> None:
        super().__init__(why)
        self.state, self.why, self.liveness = state, why, liveness


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One step of a rotation, with its place and its tenant."""

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


def opened(c: Credential, ctx: Context) -> Opened:
    """Return the rotation that a planned credential belongs to. Raises `Stop` when it is not configured as it was."""
    name = c.attributes.get(ROTATION, "")
    one = ctx.rotations.get(name)
    if one is None or one.target.place != c.attributes.get(PLACE):
        raise Stop(EndState.HELD, f"rotation {name!r} is not configured as it was when the plan was made")
    return one


def held(job: Job) -> Value | None:
    """Return what its user would read now. Raises `Stop` where that cannot be read: then nothing is known of it."""
    try:
        return job.one.target.read()
    except ProviderError as error:
        why = f"{job.one.target.place} cannot be read, so the old one was left alone: {error.message}"
        raise Stop(EndState.UNKNOWN, why) from None


def working(job: Job, value: Value) -> Observation:
    """Return the proof that what its user reads works. Raises `Stop` without one."""
    there = held(job)
    seen = alive(job, replace(there, identifier=value.identifier)) if there else unknown("nothing is there")
    if seen.liveness is not Liveness.LIVE:
        why = f"{job.one.target.place} holds {value.identifier}, which could not be shown to work: {seen.evidence}"
        raise Stop(EndState.UNKNOWN, why)
    return seen


def alive(job: Job, value: Value) -> Observation:
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
