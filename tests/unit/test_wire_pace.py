"""No window of one second holds more than 1.25 x the rate, whoever sends and however late they wake."""

from __future__ import annotations

import random
import threading

import pytest

from rescind.wire.pace import LONGEST_PAUSE, Pacer
from tests.unit.wire_clock import FakeClock


def worst_window(sent: list[float]) -> int:
    ordered = sorted(sent)
    return max(sum(1 for t in ordered if start <= t < start + 1.0 - 1e-9) for start in ordered)


class LateClock(FakeClock):
    """Sleeps end late, by up to a quarter of a second."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self._random = random.Random(seed)

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds + self._random.choice([0.0, 0.001, 0.03, 0.25]))


@pytest.mark.parametrize("rate", [1, 4, 10, 40])
def test_sends_are_evenly_spaced(rate: int) -> None:
    clock = FakeClock()
    pacer, sent = Pacer(rate, clock), []
    for _ in range(rate * 5):
        pacer.wait()
        sent.append(clock.monotonic())
    assert worst_window(sent) <= rate
    assert sent[-1] == pytest.approx((rate * 5 - 1) / rate)


@pytest.mark.parametrize("seed", range(20))
def test_late_wake_ups_do_not_bunch(seed: int) -> None:
    clock = LateClock(seed)
    pacer, sent = Pacer(20, clock), []
    for _ in range(200):
        pacer.wait()
        sent.append(clock.monotonic())
    assert worst_window(sent) <= 25


def test_idle_time_earns_no_burst() -> None:
    clock = FakeClock()
    pacer, sent = Pacer(10, clock), []
    pacer.wait()
    clock.seconds += 100
    for _ in range(30):
        pacer.wait()
        sent.append(clock.monotonic())
    assert worst_window(sent) <= 12


def test_threads_share_one_budget() -> None:
    clock, sent, lock = FakeClock(), [], threading.Lock()
    pacer = Pacer(50, clock)
    passed = pacer._all.passed

    def noted(now: float) -> None:  # under the lane's turn: exactly when a send is let go
        with lock:
            sent.append(now)
        passed(now)

    pacer._all = type(
        "Lane",
        (),
        {
            "passed": staticmethod(noted),
            "turn": pacer._all.turn,
            "free_at": property(lambda _: passed.__self__.free_at),
        },
    )()  # type: ignore[attr-defined]
    threads = [
        threading.Thread(target=lambda: [pacer.wait(random.choice(["default", "other"])) for _ in range(25)])
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(sent) == 200
    assert worst_window(sent) <= 62


def test_a_class_is_slower_within_the_whole() -> None:
    clock = FakeClock()
    pacer, writes = Pacer(10, clock, classes={"write": 1}), []
    for n in range(60):
        pacer.wait("write" if n % 2 else "default")
        if n % 2:
            writes.append(clock.monotonic())
    assert worst_window(writes) <= 1


def test_a_pause_holds_everybody_but_not_for_ever() -> None:
    clock = FakeClock()
    pacer = Pacer(10, clock)
    pacer.wait()
    pacer.pause(5)
    pacer.pause(1)  # a shorter one does not shorten the longer
    pacer.wait()
    assert clock.monotonic() == pytest.approx(5)
    pacer.pause(86_400)
    pacer.wait()
    assert clock.monotonic() == pytest.approx(5 + LONGEST_PAUSE)


def test_a_rate_of_nothing_is_refused() -> None:
    for bad in (0, -1):
        with pytest.raises(ValueError):
            Pacer(bad, FakeClock())
