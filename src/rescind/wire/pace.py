"""Rate budgets: one evenly spaced stream of sends per tenant, slower ones for classes of endpoint inside it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from rescind.models.clock import Clock

_CATCH_UP = 0.2
"""The share of an interval by which a late send may hurry its successor: spacing stays >= 0.8, so a window holds <= 1.25 x rate."""

LONGEST_PAUSE = 60.0
"""Seconds. A longer `Retry-After` is left to the deadline of the step that met it: it may not freeze a whole tenant."""


@dataclass(slots=True)
class _Lane:
    interval: float
    free_at: float = float("-inf")
    turn: threading.Lock = field(default_factory=threading.Lock)

    def passed(self, now: float) -> None:
        """Book the send that happens now; the schedule is kept when it was only a little late."""
        late = now - self.free_at
        self.free_at = (self.free_at if late <= _CATCH_UP * self.interval else now) + self.interval


class Pacer:
    """Spaces the sends of one tenant: `rate` per second in all, `classes` for classes of endpoint that must be slower still.

    Threads wait their turn one after the other, so sends never bunch: in any window of one second at most 1.25 x `rate` pass. A class that is
    slow in each of several places (`aws.cloudtrail@eu-west-1`) has its rate in each of them.
    """

    def __init__(self, rate: float, clock: Clock, *, classes: Mapping[str, float] | None = None) -> None:
        if rate <= 0 or any(r <= 0 for r in (classes or {}).values()):
            msg = "a rate is a positive number of requests per second"
            raise ValueError(msg)
        self.clock = clock
        self._all = _Lane(1.0 / rate)
        self._classes = {name: _Lane(1.0 / r) for name, r in (classes or {}).items()}
        self._making = threading.Lock()
        self._paused_until = float("-inf")
        self._pausing = threading.Lock()

    def wait(self, endpoint_class: str = "default") -> None:
        """Block until the next send of this class is allowed."""
        lane = self._lane(endpoint_class)
        if lane is None:
            with self._all.turn:
                self._until_free(self._all)
            return
        with lane.turn:
            self._sleep_until(lambda: lane.free_at)
            with self._all.turn:
                self._until_free(self._all)
            lane.passed(self.clock.monotonic())

    def _lane(self, endpoint_class: str) -> _Lane | None:
        name, at, _ = endpoint_class.partition("@")
        if not at or name not in self._classes:
            return self._classes.get(name)
        with self._making:
            return self._classes.setdefault(endpoint_class, _Lane(self._classes[name].interval))

    def pause(self, seconds: float) -> None:
        """Let nothing pass for that many seconds (at most `LONGEST_PAUSE`): what a provider's `Retry-After` asks for."""
        with self._pausing:
            until = self.clock.monotonic() + min(max(seconds, 0.0), LONGEST_PAUSE)
            self._paused_until = max(self._paused_until, until)

    def _until_free(self, lane: _Lane) -> None:
        self._sleep_until(lambda: max(lane.free_at, self._paused_until))
        lane.passed(self.clock.monotonic())

    def _sleep_until(self, moment: Callable[[], float]) -> None:
        # Asked again after each sleep: a pause may have been called meanwhile, and sleeps may end early.
        while (left := moment() - self.clock.monotonic()) > 0:
            self.clock.sleep(left)
