"""Prove that a credential is dead, or say that it could not be proven.

Dead needs the kind's declared number of consistent negatives over its declared time, and a control read in the same run that
shows we could have seen it alive. Anything else is `live` or `unknown`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from rescind.errors import Denied, NotFound, ProviderError, Throttled, Unreachable
from rescind.models.clock import Clock, rfc3339
from rescind.models.credential import Credential
from rescind.models.kind import Act, Kind, Liveness, Observation
from rescind.pipeline.tenants import Connected

POLL_FIRST, POLL_MOST = 0.5, 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What was observed in the end, how (`verify_method`), and how often we looked.

    `since` is when it was first seen dead, where an earlier look had not: it lived on for a while after the provider's answer.
    """

    observation: Observation
    method: str
    looks: int = 0
    since: str = ""


def unknown(why: str, request_id: str = "") -> Observation:
    """Return the observation that nothing could be established, with the reason."""
    return Observation(liveness=Liveness.UNKNOWN, evidence=why, request_id=request_id)


def reason(error: ProviderError) -> str:
    """Say in one clause why a look failed to establish anything."""
    match error:
        case Denied():
            return f"we were denied the look: {error.message}"
        case Throttled():
            return f"the provider kept asking to slow down: {error.message}"
        case Unreachable():
            return f"the provider did not answer: {error.message}"
        case NotFound():
            return f"it is not shown, which is not proof: {error.message}"
        case _:
            return f"the answer was not understood: {error.message}"


def _look(row: object, c: Credential, at: Connected) -> Observation:
    try:
        seen, _ = at.ask(lambda: at.run(row, c, look=True))  # type: ignore[arg-type]
    except ProviderError as error:
        return unknown(reason(error), error.request_id)
    return seen  # type: ignore[no-any-return]


def _controlled(kind: Kind, c: Credential, at: Connected, seen: Observation) -> Observation:
    if kind.control is None:
        return seen
    control = _look(kind.control, c, at)
    if control.liveness is Liveness.LIVE:
        return seen
    return unknown(
        f"{seen.evidence}; but the control read failed, so this is no proof: {control.evidence}", control.request_id
    )


def prove(kind: Kind, row: Act, c: Credential, at: Connected, clock: Clock, *, wait: float) -> Proof:
    """Look until dead is proven, or `wait` seconds (and the kind's own window) have passed. `wait=0` looks just once.

    Never raises for what a provider does.
    """
    how = row.verify or kind.verify
    if how is None:
        return Proof(observation=unknown("there is no way to check this kind"), method="none")
    method = getattr(how, "path", "") or getattr(how, "__name__", "read")
    needed = kind.death.negatives if wait else 1
    window = kind.death.seconds if wait else 0.0
    gap = window / max(1, needed - 1) if needed > 1 else 0.0
    started = clock.monotonic()
    deadline = started + (max(wait, window * 2 + POLL_MOST) if wait else 0.0)
    negatives, first, left, looks, pause = 0, 0.0, "", 0, POLL_FIRST
    lived, since = False, ""
    while True:
        seen = _look(how, c, at)
        looks += 1
        if seen.unverifiable:
            return Proof(observation=seen, method="none", looks=looks)
        now = clock.monotonic()
        if seen.liveness is Liveness.DEAD:
            if not negatives:  # nothing was derived from it after the first of them: what is left counts from there
                first, left = now, seen.residual_until
                since = rfc3339(clock.now()) if lived else ""
            negatives += 1
            seen = replace(seen, residual_until=left or seen.residual_until)
            if negatives >= needed and now - first >= window:
                proven = _controlled(kind, c, at, seen)
                return Proof(observation=proven, method=str(method), looks=looks, since=since)
            pause = max(gap, 0.05)
        else:
            negatives, lived = 0, True
            pause = min(POLL_MOST, max(POLL_FIRST, pause * 1.5))
        if now + pause > deadline:
            break
        clock.sleep(pause)
    if seen.liveness is Liveness.DEAD:
        seen = unknown(f"{seen.evidence}; seen {negatives} of {needed} times before the wait ended")
    return Proof(observation=seen, method=str(method), looks=looks)


def prove_restored(kind: Kind, row: Act, c: Credential, at: Connected, clock: Clock, *, wait: float) -> Proof:
    """Look until what was cut is seen alive again, or `wait` seconds have passed (0: one look). Never raises for what a provider does."""
    how = row.verify or kind.verify
    if how is None:
        return Proof(observation=unknown("there is no way to check this kind"), method="none")
    method = getattr(how, "path", "") or getattr(how, "__name__", "read")
    deadline, looks, pause = clock.monotonic() + wait, 0, POLL_FIRST
    while True:
        seen, looks = _look(how, c, at), looks + 1
        if seen.liveness is Liveness.LIVE or clock.monotonic() + pause > deadline:
            return Proof(observation=seen, method=str(method), looks=looks)
        clock.sleep(pause)
        pause = min(POLL_MOST, pause * 1.5)
