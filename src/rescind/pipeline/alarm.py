"""An end to work that may never end by itself: a parser over hostile bytes."""

from __future__ import annotations

import ctypes
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class TimeUp(BaseException):
    """Not an `Exception`, so that a parser which catches everything cannot swallow it."""


@contextmanager
def alarm(seconds: float) -> Iterator[None]:
    """Raise `TimeUp` in the body after `seconds` of real time, between two of its instructions.

    By the system's timer where this thread can be interrupted by it and nobody else uses it; on a system without one (Windows)
    by another thread (https://docs.python.org/3/c-api/init.html#c.PyThreadState_SetAsyncExc).
    """
    if not hasattr(signal, "setitimer"):
        with _from_beside(seconds):
            yield
        return
    if threading.current_thread() is not threading.main_thread() or signal.getitimer(signal.ITIMER_REAL)[0] > 0:
        yield
        return

    def ring(_signal: int, _frame: FrameType | None) -> None:
        raise TimeUp

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@contextmanager
def _from_beside(seconds: float) -> Iterator[None]:
    me, over, turn = ctypes.c_ulong(threading.get_ident()), False, threading.Lock()

    def ring() -> None:
        with turn:
            if not over:
                ctypes.pythonapi.PyThreadState_SetAsyncExc(me, ctypes.py_object(TimeUp))

    timer = threading.Timer(seconds, ring)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        with turn:
            over = True
        timer.cancel()
        ctypes.pythonapi.PyThreadState_SetAsyncExc(me, None)  # what was sent and has not arrived
