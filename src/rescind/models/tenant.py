"""A configured tenant of a provider: the only source of addresses that rescind ever contacts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

AUTHORITY = "source_of_authority"
"""The setting of a tenant, and the attribute of a credential, that names what may put back what was cut (an HR system, a directory)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretRef:
    """Where an operator credential is kept; exactly one of the four is set. The value itself is never in a configuration."""

    keyring: str = ""
    env: str = ""
    file: str = ""
    command: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """One tenant: `name` from `[tenant.<name>]`, its provider, plain settings, and references to credentials.

    `refs` holds `token` and others; `write_refs` is what only `apply` may load. `rate` is requests per second.
    """

    name: str
    provider: str
    settings: Mapping[str, str | int | float | bool | tuple[str, ...]] = field(default_factory=dict)
    refs: Mapping[str, SecretRef] = field(default_factory=dict)
    write: Mapping[str, str] = field(default_factory=dict)
    write_refs: Mapping[str, SecretRef] = field(default_factory=dict)
    rate: float = 10.0

    def text(self, key: str, default: str = "") -> str:
        """Return a setting as text, or `default` when it is not set."""
        value = self.settings.get(key)
        return default if value is None else str(value)
