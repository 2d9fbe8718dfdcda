"""Qwen Code: its sign-in, the keys in its settings, and what its MCP servers are started with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.models.store import At, KiB, Root, Store
from rescind.stores import _ai_key, _mcp, _oauth
from rescind.stores._epoch import epoch
from rescind.stores._json import member, pairs, text
from rescind.stores._jsonc import load
from rescind.stores._locked import locked
from rescind.stores._names import is_secret_name
from rescind.stores._text import decode
from rescind.stores._token import token

_ISSUER, _SEALED = "https://chat.qwen.ai", "mcp-oauth-tokens-v2.json"


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield the sign-in, or the keys of the settings. Raises `Unparsable` for what is no object."""
    name, plain = at.path.rpartition("/")[2], decode(blob).strip()
    if name == _SEALED and not plain.startswith("{"):
        if plain:  # the key can be worked out from the names of host and user
            yield locked("mcp.oauth-token", at, "app", more={"client": "qwen-code"})
        return
    document = load(blob) if plain else {}
    if isinstance(document, list) and name.startswith("mcp-oauth"):
        for number, entry in enumerate(document):
            yield from _oauth.server(entry, replace(at, pointer=f"/{number}"))
        return
    if not isinstance(document, dict):
        raise Unparsable("the file is not an object")
    yield from _mcp.servers(document, at)
    refresh, access = text(document, "refresh_token"), text(document, "access_token")
    until, more = epoch(member(document, "expiry_date")), {"resource": text(document, "resource_url")}
    if refresh:
        own = {**more, "access_expires_at": until or ""}
        yield from token("oauth.refresh-token", refresh, at, "/refresh_token", issuer=_ISSUER, more=own)
    else:
        kind = "oauth.access-token"
        yield from token(kind, access, at, "/access_token", issuer=_ISSUER, more=more, expires_at=until)
    for variable, value in pairs(document, "env"):
        if isinstance(value, str) and is_secret_name(variable):
            yield from _ai_key.key(variable, value, at, f"/env/{variable}")
    yield from _ai_key.key("qwen", text(document, "security", "auth", "apiKey"), at, "/security/auth/apiKey")


STORE = Store(
    id="qwen-code",
    title="Qwen Code",
    where=tuple(
        At(root=Root.HOME, glob=f".qwen/{name}", env="QWEN_HOME")
        for name in ("oauth_creds.json", "settings.json", "mcp-oauth-tokens.json", _SEALED)
    ),
    yields=tuple(
        dict.fromkeys((*_ai_key.KINDS, *_mcp.KINDS, "oauth.refresh-token", "oauth.access-token", "mcp.oauth-token"))
    ),
    max_bytes=512 * KiB,
    parse=parse,
    since="0.1",
    reference="https://qwenlm.github.io/qwen-code-docs/en/users/configuration/auth/",
)
