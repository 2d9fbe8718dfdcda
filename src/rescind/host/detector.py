"""A detection engine with rules that others maintain, kept in a process of its own: late or broken, it is ended and that is a gap.

Texts go to it and hits come back through pipes, in memory alone: nothing reaches an argument, a file or a log. It gets none of our
environment and stays up for one scan. Which engine, and why: docs/adr (free text).
"""

from __future__ import annotations

import json
import re
import sys
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Self

from rescind.errors import EvidenceError
from rescind.host.child import Child

ABSENT = "free text was searched by exact formats only: the detection engine is not installed"
START_SECONDS, TEXT_SECONDS, MOST_STARTS = 60.0, 10.0, 5
PIECE = 1 << 20
_ALLOW = re.compile("(?i)(leaks):(allow)")  # a comment in the evidence would silence the engine


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing that a rule found: the rule's id, the value, its line in the text (from 1)."""

    rule: str
    value: str = field(repr=False)
    line: int


def is_installed() -> bool:
    """Tell whether the engine can be started here."""
    return find_spec("betterleaks") is not None


class Detector:
    """The engine of one scan. `hits` raises `EvidenceError` for a text that it did not answer; the next one gets a new process."""

    def __init__(self, *, command: tuple[str, ...] = ()) -> None:
        self._command = command or (sys.executable, "-I", str(Path(__file__).with_name("_detect.py")))
        self._is_there = bool(command) or is_installed()
        self._child: Child | None = None
        self._asking: ThreadPoolExecutor | None = None
        self._starts, self._ready = 0, False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        child, asking = self._child, self._asking
        if child is not None:
            child.kill()  # what is still asked ends with it
        if asking is not None:
            asking.shutdown(wait=True, cancel_futures=True)
        self.close()

    def close(self) -> None:
        """End the process."""
        child, self._child, self._ready = self._child, None, False
        if child is not None:
            child.close()

    def ask(self, text: str) -> Future[list[Hit]]:
        """Have a text looked at while we go on; what `hits` would return or raise comes with the future."""
        if self._asking is None:
            self._asking = ThreadPoolExecutor(1, "detector")
        return self._asking.submit(self.hits, text)

    def begin(self) -> None:
        """Start the engine, so that it is ready when it is needed; what hinders that is said by `hits`."""
        if self._child is None and not self._starts and self._is_there:
            with suppress(OSError):
                self._start()

    def hits(self, text: str) -> list[Hit]:
        """Return what the rules find in a text of at most 1 MiB. Raises `EvidenceError` when the engine is late, gone or not installed."""
        if not self._is_there:
            raise EvidenceError(ABSENT)
        data = _ALLOW.sub(r"\1-\2", text).encode("utf-8", "replace")
        try:
            child = self._child or self._start()
            if not self._ready:
                child.read(time.monotonic() + START_SECONDS)
                self._ready = True
            end = time.monotonic() + TEXT_SECONDS
            child.write(data, end)
            answer = json.loads(child.read(end))
            return [Hit(str(rule), str(value), int(line)) for rule, value, line in answer]
        except (OSError, ValueError, TypeError):
            self.close()
            raise EvidenceError(
                "the detection engine did not answer; exact formats alone were searched here"
            ) from None  # an answer holds values
        except BaseException:  # an alarm: what stands in the pipes is no longer in step
            self.close()
            raise

    def _start(self) -> Child:
        self._starts += 1
        if self._starts > MOST_STARTS:
            raise OSError
        self._child = Child(self._command)
        return self._child
