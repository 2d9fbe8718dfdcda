"""Cloudflare Tunnel: the account's API token in the origin certificate, and the secret of each tunnel, named by its id.

Whoever has a tunnel's secret can answer for its hosts, until the tunnel is deleted or its secret is changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._json import load, table, text
from rescind.stores._pem import blocks
from rescind.stores._text import decode
from rescind.stores._token import token


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield the token of each block, or the tunnel of the file. Raises `Unparsable` for what is neither."""
    if decode(blob).lstrip().startswith("{"):
        document = table(blob)
        tunnel, account = text(document, "TunnelID"), text(document, "AccountTag")
        if not (tunnel and account):
            raise Unparsable("the file names no tunnel")
        more = {"account": account, "name": text(document, "TunnelName")}
        kind, value = "cloudflare.tunnel", text(document, "TunnelSecret")
        yield from token(kind, value, at, "/TunnelSecret", identifier=tunnel, issuer=account, more=more)
        return
    found = [block for block in blocks(decode(blob)) if block.label == "ARGO TUNNEL TOKEN"]
    for block in found[:20]:
        body = block.body()
        said = load(body) if body.lstrip().startswith(b"{") else {}
        more = {"account": text(said, "accountID"), "zone": text(said, "zoneID")}
        value = text(said, "apiToken") or text(said, "serviceKey") or ("" if said else _older(body))
        place = replace(at, line=block.line, pointer="ARGO TUNNEL TOKEN")
        yield from token("cloudflare.token", value, place, issuer="cloudflare.com", more=more)
    if not found:
        raise Unparsable("the file is no origin certificate and no tunnel")


def _older(body: bytes) -> str:
    """Return the key of the older form: a zone on the first line, the key on the second."""
    return decode(body).partition("\n")[2].strip()


_NAMES = ("cert.pem", "*.json")
STORE = Store(
    id="cloudflared",
    title="Cloudflare Tunnel",
    where=(
        *(At(root=Root.HOME, glob=f".cloudflared/{name}", env="TUNNEL_ORIGIN_CERT") for name in _NAMES),
        *(At(root=Root.HOME, glob=f".cloudflare-warp/{name}") for name in _NAMES),
        *(At(root=Root.SYSTEM, glob=f"{top}/cloudflared/{n}") for top in ("etc", "usr/local/etc") for n in _NAMES),
    ),
    yields=("cloudflare.token", "cloudflare.tunnel"),
    max_bytes=64 * KiB,
    parse=parse,
    since="0.1",
    reference="https://developers.cloudflare.com/cloudflare-one/networks/connectors/cloudflare-tunnel/do-more-with-tunnels/local-management/tunnel-useful-terms/#certpem",
)
