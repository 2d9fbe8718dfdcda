"""New Relic's command line tool: a user's API key and the keys that send data, for each profile and account."""

from __future__ import annotations

from collections.abc import Iterator

from rescind.models.evidence import Finding, Location
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._json import member, pairs, table, text
from rescind.stores._token import token

_KEYS = ("apiKey", "insightsInsertKey", "licenseKey")


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield each key of each profile. Raises `Unparsable` for what is no JSON object."""
    for profile, entry in pairs(table(blob)):
        account = str(member(entry, "accountID") or "")
        for name in _KEYS:
            more = {"profile": profile, "account": account, "name": name, "region": text(entry, "region")}
            value = text(entry, name)
            yield from token(
                "newrelic.api-key", value, at, f"/{profile}/{name}", issuer="newrelic.com", subject=account, more=more
            )


STORE = Store(
    id="newrelic",
    title="New Relic CLI",
    where=(At(root=Root.HOME, glob=".newrelic/credentials.json"),),
    yields=("newrelic.api-key",),
    max_bytes=64 * KiB,
    parse=parse,
    since="0.1",
    reference="https://docs.newrelic.com/docs/new-relic-solutions/tutorials/new-relic-cli/",
)
