"""Durable runs: any crash is resumed by the same call, and no action is lost or repeated.

`execute` starts or resumes a run. The durable engine underneath (DBOS, https://docs.dbos.dev) is imported only then, so that
commands which merely read stay fast; `rescind.engine.state` keeps the run records and never needs it.
"""

from __future__ import annotations

from pathlib import Path

from rescind.engine.work import Interrupted, OnEvent, PhaseSpec, Resting, Work

__all__ = ["Interrupted", "OnEvent", "PhaseSpec", "Resting", "Work", "execute"]


def execute(
    run: str,
    work: Work,
    *,
    state_dir: Path,
    concurrency: int = 16,
    on_event: OnEvent | None = None,
    grace: float = 5.0,
) -> None:
    """Start or resume the run and wait for its end; a run that has ended returns at once.

    `concurrency` bounds the actions in flight per tenant. `on_event(name, facts)` hears `phase.started`, `step.done`,
    `phase.done`, `sweep.done` and `finished`, one at a time, from worker threads. After Ctrl-C no new action starts, those in flight
    get `grace` seconds, and `Interrupted` is raised; a thread may then still wait for a provider, so leave with `os._exit`.
    What `work` raises is raised again here and the run stays resumable; `Resting` says that a phase may not begin yet. Raises `EngineError` when another process runs here.
    """
    from rescind.engine.workflow import drive

    drive(run, work, state_dir=state_dir, concurrency=concurrency, on_event=on_event, grace=grace)
