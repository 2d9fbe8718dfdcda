"""What the operator configured: the organisation, its tenants, its people, and where state is kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from rescind.models.checkin import CheckinConf, Enrolled, ScanScope
from rescind.models.rotation import Rotating
from rescind.models.tenant import SecretRef, Tenant


@dataclass(frozen=True, slots=True, kw_only=True)
class Org:
    """Guards and keys. `allowed_signers` is absolute, `signers_digest` covers its content as it was when it was loaded."""

    domains: tuple[str, ...] = ()
    recipients: tuple[str, ...] = ()
    allowed_signers: Path | None = None
    signers_digest: str = ""
    protected: tuple[str, ...] = ()
    legal_hold: tuple[str, ...] = ()
    fingerprint_key: SecretRef | None = None
    max_credentials: int = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    """The operator's own way to do a case verb: a program and its arguments, with placeholders, and how long it may take."""

    command: tuple[str, ...]
    seconds: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """A whole `rescind.toml`. `missing` is True when there is none yet: every provider credential is then a manual task.

    `hooks` are the operator's tools by case verb. `persons` maps an e-mail address to the names that each provider knows the person by. `path` is None when `missing`.
    """

    org: Org = field(default_factory=Org)
    tenants: tuple[Tenant, ...] = ()
    persons: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    rotations: tuple[Rotating, ...] = ()
    scan: ScanScope = field(default_factory=ScanScope)
    checkin: CheckinConf | None = None
    workstations: Mapping[str, Enrolled] = field(default_factory=dict)
    hooks: Mapping[str, Hook] = field(default_factory=dict)
    store_url: str = ""
    store_password: SecretRef | None = None
    path: Path | None = None
    missing: bool = False
