"""Civo CLI: API keys by the name they were saved under."""

from __future__ import annotations

from collections.abc import Iterator

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._json import load, member, text
from rescind.stores._token import token


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield a finding per key. Raises `Unparsable` for what is no JSON object."""
    document = load(blob)
    if not isinstance(document, dict):
        raise Unparsable("the file is not a JSON object")
    keys = member(document, "apikeys")
    current = text(document, "meta", "current_apikey")
    for name, value in keys.items() if isinstance(keys, dict) else ():
        own = {"name": name, "active": "yes" if name == current else ""}
        yield from token("civo.api-key", str(value), at, f"/apikeys/{name}", issuer="civo.com", subject=name, more=own)


STORE = Store(
    id="civo",
    title="Civo CLI",
    where=(At(root=Root.HOME, glob=".civo.json", env="CIVOCONFIG"),),
    yields=("civo.api-key", "github.token"),
    max_bytes=64 * KiB,
    parse=parse,
    since="0.1",
    reference="https://github.com/civo/cli/blob/master/config/config.go",
)
