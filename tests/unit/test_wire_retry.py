"""What is called again, after how long, and when a tenant is left alone."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from rescind.errors import Denied, NotFound, ProviderError, Rejected, Throttled, Unreachable, Unrecognised
from rescind.wire.retry import FIRST_CEILING, LAST_CEILING, Breaker, Retry, full_jitter
from tests.unit.wire_clock import FakeClock


def script(*outcomes: object) -> Callable[[], object]:
    left = list(outcomes)

    def step() -> object:
        outcome = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    return step


def lost(*, maybe_sent: bool = True) -> Unreachable:
    return Unreachable("cut", maybe_sent=maybe_sent)


def test_retry_after_is_obeyed_to_the_second() -> None:
    clock = FakeClock()
    result = Retry(clock).call(
        script(Throttled("slow", retry_after=7), Throttled("slow", retry_after=11.5), "ok"), repeatable=False
    )
    assert (result, clock.slept) == (("ok", 3), [7, 11.5])


def test_a_wait_beyond_the_deadline_is_not_begun() -> None:
    clock = FakeClock()
    with pytest.raises(Throttled):
        Retry(clock, deadline=30).call(script(Throttled("slow", retry_after=31)), repeatable=True)
    assert clock.slept == []


def test_waiting_and_calling_never_pass_the_deadline() -> None:
    clock = FakeClock()
    with pytest.raises(Unreachable):
        Retry(clock, attempts=1000, deadline=60, jitter=lambda ceiling: ceiling).call(script(lost()), repeatable=True)
    assert 30 < clock.seconds <= 60


def test_ceilings_double_and_stop_growing() -> None:
    clock, ceilings = FakeClock(), []

    def jitter(ceiling: float) -> float:
        ceilings.append(ceiling)
        return 0.0

    with pytest.raises(Unreachable) as caught:
        Retry(clock, attempts=9, jitter=jitter).call(script(lost()), repeatable=True)
    # The ninth wait is asked for before giving up, and not waited.
    assert ceilings[:8] == [FIRST_CEILING * 2**n for n in range(6)] + [LAST_CEILING] * 2
    assert caught.value.attempts == 9


def test_full_jitter_fills_the_whole_range() -> None:
    drawn = [full_jitter(8.0) for _ in range(2000)]
    assert 0.0 <= min(drawn) < 0.5 and 7.5 < max(drawn) <= 8.0
    assert 3.5 < sum(drawn) / len(drawn) < 4.5


@pytest.mark.parametrize(
    "error",
    [Denied("no"), Rejected("no", status=400), NotFound("no", status=404), Unrecognised("?", status=200)],
    ids=lambda e: type(e).__name__,
)
def test_a_definite_answer_is_never_asked_for_twice(error: ProviderError) -> None:
    clock = FakeClock()
    with pytest.raises(type(error)) as caught:
        Retry(clock).call(script(error, "ok"), repeatable=True)
    assert (clock.slept, caught.value.attempts) == ([], 1)


def test_what_may_not_be_repeated_is_not_after_it_may_have_acted() -> None:
    with pytest.raises(Unreachable) as caught:
        Retry(FakeClock()).call(script(lost(), "ok"), repeatable=False)
    assert caught.value.attempts == 1
    assert Retry(FakeClock()).call(script(lost(maybe_sent=False), "ok"), repeatable=False) == ("ok", 2)
    # Not sent, then maybe sent: the second ends it.
    with pytest.raises(Unreachable) as caught:
        Retry(FakeClock()).call(script(lost(maybe_sent=False), lost(), "ok"), repeatable=False)
    assert caught.value.attempts == 2


def test_a_later_failure_cannot_hide_that_an_earlier_attempt_may_have_acted() -> None:
    for last in (lost(maybe_sent=False), Denied("now we are out")):
        with pytest.raises(ProviderError) as caught:
            Retry(FakeClock(), attempts=2).call(script(lost(), last), repeatable=True)
        assert caught.value.maybe_sent is True
    with pytest.raises(Denied) as denied:
        Retry(FakeClock()).call(script(Denied("no")), repeatable=True)
    assert denied.value.maybe_sent is False


def test_other_exceptions_pass_untouched() -> None:
    with pytest.raises(ZeroDivisionError):
        Retry(FakeClock()).call(script(ZeroDivisionError()), repeatable=True)


def test_the_breaker_opens_waits_and_tries_one() -> None:
    clock = FakeClock()
    breaker = Breaker(clock, threshold=3, cooldown=30)
    once = Retry(clock, attempts=1, breaker=breaker)
    for _ in range(3):
        with pytest.raises(Unreachable, match="cut"):
            once.call(script(lost()), repeatable=True)
    with pytest.raises(Unreachable, match="circuit open") as caught:
        once.call(script("never called"), repeatable=True)
    assert caught.value.maybe_sent is False
    assert caught.value.retry_after == 30
    clock.seconds += 30
    breaker.check()  # the one that tries
    with pytest.raises(Unreachable, match="circuit open"):
        breaker.check()  # the others still wait
    breaker.note(lost())
    clock.seconds += 29
    with pytest.raises(Unreachable, match="circuit open"):
        breaker.check()
    clock.seconds += 1
    assert once.call(script("back"), repeatable=True) == ("back", 1)
    breaker.check()


def test_a_refusal_is_a_sign_of_life() -> None:
    clock = FakeClock()
    breaker = Breaker(clock, threshold=2)
    for error in (lost(), Denied("no"), lost(), Throttled("slow"), lost()):
        with pytest.raises(ProviderError):
            Retry(clock, attempts=1, breaker=breaker).call(script(error), repeatable=True)
    breaker.check()


def test_a_step_waits_through_an_open_circuit_inside_its_deadline() -> None:
    clock = FakeClock()
    breaker = Breaker(clock, threshold=1, cooldown=30)
    breaker.note(lost())
    assert Retry(clock, breaker=breaker).call(script("ok"), repeatable=False) == ("ok", 2)
    assert clock.slept == [30]
