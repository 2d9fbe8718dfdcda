"""Cloudflare's `wrangler`: the sign-in of its OAuth login with its scopes, or an API token in its older form.

An `.enc` file is encrypted with a key that the system's keychain has.
"""

from __future__ import annotations

from collections.abc import Iterator

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location, State
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._json import member, text
from rescind.stores._locked import locked
from rescind.stores._moment import moment
from rescind.stores._sighting import sighting
from rescind.stores._token import token
from rescind.stores._toml import read

_ISSUER = "https://dash.cloudflare.com"
_CLIENTS = {"": "54d11594-84e4-41aa-b438-e81b8fa78ee7", "staging": "4b2ea6cc-9421-4761-874b-ce550e0e3def"}


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield the sign-in, or what a logout leaves, then raise `Unparsable` for a file that is broken."""
    profile = at.path.rpartition("/")[2].partition(".")[0]
    if at.path.endswith(".enc"):
        if blob:
            yield locked("oauth.refresh-token", at, "system", issuer=_ISSUER, more={"profile": profile})
        return
    document, trouble = read(blob)
    scopes, until = member(document, "scopes"), moment(str(member(document, "expiration_time") or ""))
    more = {"scopes": " ".join(s for s in scopes if isinstance(s, str)) if isinstance(scopes, list) else ""}
    more |= {"profile": profile, "client_id": _CLIENTS.get(profile, _CLIENTS[""])}
    refresh, access, own = (text(document, n) for n in ("refresh_token", "oauth_token", "api_token"))
    if refresh:
        more["access_expires_at"] = until or ""
        yield from token("oauth.refresh-token", refresh, at, "refresh_token", issuer=_ISSUER, more=more)
    elif access:
        kind = "oauth.access-token"
        yield from token(kind, access, at, "oauth_token", issuer=_ISSUER, more=more, expires_at=until)
    yield from token("cloudflare.token", own, at, "api_token", issuer="cloudflare.com", more={"profile": profile})
    if not (refresh or access or own or trouble):
        yield sighting("oauth.refresh-token", at, issuer=_ISSUER, state=State.LOGGED_OUT)
    if trouble:
        raise Unparsable(trouble)


_FOLDER = ".wrangler/config"
_NAMES = tuple(f"{_FOLDER}/*.{end}" for end in ("toml", "enc"))
STORE = Store(
    id="wrangler",
    title="Cloudflare Wrangler",
    where=(
        *(At(root=Root.XDG_CONFIG, glob=name, env="WRANGLER_HOME") for name in _NAMES),
        *(At(root=Root.MAC_LIBRARY, glob=f"Preferences/{name}", os=("macos",)) for name in _NAMES),
        *(At(root=Root.APPDATA, glob=f"xdg.config/{name}", os=("windows",)) for name in _NAMES),
        *(At(root=Root.HOME, glob=name) for name in _NAMES),
    ),
    yields=("oauth.refresh-token", "oauth.access-token", "cloudflare.token"),
    max_bytes=64 * KiB,
    parse=parse,
    since="0.1",
    reference="https://developers.cloudflare.com/workers/wrangler/commands/#login",
)
