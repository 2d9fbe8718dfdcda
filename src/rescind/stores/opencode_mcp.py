"""opencode: the sign-ins of its MCP servers, and the secrets of the clients that it registered with them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from rescind.models.evidence import Finding, Location
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._json import member, pairs, table, text
from rescind.stores._oauth import finding
from rescind.stores._token import token


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield the sign-in of each server. Raises `Unparsable` for what is no JSON object."""
    for name, entry in pairs(table(blob)):
        url, client = text(entry, "serverUrl"), text(entry, "clientInfo", "clientId")
        more, place = {"server": name, "server_url": url, "client_id": client}, replace(at, pointer=f"/{name}/tokens")
        yield from finding("oauth.refresh-token", member(entry, "tokens"), place, more, issuer=url)
        value, own = text(entry, "clientInfo", "clientSecret"), {**more, "name": "clientSecret"}
        yield from token("file.secret", value, at, f"/{name}/clientInfo/clientSecret", more=own)


STORE = Store(
    id="opencode-mcp",
    title="opencode MCP sign-ins",
    where=(At(root=Root.XDG_DATA, glob="opencode/mcp-auth.json"),),
    yields=("oauth.refresh-token", "file.secret"),
    max_bytes=512 * KiB,
    parse=parse,
    since="0.1",
    reference="https://opencode.ai/docs/mcp-servers/#oauth",
)
