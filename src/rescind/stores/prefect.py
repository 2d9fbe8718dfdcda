"""Prefect: an API key for each profile, and passwords of its own database."""

from __future__ import annotations

from collections.abc import Iterator

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._json import pairs, text
from rescind.stores._names import userinfo
from rescind.stores._token import token
from rescind.stores._toml import read


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield the key of each profile, then raise `Unparsable` for a file that is broken."""
    document, trouble = read(blob)
    for profile, entry in pairs(document, "profiles"):
        host = text(entry, "PREFECT_API_URL").partition("://")[2].partition("/")[0]
        more, place = {"profile": profile, "url": text(entry, "PREFECT_API_URL")}, f"profiles/{profile}"
        yield from token(
            "prefect.api-key", text(entry, "PREFECT_API_KEY"), at, f"{place}/PREFECT_API_KEY", issuer=host, more=more
        )
        for name, value in pairs(entry):
            if isinstance(value, str) and name.endswith("CONNECTION_URL") and (url := userinfo(value)):
                kind, own = "database.password", {**more, "name": name}
                yield from token(
                    kind,
                    url.password,
                    at,
                    f"{place}/{name}",
                    issuer=url.host,
                    subject=url.user,
                    more=own,
                    password=True,
                )
    if trouble:
        raise Unparsable(trouble)


STORE = Store(
    id="prefect",
    title="Prefect profiles",
    where=(
        At(root=Root.HOME, glob=".prefect/profiles.toml", env="PREFECT_HOME"),
        At(root=Root.HOME, glob=".prefect/profiles.toml", env="PREFECT_PROFILES_PATH"),
    ),
    yields=("prefect.api-key", "database.password"),
    max_bytes=64 * KiB,
    parse=parse,
    since="0.1",
    reference="https://docs.prefect.io/v3/develop/settings-and-profiles",
)
