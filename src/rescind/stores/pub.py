"""Dart's `pub`: the Google sign-in for pub.dev, and tokens of private package servers."""

from __future__ import annotations

from collections.abc import Iterator

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location, State
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._epoch import epoch
from rescind.stores._json import load, member, text
from rescind.stores._sighting import sighting
from rescind.stores._token import token

_GOOGLE = "https://accounts.google.com"


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield the sign-in, or a finding per server. Raises `Unparsable` for what is no JSON object."""
    document = load(blob)
    if not isinstance(document, dict):
        raise Unparsable("the file is not a JSON object")
    until = epoch(document.get("expiration"))
    own = {"scopes": _scopes(document.get("scopes")), "access_expires_at": until or ""}
    if refresh := text(document, "refreshToken"):
        yield from token("oauth.refresh-token", refresh, at, "/refreshToken", issuer=_GOOGLE, more=own)
    elif access := text(document, "accessToken"):
        yield from token("oauth.access-token", access, at, "/accessToken", issuer=_GOOGLE, more=own, expires_at=until)
    hosted = member(document, "hosted")
    for n, entry in enumerate(hosted if isinstance(hosted, list) else ()):
        url = text(entry, "url")
        own = {"url": url, "variable": text(entry, "env")}
        yield from token("pub.token", text(entry, "token"), at, f"/hosted/{n}/token", issuer=url, more=own)
    if hosted == []:
        yield sighting("pub.token", at, state=State.LOGGED_OUT)


def _scopes(value: object) -> str:
    return " ".join(str(v) for v in value[:20]) if isinstance(value, list) else ""


_FILES = ("pub-credentials.json", "pub-tokens.json")
STORE = Store(
    id="dart-pub",
    title="Dart and Flutter packages (pub)",
    where=(
        *(At(root=Root.XDG_CONFIG, glob=f"dart/{name}") for name in _FILES),
        *(At(root=Root.MAC_SUPPORT, glob=f"dart/{name}", os=("macos",)) for name in _FILES),
        *(At(root=Root.APPDATA, glob=f"dart/{name}", os=("windows",)) for name in _FILES),
        At(root=Root.HOME, glob=".pub-cache/credentials.json", env="PUB_CACHE"),
    ),
    yields=("oauth.refresh-token", "oauth.access-token", "pub.token", "github.token"),
    max_bytes=64 * KiB,
    parse=parse,
    since="0.1",
    reference="https://dart.dev/tools/pub/cmd/pub-token",
)
