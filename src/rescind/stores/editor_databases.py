"""Databases that editors connect to: VS Code's SQL extensions and Azure Data Studio, with the password in the settings or elsewhere."""

from __future__ import annotations

from collections.abc import Iterator

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location, State
from rescind.models.store import At, MiB, Root, Store
from rescind.stores import _jsonc
from rescind.stores._json import member, text
from rescind.stores._sighting import sighting
from rescind.stores._token import token

_LISTS = ("mssql.connections", "sqltools.connections", "datasource.connections", "pgsql.connections")


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield a finding per connection with a login. Raises `Unparsable` for what is no JSON object."""
    document = _jsonc.load(blob) if blob.strip() else {}
    if not isinstance(document, dict):
        raise Unparsable("the file is not a JSON object")
    for name in _LISTS:
        found = document.get(name)
        for n, entry in enumerate(found if isinstance(found, list) else ()):
            yield from _one(entry, member(entry, "options"), at, f"/{name}/{n}")


def _one(entry: object, options: object, at: Location, pointer: str) -> Iterator[Finding]:
    def value(*names: str) -> str:
        return next((v for n in names for e in (entry, options) if (v := text(e, n))), "")

    host, who = value("server", "host"), value("user", "username")
    own = {"host": host, "database": value("database"), "name": value("profileName", "name"), "driver": value("driver")}
    secret = value("password")
    yield from token(
        "database.password", secret, at, f"{pointer}/password", issuer=host, subject=who, more=own, password=True
    )
    if who and not secret:
        own["kept_in"] = "keychain"
        yield sighting(
            "database.password", at, pointer=pointer, issuer=host, subject=who, attributes=own, state=State.PUBLIC_ONLY
        )


_EDITORS = ("Code", "Code - Insiders", "VSCodium", "Cursor", "azuredatastudio")
_FILES = tuple(f"{editor}/User/settings.json" for editor in _EDITORS)
STORE = Store(
    id="editor-databases",
    title="Database connections of editors",
    where=(
        *(At(root=Root.XDG_CONFIG, glob=g) for g in _FILES),
        *(At(root=Root.MAC_SUPPORT, glob=g, os=("macos",)) for g in _FILES),
        *(At(root=Root.APPDATA, glob=g, os=("windows",)) for g in _FILES),
        At(root=Root.HOME, glob="**/.vscode/settings.json"),
    ),
    yields=("database.password", "github.token"),
    max_bytes=4 * MiB,
    parse=parse,
    since="0.2",
    reference="https://vscode-sqltools.mteixeira.dev/en/connections/",
)
