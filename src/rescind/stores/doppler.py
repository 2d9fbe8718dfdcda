"""Doppler: its tokens by the folder that they hold for, and copies of secrets that it keeps, encrypted, for when it is offline.

A token that begins `secret-` is only the name under which the system's keychain has it (`doppler-cli`).
"""

from __future__ import annotations

from collections.abc import Iterator

from rescind.models.evidence import Finding, Location, State
from rescind.models.store import At, MiB, Root, Store
from rescind.stores._json import pairs, text
from rescind.stores._locked import locked
from rescind.stores._sighting import sighting
from rescind.stores._token import kept, token
from rescind.stores._yaml import maps

_KIND, _ISSUER = "doppler.token", "doppler.com"


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield the token of each scope, or the copy that the file is. Raises `Unparsable` for broken YAML."""
    if "/fallback/" in at.path:
        if blob:
            yield locked("file.secret", at, "app", more={"name": "fallback"})
        return
    found = [f for document in maps(blob) for f in _scopes(document, at)]
    yield from found or [sighting(_KIND, at, issuer=_ISSUER, state=State.LOGGED_OUT)]


def _scopes(document: object, at: Location) -> Iterator[Finding]:
    for scope, entry in pairs(document, "scoped"):
        value, place = text(entry, "token"), f"scoped/{scope}/token"
        more = {"scope": scope, "project": text(entry, "enclave.project"), "config": text(entry, "enclave.config")}
        if value.startswith("secret-"):
            yield kept(_KIND, at, place, issuer=_ISSUER, more={**more, "kept_in": "keychain"})
        else:
            yield from token(_KIND, value, at, place, issuer=_ISSUER, more=more)


STORE = Store(
    id="doppler",
    title="Doppler CLI",
    where=(
        At(root=Root.HOME, glob=".doppler/.doppler.yaml", env="DOPPLER_CONFIG_DIR"),
        At(root=Root.HOME, glob=".doppler/fallback/*", env="DOPPLER_CONFIG_DIR"),
        At(root=Root.HOME, glob=".doppler/fallback/.*"),
    ),
    yields=(_KIND, "file.secret"),
    max_bytes=4 * MiB,
    parse=parse,
    since="0.1",
    reference="https://docs.doppler.com/docs/cli#configuration",
)
