"""pgAdmin's servers. Saved passwords are encrypted with the person's own, or with a master password where one is set."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.models.store import At, MiB, Root, Store
from rescind.stores._locked import locked
from rescind.stores._sqlite import rows

_COLUMNS = ("id", "name", "host", "port", "maintenance_db", "username", "password", "tunnel_host", "tunnel_password")


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield a finding per saved password. Raises `Unparsable` for what is no database of pgAdmin."""
    found = rows(blob, "server", _COLUMNS)
    if found is None:
        raise Unparsable("the database has no table that pgAdmin makes")
    for number, name, host, port, base, user, password, tunnel, tunnel_password in found:
        place = replace(at, pointer=f"server/{number}")
        own = {"name": name, "host": host, "port": port, "database": base, "user": user}
        if password:
            yield locked("database.password", place, "app", issuer=host, subject=user, more=own)
        if tunnel_password:
            yield locked(
                "server.password", place, "app", f"server/{number}/tunnel", issuer=tunnel, more={"host": tunnel}
            )


_FILE = "pgadmin4.db"
STORE = Store(
    id="pgadmin",
    title="pgAdmin servers",
    where=(
        At(root=Root.HOME, glob=f".pgadmin/{_FILE}"),
        At(root=Root.APPDATA, glob=f"pgAdmin/{_FILE}", os=("windows",)),
        At(root=Root.SYSTEM, glob=f"var/lib/pgadmin/{_FILE}"),
    ),
    yields=("database.password", "server.password"),
    max_bytes=64 * MiB,
    parse=parse,
    since="0.1",
    reference="https://www.pgadmin.org/docs/pgadmin4/latest/master_password.html",
)
