"""Okta: the tokens, keys and passwords in the configuration of its SDKs and of its AWS tool."""

from __future__ import annotations

from collections.abc import Iterator

from rescind.models.evidence import Finding, Location
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._dotenv import variables
from rescind.stores._json import pairs, text
from rescind.stores._text import decode
from rescind.stores._token import token
from rescind.stores._yaml import maps

_SECRETS = {
    "token": "okta.token",
    "privateKey": "file.secret",
    "private-key": "file.secret",
    "password": "okta.password",
}


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield what the file holds. Raises `Unparsable` for broken YAML."""
    if at.path.endswith(".properties"):
        found = {v.name: v.value for v in variables(decode(blob)) if not v.commented}
        said: dict[str, object] = {name.rpartition(".")[2]: value for name, value in found.items()}
        yield from _client(said, at, "okta.client")
    else:
        for document in maps(blob):
            yield from _client(dict(pairs(document, "okta", "client")), at, "okta/client")
            for name, entry in pairs(document, "awscli", "profiles"):
                yield from _client(dict(pairs(entry)), at, f"awscli/profiles/{name}")


def _client(client: dict[str, object], at: Location, place: str) -> Iterator[Finding]:
    url = text(client, "orgUrl") or text(client, "org-domain")
    host, who = url.removeprefix("https://").rstrip("/"), text(client, "username")
    more = {
        "client_id": text(client, "clientId") or text(client, "oidc-client-id"),
        "key_id": text(client, "kid") or text(client, "key-id"),
    }
    for name, kind in _SECRETS.items():
        own = {**more, "name": name} if kind == "file.secret" else more
        value, chosen = text(client, name), name == "password"
        yield from token(kind, value, at, f"{place}/{name}", issuer=host, subject=who, more=own, password=chosen)


STORE = Store(
    id="okta",
    title="Okta SDK and AWS CLI configuration",
    where=tuple(At(root=Root.HOME, glob=f".okta/{name}") for name in ("okta.yaml", "config.properties")),
    yields=("okta.token", "okta.password", "file.secret"),
    max_bytes=256 * KiB,
    parse=parse,
    since="0.1",
    reference="https://github.com/okta/okta-aws-cli#configuration",
)
