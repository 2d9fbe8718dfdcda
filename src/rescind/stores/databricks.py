"""Databricks profiles: personal access tokens, passwords, and the secrets of service principals by their client id.

A token is listed and deleted by an administrator by its id, which is not in the file; the secret of a principal by that principal.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.models.store import At, KiB, Root, Store
from rescind.stores import _entra, _google
from rescind.stores._decoys import literal
from rescind.stores._ini import groups
from rescind.stores._json import load
from rescind.stores._text import decode
from rescind.stores._token import token

_SECRETS = ("token", "password", "client_secret", "azure_client_secret", "google_credentials")
_FACTS = ("account_id", "client_id", "auth_type", "azure_tenant_id", "azure_client_id", "google_service_account")


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield what each profile holds, those in comments too. Raises `Unparsable` after the rest for a Google key that is none."""
    trouble = ""
    for group in groups(decode(blob), set(_SECRETS)):
        values = {k: e.value for k, e in group.items()}
        host = values.get("host", "").removeprefix("https://").rstrip("/")
        for name in (n for n in _SECRETS if values.get(n)):
            place = replace(at, line=group[name].line, pointer=f"{group[name].section}/{name}")
            more = {"profile": group[name].section, "host": host, **{n: values.get(n, "") for n in _FACTS}}
            more["commented"] = "yes" if group[name].commented else ""
            try:
                yield from _finding(name, literal(values[name]), place, host, values, more)
            except Unparsable as e:
                trouble = e.message
    if trouble:
        raise Unparsable(trouble)


def _finding(
    name: str, value: str, at: Location, host: str, values: dict[str, str], more: dict[str, str]
) -> Iterator[Finding]:
    client = values.get("client_id", "")
    if name == "azure_client_secret" and value:
        tenant, principal = values.get("azure_tenant_id", ""), values.get("azure_client_id", "")
        yield _entra.principal(tenant, principal, value, at)
    elif name == "google_credentials":
        if value.startswith("{"):
            yield from _google.findings(load(value.encode("utf-8", "surrogateescape")), at)
    elif name == "client_secret":
        yield from token("databricks.client-secret", value, at, issuer=host, subject=client, more=more)
    elif name == "password":
        who = values.get("username", "")
        yield from token("databricks.password", value, at, issuer=host, subject=who, more=more, password=True)
    else:
        yield from token("databricks.token", value, at, issuer=host, more=more)


_KINDS = ("databricks.token", "databricks.password", "databricks.client-secret", "entra.client-secret")
STORE = Store(
    id="databricks",
    title="Databricks configuration profiles",
    where=(
        At(root=Root.HOME, glob=".databrickscfg", env="DATABRICKS_CONFIG_FILE"),
        *(At(root=Root.HOME, glob=f".databrickscfg{end}") for end in (".bak", "~")),
    ),
    yields=(*_KINDS, "google.service-account-key", "oauth.refresh-token"),
    max_bytes=256 * KiB,
    parse=parse,
    since="0.1",
    reference="https://docs.databricks.com/aws/en/dev-tools/auth/config-profiles",
)
