"""Grok CLI's own sign-ins: by issuer and client, the access token as `key`, with the person and the refresh token beside it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from rescind.models.evidence import Finding, Location
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._epoch import epoch
from rescind.stores._json import member, pairs, table, text
from rescind.stores._moment import moment
from rescind.stores._token import token


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield each sign-in and each API key. Raises `Unparsable` for what is no JSON object."""
    for scope, entry in pairs(table(blob)) if blob.strip() else ():
        issuer, _, client = scope.partition("::")
        place, key, refresh = replace(at, pointer=f"/{scope}"), text(entry, "key"), text(entry, "refresh_token")
        who, until = text(entry, "email"), moment(text(entry, "expires_at")) or epoch(member(entry, "expires_at"))
        if client == "api_key":
            yield from token("xai.api-key", key, place, issuer="x.ai", subject=who)
            continue
        issuer = text(entry, "oidc_issuer") or issuer
        more = {"user_id": text(entry, "user_id"), "client_id": text(entry, "oidc_client_id") or client, "email": who}
        if refresh:
            own = {**more, "access_expires_at": until or ""}
            yield from token("oauth.refresh-token", refresh, place, issuer=issuer, subject=who, more=own)
        else:
            kind = "oauth.access-token"
            yield from token(kind, key, place, issuer=issuer, subject=who, more=more, expires_at=until)


STORE = Store(
    id="grok-cli",
    title="Grok CLI sign-ins",
    where=(At(root=Root.HOME, glob=".grok/auth.json", env="GROK_HOME"),),
    yields=("xai.api-key", "oauth.refresh-token", "oauth.access-token"),
    max_bytes=256 * KiB,
    parse=parse,
    since="0.1",
    reference="https://docs.x.ai/docs/overview",
)
