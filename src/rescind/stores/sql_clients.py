"""Saved connections of TablePlus, SQL Developer and HeidiSQL: who logs in where. Their passwords are obscured, or in the keychain."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location, State
from rescind.models.store import At, MiB, Root, Store
from rescind.stores import _json, _plist
from rescind.stores._locked import locked
from rescind.stores._sighting import sighting
from rescind.stores._text import decode, lines

_HEIDI = re.compile(r"Servers\\([^<]{1,300})\\(Host|User|Password|Port)<\|\|\|>\d<\|\|\|>(.{0,2000})")


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield a finding per connection. Raises `Unparsable` for another file."""
    name = at.path.rpartition("/")[2]
    if name.endswith(".plist"):
        document = _plist.load(blob)
        if not isinstance(document, list):
            raise Unparsable("the file is not a list of connections")
        for n, entry in enumerate(document):
            own = {
                f: _json.text(entry, f)
                for f in ("ConnectionName", "DatabaseHost", "DatabaseUser", "DatabaseName", "ID")
            }
            host, who = own["DatabaseHost"], own["DatabaseUser"]
            yield _elsewhere(at, f"/{n}", host, who, {**own, "kept_in": "keychain"})
    elif name.endswith(".json"):
        found = _json.member(_json.load(blob), "connections")
        if not isinstance(found, list):
            raise Unparsable("the file is not a list of connections")
        for n, entry in enumerate(found):
            info = _json.member(entry, "info")
            host, who = _json.text(info, "hostname") or _json.text(info, "customUrl"), _json.text(info, "user")
            own = {"name": _json.text(entry, "name"), "host": host, "user": who}
            if _json.text(info, "password"):
                yield locked("database.password", at, "app", f"/connections/{n}", issuer=host, subject=who, more=own)
    else:
        servers: dict[str, dict[str, str]] = {}
        for m in (m for line in lines(decode(blob)) if (m := _HEIDI.match(line))):
            servers.setdefault(m[1], {})[m[2]] = m[3]
        for server, facts in servers.items():
            if facts.get("Password"):
                host, who, own = (
                    facts.get("Host", ""),
                    facts.get("User", ""),
                    {"name": server, "port": facts.get("Port", "")},
                )
                yield locked("database.password", at, "app", server, issuer=host, subject=who, more=own)


def _elsewhere(at: Location, pointer: str, host: str, who: str, own: dict[str, str]) -> Finding:
    state = State.PUBLIC_ONLY
    return sighting("database.password", at, pointer=pointer, issuer=host, subject=who, attributes=own, state=state)


STORE = Store(
    id="sql-clients",
    title="TablePlus, SQL Developer and HeidiSQL connections",
    where=(
        At(root=Root.MAC_SUPPORT, glob="com.tinyapp.TablePlus*/Data/Connections.plist", os=("macos",)),
        At(root=Root.HOME, glob=".tableplus/Connections.plist"),
        *(
            At(root=Root.HOME, glob=f".sqldeveloper/{g}/connections.json")
            for g in ("system*/o.jdeveloper.db.connection*", "*")
        ),
        At(
            root=Root.APPDATA,
            glob="SQL Developer/system*/o.jdeveloper.db.connection*/connections.json",
            os=("windows",),
        ),
        At(root=Root.APPDATA, glob="HeidiSQL/portable_settings.txt", os=("windows",)),
        At(root=Root.HOME, glob="**/portable_settings.txt"),
    ),
    yields=("database.password",),
    max_bytes=4 * MiB,
    parse=parse,
    since="0.1",
    reference="https://github.com/HeidiSQL/HeidiSQL/blob/master/source/apphelpers.pas",
)
