"""Trails that the audit tests share: a clock without sleeping, a signer, and a story of a given length."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from rescind.audit.export import export
from rescind.audit.log import AuditLog, open_log
from rescind.audit.signer import Signer, new_signer


class Ticking:
    """A clock that moves on by some milliseconds each time it is read."""

    def __init__(self, milliseconds: int = 7) -> None:
        self._now = datetime(2026, 3, 1, 12, tzinfo=UTC)
        self._tick = timedelta(milliseconds=milliseconds)

    def now(self) -> datetime:
        self._now += self._tick
        return self._now

    def monotonic(self) -> float:
        return self._now.timestamp()

    def sleep(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)


def fresh(folder: Path, signer: Signer | None = None) -> AuditLog:
    return open_log(folder / "rescind.db", signer or new_signer("rescind/0123456789abcdef"), Ticking())


def story(log: AuditLog, run: str, steps: int, *, ended: bool = True) -> None:
    """A run with `2 × steps + 1` entries, and one more when it has ended."""
    names = [f"step-{n:04x}" for n in range(steps)]
    log.append("run-started", run=run, data={"playbook": "lost-laptop", "plan_digest": "0" * 8, "steps": names})
    for name in names:
        log.append("intent", run=run, step=name, data={"verb": "revoke"})
        log.append("outcome", run=run, step=name, data={"end_state": "dead"})
    if ended:
        log.append("run-ended", run=run)


def exported(log: AuditLog, folder: Path, run: str | None = None) -> bytes:
    export(log, folder / "trail.jsonl", run)
    return (folder / "trail.jsonl").read_bytes()
