"""Exports of Postman: environments and collections with the tokens that somebody tested with, mostly left in Downloads."""

from __future__ import annotations

from collections.abc import Iterator

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.models.store import At, MiB, Root, Store
from rescind.stores._json import load, text
from rescind.stores._nested import secrets


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield a finding per secret variable, header or login. Raises `Unparsable` for what is no JSON object."""
    document = load(blob)
    if not isinstance(document, dict):
        raise Unparsable("the file is not a JSON object")
    name = text(document, "name") or text(document, "info", "name")
    own = {"export": name, "id": text(document, "id") or text(document, "info", "_postman_id")}
    for part in ("values", "auth", "variable", "event", "item"):
        yield from secrets(document.get(part), at, f"/{part}", own)


_ENDS = ("postman_environment.json", "postman_collection.json", "postman_globals.json")
_BACKUP = ("Postman/backup-*.json", "PostmanCanary/backup-*.json")
STORE = Store(
    id="postman",
    title="Postman exports",
    where=(
        *(At(root=Root.HOME, glob=f"**/*.{end}") for end in _ENDS),
        *(At(root=Root.XDG_CONFIG, glob=g) for g in _BACKUP),
        *(At(root=Root.MAC_SUPPORT, glob=g, os=("macos",)) for g in _BACKUP),
        *(At(root=Root.APPDATA, glob=g, os=("windows",)) for g in _BACKUP),
    ),
    yields=("file.secret", "github.token"),
    max_bytes=16 * MiB,
    parse=parse,
    since="0.1",
    reference="https://learning.postman.com/docs/getting-started/importing-and-exporting/exporting-data/",
)
