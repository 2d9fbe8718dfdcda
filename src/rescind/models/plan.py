"""What will be done: steps, what is left out and why, bound together by a digest."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rescind.models.credential import Credential, EndState
from rescind.models.evidence import Gap
from rescind.models.kind import CaseVerb, Verb


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One verb on one credential in one phase. `id` is deterministic and is the idempotency key.

    `held`: not done unless an approval releases its credential. `reverse`: the verb is taken back, not carried out.
    """

    phase: str
    verb: Verb
    credential: str
    tenant: str
    wait_seconds: float = 60.0
    held: bool = False
    reverse: bool = False

    @property
    def id(self) -> str:
        """A stable id from phase, verb and credential."""
        raw = "\x1f".join((self.phase, self.verb, self.credential, *(("reverse",) if self.reverse else ()))).encode()
        return "step-" + hashlib.sha256(raw).hexdigest()[:16]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A credential that gets no step, with the end state it will have and why; `task` is what a person must do about it."""

    credential: str
    end_state: EndState
    reason: str
    task: str = ""
    owner: str = ""
    decide_by: str = ""
    would_break: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Whom and what a plan is about. Times are RFC 3339 UTC; `target` is evidence, `inventory` a file, one of them or neither.

    Nothing of the run begins before `at`. `not_isolated`: why no gate waits for the isolation. `undo_of` names the run that the plan takes back, `rotations` what is rotated (rescind.toml). `checkin` is the stored check-in that the plan was made from.
    """

    person: str = ""
    workstation: str = ""
    lost_at: str = ""
    target: str = ""
    inventory: str = ""
    hold: bool = False
    undo_of: str = ""
    rotations: tuple[str, ...] = ()
    at: str = ""
    not_isolated: str = ""
    checkin: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseStep:
    """One thing done for the case as a whole in one phase, by a person or by the operator's own tool (`hook`). `id` is deterministic.

    `held`: not done unless an approval names its id. `left_out`: why it is not done at all ("" when it is). `tenant` and `source`: rescind itself
    reads this record of that tenant; with `machine`, it orders that tenant's machine to do it: the one that is called `workstation`, whose
    device id is `device`.
    """

    phase: str
    verb: CaseVerb
    task: str
    owner: str
    done_when: str
    hook: bool = False
    held: bool = False
    left_out: str = ""
    tenant: str = ""
    source: str = ""
    machine: str = ""
    device: str = ""
    workstation: str = ""

    @property
    def id(self) -> str:
        """A stable id from phase, verb and task, and the machine that is ordered: two may be told in the same words."""
        parts = (self.phase, self.verb, self.task, *((self.tenant, self.machine) if self.machine else ()))
        return "case-" + hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True, kw_only=True)
class Barrier:
    """What must hold before a phase begins: so many seconds since the phase before it ended; before it and all later ones, a gate."""

    phase: str
    after_seconds: float = 0.0
    gate: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A final state that the playbook intends for a credential: shown as "as intended", never changes the state."""

    credential: str
    end_state: EndState


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The contract of a run. `digest` covers all of it; see `rescind.pipeline.plan.digest_of`."""

    created_at: str
    case: Case
    playbook: Mapping[str, Any]
    credentials: tuple[Credential, ...]
    candidates: tuple[Credential, ...]
    steps: tuple[Step, ...]
    decisions: tuple[Decision, ...]
    accepted: tuple[Accepted, ...]
    barriers: tuple[Barrier, ...] = ()
    case_steps: tuple[CaseStep, ...] = ()
    gaps: tuple[Gap, ...]
    tenants: Mapping[str, str] = field(default_factory=dict)  # name -> account id as the provider gave it
    principals: Mapping[str, str] = field(default_factory=dict)  # name -> who we were there when planning
    inventory_digest: str = ""
    policy_digest: str = ""
    catalogue_version: str = ""
    tool_version: str = ""
    sweep_rounds: int = 3
    parent_digest: str = ""
    digest: str = ""
