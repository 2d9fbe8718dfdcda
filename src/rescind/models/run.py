"""What happened: one `Receipt` per step, one result per credential, and the run they add up to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from rescind.models.credential import EndState
from rescind.models.evidence import Gap
from rescind.models.kind import CaseVerb, Liveness, Verb
from rescind.models.use import Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """The outcome of one step. `end_state` is what this step establishes; times are RFC 3339 UTC; never a secret.

    `reverse`: the step took the verb back. `deaf_until`: until when goes on what hears of no other cut (`Residual.hears`).
    """

    step: str
    credential: str
    verb: Verb
    end_state: EndState
    liveness: Liveness
    evidence: str
    at: str
    call_status: str = ""
    request_id: str = ""
    provider_time: str = ""
    verify_method: str = ""
    residual_until: str = ""
    residual_what: str = ""
    deaf_until: str = ""
    reversible: bool = False
    attempts: int = 1
    error: str = ""
    cut_at: str = ""
    reverse: bool = False
    notes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialResult:
    """The one end state of one credential, and everything that led to it.

    `used_after_loss` is `yes`, `no` or `unknown`, `used_after_loss_source` where that is from; a `yes` has its first and last known use.
    """

    id: str
    kind: str
    provider: str
    identifier: str
    fingerprint: str
    tenant: str
    owner: str
    relation: str
    parent: str
    end_state: EndState
    reason: str
    residual_until: str = ""
    residual_what: str = ""
    reversible: bool = False
    as_intended: bool = False
    verify_method: str = ""
    used_after_loss: str = "unknown"
    used_after_loss_source: str = ""
    first_use_after_loss: str = ""
    last_use_after_loss: str = ""
    last_used: str = ""
    steps: tuple[Receipt, ...] = ()
    tasks: tuple[Mapping[str, str], ...] = ()
    places: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseResult:
    """How one thing done for the case stands. `acknowledged`: the operator's tool accepted it, which proves nothing.

    `closed`: nobody has to do anything about it any more; it says nothing about any credential. `source`: the record that was read.
    """

    id: str
    verb: CaseVerb
    phase: str
    task: str
    owner: str
    done_when: str
    end_state: EndState
    reason: str
    closed: bool = False
    at: str = ""
    attested_by: str = ""
    attested_at: str = ""
    evidence: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """A whole run as it stands now: every credential once, every gap, the audit head.

    A run that rests says until when (`waiting_until`, RFC 3339 UTC) and for what (`waiting_for`). `activity` is the last reading of each
    record of what credentials did.
    """

    run: str
    playbook: str
    plan_digest: str
    status: str
    started_at: str
    ended_at: str
    credentials: tuple[CredentialResult, ...]
    gaps: tuple[Gap, ...]
    candidates: int
    counts: Mapping[str, int] = field(default_factory=dict)
    audit_size: int = 0
    audit_root: str = ""
    time_to_first_cut: float | None = None
    waiting_until: str = ""
    waiting_for: str = ""
    case_steps: tuple[CaseResult, ...] = ()
    not_isolated: str = ""
    activity: tuple[Reading, ...] = ()
