"""What the engine drives: a `Work`, which knows about credentials; the engine itself does not.

Everything a `Work` answers about its plan is a pure function of what it stored, because a resumed run asks again and
must get the same phases, lanes and steps in the same order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from rescind.errors import RescindError

OnEvent = Callable[[str, Mapping[str, Any]], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseSpec:
    """One phase: a barrier. `lanes` maps a tenant to its step ids in plan order; lanes run beside each other.

    `waits`: `Work.may_begin` is asked before it begins.
    """

    name: str
    lanes: Mapping[str, Sequence[str]]
    waits: bool = False


class Interrupted(RescindError):  # a decision of the operator, not an error
    """The operator stopped the run (Ctrl-C). Nothing is lost: the same `execute` call takes it up again."""

    exit_code = 130


class Resting(RescindError):  # a state of the run, not an error
    """A phase may not begin yet. Nothing is lost: the same `execute` call, made when it may, takes the run up again."""

    exit_code = 4

    def __init__(self, message: str, *, until: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.until = until


class Work(Protocol):
    """One kind of durable work. All methods are plain, synchronous and called from worker threads."""

    def phases(self, run: str) -> Sequence[PhaseSpec]:
        """Return the phases of the stored plan; the same answer every time."""

    def act(self, run: str, step: str) -> Mapping[str, Any]:
        """Do one action, with its intent, probe, retries and outcome inside; return a small dict without secrets.

        A step that fails at a provider is a returned end state. Raising stops the whole run and leaves it resumable.
        """

    def may_begin(self, run: str, sweep: int, index: int) -> None:
        """Return when the nth phase may begin (of an addendum, where `sweep` is not 0); raise `Resting` when it may not yet."""

    def phase_done(self, run: str, phase: str) -> None:
        """Record that every lane of a phase ended; may be asked twice after a crash. An addendum's phase is `sweep-N.name`."""

    def sweep_rounds(self, run: str) -> int:
        """Return how many rounds of re-enumeration the plan allows (0 for none)."""

    def sweep(self, run: str, round: int) -> Mapping[str, Any]:  # noqa: A002  # the plan's own word for it
        """Enumerate again and store what is new as an addendum; return `{"steps": n, "again": bool}`."""

    def addendum(self, run: str, round: int) -> Sequence[PhaseSpec]:  # noqa: A002
        """Return the phases of a stored addendum; the same answer every time."""

    def finish(self, run: str) -> None:
        """Record the end of the run; may be asked twice after a crash."""
