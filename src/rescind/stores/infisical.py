"""Infisical: who is signed in, with the token in the system's keychain, and the passphrase of its own vault where there is none."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator

from rescind.models.evidence import Finding, Location, State
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._json import table, text
from rescind.stores._sighting import sighting
from rescind.stores._token import kept, token


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield the login that the file names, and the vault's passphrase. Raises `Unparsable` for what is no JSON object."""
    document = table(blob)
    who, place = text(document, "loggedInUserEmail"), text(document, "LoggedInUserDomain")
    host = (place.partition("://")[2] or "app.infisical.com").partition("/")[0]
    if who:
        where = "encrypted" if text(document, "vaultBackendType") == "file" else "keychain"
        yield kept("infisical.token", at, "/loggedInUserEmail", issuer=host, subject=who, more={"kept_in": where})
    else:
        yield sighting("infisical.token", at, issuer=host, state=State.LOGGED_OUT)
    held, more = text(document, "vaultBackendPassphrase"), {"name": "vaultBackendPassphrase"}
    yield from token("file.secret", _plain(held), at, f"/{more['name']}", subject=who, more=more, password=True)


def _plain(encoded: str) -> str:
    try:
        return base64.b64decode(encoded, validate=True).decode("utf-8", "surrogateescape")
    except (binascii.Error, ValueError):
        return encoded


STORE = Store(
    id="infisical",
    title="Infisical CLI",
    where=(At(root=Root.HOME, glob=".infisical/infisical-config.json"),),
    yields=("infisical.token", "file.secret"),
    max_bytes=64 * KiB,
    parse=parse,
    since="0.1",
    reference="https://infisical.com/docs/cli/commands/vault",
)
