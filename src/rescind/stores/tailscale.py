"""Tailscale's state: which node of which network the machine is, and whose. Deleting the node in the admin console ends it.

The node is named by its public key, which is derived here, and by its id. A state that the TPM seals names nothing.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location, State
from rescind.models.store import At, MiB, Root, Store
from rescind.stores._curve25519 import public_half
from rescind.stores._json import load, member, text
from rescind.stores._locked import locked
from rescind.stores._sighting import sighting
from rescind.stores._token import token


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield the node of each profile. Raises `Unparsable` for another file, or after the rest for a damaged profile."""
    document = load(blob)
    if not isinstance(document, dict):
        raise Unparsable("the file is not a JSON object")
    if text(document, "data") and text(document, "nonce"):
        yield locked("tailscale.node", at, "system", more={"sealed": "tpm"})
        return
    trouble, found, machine = "", 0, _plain(document, "_machinekey")
    for name in document:
        if not name.startswith("profile-"):
            continue
        try:
            profile = load(_plain(document, name))
        except Unparsable as e:
            trouble = e.message
            continue
        found += 1
        yield from _node(profile, name, at)
    if machine and not found and not trouble:
        yield sighting("tailscale.node", at, state=State.LOGGED_OUT)
    if trouble:
        raise Unparsable(trouble)


def _plain(document: object, name: str) -> bytes:
    try:
        return base64.b64decode(text(document, name), validate=True)
    except (binascii.Error, ValueError) as e:
        raise Unparsable("a value of the state is not base64") from e


def _node(profile: object, name: str, at: Location) -> Iterator[Finding]:
    config = member(profile, "Config") or member(profile, "Persist")
    who, key = member(config, "UserProfile"), text(config, "PrivateNodeKey")
    own = {"node_id": text(config, "NodeID"), "login": text(who, "LoginName"), "hostname": text(profile, "Hostname")}
    own |= {"control": text(profile, "ControlURL"), "operator": text(profile, "OperatorUser")}
    try:
        mine = public_half(bytes.fromhex(key.removeprefix("privkey:"))).hex()
    except ValueError:
        mine = ""
    yield from token(
        "tailscale.node",
        key,
        at,
        f"/{name}/Config/PrivateNodeKey",
        identifier=own["node_id"] or (f"nodekey:{mine}" if mine else ""),
        issuer=own["control"] or "https://controlplane.tailscale.com",
        subject=own["login"],
        more={**own, "node_key": f"nodekey:{mine}" if mine else ""},
    )


_STATES = (
    "var/lib/tailscale/tailscaled.state",
    "Library/Tailscale/tailscaled.state",
    "ProgramData/Tailscale/server-state.conf",
)
STORE = Store(
    id="tailscale",
    title="Tailscale node",
    where=(
        *(At(root=Root.SYSTEM, glob=g) for g in _STATES),
        At(root=Root.XDG_DATA, glob="tailscale/tailscaled.state"),
        At(root=Root.LOCALAPPDATA, glob="Tailscale/server-state.conf", os=("windows",)),
    ),
    yields=("tailscale.node", "github.token"),
    max_bytes=4 * MiB,
    parse=parse,
    since="0.1",
    reference="https://github.com/tailscale/tailscale/blob/main/ipn/store.go",
)
