"""Shopify CLI: the sign-in of each person, and tokens for each shop and service that live for an hour or so."""

from __future__ import annotations

from collections.abc import Iterator

from rescind.models.evidence import Finding, Location, State
from rescind.models.store import At, MiB, Root, Store
from rescind.stores._json import load, member, pairs, table, text
from rescind.stores._moment import moment
from rescind.stores._sighting import sighting
from rescind.stores._token import token


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield the sign-in and the tokens of each person, or a logout. Raises `Unparsable` for broken JSON, also inside."""
    held = text(table(blob), "sessionStore")
    sessions = load(held.encode("utf-8", "surrogateescape")) if held.strip() else {}
    found = [f for host, users in pairs(sessions) for user, entry in pairs(users) for f in _one(host, user, entry, at)]
    yield from found or [sighting("oauth.refresh-token", at, state=State.LOGGED_OUT)]


def _one(host: str, user: str, entry: object, at: Location) -> Iterator[Finding]:
    mine, issuer, place = member(entry, "identity"), f"https://{host}", f"/sessionStore/{host}/{user}"
    scopes, who = member(mine, "scopes"), text(mine, "email") or user
    more = {"user": user, "alias": text(mine, "alias"), "access_expires_at": moment(text(mine, "expiresAt")) or ""}
    more["scopes"] = " ".join(s for s in scopes[:50] if isinstance(s, str)) if isinstance(scopes, list) else ""
    kind, value = "oauth.refresh-token", text(mine, "refreshToken")
    yield from token(kind, value, at, f"{place}/identity/refreshToken", issuer=issuer, subject=who, more=more)
    for name, other in pairs(entry, "applications"):
        own, until = {"user": user, "application": name}, moment(text(other, "expiresAt"))
        shop = text(other, "storeFqdn") or host
        kind, raw, where = "shopify.token", text(other, "accessToken"), f"{place}/applications/{name}"
        yield from token(kind, raw, at, where, issuer=shop, subject=who, more=own, expires_at=until)


_NAME = "shopify-cli-kit-nodejs"
STORE = Store(
    id="shopify",
    title="Shopify CLI",
    where=(
        At(root=Root.XDG_CONFIG, glob=f"{_NAME}/config.json"),
        At(root=Root.MAC_LIBRARY, glob=f"Preferences/{_NAME}/config.json", os=("macos",)),
        At(root=Root.APPDATA, glob=f"{_NAME}/Config/config.json", os=("windows",)),
    ),
    yields=("oauth.refresh-token", "shopify.token"),
    max_bytes=1 * MiB,
    parse=parse,
    since="0.1",
    reference="https://github.com/Shopify/cli/blob/main/packages/cli-kit/src/private/node/session/schema.ts",
)
