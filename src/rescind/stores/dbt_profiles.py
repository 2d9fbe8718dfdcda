"""dbt: the passwords, tokens and keys with which its targets reach a data warehouse."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.models.store import At, KiB, Root, Store
from rescind.stores import _google
from rescind.stores._json import member, pairs, text
from rescind.stores._token import token
from rescind.stores._yaml import maps

_CHOSEN = ("password", "pass", "private_key_passphrase", "ssh_tunnel_password")
_TOKENS = ("token", "client_secret", "private_key", "refresh_token")
_KINDS = {
    ("snowflake", "password"): "snowflake.password",
    ("snowflake", "token"): "snowflake.token",
    ("databricks", "token"): "databricks.token",
    ("databricks", "client_secret"): "databricks.client-secret",
}


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield what each target holds, then raise `Unparsable` for a Google key that is none. A `{{ env_var() }}` is nothing."""
    trouble = ""
    for document in maps(blob):
        for profile, entry in pairs(document):
            for target, output in pairs(entry, "outputs"):
                try:
                    yield from _target(output, at, f"{profile}/{target}")
                except Unparsable as e:
                    trouble = e.message
    if trouble:
        raise Unparsable(trouble)


def _target(output: object, at: Location, place: str) -> Iterator[Finding]:
    sort = text(output, "type")
    host = text(output, "account") or text(output, "host") or text(output, "server")
    who = text(output, "user") or text(output, "username") or text(output, "client_id")
    more = {"target": place, "type": sort, **{n: text(output, n) for n in ("dbname", "database", "role", "port")}}
    for name in (*_CHOSEN, *_TOKENS):
        usual = "database.password" if name in {"password", "pass"} else "file.secret"
        kind, value = _KINDS.get((sort, name), usual), text(output, name)
        own, chosen = {**more, "name": name}, name in _CHOSEN
        yield from token(kind, value, at, f"{place}/{name}", issuer=host, subject=who, more=own, password=chosen)
    if isinstance(member(output, "keyfile_json"), dict):
        document = {"type": "service_account"} | dict(pairs(output, "keyfile_json"))
        yield from _google.findings(document, replace(at, pointer=f"{place}/keyfile_json"))


STORE = Store(
    id="dbt-profiles",
    title="dbt profiles",
    where=(
        At(root=Root.HOME, glob=".dbt/profiles.yml", env="DBT_PROFILES_DIR"),
        At(root=Root.HOME, glob="**/profiles.yml", skip=("node_modules", ".cache", "site-packages", "dbt_packages")),
    ),
    yields=tuple(
        dict.fromkeys(
            (*_KINDS.values(), "database.password", "file.secret", "google.service-account-key", "oauth.refresh-token")
        )
    ),
    max_bytes=256 * KiB,
    parse=parse,
    since="0.1",
    reference="https://docs.getdbt.com/docs/core/connect-data-platform/profiles.yml",
)
