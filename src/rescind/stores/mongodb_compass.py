"""Addresses of MongoDB that Compass, Robo 3T and Studio 3T saved: with a password in them, or with one that the system keeps."""

from __future__ import annotations

from collections.abc import Iterator

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.models.store import At, MiB, Root, Store
from rescind.stores._json import load, member, text
from rescind.stores._locked import locked
from rescind.stores._names import userinfo
from rescind.stores._token import token


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield a finding per saved connection with a login. Raises `Unparsable` for another file."""
    document = load(blob)
    if not isinstance(document, dict):
        raise Unparsable("the file is not a JSON object")
    url = userinfo(text(document, "connectionInfo", "connectionOptions", "connectionString"))
    own = {"name": text(document, "connectionInfo", "favorite", "name"), "id": text(document, "_id")}
    if url:
        own |= {"host": url.host, "user": url.user}
        place = "/connectionInfo/connectionOptions/connectionString"
        yield from _database(url.password, at, place, url.host, url.user, own)
    if text(document, "connectionSecrets"):
        yield locked("database.password", at, "system", "/connectionSecrets", subject=own["name"], more=own)
    connections = member(document, "connections")
    for n, entry in enumerate(connections if isinstance(connections, list) else ()):
        host, found = text(entry, "serverHost"), member(entry, "credentials")
        for c in found if isinstance(found, list) else ():
            who, pointer = text(c, "userName"), f"/connections/{n}/credentials"
            own = {"name": text(entry, "connectionName"), "host": host, "database": text(c, "databaseName")}
            yield from _database(text(c, "userPassword"), at, pointer, host, who, own)
            if text(c, "userPasswordEncrypted"):
                yield locked("database.password", at, "app", pointer, issuer=host, subject=who, more=own)


def _database(secret: str, at: Location, pointer: str, host: str, who: str, own: dict[str, str]) -> Iterator[Finding]:
    yield from token("database.password", secret, at, pointer, issuer=host, subject=who, more=own, password=True)


_COMPASS, _ROBO = (
    "MongoDB Compass/Connections/*.json",
    (".3T/robo-3t/*/robo3t.json", ".config/robomongo/*/robomongo.json"),
)
STORE = Store(
    id="mongodb-compass",
    title="MongoDB Compass and Robo 3T connections",
    where=(
        At(root=Root.XDG_CONFIG, glob=_COMPASS),
        At(root=Root.MAC_SUPPORT, glob=_COMPASS, os=("macos",)),
        At(root=Root.APPDATA, glob=_COMPASS, os=("windows",)),
        *(At(root=Root.HOME, glob=g) for g in _ROBO),
    ),
    yields=("database.password", "github.token"),
    max_bytes=1 * MiB,
    parse=parse,
    since="0.1",
    reference="https://github.com/mongodb-js/compass/tree/main/packages/connection-storage",
)
