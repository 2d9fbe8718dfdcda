"""Check-ins: what a machine sends of itself while it can, and where it is kept for the day on which it is gone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from rescind.models.tenant import SecretRef


@dataclass(frozen=True, slots=True, kw_only=True)
class SinkConf:
    """Where check-ins go. `form` is `folder`, `s3`, `put` or `postgresql`; `settings` are its plain settings, `refs` its credentials."""

    form: str
    settings: Mapping[str, str] = field(default_factory=dict)
    refs: Mapping[str, SecretRef] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckinConf:
    """`[checkin]`: the sink, and on the machine itself its own name.

    `values`: raw values of the kinds that can only be ended by their value are sealed too (off unless asked for).
    """

    sink: SinkConf
    workstation: str = ""
    values: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanScope:
    """`[scan]`: whose machine it is (`corporate` or `byod`) and which paths below a home are never opened."""

    ownership: str = "corporate"
    exclude: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolled:
    """`[workstation.NAME]`: the public key that a machine's check-ins are signed with, and whose machine it is."""

    key: str
    person: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """One check-in as it was signed. `payload` is sealed and empty for a heartbeat; times are RFC 3339 UTC, digests `sha256:…`.

    `inventory` is the digest of what the machine held; a heartbeat says that it is the same as in the last full one.
    """

    workstation: str
    number: int
    previous: str
    at: str
    inventory: str
    payload: bytes
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """When a check-in reached its sink (RFC 3339 UTC). `sure`: the sink's own clock says so, and who sends could not choose it."""

    at: str
    sure: bool


class Sink(Protocol):
    """Where check-ins are put and read back. A machine may hold rights to put only."""

    def put(self, workstation: str, name: str, blob: bytes) -> None:
        """Store one check-in, never over another. Raises `ProviderError`."""

    def names(self, workstation: str) -> list[str]:
        """Return what is stored for a machine. Raises `ProviderError`."""

    def arrivals(self, workstation: str) -> Mapping[str, Arrival]:
        """Return when each stored check-in was received, by name; nothing of those of which the sink does not say. Raises `ProviderError`."""

    def get(self, workstation: str, name: str, limit: int) -> bytes:
        """Return one stored check-in of at most `limit` bytes. Raises `ProviderError`."""
