"""The deduplicated thing to end, what is known of it, and the end states of a run."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from rescind.models.evidence import Gap, Location, State


class Relation(StrEnum):
    """How a credential is tied to the case."""

    OBSERVED = "observed"  # seen on the machine
    ATTRIBUTED = "attributed"  # bound to the device or named after it
    INHERITED = "inherited"  # the person's, found at the provider only


class Ownership(StrEnum):
    """Whose the provider says it is. Only `CASE` is ended without an explicit approval."""

    CASE = "case"
    OTHER = "other"
    UNPROVEN = "unproven"
    OPERATOR = "operator"
    PROTECTED = "protected"


class EndState(StrEnum):
    """The states of design.md §1. Every credential of a run is in exactly one."""

    DEAD = "dead"
    ACKNOWLEDGED = "acknowledged"
    RESIDUAL = "residual"
    CONTAINED = "contained"
    MANUAL = "manual"
    IRREVOCABLE = "irrevocable"
    UNKNOWN = "unknown"
    HELD = "held"
    FAILED = "failed"
    SKIPPED = "skipped"


WORST_FIRST: tuple[EndState, ...] = (
    EndState.FAILED,
    EndState.HELD,
    EndState.UNKNOWN,
    EndState.MANUAL,
    EndState.IRREVOCABLE,
    EndState.RESIDUAL,
    EndState.CONTAINED,
    EndState.ACKNOWLEDGED,
    EndState.SKIPPED,
    EndState.DEAD,
)
"""Where several states hold for one credential, the first of these wins (decisions.md)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighted:
    """One place where the credential was found: the store that found it and the location."""

    store: str
    location: Location


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """One credential, without its value.

    Until `enumerate` ran, `tenant`, `owner` and `ownership` are empty or `UNPROVEN`. Times are RFC 3339 UTC text. `place` is the tenant
    where several may accept the same one: it is ended, and counted, at each.
    """

    kind: str
    provider: str
    issuer: str = ""
    subject: str = ""
    identifier: str = ""
    fingerprint: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)
    expires_at: str | None = None
    state: State = State.LIVE_UNVERIFIED
    findings: tuple[Sighted, ...] = ()
    tenant: str = ""
    owner: str = ""
    ownership: Ownership = Ownership.UNPROVEN
    relation: Relation = Relation.OBSERVED
    parent: str = ""
    last_used: str | None = None
    created_at: str | None = None
    place: str = ""

    @property
    def id(self) -> str:
        """A stable id from kind, provider and identifier (or fingerprint): the same credential always has the same one."""
        what = self.identifier or self.fingerprint
        where = "" if self.identifier else self.issuer
        parts = (self.kind, self.provider, where, what, *((self.place,) if self.place else ()))
        raw = "\x1f".join(parts).encode("utf-8", "surrogateescape")
        return "cred-" + hashlib.sha256(raw).hexdigest()[:16]


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """Everything one scan established: credentials, unidentified candidates, gaps, and what only looks like a credential.

    `decoys` are documentation constants and placeholders: shown as such, never counted as credentials, never acted on. `scope` is
    what was declared of the machine; `private` counts, by kind, what a `byod` scope leaves to its owner.
    """

    workstation: Mapping[str, str]
    credentials: tuple[Credential, ...]
    candidates: tuple[Credential, ...] = ()
    gaps: tuple[Gap, ...] = ()
    decoys: tuple[Credential, ...] = ()
    scope: Mapping[str, str] = field(default_factory=dict)
    private: Mapping[str, int] = field(default_factory=dict)
