"""Argo CD's command line tool: a token for each server, named by its id, and client keys written into the file."""

from __future__ import annotations

from collections.abc import Iterator

from rescind.models.evidence import Finding, Location, State
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._json import member, text
from rescind.stores._jwt import facts
from rescind.stores._sighting import sighting
from rescind.stores._token import token
from rescind.stores._yaml import maps

_KIND = "argocd.token"


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield what each user and server holds, or one logged-out login. Raises `Unparsable` for broken YAML."""
    found = [f for document in maps(blob) for f in _held(document, at)]
    yield from found or [sighting(_KIND, at, state=State.LOGGED_OUT)]


def _held(document: object, at: Location) -> Iterator[Finding]:
    where = {text(c, "user"): text(c, "server") for c in _list(document, "contexts")}
    for user in _list(document, "users"):
        name, value = text(user, "name"), text(user, "auth-token")
        host, said = where.get(name, "") or name, facts(value)
        more, place = {"context": name}, f"users/{name}/auth-token"
        who = said.get("email", "") or said.get("sub", "")
        yield from token(_KIND, value, at, place, identifier=said.get("jti", ""), issuer=host, subject=who, more=more)
        refresh, issuer = text(user, "refresh-token"), said.get("iss", "")
        kind, place = "oauth.refresh-token", f"users/{name}/refresh-token"
        yield from token(kind, refresh, at, place, issuer=issuer, subject=who, more={**more, "server": host})
    for server in _list(document, "servers"):
        name, value = text(server, "server"), text(server, "client-certificate-key-data")
        more = {"name": "client-certificate-key-data"}
        yield from token("file.secret", value, at, f"servers/{name}", issuer=name, more=more)


def _list(document: object, name: str) -> list[object]:
    found = member(document, name)
    return found[:500] if isinstance(found, list) else []


STORE = Store(
    id="argocd",
    title="Argo CD CLI",
    where=(
        At(root=Root.XDG_CONFIG, glob="argocd/config", env="ARGOCD_CONFIG_DIR"),
        At(root=Root.HOME, glob=".argocd/config"),
    ),
    yields=(_KIND, "oauth.refresh-token", "file.secret"),
    max_bytes=512 * KiB,
    parse=parse,
    since="0.1",
    reference="https://github.com/argoproj/argo-cd/blob/master/util/localconfig/localconfig.go",
)
