"""Vercel CLI: its token, or its sign-in, with the user that it is for."""

from __future__ import annotations

from collections.abc import Iterator

from rescind.models.evidence import Finding, Location, State
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._epoch import epoch
from rescind.stores._json import member, table, text
from rescind.stores._sighting import sighting
from rescind.stores._token import token

_KIND, _ISSUER = "vercel.token", "vercel.com"


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield the refresh token, or the token where there is no other, or a logout. Raises `Unparsable` for other JSON."""
    document = table(blob)
    user, until = text(document, "userId"), epoch(member(document, "expiresAt"))
    refresh, value = text(document, "refreshToken"), text(document, "token")
    if refresh:
        more, kind = {"access_expires_at": until or ""}, "oauth.refresh-token"
        yield from token(kind, refresh, at, "/refreshToken", issuer=f"https://{_ISSUER}", subject=user, more=more)
    elif value:
        yield from token(_KIND, value, at, "/token", issuer=_ISSUER, subject=user, expires_at=until)
    else:
        yield sighting(_KIND, at, issuer=_ISSUER, state=State.LOGGED_OUT)


_NAME = "com.vercel.cli/auth.json"
STORE = Store(
    id="vercel",
    title="Vercel CLI",
    where=(
        At(root=Root.XDG_DATA, glob=_NAME),
        At(root=Root.MAC_SUPPORT, glob=_NAME, os=("macos",)),
        At(root=Root.APPDATA, glob=f"xdg.data/{_NAME}", os=("windows",)),
        *(At(root=Root.HOME, glob=f"{folder}/auth.json") for folder in (".vercel", ".now")),
    ),
    yields=(_KIND, "oauth.refresh-token"),
    max_bytes=64 * KiB,
    parse=parse,
    since="0.1",
    reference="https://vercel.com/docs/project-configuration/global-configuration#auth.json",
)
