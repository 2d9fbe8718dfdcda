"""Keys of model providers, which programs keep under the provider's name: told by their form, else by that name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from rescind.models.evidence import Finding, Location
from rescind.stores import _forms, _owners
from rescind.stores._decoys import is_harmless, literal

KINDS = tuple(dict.fromkeys((*_forms.KINDS, *_owners.KINDS, "file.secret")))
"""Every kind that a key can be."""
_OTHER = re.compile(r"[^A-Z0-9]+")
_DUMMIES = frozenset(
    {"opencode-oauth-dummy-key", "ollama", "lm-studio", "not-needed", "sk-no-key-required", "dummy-key"}
)


def key(
    provider: str, value: str, at: Location, pointer: str = "", *, more: Mapping[str, str] | None = None
) -> Iterator[Finding]:
    """Yield the finding for a provider's key. `provider` is its name (`openai`), or that of its variable (`OPENAI_API_KEY`).

    References to a secret elsewhere yield nothing, nor do the words that local servers take for a key.
    """
    raw = literal(value).strip()
    if not raw or is_harmless(raw) or raw in _DUMMIES:
        return
    name = _OTHER.sub("_", provider.upper()).strip("_")
    kind, issuer = _owners.of_name(name)
    if kind == "file.secret":
        kind, issuer = _owners.of_name(f"{name}_API_KEY")
    own = {**(more or {}), "provider": provider}
    yield _forms.finding(raw, replace(at, pointer=pointer or at.pointer), own, other=kind, host=issuer)
