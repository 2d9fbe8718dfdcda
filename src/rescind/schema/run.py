"""The shape of `rescind.run/1`: what `run`, `apply` and `status --json` print. Readers must allow fields they do not know."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from rescind.models.credential import EndState
from rescind.models.kind import CaseVerb, Liveness, Verb
from rescind.schema.faults import Edge

ExitCode = Literal[0, 1, 2, 3, 4, 5, 6, 7]


class _Open(Edge):
    """Known fields strictly, others allowed: adding one is not a break."""

    model_config = ConfigDict(extra="allow")


class ReceiptShape(_Open):
    """The outcome of one step."""

    step: str
    verb: Verb
    end_state: EndState
    liveness: Liveness
    evidence: str
    at: str
    request_id: str = ""
    provider_time: str = ""
    attempts: Annotated[int, Field(ge=0)] = 1
    error: str = ""


class ResultShape(_Open):
    """The one end state of one credential, and everything that led to it."""

    id: str
    kind: str
    provider: str
    identifier: str
    fingerprint: str
    tenant: str
    owner: str
    relation: Literal["observed", "attributed", "inherited"]
    parent: str
    end_state: EndState
    reason: str
    residual_until: Annotated[
        str, Field(description="RFC 3339 UTC; until then something derived from it keeps working.")
    ]
    residual_what: str
    reversible: bool
    as_intended: Annotated[bool, Field(description="The playbook accepts this final state for it.")]
    verify_method: str
    used_after_loss: Annotated[
        Literal["yes", "no", "unknown"],
        Field(description="`no` only where a record that holds every use of it was read whole until after its death."),
    ]
    used_after_loss_source: Annotated[str, Field(description="Where that is from, or why it is not known.")] = ""
    first_use_after_loss: Annotated[str, Field(description="RFC 3339 UTC; the first known use, for a yes.")] = ""
    last_use_after_loss: Annotated[str, Field(description="RFC 3339 UTC; the last known use, for a yes.")] = ""
    last_used: str
    steps: tuple[ReceiptShape, ...]
    tasks: tuple[dict[str, Any], ...]
    places: tuple[str, ...]


class CaseStepResult(_Open):
    """How one thing done for the case as a whole stands; never counted among the credentials."""

    id: str
    verb: CaseVerb
    phase: str
    task: str
    owner: str
    done_when: str
    end_state: EndState
    reason: str
    closed: Annotated[bool, Field(description="Attested, accepted by the operator's tool, or left out on purpose.")]
    attested_by: str = ""
    attested_at: str = ""
    evidence: str = ""


class RunGap(_Open):
    """Something that exists, or should, and could not be read or listed."""

    source: str
    reason: str


class ReadingShape(_Open):
    """The last reading of one record of what credentials did: how far it reaches, and the file that holds the events."""

    tenant: str
    provider: str
    source: Annotated[str, Field(description="The record, as its provider's row calls it.")]
    at: str
    since: str = ""
    until: Annotated[str, Field(description="RFC 3339 UTC; until then it is complete by the provider's word.")] = ""
    problem: Annotated[str, Field(description="Why it was not read whole; a gap says so too.")] = ""
    events: Annotated[int, Field(ge=0)] = 0
    ours: Annotated[int, Field(ge=0, description="Events that call themselves rescind's own, left out.")] = 0
    file: Annotated[str, Field(description="JSON Lines in the run's folder.")] = ""
    sha256: str = ""


class AuditShape(_Open):
    """The head of the audit trail: entries and RFC 6962 root."""

    size: Annotated[int, Field(ge=0)]
    root: str


class RunShape(_Open):
    """A whole run as it stands now: every credential once, every gap, the audit head."""

    model_config = ConfigDict(title="rescind.run/1")

    schema_: Annotated[Literal["rescind.run/1"], Field(alias="schema")]
    run: str
    playbook: str
    plan_digest: str
    status: str
    waiting_until: Annotated[str, Field(description="RFC 3339 UTC; a resting run goes on after that moment.")] = ""
    waiting_for: Annotated[str, Field(description="What a resting run waits for, in words.")] = ""
    first_line: str
    credentials: tuple[ResultShape, ...]
    counts: Annotated[
        dict[str, int], Field(description="Credentials by end state; they add up to the number of credentials.")
    ]
    case_steps: tuple[CaseStepResult, ...] = ()
    not_isolated: Annotated[str, Field(description="Why nothing waited for the isolation of the machine.")] = ""
    activity: tuple[ReadingShape, ...] = ()
    gaps: tuple[RunGap, ...]
    audit: AuditShape
    exit_code: ExitCode
    exit_reasons: Annotated[tuple[Any, ...], Field(description="Every exit code that holds, or the reasons for it.")]
