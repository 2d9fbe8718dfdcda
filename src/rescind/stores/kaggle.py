"""Kaggle: the key of `kaggle.json`, the newer access token, and the sign-in of its browser login.

A key is worth the whole account. There is one `kaggle.json` key per user; making a new one ends it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location, State
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._json import member, table, text
from rescind.stores._moment import moment
from rescind.stores._sighting import sighting
from rescind.stores._text import decode
from rescind.stores._token import token

_ISSUER = "kaggle.com"
_WORD = re.compile(r"[!-z|~]{8,2048}")


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield the key, the token, or the sign-in of the file. Raises `Unparsable` for what is none of them."""
    plain = decode(blob).strip()
    if not plain.startswith("{"):
        if not plain:
            yield sighting("kaggle.token", at, state=State.LOGGED_OUT)
        elif not _WORD.fullmatch(plain):
            raise Unparsable("the file holds something other than one token")
        yield from token("kaggle.token", plain, at, issuer=_ISSUER)
        return
    document = table(blob)
    user, scopes = text(document, "username"), member(document, "scopes")
    more = {"scopes": " ".join(s for s in scopes if isinstance(s, str)) if isinstance(scopes, list) else ""}
    until = moment(text(document, "access_token_expiration"))
    if refresh := text(document, "refresh_token"):
        own = {**more, "access_expires_at": until or ""}
        kind = "oauth.refresh-token"
        yield from token(kind, refresh, at, "/refresh_token", issuer=f"https://www.{_ISSUER}", subject=user, more=own)
    elif value := text(document, "access_token"):
        yield from token("kaggle.token", value, at, "/access_token", issuer=_ISSUER, subject=user, expires_at=until)
    yield from token("kaggle.api-key", text(document, "key"), at, "/key", issuer=_ISSUER, subject=user)


_NAMES = ("kaggle.json", "access_token", "access_token.txt", "credentials.json")
STORE = Store(
    id="kaggle",
    title="Kaggle keys and sign-in",
    where=(
        *(At(root=Root.HOME, glob=f".kaggle/{name}", env="KAGGLE_CONFIG_DIR") for name in _NAMES),
        At(root=Root.XDG_CONFIG, glob="kaggle/kaggle.json"),
        At(root=Root.HOME, glob="Downloads/kaggle*.json"),
    ),
    yields=("kaggle.api-key", "kaggle.token", "oauth.refresh-token"),
    max_bytes=64 * KiB,
    parse=parse,
    since="0.1",
    reference="https://github.com/Kaggle/kaggle-api/blob/main/docs/README.md#authentication",
)
