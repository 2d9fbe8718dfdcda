"""Whether a trail tells the whole story: every planned step of every run has an intent and an outcome.

Standard library only, like the rest of the checker. What it reads: `run-started` and `addendum` name steps in `data.steps`, `intent` and
`outcome` name one in `step`, `run-waiting` says that it rests, `run-ended` closes the run. An outcome whose `data.call_status` is empty records a step that made no call
and needs no intent. `data.case_steps` names what is done for the case: each needs an outcome, or a task (`task-opened`, `task-done`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class _Run:
    planned: dict[str, None] = field(default_factory=dict)
    for_the_case: dict[str, None] = field(default_factory=dict)
    tasks: set[str] = field(default_factory=set)  # steps that were handed to a person
    pending: dict[str, int] = field(default_factory=dict)  # step → seq of an intent that has no outcome yet
    intended: set[str] = field(default_factory=set)
    done: set[str] = field(default_factory=set)
    resting: bool = False
    started: bool = False
    ended: bool = False
    problems: list[str] = field(default_factory=list)


class Runs:
    """Collects what entries say about runs; `problems` and `still_open` are read at the end."""

    def __init__(self) -> None:
        self._runs: dict[str, _Run] = {}

    def see(self, entry: Mapping[str, Any]) -> None:
        """Take in one entry, in order."""
        name = entry["run"]
        if not name:
            return
        run = self._runs.get(name)
        if run is None:
            run = self._runs[name] = _Run()
        handler = _HANDLERS.get(entry["type"])
        if handler is not None:
            handler(run, entry)

    def problems(self) -> tuple[str, ...]:
        """Say, per run, which steps lack an intent or an outcome, and what does not fit."""
        return tuple(f"run {name}: {text}" for name, run in self._runs.items() for text in _problems(run))

    def still_open(self) -> tuple[str, ...]:
        """Return the runs that have started and not ended."""
        return tuple(name for name, run in self._runs.items() if run.started and not run.ended)


def _started(run: _Run, entry: Mapping[str, Any]) -> None:
    run.started = True
    case = entry["data"].get("case_steps", [])
    if not isinstance(case, list) or not all(isinstance(step, str) for step in case):
        run.problems.append(f"entry {entry['seq']} ({entry['type']}) names no list of case steps")
    else:
        run.for_the_case.update(dict.fromkeys(case))
    _plan(run, entry)


def _task(run: _Run, entry: Mapping[str, Any]) -> None:
    run.tasks.add(entry["step"])


def _plan(run: _Run, entry: Mapping[str, Any]) -> None:
    steps = entry["data"].get("steps")
    if not isinstance(steps, list) or not all(isinstance(step, str) for step in steps):
        run.problems.append(f"entry {entry['seq']} ({entry['type']}) names no list of steps")
        return
    run.planned.update(dict.fromkeys(steps))


def _intent(run: _Run, entry: Mapping[str, Any]) -> None:
    step, seq = entry["step"], entry["seq"]
    if run.ended:
        run.problems.append(f"step {step}: intent in entry {seq}, after the run had ended")
    if step not in run.planned and step not in run.for_the_case and step not in run.intended:
        run.problems.append(f"step {step}: intent in entry {seq}, but no plan names it")
    run.intended.add(step)
    run.pending[step] = seq
    run.resting = False


def _outcome(run: _Run, entry: Mapping[str, Any]) -> None:
    step = entry["step"]
    if step not in run.intended and entry["data"].get("call_status") != "":
        run.problems.append(f"step {step}: outcome in entry {entry['seq']}, but no intent before it")
    run.pending.pop(step, None)
    run.done.add(step)
    run.resting = False


def _waiting(run: _Run, _: Mapping[str, Any]) -> None:
    run.resting = True


def _ended(run: _Run, _: Mapping[str, Any]) -> None:
    run.ended = True


def _problems(run: _Run) -> list[str]:
    found = list(run.problems)
    found += [f"step {step}: intent in entry {seq}, no outcome" for step, seq in run.pending.items()]
    if run.resting and not run.ended:
        return found  # it waits on purpose, and is told to be open; what it has not begun is not missing
    found += [
        f"step {step}: planned, no outcome" for step in run.planned if step not in run.done and step not in run.pending
    ]
    found += [
        f"step {step}: planned for the case, no outcome and no task"
        for step in run.for_the_case
        if step not in run.done and step not in run.tasks and step not in run.pending
    ]
    if (run.intended or run.done) and not run.started:
        found.append("has intents or outcomes, but no entry that starts it")
    return found


_HANDLERS = {
    "run-started": _started,
    "addendum": _plan,
    "intent": _intent,
    "outcome": _outcome,
    "task-opened": _task,
    "task-done": _task,
    "run-waiting": _waiting,
    "run-ended": _ended,
}
