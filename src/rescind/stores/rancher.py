"""Rancher's command line tool: a token for each server and each cluster, named by what stands before its colon, with the host."""

from __future__ import annotations

from collections.abc import Iterator

from rescind.models.evidence import Finding, Location, State
from rescind.models.store import At, MiB, Root, Store
from rescind.stores._json import pairs, table, text
from rescind.stores._moment import moment
from rescind.stores._sighting import sighting
from rescind.stores._token import token

_KIND = "rancher.token"


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield the tokens of each server, or one logged-out login. Raises `Unparsable` for what is no JSON object."""
    found = [f for name, entry in pairs(table(blob), "Servers") for f in _server(name, entry, at)]
    yield from found or [sighting(_KIND, at, state=State.LOGGED_OUT)]


def _server(name: str, entry: object, at: Location) -> Iterator[Finding]:
    host, place = text(entry, "url").partition("://")[2].rstrip("/"), f"/Servers/{name}"
    access, secret, whole = (text(entry, n) for n in ("accessKey", "secretKey", "tokenKey"))
    if not whole and access and secret:
        whole = f"{access}:{secret}"
    more = {"server": name, "project": text(entry, "project")}
    yield from _one(whole, at, f"{place}/tokenKey", host, more)
    for cluster, credential in pairs(entry, "kubeCredentials"):
        value, until = text(credential, "status", "token"), moment(text(credential, "status", "expirationTimestamp"))
        own, where = {**more, "cluster": cluster}, f"{place}/kubeCredentials/{cluster}"
        yield from _one(value, at, where, host, own, until)


def _one(
    value: str, at: Location, place: str, host: str, more: dict[str, str], until: str | None = None
) -> Iterator[Finding]:
    number = f"{host}/{value.partition(':')[0]}" if ":" in value else ""
    yield from token(_KIND, value, at, place, identifier=number, issuer=host, more=more, expires_at=until)


STORE = Store(
    id="rancher",
    title="Rancher CLI",
    where=(At(root=Root.HOME, glob=".rancher/cli2.json", env="RANCHER_CONFIG_DIR"),),
    yields=(_KIND,),
    max_bytes=4 * MiB,
    parse=parse,
    since="0.1",
    reference="https://github.com/rancher/cli/blob/main/config/config.go",
)
