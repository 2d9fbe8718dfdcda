"""Crush: the keys and sign-ins of its model providers, and what its MCP servers are started with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.models.store import At, KiB, Root, Store
from rescind.stores import _ai_key, _mcp
from rescind.stores._epoch import epoch
from rescind.stores._json import member, pairs, text
from rescind.stores._jsonc import load
from rescind.stores._oauth import finding
from rescind.stores._token import token


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield each key and sign-in. Raises `Unparsable` for what is no object."""
    document = load(blob) if blob.strip() else {}
    if not isinstance(document, dict):
        raise Unparsable("the file is not an object")
    yield from _mcp.servers(document, at)
    for server, entry in pairs(document, "mcp"):
        own, there = {"server": server, "server_url": text(entry, "url")}, f"/mcp/{server}"
        below = replace(at, pointer=f"{there}/oauth_token")
        yield from finding("oauth.refresh-token", member(entry, "oauth_token"), below, own, issuer=own["server_url"])
        value, facts = text(entry, "oauth_client_secret"), {**own, "client_id": text(entry, "oauth_client_id")}
        yield from token("file.secret", value, at, f"{there}/oauth_client_secret", more=facts)
    for provider, entry in pairs(document, "providers"):
        place, oauth = f"/providers/{provider}", member(entry, "oauth")
        refresh, until = text(oauth, "refresh_token"), epoch(member(oauth, "expires_at"))
        more = {"provider": provider, "access_expires_at": until or ""}
        yield from token("oauth.refresh-token", refresh, at, f"{place}/oauth/refresh_token", more=more)
        if not (refresh and text(entry, "api_key") == text(oauth, "access_token")):
            yield from _ai_key.key(provider, text(entry, "api_key"), at, f"{place}/api_key")


STORE = Store(
    id="crush",
    title="Crush",
    where=(
        At(root=Root.XDG_CONFIG, glob="crush/crush.json", env="CRUSH_GLOBAL_CONFIG"),
        At(root=Root.XDG_DATA, glob="crush/crush.json", env="CRUSH_GLOBAL_DATA"),
        At(root=Root.LOCALAPPDATA, glob="crush/crush.json", os=("windows",)),
        At(root=Root.SYSTEM, glob="etc/crush/crush.json"),
        *(
            At(root=Root.HOME, glob=f"**/{name}", skip=("node_modules", ".cache"))
            for name in ("crush.json", ".crush.json")
        ),
    ),
    yields=tuple(dict.fromkeys((*_ai_key.KINDS, *_mcp.KINDS, "oauth.refresh-token"))),
    max_bytes=512 * KiB,
    parse=parse,
    since="0.1",
    reference="https://github.com/charmbracelet/crush#configuration",
)
