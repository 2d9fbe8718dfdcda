"""Run the operator's own program: an argument list, never a shell, from `/`, nothing on its stdin, its output bounded."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO

KEPT = 2048  # bytes of its output that are kept; the rest is read and dropped
_LAST_WORDS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a program ended: its exit code (None: it did not end in time, or never started), and the beginning of what it printed."""

    code: int | None
    said: str
    started: bool = True


def run_program(command: Sequence[str], seconds: float) -> Ended:
    """Run a program to its end; what has not ended by itself after so many seconds is ended, with everything it started."""
    try:
        process = subprocess.Popen(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd="/",
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a usable command"
        return Ended(code=None, said=f"it could not be started: {reason}", started=False)
    assert process.stdout is not None  # noqa: S101  # it was asked for
    kept = bytearray()
    listener = threading.Thread(target=_listen, args=(process.stdout, kept), daemon=True)
    listener.start()
    code: int | None
    try:
        code = process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        code = None
        _end(process)
    listener.join(_LAST_WORDS)  # something it left running may hold the other end open
    return Ended(code=code, said=bytes(kept).decode("utf-8", "replace"))


def _listen(pipe: BinaryIO, kept: bytearray) -> None:
    with contextlib.suppress(OSError), pipe:
        while some := os.read(pipe.fileno(), 65_536):
            kept += some[: KEPT - len(kept)]


def _end(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(OSError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    process.wait()
