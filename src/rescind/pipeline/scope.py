"""Whose machine it is: what a declared scope leaves out, and whose accounts are counted by kind only.

On a person's own machine (`byod`) a credential counts as the organisation's only where it names one of its domains, or an account, host
or organisation of a configured tenant, or a name that the configuration maps to a person. Everything else is private: counted, and
neither shown, sealed, probed nor revoked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from fnmatch import fnmatchcase
from urllib.parse import urlsplit

from rescind.models.checkin import ScanScope
from rescind.models.config import Config
from rescind.models.credential import Credential, Inventory
from rescind.secret import Secret

BYOD = "byod"
_NAMING = (
    "account_id",
    "org",
    "organization",
    "tenant_id",
    "base_url",
    "endpoint_url",
    "issuer",
    "registry",
    "host",
    "domain",
)


def excluded(scope: ScanScope) -> Callable[[str], str]:
    """Return what tells which declared pattern leaves a path out ("" for none). Patterns are relative to a home."""

    def pattern(path: str) -> str:
        return next((p for p in scope.exclude if fnmatchcase(path, p) or fnmatchcase(path, f"*/{p}")), "")

    return pattern


def _own_marks(config: Config) -> frozenset[str]:
    """Return every word that marks something as the organisation's, in lower case."""
    marks = {str(t.settings[k]) for t in config.tenants for k in _NAMING if t.settings.get(k)}
    marks |= {urlsplit(m).hostname or m for m in marks}
    marks |= {name for names in config.persons.values() for some in names.values() for name in some}
    return frozenset(m.lower() for m in (*marks, *config.persons) if m)


def is_private(c: Credential, domains: tuple[str, ...], marks: frozenset[str]) -> bool:
    """Tell whether nothing about a credential names the organisation."""
    texts = [t.strip().lower() for t in (c.issuer, c.subject, c.identifier, *c.attributes.values()) if t]
    ends = tuple(d.lower() for d in domains)
    ours = any(t == d or t.endswith((f"@{d}", f".{d}", f"://{d}")) for t in texts for d in ends)
    hosts = {urlsplit(t).hostname or "" for t in texts if "://" in t}
    return not (
        ours
        or any(t in marks for t in texts)
        or any(h in marks or h.endswith(tuple(f".{d}" for d in ends)) for h in hosts if h)
    )


def narrowed(
    inventory: Inventory, secrets: Mapping[str, Secret], config: Config
) -> tuple[Inventory, Mapping[str, Secret]]:
    """Return an inventory as far as the declared scope goes; private credentials leave nothing but a count of their kind."""
    scope = config.scan
    facts = {"ownership": scope.ownership, **({"excluded": ", ".join(scope.exclude)} if scope.exclude else {})}
    if scope.ownership != BYOD:
        return replace(inventory, scope=facts), secrets
    marks, domains = _own_marks(config), config.org.domains

    def split(some: tuple[Credential, ...]) -> tuple[tuple[Credential, ...], tuple[Credential, ...]]:
        private = tuple(c for c in some if is_private(c, domains, marks))
        return tuple(c for c in some if c not in private), private

    credentials, hidden = split(inventory.credentials)
    candidates, unsure = split(inventory.candidates)
    kept = replace(
        inventory,
        credentials=credentials,
        candidates=candidates,
        decoys=(),
        scope=facts,
        private=dict(sorted(Counter(c.kind for c in (*hidden, *unsure)).items())),
    )
    ids = {c.id for c in (*credentials, *candidates)}
    return kept, {i: s for i, s in secrets.items() if i in ids}
