"""The two pipes of a process of ours, used until a moment and never longer: as the system waits for pipes, or by threads where it cannot."""

from __future__ import annotations

import os
import queue
import selectors
import threading
import time
from contextlib import suppress
from typing import IO, Protocol

_CHUNK = 1 << 16
_AHEAD = 64
WAITS = os.name == "posix"
"""Whether the system can wait for a pipe; Windows can only for sockets (https://docs.python.org/3/library/select.html)."""


class Pipes(Protocol):
    """What a child reads from and writes to. Raises `OSError` (`TimeoutError`) when it is late or gone."""

    def send(self, data: bytes, end: float) -> None:
        """Hand over all of it before a moment of `time.monotonic`."""

    def some(self, most: int, end: float) -> bytes:
        """Return what came, at most so many bytes; nothing at the end."""


class Waited:
    """By the system's own waiting."""

    def __init__(self, to_child: IO[bytes], from_child: IO[bytes]) -> None:
        self._to, self._from = to_child.fileno(), from_child.fileno()
        for fd in (self._to, self._from):
            os.set_blocking(fd, False)

    def send(self, data: bytes, end: float) -> None:
        """Hand over all of it before a moment of `time.monotonic`."""
        view = memoryview(data)
        while view:
            _wait(self._to, selectors.EVENT_WRITE, end)
            view = view[os.write(self._to, view[:_CHUNK]) :]

    def some(self, most: int, end: float) -> bytes:
        """Return what came, at most so many bytes; nothing at the end."""
        _wait(self._from, selectors.EVENT_READ, end)
        return os.read(self._from, min(_CHUNK, most))


class Threaded:
    """By a thread for each pipe, which may be left waiting: the child's end frees it."""

    def __init__(self, to_child: IO[bytes], from_child: IO[bytes]) -> None:
        self._to, self._from = to_child.fileno(), from_child.fileno()
        self._out: queue.Queue[tuple[bytes, threading.Event]] = queue.Queue()
        self._in: queue.Queue[bytes] = queue.Queue(_AHEAD)
        self._rest, self._gone = b"", False
        for work in (self._writing, self._reading):
            threading.Thread(target=work, daemon=True).start()

    def _writing(self) -> None:
        with suppress(OSError):
            while True:
                data, done = self._out.get()
                view = memoryview(data)
                while view:
                    view = view[os.write(self._to, view[:_CHUNK]) :]
                done.set()
        self._gone = True

    def _reading(self) -> None:
        with suppress(OSError):
            while chunk := os.read(self._from, _CHUNK):
                self._in.put(chunk)
        self._in.put(b"")

    def send(self, data: bytes, end: float) -> None:
        """Hand over all of it before a moment of `time.monotonic`."""
        done = threading.Event()
        self._out.put((data, done))
        while not done.wait(min(0.05, max(0.0, end - time.monotonic()))):
            if self._gone or time.monotonic() > end:
                raise TimeoutError

    def some(self, most: int, end: float) -> bytes:
        """Return what came, at most so many bytes; nothing at the end."""
        if not self._rest:
            try:
                self._rest = self._in.get(timeout=max(0.001, end - time.monotonic()))
            except queue.Empty:
                raise TimeoutError from None
        found, self._rest = self._rest[:most], self._rest[most:]
        return found


def pipes(to_child: IO[bytes], from_child: IO[bytes]) -> Pipes:
    """Return the way that this system can go."""
    return Waited(to_child, from_child) if WAITS else Threaded(to_child, from_child)


def _wait(fd: int, event: int, end: float) -> None:
    with selectors.DefaultSelector() as waiting:
        waiting.register(fd, event)
        if not waiting.select(max(0.0, end - time.monotonic())):
            raise TimeoutError
