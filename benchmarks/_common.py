# ruff: noqa: ARG002  # a protocol gives the names
"""Shared by the benchmarks: a loopback server, a plan, and a `Work` that audits each action as a real run does."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rescind.audit.log import open_log
from rescind.audit.signer import new_signer
from rescind.engine import PhaseSpec
from rescind.models.clock import SystemClock


@contextmanager
def server(latency: float) -> Iterator[str]:
    """Start the loopback server; give its address."""
    program = Path(__file__).with_name("_server.py")
    process = subprocess.Popen([sys.executable, str(program), str(latency)], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.kill()
        process.wait()


def plan(count: int, phases: int = 5) -> list[list[str]]:
    """Name the actions of each phase as a real plan does."""
    share = count // phases
    return [[f"step-{phase:08x}{number:08x}" for number in range(share)] for phase in range(phases)]


class Audited:
    """Intent, call, outcome: two entries of the trail around each action; nothing else."""

    def __init__(self, folder: Path, phases: list[list[str]], call: Callable[[str], dict[str, Any]]) -> None:
        self._phases, self._call = phases, call
        self._log = open_log(folder / "rescind.db", new_signer("benchmark.example"), SystemClock())

    def act(self, run: str, step: str) -> dict[str, Any]:
        self._log.append("intent", run=run, step=step, data={"verb": "revoke", "kind": "example.token"})
        self._call(step)
        self._log.append(
            "outcome", run=run, step=step, data={"end_state": "dead", "evidence": "404 beside a control read"}
        )
        return {"s": "dead"}

    def phases(self, run: str) -> list[PhaseSpec]:
        return [PhaseSpec(name=f"phase-{n}", lanes={"tenant": ids}) for n, ids in enumerate(self._phases)]

    def phase_done(self, run: str, phase: str) -> None:
        self._log.sign_head()

    def sweep_rounds(self, run: str) -> int:
        return 0

    def sweep(self, run: str, round: int) -> dict[str, Any]:  # noqa: A002
        return {"steps": 0, "again": False}

    def addendum(self, run: str, round: int) -> list[PhaseSpec]:  # noqa: A002
        return []

    def finish(self, run: str) -> None:
        self._log.sign_head()
