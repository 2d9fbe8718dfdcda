"""Continue: the keys of its models and MCP servers, and the sign-in of its command line tool."""

from __future__ import annotations

from collections.abc import Iterator

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.models.store import At, MiB, Root, Store
from rescind.stores import _ai_key, _mcp, _yaml
from rescind.stores._epoch import epoch
from rescind.stores._json import member, text
from rescind.stores._jsonc import load
from rescind.stores._moment import moment
from rescind.stores._token import token

_ISSUER = "https://api.continue.dev"


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield each key and sign-in of the file. Raises `Unparsable` for what is no object."""
    if not blob.strip():
        return
    for document in _yaml.load(blob) if at.path.endswith(".yaml") else [load(blob)]:
        if document and not isinstance(document, dict):
            raise Unparsable("the file is not an object")
        yield from _mcp.servers(document, at)
        yield from _sign_in(document, at)
        for part in ("models", "tabAutocompleteModel", "embeddingsProvider", "reranker"):
            found = member(document, part)
            for number, model in enumerate(found[:500] if isinstance(found, list) else [found]):
                more, place = {"model": text(model, "model")}, f"/{part}/{number}/apiKey"
                yield from _ai_key.key(text(model, "provider"), text(model, "apiKey"), at, place, more=more)


def _sign_in(document: object, at: Location) -> Iterator[Finding]:
    who, ends = text(document, "userEmail"), member(document, "expiresAt")
    until = epoch(ends) or moment(ends)
    more = {"user": text(document, "userId"), "organization": text(document, "organizationId")}
    refresh, access = text(document, "refreshToken"), text(document, "accessToken")
    if refresh:
        more["access_expires_at"] = until or ""
        yield from token("oauth.refresh-token", refresh, at, "/refreshToken", issuer=_ISSUER, subject=who, more=more)
    else:
        kind = "oauth.access-token"
        yield from token(kind, access, at, "/accessToken", issuer=_ISSUER, subject=who, more=more, expires_at=until)


_NAMES = ("config.yaml", "config.json", "auth.json", ".configs/*/config.json", ".configs/*/config.yaml")
STORE = Store(
    id="continue-dev",
    title="Continue",
    where=tuple(At(root=Root.HOME, glob=f".continue/{name}", env="CONTINUE_GLOBAL_DIR") for name in _NAMES),
    yields=tuple(dict.fromkeys((*_ai_key.KINDS, *_mcp.KINDS, "oauth.refresh-token", "oauth.access-token"))),
    max_bytes=1 * MiB,
    parse=parse,
    since="0.1",
    reference="https://docs.continue.dev/customize/deep-dives/configuration",
)
