"""Atuin's sync: the session that fetches a person's whole shell history from the server, and the key that opens it."""

from __future__ import annotations

from collections.abc import Iterator

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._text import decode
from rescind.stores._token import token


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield the session or the key of the file. Raises `Unparsable` for what holds more than one word."""
    value = decode(blob).strip()
    name = "session" if at.path.endswith("session") else "key"
    if len(value.split()) > 1:
        raise Unparsable("the file holds something other than one value")
    yield from token(f"atuin.{name}", value, at, issuer="api.atuin.sh" if name == "session" else "")


STORE = Store(
    id="atuin",
    title="Atuin sync",
    where=tuple(At(root=Root.XDG_DATA, glob=f"atuin/{name}") for name in ("key", "session")),
    yields=("atuin.key", "atuin.session", "github.token"),
    max_bytes=4 * KiB,
    parse=parse,
    since="0.1",
    reference="https://docs.atuin.sh/reference/sync/",
)
