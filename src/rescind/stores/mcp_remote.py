"""Sign-ins that `mcp-remote` keeps for its servers: whoever holds the refresh token acts as the user at that server.

The file is named by MD5 of the server's address, which is not in it: `server_hash` is that digest, the client registration beside it
has the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.models.store import At, KiB, Root, Store
from rescind.stores import _oauth
from rescind.stores._epoch import epoch
from rescind.stores._json import load, member, text
from rescind.stores._jwt import facts
from rescind.stores._token import token
from rescind.stores._urls import host_in

_NAME = re.compile(r"([0-9a-f]{32})_(tokens|client_info)\.json")


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield the sign-in, or the secret of the registered client. Raises `Unparsable` for what is no JSON object."""
    document = load(blob)
    if not isinstance(document, dict):
        raise Unparsable("the file is not a JSON object")
    found = _NAME.fullmatch(at.path.rpartition("/")[2])
    more = {"server_hash": found[1] if found else "", "scope": text(document, "scope")}
    more |= {"client_id": text(document, "client_id"), "client_name": text(document, "client_name")}
    if secret := text(document, "client_secret"):
        redirect = member(document, "redirect_uris")
        own = {**more, "redirect": str(redirect[0])[:200] if isinstance(redirect, list) and redirect else ""}
        until = epoch(member(document, "client_secret_expires_at"))
        yield from token(
            "oauth.client-secret",
            secret,
            at,
            "/client_secret",
            identifier=more["client_id"],
            more=own,
            expires_at=until,
        )
    issuer = facts(text(document, "access_token")).get("iss", "")
    place = replace(at, pointer="")
    yield from _oauth.finding("mcp.oauth-token", document, place, more, issuer=host_in(issuer) or issuer)


STORE = Store(
    id="mcp-remote",
    title="mcp-remote sign-ins",
    where=tuple(
        At(root=Root.HOME, glob=f".mcp-auth/{folder}*_{name}.json", env="MCP_REMOTE_CONFIG_DIR")
        for folder in ("*/", "")
        for name in ("tokens", "client_info")
    ),
    yields=("mcp.oauth-token", "oauth.client-secret", "file.secret", "github.token"),
    max_bytes=256 * KiB,
    parse=parse,
    since="0.1",
    reference="https://github.com/geelen/mcp-remote#readme",
)
