"""What a playbook says once it was read: ordered phases of steps, rules for people, exclusions, intended final states."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from rescind.models.credential import Credential, EndState
from rescind.models.kind import CaseVerb, Verb

EVERY_KIND = "*"
"""Stands in `Playbook.kinds` for every kind, identities among them."""


class Selector(Protocol):
    """A compiled selection of credentials; `text` is the expression as it was written."""

    @property
    def text(self) -> str:
        """Return the expression as it was written."""

    def matches(self, credential: Credential, now: datetime) -> bool:
        """Tell whether a credential is selected at a moment. Raises `PlaybookError` when the answer is not a plain yes or no."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaybookStep:
    """Which credentials, and what is done to each.

    `prefer` False: every verb in order, each its own step. `prefer` True: only the first verb that the credential's kind offers.
    `wait_seconds` is how long death is waited for; `approval` holds the step until it is approved by name.
    """

    select: Selector
    verbs: tuple[Verb, ...]
    prefer: bool = False
    wait_seconds: float = 60.0
    approval: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseItem:
    """Something to do for the case as a whole: the exact instruction, for whom, and when it is done.

    `activity`: rescind itself reads what the providers' records say of the case's credentials; `task` is then empty.
    `offered`: it is there only where a tenant, or a tool of the operator's, does it.
    """

    verb: CaseVerb
    task: str
    owner: str
    done_when: str
    approval: bool = False
    activity: bool = False
    offered: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """Steps that may run side by side; the next phase begins when all of them have an outcome.

    `after_seconds`: it begins no earlier than so long after the phase before it ended. `gate`: neither it nor any later one begins
    before that was done for the case.
    """

    name: str
    steps: tuple[PlaybookStep, ...]
    case: tuple[CaseItem, ...] = ()
    after_seconds: float = 0.0
    gate: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One entry of `manual` (`task`), `skip` (`reason`) or `accept` (`state`); the other two are empty."""

    select: Selector
    task: str = ""
    reason: str = ""
    state: EndState | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Playbook:
    """A playbook as it will be carried out. `source` is its normalised, JSON-able content, for the plan's digest.

    `inputs` maps `workstation` and `person` to `required` or `optional`; an empty `providers` means every configured one,
    and empty `kinds` every kind but identities.
    """

    name: str
    version: int
    title: str
    phases: tuple[Phase, ...]
    description: str = ""
    inputs: Mapping[str, str] = field(default_factory=dict)
    evidence: tuple[str, ...] = ()
    providers: tuple[str, ...] = ()
    sides: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    max_credentials: int = 500
    sweep_rounds: int = 3
    sweep_after: tuple[float, ...] = ()
    manual: tuple[Rule, ...] = ()
    skip: tuple[Rule, ...] = ()
    accept: tuple[Rule, ...] = ()
    on_failure: str = "continue"
    source: Mapping[str, Any] = field(default_factory=dict)
