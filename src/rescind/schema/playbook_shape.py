"""The shape of a playbook file; `docs/reference/playbook.schema.json` is generated from it, so that editors complete the words."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from rescind.models.kind import CaseVerb, Verb
from rescind.schema.faults import Edge

_DURATION = re.compile(r"([0-9]{1,6})(s|m|h)")
_GRACE = re.compile(r"([0-9]{1,6})([smhd])")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
LONGEST_WAIT = 24 * 3600
LONGEST_GRACE = 90 * 86_400


class Intended(StrEnum):
    """Final states that a playbook may intend. Not `failed`, `unknown`, `held` or `manual`: nobody may declare doubt to be fine."""

    ACKNOWLEDGED = "acknowledged"
    RESIDUAL = "residual"
    CONTAINED = "contained"
    IRREVOCABLE = "irrevocable"
    SKIPPED = "skipped"


def seconds(duration: str) -> float:
    """Return the seconds in `60s`, `5m` or `1h`. Raises `ValueError` for anything else and beyond a day."""
    hit = _DURATION.fullmatch(duration)
    if hit is None or (total := int(hit[1]) * _UNITS[hit[2]]) > LONGEST_WAIT:
        raise ValueError("a duration like 60s, 5m or 1h, at most 24h")
    return float(total)


def grace_seconds(duration: str) -> float:
    """Return the seconds in `30m`, `24h` or `7d`. Raises `ValueError` for anything else and beyond `LONGEST_GRACE`."""
    hit = _GRACE.fullmatch(duration)
    if hit is None or (total := int(hit[1]) * _UNITS[hit[2]]) > LONGEST_GRACE:
        raise ValueError("a duration like 30m, 24h or 7d, at most 90d")
    return float(total)


def _duration(value: str) -> str:
    seconds(value)
    return value


def _grace(value: str) -> str:
    grace_seconds(value)
    return value


def _word(value: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,62}", value):
        raise ValueError("a word of small letters, digits and hyphens, such as lost-laptop")
    return value


_EXAMPLE = 'credential.kind == "aws.access-key"'
KindId = Annotated[
    str,
    Field(
        pattern="^[a-z][a-z0-9-]{0,30}[.][a-z][a-z0-9-]{0,30}$",
        description="A kind, as `rescind catalogue kinds` lists it.",
        json_schema_extra={"examples": ["aws.user"]},
    ),
]
Word = Annotated[str, AfterValidator(_word), Field(json_schema_extra={"pattern": "^[a-z][a-z0-9-]{0,62}$"})]
Duration = Annotated[str, AfterValidator(_duration), Field(json_schema_extra={"pattern": "^[0-9]{1,6}[smh]$"})]
Grace = Annotated[str, AfterValidator(_grace), Field(json_schema_extra={"pattern": "^[0-9]{1,6}[smhd]$"})]
Select = Annotated[
    str,
    Field(
        min_length=1,
        description="A CEL expression that is true for the credentials meant.",
        json_schema_extra={"examples": [_EXAMPLE]},
    ),
]
Line = Annotated[str, Field(min_length=1, max_length=200)]
Text = Annotated[str, Field(min_length=1, max_length=4000)]
Need = Literal["required", "optional"]
Verbs = Annotated[tuple[Verb, ...], Field(min_length=1, max_length=7)]


class Inputs(Edge):
    """What must be known before a plan can be made."""

    workstation: Annotated[Need, Field(description="The machine of the case.")] = "optional"
    person: Annotated[Need, Field(description="The person whose credentials they are.")] = "optional"


class Scope(Edge):
    """Where to look."""

    evidence: Annotated[
        tuple[Literal["home", "keychain"], ...], Field(description="Parts of the machine that are read.")
    ] = (
        "home",
        "keychain",
    )
    providers: Annotated[tuple[Word, ...], Field(description="Providers asked; empty means every configured one.")] = ()
    sides: Annotated[
        tuple[Literal["machine", "provider", "rotations"], ...],
        Field(description="Whose listing counts; `rotations` are those of rescind.toml, and stand alone."),
    ] = (
        "machine",
        "provider",
    )
    identities: Annotated[
        bool, Field(description="List the person's identities too, and end their access; `kinds` names them otherwise.")
    ] = False
    kinds: Annotated[
        tuple[KindId, ...],
        Field(max_length=64, description="Kinds listed at the providers; empty means all of them but identities."),
    ] = ()


class Limits(Edge):
    """Beyond these the plan is refused; the configuration's own caps hold as well."""

    max_credentials: Annotated[int, Field(ge=1, le=100_000, description="The most credentials one run may touch.")] = (
        500
    )


class Sweep(Edge):
    """How often to look again after the cuts."""

    rounds: Annotated[
        int, Field(ge=0, le=10, description="The most rounds of looking for what appeared meanwhile.")
    ] = 3
    after: Annotated[
        tuple[Duration, ...],
        Field(
            max_length=10,
            description=(
                "How long after the last cut at a provider that honours for seconds what it says is gone (AWS) each round begins at the "
                "earliest, the last one for all later rounds. At least so many rounds are made, and more while they find something."
            ),
        ),
    ] = ()


class StepShape(Edge):
    """Which credentials, and what is done to each: every one of `verbs` in order, or the first of `prefer` that the kind offers."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": ["verbs"]}, {"required": ["prefer"]}]})

    select: Select
    verbs: Annotated[Verbs, Field(description="Every verb in this order, each its own step.")] = ()
    prefer: Annotated[
        Verbs, Field(description="Only the first verb that the credential's kind offers; reversible ones first.")
    ] = ()
    wait: Annotated[Duration, Field(description="How long to wait for proof of death: 60s, 5m, 1h.")] = "60s"
    approval: Annotated[
        bool, Field(description="Whether the step waits for an approval by name; `--yes` does not give it.")
    ] = False

    @model_validator(mode="after")
    def _one(self) -> StepShape:
        if bool(self.verbs) == bool(self.prefer):
            raise ValueError("exactly one of `verbs` (each in order) and `prefer` (the first that the kind offers)")
        return self


class CaseStepShape(Edge):
    """Something to do for the case as a whole: a task for a person, or for the operator's own tool ([case.VERB] in rescind.toml).

    Or, with `activity`, an export that rescind makes itself.
    """

    model_config = ConfigDict(
        json_schema_extra={"anyOf": [{"required": ["task", "done_when"]}, {"required": ["activity"]}]}
    )

    verb: CaseVerb
    task: Annotated[
        str, Field(max_length=4000, description="The exact instruction; {workstation} and {person} are filled in.")
    ] = ""
    owner: Annotated[Line, Field(description="Who does it.")] = "incident responder"
    done_when: Annotated[
        str, Field(max_length=4000, description="What shows that it is done: the evidence to attest it with.")
    ] = ""
    activity: Annotated[
        bool,
        Field(
            description="With preserve: rescind exports, from every provider that keeps such a record, what the case's credentials did since the loss."
        ),
    ] = False
    offered: Annotated[
        bool,
        Field(
            description="With lock, retire and wipe: only where a tenant offers it for the machine of the case; else it is left out."
        ),
    ] = False
    approval: Annotated[
        bool, Field(description="Whether it waits for an approval by its id; lock, retire and wipe always do.")
    ] = False

    @model_validator(mode="after")
    def _told(self) -> CaseStepShape:
        if self.activity and (self.verb is not CaseVerb.PRESERVE or self.task or self.done_when or self.approval):
            raise ValueError("`activity` with the verb preserve only, without a task: rescind does it itself")
        if self.offered and self.verb not in {CaseVerb.LOCK, CaseVerb.RETIRE, CaseVerb.WIPE}:
            raise ValueError("`offered` with the verbs lock, retire and wipe only: no tenant offers anything else")
        if not self.activity and not (self.task and self.done_when):
            raise ValueError("a `task`, and in `done_when` what shows that it is done")
        return self


class PhaseShape(Edge):
    """Steps that may run side by side; the next phase waits for all of them. At least one of `steps` and `case`."""

    model_config = ConfigDict(json_schema_extra={"anyOf": [{"required": ["steps"]}, {"required": ["case"]}]})

    name: Word
    after: Annotated[
        Grace, Field(description="Begins no earlier than so long after the phase before it ended: 30m, 24h, 7d.")
    ] = "0s"
    gate: Annotated[
        Literal["none", "isolate"],
        Field(description="isolate: neither this nor a later phase begins before the machine is isolated."),
    ] = "none"
    case: Annotated[
        tuple[CaseStepShape, ...], Field(max_length=64, description="What is done for the case as a whole.")
    ] = ()
    steps: Annotated[tuple[StepShape, ...], Field(max_length=64, description="What is done to credentials.")] = ()

    @model_validator(mode="after")
    def _something(self) -> PhaseShape:
        if not self.steps and not self.case:
            raise ValueError("at least one entry in `steps` or in `case`")
        return self


class ManualShape(Edge):
    """A task for a person, where no API or no tenant can end the credential."""

    select: Select
    task: Annotated[Text, Field(description="What the person must do, as an instruction.")]


class SkipShape(Edge):
    """An exclusion by policy, shown with its reason; never because something looked unused."""

    select: Select
    reason: Text


class AcceptShape(Edge):
    """A final state that is meant: the summary says "as intended", the state stays what it is."""

    select: Select
    state: Intended


class PlaybookShape(Edge):
    """What rescind does about one kind of incident, in which order, within which limits."""

    name: Word
    version: Annotated[int, Field(ge=1, le=1_000_000)]
    title: Line
    description: Annotated[str, Field(max_length=4000)] = ""
    inputs: Inputs = Inputs()
    scope: Scope = Scope()
    limits: Limits = Limits()
    sweep: Sweep = Sweep()
    phases: Annotated[tuple[PhaseShape, ...], Field(min_length=1, max_length=32)]
    manual: Annotated[tuple[ManualShape, ...], Field(max_length=256)] = ()
    skip: Annotated[tuple[SkipShape, ...], Field(max_length=256)] = ()
    accept: Annotated[tuple[AcceptShape, ...], Field(max_length=256)] = ()
    on_failure: Annotated[Literal["continue"], Field(description="One provider's outage never shields the others.")] = (
        "continue"
    )

    def content(self) -> dict[str, Any]:
        """Return the normalised content, every default written out, so that equal playbooks have equal digests; it reads back."""
        content: dict[str, Any] = self.model_dump(mode="json")
        for step in (step for phase in content["phases"] for step in phase["steps"]):
            del step["prefer" if step["verbs"] else "verbs"]
        return content
