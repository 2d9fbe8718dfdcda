"""Turso: the token of its command line tool, with the user and the organisation that are in use."""

from __future__ import annotations

from collections.abc import Iterator

from rescind.models.evidence import Finding, Location, State
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._json import table, text
from rescind.stores._sighting import sighting
from rescind.stores._token import token

_KIND, _ISSUER = "turso.token", "turso.tech"


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield the token, or a logout. Raises `Unparsable` for what is no JSON object."""
    document = table(blob)
    value, who = text(document, "token"), text(document, "username")
    if not value:
        yield sighting(_KIND, at, issuer=_ISSUER, state=State.LOGGED_OUT)
    more = {"organization": text(document, "organization")}
    yield from token(_KIND, value, at, "/token", issuer=_ISSUER, subject=who, more=more)


STORE = Store(
    id="turso",
    title="Turso CLI",
    where=(
        At(root=Root.XDG_CONFIG, glob="turso/settings.json", env="TURSO_CONFIG_FOLDER"),
        At(root=Root.MAC_SUPPORT, glob="turso/settings.json", os=("macos",)),
        At(root=Root.APPDATA, glob="turso/settings.json", os=("windows",)),
        At(root=Root.LOCALAPPDATA, glob="turso/settings.json", os=("windows",)),
    ),
    yields=(_KIND,),
    max_bytes=256 * KiB,
    parse=parse,
    since="0.1",
    reference="https://docs.turso.tech/cli/auth/login",
)
