"""Tokens and application secrets of Azure CLI, and of the cache that Microsoft's developer tools share.

Where the system encrypts them (DPAPI on Windows, a keychain on macOS and Linux) the file is a gap. `msal_http_cache.bin` is a Python
pickle: it is never looked at. After `az logout` the sections are there and empty. One refresh token with a `family_id` serves every
client of that family.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location, State
from rescind.models.store import At, MiB, Root, Store
from rescind.stores import _dpapi, _entra
from rescind.stores._json import load, text
from rescind.stores._sighting import sighting
from rescind.stores._text import decode


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield every token and secret of a plain file. Raises `Unparsable` for encrypted ones, for markers, and for other JSON."""
    if at.path.endswith(".sig"):
        raise Unparsable("a marker: the tokens are in the system's keychain, not in this file")
    if _dpapi.facts(blob):
        kind = "entra.client-secret" if "service_principal" in at.path else "entra.refresh-token"
        yield sighting(
            kind, at, attributes={"at_rest": "dpapi", **_dpapi.facts(blob), "file": at.path.rpartition("/")[2]}
        )
        raise Unparsable("the file is encrypted (DPAPI): whose tokens are in it cannot be seen")
    if not (plain := decode(blob).strip()).startswith(("{", "[")):
        if plain:
            raise Unparsable("the file is encrypted (DPAPI), or a marker of tokens that are in the system's keychain")
        return
    document = load(blob)
    if isinstance(document, dict):
        found = list(_entra.sections(document, at))
        if not found:
            yield sighting("entra.refresh-token", at, state=State.LOGGED_OUT)
        yield from found
    for number, entry in enumerate(document if isinstance(document, list) else ()):
        place = replace(at, pointer=f"/{number}")
        tenant, client, secret = (text(entry, n) for n in ("tenant", "client_id", "client_secret"))
        if secret:
            yield _entra.principal(tenant, client, secret, place)
        yield from _entra.adal(entry, place)


_NAMES = tuple(
    f"{n}.{end}" for n in ("msal_token_cache", "service_principal_entries") for end in ("json", "bin", "sig")
)
STORE = Store(
    id="azure-cli",
    title="Azure CLI and shared Microsoft developer tokens",
    where=(
        *(At(root=Root.HOME, glob=f".azure/{n}", env="AZURE_CONFIG_DIR") for n in (*_NAMES, "accessTokens.json")),
        *(  # MSAL, azure-identity for Python and JavaScript, and for .NET each have a folder of their own
            At(root=Root.HOME, glob=f"{folder}.IdentityService/*cache*", os=("linux", "macos"))
            for folder in ("", ".local/", ".local/share/")
        ),
        At(root=Root.LOCALAPPDATA, glob=".IdentityService/*cache*", os=("windows",)),
    ),
    yields=("entra.refresh-token", "entra.access-token", "entra.client-secret"),
    max_bytes=16 * MiB,
    parse=parse,
    since="0.1",
    reference="https://learn.microsoft.com/en-us/cli/azure/msal-based-azure-cli",
)
