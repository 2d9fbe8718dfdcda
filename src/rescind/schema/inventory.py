"""Inventory files, `rescind.inventory/1`, as `rescind scan --json` prints them and `--inventory FILE` reads them.

What such a file says of *ownership* is not believed: it comes from the machine's side, and only a provider says whose a credential
is. Fields that a later version added are passed over (adding one is not a break); those that are known must be as they should.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from rescind.errors import EvidenceError
from rescind.models.credential import Credential, Inventory, Sighted
from rescind.models.evidence import Gap, Location, State
from rescind.schema.faults import Edge, Fault, checked
from rescind.schema.json_file import read_object

SCHEMA = "rescind.inventory/1"
MAX_BYTES = 64 * 1024 * 1024


class _Open(Edge):
    """Known fields strictly, others passed over."""

    model_config = ConfigDict(extra="ignore")


class SightingShape(_Open):
    """One place where the credential was seen. `path` is relative to the evidence root, undecodable bytes escaped."""

    store: str
    path: str
    line: Annotated[int | None, Field(ge=1)] = None
    modified: str | None = None
    root: str = "home"
    pointer: str | None = None


class CredentialShape(_Open):
    """One credential, without its value: what identifies it, what the evidence says of it, and where it was seen."""

    id: Annotated[str, Field(description="Stable over scans; computed again when read.")] = ""
    kind: Annotated[str, Field(min_length=1)]
    provider: str
    issuer: str
    subject: str
    identifier: str
    fingerprint: Annotated[str, Field(description="Keyed digest of the value; empty when there was none.")]
    attributes: dict[str, str]
    expires_at: str | None
    state: State
    findings: tuple[SightingShape, ...]
    parent: str = ""
    last_used: str | None = None
    created_at: str | None = None


class GapShape(_Open):
    """Something that exists, or should, and could not be read."""

    source: str
    reason: str
    path: str = ""
    root: str = ""


class InventoryShape(_Open):
    """Everything one scan established."""

    model_config = ConfigDict(title="rescind.inventory/1")

    schema_: Annotated[Literal["rescind.inventory/1"], Field(alias="schema")]
    workstation: dict[str, str]
    credentials: tuple[CredentialShape, ...]
    candidates: tuple[CredentialShape, ...]
    gaps: tuple[GapShape, ...]
    decoys: Annotated[
        tuple[CredentialShape, ...],
        Field(description="Documentation constants and placeholders: they look like credentials and are none."),
    ] = ()
    scope: Annotated[dict[str, str], Field(description="What was declared of the machine.")] = Field(
        default_factory=dict
    )
    private: Annotated[
        dict[str, Annotated[int, Field(ge=1)]],
        Field(description="On a person's own machine: how many private credentials of each kind there are."),
    ] = Field(default_factory=dict)


def _credential(shape: CredentialShape) -> Credential:
    seen = tuple(
        Sighted(
            store=f.store,
            location=Location(root=f.root, path=f.path, line=f.line, pointer=f.pointer, modified=f.modified),
        )
        for f in shape.findings
    )
    return Credential(
        kind=shape.kind,
        provider=shape.provider,
        issuer=shape.issuer,
        subject=shape.subject,
        identifier=shape.identifier,
        fingerprint=shape.fingerprint,
        attributes=shape.attributes,
        expires_at=shape.expires_at,
        state=shape.state,
        findings=seen,
        parent=shape.parent,
        last_used=shape.last_used,
        created_at=shape.created_at,
    )


def parse_inventory(data: dict[str, Any], *, name: str = "the inventory") -> Inventory:
    """Return the inventory in JSON values. Raises `EvidenceError` naming the field, what was found and what is allowed."""
    if data.get("schema") != SCHEMA:
        raise EvidenceError(
            f"{name}: at schema: found {str(data.get('schema'))[:60]!r}; allowed: {SCHEMA}",
            hint="rescind scan --json makes one",
        )
    found = checked(lambda: InventoryShape.model_validate_json(json.dumps(data)), InventoryShape)
    if isinstance(found, Fault):
        raise EvidenceError(f"{name}: {found}", hint="rescind scan --json makes one")
    return Inventory(
        workstation=found.workstation,
        credentials=tuple(_credential(c) for c in found.credentials),
        candidates=tuple(_credential(c) for c in found.candidates),
        gaps=tuple(Gap(source=g.source, reason=g.reason, path=g.path, root=g.root) for g in found.gaps),
        decoys=tuple(_credential(c) for c in found.decoys),
        scope=found.scope,
        private=found.private,
    )


def read_inventory(path: Path) -> Inventory:
    """Return the inventory in a file, without ownership. Raises `EvidenceError`."""
    return parse_inventory(read_object(path, MAX_BYTES, EvidenceError), name=str(path))
