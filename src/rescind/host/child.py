"""A process of our own that takes frames and answers in frames, and is never waited for longer than said.

A frame is a length of four bytes, then so many bytes. It gets none of our environment; late or broken, it is ended.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence

from rescind.host.pipes import pipes

_NEEDED = ("SYSTEMROOT",)  # without it no program starts on Windows


class Child:
    """One such process. Raises `OSError` when it cannot be started, is gone, or is late."""

    def __init__(self, command: Sequence[str], *, pass_fds: Sequence[int] = (), most: int = 64 << 20) -> None:
        self._most = most
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={name: os.environ[name] for name in _NEEDED if os.name == "nt" and name in os.environ},
            cwd="/",
            pass_fds=pass_fds,
            bufsize=0,
        )
        if self._process.stdin is None or self._process.stdout is None:
            raise OSError
        self._pipes = pipes(self._process.stdin, self._process.stdout)

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
        self._pipes.send(len(data).to_bytes(4, "big") + data, end)

    def read(self, end: float) -> bytes:
        """Return the next frame, if it comes before that moment."""
        size = int.from_bytes(self._exactly(4, end), "big")
        if size > self._most:
            raise OSError
        return self._exactly(size, end)

    def _exactly(self, count: int, end: float) -> bytes:
        out = bytearray()
        while len(out) < count:
            chunk = self._pipes.some(count - len(out), end)
            if not chunk:
                raise OSError
            out += chunk
        return bytes(out)
