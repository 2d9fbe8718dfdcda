"""Vultr CLI: the API key of the account."""

from __future__ import annotations

from collections.abc import Iterator

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._json import text
from rescind.stores._token import token
from rescind.stores._yaml import load


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield the key. Raises `Unparsable` for what is no YAML map."""
    for document in load(blob):
        if document and not isinstance(document, dict):
            raise Unparsable("the file is not a YAML map")
        yield from token("vultr.api-key", text(document, "api-key"), at, "api-key", issuer="vultr.com")


STORE = Store(
    id="vultr",
    title="Vultr CLI",
    where=(At(root=Root.HOME, glob=".vultr-cli.yaml"), At(root=Root.XDG_CONFIG, glob="vultr-cli.yaml")),
    yields=("vultr.api-key", "github.token"),
    max_bytes=64 * KiB,
    parse=parse,
    since="0.1",
    reference="https://github.com/vultr/vultr-cli#using-a-config-file",
)
