"""A process of our own that takes frames and answers in frames, and is never waited for longer than said.

A frame is a length of four bytes, then so many bytes. It gets none of our environment; late or broken, it is ended.
"""

from __future__ import annotations

import os
import selectors
import subprocess
import time
from collections.abc import Sequence

_CHUNK = 1 << 16


class Child:
    """One such process. Raises `OSError` when it cannot be started, is gone, or is late."""

    def __init__(self, command: Sequence[str], *, pass_fds: Sequence[int] = (), most: int = 64 << 20) -> None:
        self._most = most
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={},
            cwd="/",
            pass_fds=pass_fds,
        )
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                os.set_blocking(pipe.fileno(), False)

    def kill(self) -> None:
        """Have it end; whoever reads from it meets its end."""
        self._process.kill()

    def close(self) -> None:
        """End it, and let go of its pipes."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def write(self, data: bytes, end: float) -> None:
        """Send one frame before a moment of `time.monotonic`."""
        pipe = self._process.stdin
        if pipe is None:
            raise OSError
        view = memoryview(len(data).to_bytes(4, "big") + data)
        while view:
            _wait(pipe.fileno(), selectors.EVENT_WRITE, end)
            view = view[os.write(pipe.fileno(), view[:_CHUNK]) :]

    def read(self, end: float) -> bytes:
        """Return the next frame, if it comes before that moment."""
        size = int.from_bytes(self._exactly(4, end), "big")
        if size > self._most:
            raise OSError
        return self._exactly(size, end)

    def _exactly(self, count: int, end: float) -> bytes:
        pipe = self._process.stdout
        if pipe is None:
            raise OSError
        out = bytearray()
        while len(out) < count:
            _wait(pipe.fileno(), selectors.EVENT_READ, end)
            chunk = os.read(pipe.fileno(), min(_CHUNK, count - len(out)))
            if not chunk:
                raise OSError
            out += chunk
        return bytes(out)


def _wait(fd: int, event: int, end: float) -> None:
    with selectors.DefaultSelector() as waiting:
        waiting.register(fd, event)
        if not waiting.select(max(0.0, end - time.monotonic())):
            raise TimeoutError
