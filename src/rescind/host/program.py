"""Run the operator's own program: an argument list, never a shell, from `/`, nothing on its stdin, its output bounded."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass

KEPT = 2048  # bytes of its output that are looked at; the rest stays unread


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a program ended: its exit code (None: it did not end in time, or never started), and the beginning of what it printed."""

    code: int | None
    said: str
    started: bool = True


def run_program(command: Sequence[str], seconds: float) -> Ended:
    """Run a program to its end, or end it and everything it started after so many seconds."""
    with tempfile.TemporaryFile() as output:
        try:
            process = subprocess.Popen(
                list(command),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd="/",
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not a usable command"
            return Ended(code=None, said=f"it could not be started: {reason}", started=False)
        code: int | None
        try:
            code = process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            code = None
        finally:
            _end(process)
        output.seek(0)
        return Ended(code=code, said=output.read(KEPT).decode("utf-8", "replace"))


def _end(process: subprocess.Popen[bytes]) -> None:
    """End what is left of a program's process group, so that no child of it outlives the wait."""
    with contextlib.suppress(OSError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    process.wait()
