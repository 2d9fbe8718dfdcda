"""Chef: the keys of clients and users, by the name that the server knows them under."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location, State
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._json import text
from rescind.stores._locked import locked
from rescind.stores._pem import blocks
from rescind.stores._sighting import sighting
from rescind.stores._text import decode
from rescind.stores._toml import read


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield the key of a file, or each profile and the key written into it. Raises `Unparsable` for what cannot be read."""
    if at.path.endswith(".pem"):
        yield from _keys(decode(blob), at, at.path.rpartition("/")[2].removesuffix(".pem"), {})
        return
    document, trouble = read(blob)
    for name, profile in document.items():
        if not isinstance(profile, dict):
            continue
        who = text(profile, "client_name") or text(profile, "node_name")
        key, url = text(profile, "client_key"), text(profile, "chef_server_url")
        own = {"profile": name, "server": url, "key_file": "" if "BEGIN" in key else key}
        if "BEGIN" in key:
            yield from _keys(key, replace(at, pointer=f"{name}/client_key"), who, own)
        elif who:
            yield sighting(
                "chef.client-key", at, pointer=name, issuer=url, subject=who, attributes=own, state=State.PUBLIC_ONLY
            )
    if trouble:
        raise Unparsable(trouble)


def _keys(plain: str, at: Location, who: str, own: dict[str, str]) -> Iterator[Finding]:
    for block in blocks(plain):
        place = at if at.pointer else replace(at, line=block.line)
        if block.label.endswith("PRIVATE KEY") and block.encrypted:
            yield locked("chef.client-key", place, "passphrase", subject=who, more=own)
        elif block.label.endswith("PRIVATE KEY"):
            yield sighting(
                "chef.client-key", place, issuer=own.get("server", ""), subject=who, secret=block.body(), attributes=own
            )


STORE = Store(
    id="chef",
    title="Chef client keys",
    where=(
        *(At(root=Root.HOME, glob=f".chef/{g}") for g in ("credentials", "*.pem")),
        *(At(root=Root.SYSTEM, glob=f"etc/{d}/*.pem") for d in ("chef", "cinc")),
        At(root=Root.SYSTEM, glob="chef/*.pem", os=("windows",)),
    ),
    yields=("chef.client-key",),
    max_bytes=256 * KiB,
    parse=parse,
    since="0.1",
    reference="https://docs.chef.io/workstation/knife_setup/#knife-profiles",
)
