"""NetBird and Cloudflare WARP: the key by which the machine is a peer of a company's network."""

from __future__ import annotations

from collections.abc import Iterator

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._curve25519 import wireguard_public
from rescind.stores._json import load, member, text
from rescind.stores._token import token


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield the peer's key, and the tokens beside it. Raises `Unparsable` for what is no JSON object."""
    document = load(blob)
    if not isinstance(document, dict):
        raise Unparsable("the file is not a JSON object")
    server = member(document, "ManagementURL")
    url = text(server, "Host") or (server if isinstance(server, str) else "")
    key, own = text(document, "PrivateKey"), {"management": url}
    mine = wireguard_public(key)
    yield from token(
        "netbird.peer", key, at, "/PrivateKey", identifier=mine, issuer=url, more={**own, "public_key": mine}
    )
    for field, kind in (("PreSharedKey", "wireguard.preshared-key"), ("SSHKey", "netbird.ssh-key")):
        yield from token(kind, text(document, field), at, f"/{field}", issuer=url, more=own)
    device = member(document, "registration_id")
    own = {
        "device": device if isinstance(device, str) else text(device, "id"),
        "organization": text(document, "organization"),
    }
    own["public_key"] = wireguard_public(text(document, "secret_key"))
    for field in ("secret_key", "api_token", "auth_token"):
        mine = own["device"] if field == "secret_key" else ""
        yield from token(
            "cloudflare.warp-device",
            text(document, field),
            at,
            f"/{field}",
            identifier=mine,
            issuer="cloudflare.com",
            more=own,
        )


_NETBIRD = ("etc/netbird/config.json", "var/lib/netbird/*.json", "ProgramData/Netbird/*.json", "etc/netbird/*.json")
_WARP = (
    "var/lib/cloudflare-warp/reg.json",
    "ProgramData/Cloudflare/reg.json",
    "Library/Application Support/Cloudflare/reg.json",
)
STORE = Store(
    id="mesh-peers",
    title="NetBird and Cloudflare WARP peers",
    where=tuple(At(root=Root.SYSTEM, glob=g) for g in (*_NETBIRD, *_WARP)),
    yields=("netbird.peer", "netbird.ssh-key", "wireguard.preshared-key", "cloudflare.warp-device", "github.token"),
    max_bytes=256 * KiB,
    parse=parse,
    since="0.1",
    reference="https://github.com/netbirdio/netbird/blob/main/client/internal/profilemanager/config.go",
)
