"""A detection engine with rules that others maintain, kept in a process of its own: late or broken, it is ended and that is a gap.

Texts go to it and hits come back through pipes, in memory alone: nothing reaches an argument, a file or a log. It gets none of our
environment and stays up for one scan. Which engine, and why: docs/adr (free text).
"""

from __future__ import annotations

import json
import os
import re
import selectors
import subprocess
import sys
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Self

from rescind.errors import EvidenceError

ABSENT = "free text was searched by exact formats only: the detection engine is not installed"
START_SECONDS, TEXT_SECONDS, MOST_STARTS = 60.0, 10.0, 5
PIECE = 1 << 20
_MOST_BYTES = 64 << 20
_CHUNK = 1 << 16
_ALLOW = re.compile("(?i)(leaks):(allow)")  # a comment in the evidence would silence the engine


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing that a rule found: the rule's id, the value, its line in the text (from 1)."""

    rule: str
    value: str = field(repr=False)
    line: int


def is_installed() -> bool:
    """Tell whether the engine can be started here."""
    return os.name == "posix" and find_spec("betterleaks") is not None


class Detector:
    """The engine of one scan. `hits` raises `EvidenceError` for a text that it did not answer; the next one gets a new process."""

    def __init__(self, *, command: tuple[str, ...] = ()) -> None:
        self._command = command or (sys.executable, "-I", str(Path(__file__).with_name("_detect.py")))
        self._is_there = bool(command) or is_installed()
        self._process: subprocess.Popen[bytes] | None = None
        self._asking: ThreadPoolExecutor | None = None
        self._starts, self._ready = 0, False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        process, asking = self._process, self._asking
        if process is not None:
            process.kill()  # what is still asked ends with it
        if asking is not None:
            asking.shutdown(wait=True, cancel_futures=True)
        self.close()

    def close(self) -> None:
        """End the process."""
        process, self._process, self._ready = self._process, None, False
        if process is not None:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()

    def ask(self, text: str) -> Future[list[Hit]]:
        """Have a text looked at while we go on; what `hits` would return or raise comes with the future."""
        if self._asking is None:
            self._asking = ThreadPoolExecutor(1, "detector")
        return self._asking.submit(self.hits, text)

    def begin(self) -> None:
        """Start the engine, so that it is ready when it is needed; what hinders that is said by `hits`."""
        if self._process is None and not self._starts and self._is_there:
            with suppress(OSError):
                self._start()

    def hits(self, text: str) -> list[Hit]:
        """Return what the rules find in a text of at most 1 MiB. Raises `EvidenceError` when the engine is late, gone or not installed."""
        if not self._is_there:
            raise EvidenceError(ABSENT)
        data = _ALLOW.sub(r"\1-\2", text).encode("utf-8", "replace")
        try:
            if self._process is None:
                self._start()
            if not self._ready:
                self._read(time.monotonic() + START_SECONDS)
                self._ready = True
            end = time.monotonic() + TEXT_SECONDS
            self._write(len(data).to_bytes(4, "big") + data, end)
            answer = json.loads(self._read(end))
            return [Hit(str(rule), str(value), int(line)) for rule, value, line in answer]
        except (OSError, ValueError, TypeError) as e:
            self.close()
            raise EvidenceError("the detection engine did not answer; exact formats alone were searched here") from e
        except BaseException:  # an alarm: what stands in the pipes is no longer in step
            self.close()
            raise

    def _start(self) -> None:
        self._starts += 1
        if self._starts > MOST_STARTS:
            raise OSError
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={},
            cwd="/",
        )
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                os.set_blocking(pipe.fileno(), False)

    def _write(self, data: bytes, end: float) -> None:
        pipe = self._process.stdin if self._process else None
        if pipe is None:
            raise OSError
        view = memoryview(data)
        while view:
            _wait(pipe.fileno(), selectors.EVENT_WRITE, end)
            view = view[os.write(pipe.fileno(), view[:_CHUNK]) :]

    def _read(self, end: float) -> bytes:
        size = int.from_bytes(self._exactly(4, end), "big")
        if size > _MOST_BYTES:
            raise OSError
        return self._exactly(size, end)

    def _exactly(self, count: int, end: float) -> bytes:
        pipe = self._process.stdout if self._process else None
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
