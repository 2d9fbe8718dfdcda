"""One retry policy for every provider, and a circuit breaker per tenant. The only importer of tenacity.

Waits are full jitter over an exponential ceiling (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/)
unless the provider said how long to wait (https://www.rfc-editor.org/rfc/rfc9110#field.retry-after).
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from typing import TypeVar

import tenacity

from rescind.errors import ProviderError, Throttled, Unreachable
from rescind.models.clock import Clock

T = TypeVar("T")

FIRST_CEILING = 0.5
LAST_CEILING = 20.0


def full_jitter(ceiling: float) -> float:
    """Return a random number of seconds between 0 and `ceiling`."""
    return random.uniform(0.0, ceiling)  # noqa: S311  (spreads load; guards nothing)


class Breaker:
    """Stops calling a tenant after `threshold` consecutive `Unreachable`, for `cooldown` seconds; then lets one call try.

    Any answer at all, even a refusal, closes it: the provider is there.
    """

    def __init__(self, clock: Clock, *, threshold: int = 5, cooldown: float = 30.0) -> None:
        self._clock = clock
        self._threshold = threshold
        self._cooldown = cooldown
        self._failures = 0
        self._last = ""
        self._open_until = float("-inf")
        self._lock = threading.Lock()

    def check(self) -> None:
        """Return when a call may be made; otherwise raise `Unreachable` that says how long the circuit stays open."""
        with self._lock:
            left = self._open_until - self._clock.monotonic()
            if left > 0:
                why = f"circuit open after repeated failures; the last: {self._last}"
                raise Unreachable(why, maybe_sent=False, retry_after=left)
            if self._failures >= self._threshold:
                # Half open: this caller tries; the others wait until its result is known or another cool-down has passed.
                self._open_until = self._clock.monotonic() + self._cooldown

    def note(self, error: Exception | None) -> None:
        """Take the outcome of one call: None or the error it raised."""
        with self._lock:
            if isinstance(error, Unreachable):
                self._last = error.message
                self._failures += 1
                if self._failures >= self._threshold:
                    self._open_until = self._clock.monotonic() + self._cooldown
            else:
                self._failures = 0
                self._open_until = float("-inf")


class Retry:
    """Calls again what may be called again. `attempts` and `deadline` (seconds, waits included) bound one `call`.

    `Throttled` is always repeated, after exactly the time the provider asked for; if that lies beyond the deadline, at once not.
    `Unreachable` is repeated when the call is `repeatable` or certainly never left. Nothing else is repeated.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        attempts: int = 6,
        deadline: float = 120.0,
        jitter: Callable[[float], float] = full_jitter,
        breaker: Breaker | None = None,
    ) -> None:
        self._clock = clock
        self._attempts = attempts
        self._deadline = deadline
        self._jitter = jitter
        self._breaker = breaker

    def call(self, fn: Callable[[], T], *, repeatable: bool) -> tuple[T, int]:
        """Return the result of `fn` and the number of attempts it took.

        Raises the last `ProviderError`, with `attempts` set on it, and `maybe_sent` True when *any* attempt may have acted.
        """
        end = self._clock.monotonic() + self._deadline
        tried = 0
        maybe_sent = False

        def once() -> T:
            nonlocal tried, maybe_sent
            tried += 1
            try:
                return self._through_breaker(fn)
            except ProviderError as error:
                # A later "circuit open" or 429 must not hide that an earlier attempt may have reached the provider.
                maybe_sent = maybe_sent or error.maybe_sent
                error.maybe_sent = maybe_sent
                error.attempts = tried
                raise

        def may_repeat(error: BaseException) -> bool:
            if isinstance(error, Throttled):
                return True
            return isinstance(error, Unreachable) and (repeatable or not maybe_sent)

        def give_up(state: tenacity.RetryCallState) -> bool:
            return tried >= self._attempts or self._clock.monotonic() + state.upcoming_sleep > end

        loop = tenacity.Retrying(
            retry=tenacity.retry_if_exception(may_repeat),
            wait=self._wait,
            stop=give_up,
            sleep=self._clock.sleep,
            reraise=True,
        )
        return loop(once), tried

    def _through_breaker(self, fn: Callable[[], T]) -> T:
        if self._breaker is None:
            return fn()
        self._breaker.check()
        try:
            result = fn()
        except Exception as error:
            self._breaker.note(error)
            raise
        self._breaker.note(None)
        return result

    def _wait(self, state: tenacity.RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        asked = error.retry_after if isinstance(error, Throttled | Unreachable) else None
        if asked is not None:
            return max(asked, 0.0)
        # The exponent is bounded so that a large number of attempts cannot overflow a float.
        return self._jitter(min(LAST_CEILING, FIRST_CEILING * 2.0 ** min(state.attempt_number - 1, 30)))
