"""MongoDB Atlas: API keys by their public half, service accounts by their client id, and sign-ins, for each profile.

Newer versions keep them in the system's keychain (`atlascli_<profile>`).
"""

from __future__ import annotations

from collections.abc import Iterator

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._json import pairs, text
from rescind.stores._token import token
from rescind.stores._toml import read

_ISSUER = "https://cloud.mongodb.com"


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield what each profile holds, then raise `Unparsable` for a file that is broken."""
    document, trouble = read(blob)
    for profile, entry in pairs(document):
        host = text(entry, "ops_manager_url").partition("://")[2].rstrip("/") or "cloud.mongodb.com"
        more = {"profile": profile, "org": text(entry, "org_id"), "project": text(entry, "project_id")}
        for kind, name, public in (
            ("mongodb-atlas.api-key", "private_api_key", "public_api_key"),
            ("mongodb-atlas.client-secret", "client_secret", "client_id"),
        ):
            number, place = text(entry, public), f"{profile}/{name}"
            yield from token(kind, text(entry, name), at, place, identifier=number, issuer=host, more=more)
        refresh, access = text(entry, "refresh_token"), text(entry, "access_token") or text(entry, "auth_token")
        if refresh:
            yield from token("oauth.refresh-token", refresh, at, f"{profile}/refresh_token", issuer=_ISSUER, more=more)
        else:
            yield from token("oauth.access-token", access, at, f"{profile}/access_token", issuer=_ISSUER, more=more)
    if trouble:
        raise Unparsable(trouble)


_NAMES = ("atlascli/config.toml", "mongocli/config.toml", "mongocli.toml")
STORE = Store(
    id="atlas-cli",
    title="MongoDB Atlas CLI",
    where=(
        *(At(root=Root.XDG_CONFIG, glob=name) for name in _NAMES),
        *(At(root=Root.MAC_SUPPORT, glob=name, os=("macos",)) for name in _NAMES),
        *(At(root=Root.APPDATA, glob=name, os=("windows",)) for name in _NAMES),
    ),
    yields=("mongodb-atlas.api-key", "mongodb-atlas.client-secret", "oauth.refresh-token", "oauth.access-token"),
    max_bytes=64 * KiB,
    parse=parse,
    since="0.1",
    reference="https://www.mongodb.com/docs/atlas/cli/current/configure/configuration-file/",
)
