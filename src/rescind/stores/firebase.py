"""Firebase's command line tool: Google refresh tokens of each account that signed in, made for Firebase's own client."""

from __future__ import annotations

from collections.abc import Iterator

from rescind.models.evidence import Finding, Location, State
from rescind.models.store import At, KiB, Root, Store
from rescind.stores import _google
from rescind.stores._epoch import epoch
from rescind.stores._json import member, table, text
from rescind.stores._jwt import facts
from rescind.stores._sighting import sighting
from rescind.stores._token import token

_CLIENT = "563584335869-fgrhgmd47bqnekij5i8b5pr03ho849e6.apps.googleusercontent.com"


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield the sign-in of each account, or a logout. Raises `Unparsable` for what is no JSON object."""
    document = table(blob)
    others = member(document, "additionalAccounts")
    accounts = [
        ("", document),
        *((f"/additionalAccounts/{n}", a) for n, a in enumerate(others[:100] if isinstance(others, list) else ())),
    ]
    found = [f for place, account in accounts for f in _account(account, at, place)]
    yield from found or [sighting("oauth.refresh-token", at, issuer=_google.ISSUER, state=State.LOGGED_OUT)]


def _account(account: object, at: Location, place: str) -> Iterator[Finding]:
    tokens, said = member(account, "tokens"), facts(text(account, "tokens", "id_token"))
    who, scopes = text(account, "user", "email") or said.get("email", ""), member(tokens, "scopes")
    more = {
        "client_id": _CLIENT,
        "account": who,
        "sub": text(account, "user", "sub"),
        "hd": text(account, "user", "hd"),
    }
    more["scopes"] = " ".join(s for s in scopes if isinstance(s, str)) if isinstance(scopes, list) else ""
    more["access_expires_at"] = epoch(member(tokens, "expires_at")) or ""
    kind, value = "oauth.refresh-token", text(tokens, "refresh_token")
    yield from token(kind, value, at, f"{place}/tokens/refresh_token", issuer=_google.ISSUER, subject=who, more=more)


STORE = Store(
    id="firebase",
    title="Firebase CLI",
    where=(
        At(root=Root.HOME, glob=".config/configstore/firebase-tools.json"),
        At(root=Root.XDG_CONFIG, glob="configstore/firebase-tools.json"),
    ),
    yields=("oauth.refresh-token",),
    max_bytes=512 * KiB,
    parse=parse,
    since="0.1",
    reference="https://github.com/firebase/firebase-tools/blob/main/src/auth.ts",
)
