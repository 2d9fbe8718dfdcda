"""Neon: the sign-in of its command line tool."""

from __future__ import annotations

from collections.abc import Iterator

from rescind.models.evidence import Finding, Location, State
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._epoch import epoch
from rescind.stores._json import member, table, text
from rescind.stores._sighting import sighting
from rescind.stores._token import token

_ISSUER = "https://oauth2.neon.tech"


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield the refresh token, the access token where there is no other, or a logout. Raises `Unparsable`."""
    document = table(blob)
    user, until = text(document, "user_id"), epoch(member(document, "expires_at"))
    more = {"scopes": text(document, "scope"), "user": user}
    refresh, access = text(document, "refresh_token"), text(document, "access_token")
    if refresh:
        own = {**more, "access_expires_at": until or ""}
        yield from token("oauth.refresh-token", refresh, at, "/refresh_token", issuer=_ISSUER, subject=user, more=own)
    elif access:
        kind = "oauth.access-token"
        yield from token(kind, access, at, "/access_token", issuer=_ISSUER, subject=user, more=more, expires_at=until)
    else:
        yield sighting("oauth.refresh-token", at, issuer=_ISSUER, state=State.LOGGED_OUT)


STORE = Store(
    id="neonctl",
    title="Neon CLI",
    where=(
        At(root=Root.HOME, glob=".config/neonctl/credentials.json"),
        At(root=Root.XDG_CONFIG, glob="neonctl/credentials.json"),
    ),
    yields=("oauth.refresh-token", "oauth.access-token"),
    max_bytes=64 * KiB,
    parse=parse,
    since="0.1",
    reference="https://neon.com/docs/reference/cli-auth",
)
