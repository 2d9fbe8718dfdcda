"""Datadog: the API key and the application key of its command line tool and of its agent.

An application key acts as the person who made it; an API key only sends data in.
"""

from __future__ import annotations

from collections.abc import Iterator

from rescind.models.evidence import Finding, Location
from rescind.models.store import At, MiB, Root, Store
from rescind.stores._ini import entries
from rescind.stores._json import pairs, text
from rescind.stores._text import decode
from rescind.stores._token import token
from rescind.stores._yaml import maps

_KINDS = {
    "apikey": "datadog.api-key",
    "api_key": "datadog.api-key",
    "appkey": "datadog.app-key",
    "app_key": "datadog.app-key",
}


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield each key of the file. Raises `Unparsable` for broken YAML."""
    if at.path.endswith(".dogrc"):
        found = list(entries(decode(blob)))
        host = next((e.value for e in found if e.key == "host"), "").partition("://")[2] or "datadoghq.com"
        for e in found:
            if e.key in _KINDS:
                more = {"commented": "yes" if e.commented else ""}
                yield from token(_KINDS[e.key], e.value, at, f"{e.section}/{e.key}", issuer=host, more=more)
        return
    for document in maps(blob):
        host = text(document, "site") or "datadoghq.com"
        for name, value in pairs(document):
            if name in _KINDS and isinstance(value, str):
                yield from token(_KINDS[name], value, at, name, issuer=host)


_AGENT = ("etc/datadog-agent", "opt/datadog-agent/etc", "ProgramData/Datadog")
STORE = Store(
    id="datadog",
    title="Datadog CLI and agent",
    where=(
        At(root=Root.HOME, glob=".dogrc"),
        *(At(root=Root.SYSTEM, glob=f"{folder}/datadog.yaml") for folder in _AGENT),
    ),
    yields=tuple(dict.fromkeys(_KINDS.values())),
    max_bytes=1 * MiB,
    parse=parse,
    since="0.1",
    reference="https://docs.datadoghq.com/agent/configuration/agent-configuration-files/",
)
