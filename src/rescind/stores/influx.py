"""InfluxDB's `influx`: a token for each configuration, with its server and organisation."""

from __future__ import annotations

from collections.abc import Iterator

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._json import pairs, text
from rescind.stores._token import token
from rescind.stores._toml import read


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield the token of each configuration, then raise `Unparsable` for a file that is broken."""
    document, trouble = read(blob)
    for name, entry in pairs(document):
        host, more = text(entry, "url").partition("://")[2].rstrip("/"), {"config": name, "org": text(entry, "org")}
        yield from token("influxdb.token", text(entry, "token"), at, f"{name}/token", issuer=host, more=more)
    if trouble:
        raise Unparsable(trouble)


STORE = Store(
    id="influx",
    title="InfluxDB CLI",
    where=(At(root=Root.HOME, glob=".influxdbv2/configs", env="INFLUX_CONFIGS_PATH"),),
    yields=("influxdb.token",),
    max_bytes=64 * KiB,
    parse=parse,
    since="0.1",
    reference="https://docs.influxdata.com/influxdb/v2/reference/cli/influx/config/",
)
