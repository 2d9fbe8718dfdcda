"""Redis Insight's databases: passwords in clear, or encrypted with a key that the system's keychain has."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.models.store import At, MiB, Root, Store
from rescind.stores._locked import locked
from rescind.stores._sqlite import rows
from rescind.stores._token import token

_COLUMNS = ("id", "name", "host", "port", "username", "password", "encryption", "sentinelMasterPassword")


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield a finding per password. Raises `Unparsable` for what is no database of Redis Insight."""
    found = rows(blob, "database_instance", _COLUMNS)
    if found is None:
        raise Unparsable("the database has no table that Redis Insight makes")
    for number, name, host, port, user, password, encryption, master in found:
        place = replace(at, pointer=f"database_instance/{number}")
        own = {"name": name, "host": host, "port": port, "encryption": encryption}
        for value in (v for v in (password, master) if v):
            if encryption and encryption != "PLAIN":
                yield locked("database.password", place, "system", issuer=host, subject=user, more=own)
            else:
                yield from token("database.password", value, place, issuer=host, subject=user, more=own, password=True)


STORE = Store(
    id="redis-insight",
    title="Redis Insight databases",
    where=tuple(
        At(root=Root.HOME, glob=g)
        for g in (
            ".redis-insight/redisinsight.db",
            ".redisinsight-v2/redisinsight.db",
            ".redisinsight-app/redisinsight.db",
        )
    ),
    yields=("database.password", "github.token"),
    max_bytes=64 * MiB,
    parse=parse,
    since="0.1",
    reference="https://redis.io/docs/latest/operate/redisinsight/configuration/",
)
