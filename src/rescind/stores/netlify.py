"""Netlify CLI: a token for each user that signed in, and the GitHub token that it was lent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from rescind.models.evidence import Finding, Location, State
from rescind.models.store import At, KiB, Root, Store
from rescind.stores import _github
from rescind.stores._decoys import is_placeholder
from rescind.stores._json import pairs, table, text
from rescind.stores._sighting import sighting
from rescind.stores._token import token

_KIND, _ISSUER = "netlify.token", "netlify.com"


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield the tokens of each user, or one logged-out login. Raises `Unparsable` for other JSON."""
    document = table(blob)
    found = [f for user, entry in pairs(document, "users") for f in _user(user, entry, at)]
    found += token(_KIND, text(document, "access_token"), at, "/access_token", issuer=_ISSUER, more={"form": "older"})
    yield from found or [sighting(_KIND, at, issuer=_ISSUER, state=State.LOGGED_OUT)]


def _user(user: str, entry: object, at: Location) -> Iterator[Finding]:
    who, place = text(entry, "email") or text(entry, "name"), f"/users/{user}/auth"
    more = {"user": user, "name": text(entry, "name"), "email": text(entry, "email")}
    yield from token(_KIND, text(entry, "auth", "token"), at, f"{place}/token", issuer=_ISSUER, subject=who, more=more)
    value, login = text(entry, "auth", "github", "token"), text(entry, "auth", "github", "user")
    if value and not is_placeholder(value):
        there = replace(at, pointer=f"{place}/github/token")
        yield _github.finding(value, there, host="github.com", login=login, attributes={"client": "netlify"})


STORE = Store(
    id="netlify",
    title="Netlify CLI",
    where=(
        At(root=Root.XDG_CONFIG, glob="netlify/config.json"),
        At(root=Root.MAC_LIBRARY, glob="Preferences/netlify/config.json", os=("macos",)),
        At(root=Root.APPDATA, glob="netlify/Config/config.json", os=("windows",)),
        At(root=Root.HOME, glob=".netlify/config.json"),
    ),
    yields=(_KIND, "github.token"),
    max_bytes=256 * KiB,
    parse=parse,
    since="0.1",
    reference="https://github.com/netlify/cli/blob/main/src/lib/settings.ts",
)
