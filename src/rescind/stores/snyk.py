"""Snyk: the token of its command line tool, or the sign-in of its newer OAuth login."""

from __future__ import annotations

from collections.abc import Iterator

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location, State
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._json import load, table, text
from rescind.stores._moment import moment
from rescind.stores._sighting import sighting
from rescind.stores._token import token

_OAUTH = "INTERNAL_OAUTH_TOKEN_STORAGE"


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield the token, the refresh token, or a logout. Raises `Unparsable` for what is no JSON object."""
    document = table(blob)
    more = {"org": text(document, "org"), "endpoint": text(document, "endpoint")}
    value, stored = text(document, "api"), text(document, _OAUTH) or text(document, _OAUTH.lower())
    yield from token("snyk.token", value, at, "/api", issuer="snyk.io", more=more)
    if stored:
        held = load(stored.encode("utf-8", "surrogateescape"))
        refresh, access = text(held, "refresh_token"), text(held, "access_token")
        until = moment(text(held, "expiry"))
        kind, raw = ("oauth.refresh-token", refresh) if refresh else ("oauth.access-token", access)
        own = {**more, "access_expires_at": until or ""} if refresh else more
        ends = None if refresh else until
        yield from token(kind, raw, at, f"/{_OAUTH}", issuer="https://api.snyk.io", more=own, expires_at=ends)
        if not raw:
            raise Unparsable("the stored sign-in holds no token")
    if not (value or stored):
        yield sighting("snyk.token", at, issuer="snyk.io", state=State.LOGGED_OUT)


STORE = Store(
    id="snyk",
    title="Snyk CLI",
    where=(
        At(root=Root.HOME, glob=".config/configstore/snyk.json"),
        At(root=Root.XDG_CONFIG, glob="configstore/snyk.json"),
    ),
    yields=("snyk.token", "oauth.refresh-token", "oauth.access-token"),
    max_bytes=256 * KiB,
    parse=parse,
    since="0.1",
    reference="https://docs.snyk.io/developer-tools/snyk-cli/commands/config",
)
