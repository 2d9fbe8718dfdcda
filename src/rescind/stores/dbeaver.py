"""DBeaver's connections. Passwords are encrypted with a key that is in DBeaver's source, so they count as plain."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.models.store import At, MiB, Root, Store
from rescind.stores._json import load, member, text
from rescind.stores._locked import locked
from rescind.stores._names import userinfo
from rescind.stores._token import token

_FACTS = ("host", "port", "database", "user")
_JDBC = re.compile(r"(?i)^jdbc:(?:[a-z0-9]+:)*?(?=[a-z0-9+]+://)")
_BLOCK = 16


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield a finding per connection that saves its password, or for the encrypted file of them. Raises `Unparsable` for another."""
    if at.path.rpartition("/")[2].startswith("credentials-config"):
        if blob and (len(blob) % _BLOCK or len(blob) <= 2 * _BLOCK):
            raise Unparsable("the file is not what DBeaver encrypts its passwords to")
        if blob:
            yield locked("database.password", at, "app", more={"holds": "the passwords of all connections"})
        return
    found = member(load(blob), "connections")
    if not isinstance(found, dict):
        raise Unparsable("the file has no connections")
    for name, entry in found.items():
        setup = member(entry, "configuration")
        own = {n: text(setup, n) for n in _FACTS} | {"driver": text(entry, "driver"), "name": text(entry, "name")}
        own |= {"connection": name, "provider": text(entry, "provider")}
        url = userinfo(_JDBC.sub("", text(setup, "url")))
        host, pointer = own["host"] or (url.host if url else text(setup, "url")), f"/connections/{name}"
        who, value = own["user"] or (url.user if url else ""), text(setup, "password") or (url.password if url else "")
        yield from token("database.password", value, at, pointer, issuer=host, subject=who, more=own, password=True)
        if member(entry, "save-password") is True and not value:
            yield locked("database.password", at, "app", pointer, issuer=host, subject=who, more=own)


_FILES = tuple(f"DBeaverData/workspace6/*/.dbeaver/{n}" for n in ("data-sources*.json", "credentials-config*.json"))
STORE = Store(
    id="dbeaver",
    title="DBeaver connections",
    where=(
        *(At(root=Root.XDG_DATA, glob=g) for g in _FILES),
        *(At(root=Root.MAC_LIBRARY, glob=g, os=("macos",)) for g in _FILES),
        *(At(root=Root.APPDATA, glob=g, os=("windows",)) for g in _FILES),
    ),
    yields=("database.password", "github.token"),
    max_bytes=4 * MiB,
    parse=parse,
    since="0.1",
    reference="https://dbeaver.com/docs/dbeaver/Admin-Manage-Connections/",
)
