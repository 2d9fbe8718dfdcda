"""Airflow: the key that opens its stored connections, and the passwords in its configuration."""

from __future__ import annotations

from collections.abc import Iterator

from rescind.models.evidence import Finding, Location
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._ini import entries
from rescind.stores._names import is_secret_name, userinfo
from rescind.stores._text import decode
from rescind.stores._token import token


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield each key and password, also those in addresses of databases and brokers. What is commented out is a default."""
    for e in entries(decode(blob)):
        if e.commented or not e.value:
            continue
        place, more = f"{e.section}/{e.key}", {"section": e.section, "name": e.key}
        if url := userinfo(e.value):
            kind = "database.password"
            yield from token(kind, url.password, at, place, issuer=url.host, subject=url.user, more=more, password=True)
        elif e.key == "fernet_key":
            yield from token("airflow.fernet-key", e.value, at, place, more=more)
        elif is_secret_name(e.key) and not e.key.endswith(("_cmd", "_secret_name", "_backend")):
            yield from token("file.secret", e.value, at, place, more=more)


STORE = Store(
    id="airflow",
    title="Airflow configuration",
    where=(
        At(root=Root.HOME, glob="airflow/airflow.cfg", env="AIRFLOW_HOME"),
        At(root=Root.HOME, glob=".airflow/airflow.cfg", env="AIRFLOW_CONFIG"),
        At(root=Root.HOME, glob="**/airflow.cfg", skip=("node_modules", ".cache", "site-packages")),
    ),
    yields=("airflow.fernet-key", "database.password", "file.secret"),
    max_bytes=512 * KiB,
    parse=parse,
    since="0.1",
    reference="https://airflow.apache.org/docs/apache-airflow/stable/configurations-ref.html",
)
