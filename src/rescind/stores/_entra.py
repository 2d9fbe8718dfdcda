"""Entra ID tokens and secrets as Microsoft's libraries write them down."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from rescind.models.evidence import Finding, Location, State
from rescind.stores._decoys import is_placeholder
from rescind.stores._epoch import epoch
from rescind.stores._json import member, text
from rescind.stores._jwt import expiry, facts
from rescind.stores._moment import moment
from rescind.stores._sighting import sighting

_SECRET = re.compile(r"([A-Za-z0-9_~.\-]{3})[0-9]Q~[A-Za-z0-9_~.\-]{31,34}")


def sections(cache: object, at: Location) -> Iterator[Finding]:
    """Yield the tokens of an MSAL cache: refresh tokens by account and client, access tokens with the claims that name them.

    https://github.com/AzureAD/microsoft-authentication-library-for-python/blob/dev/msal/token_cache.py
    """
    people = {text(a, "home_account_id"): text(a, "username") for a in _entries(cache, "Account").values()}
    for key, entry in _entries(cache, "RefreshToken").items():
        place, home = replace(at, pointer=f"/RefreshToken/{key}"), text(entry, "home_account_id")
        oid, _, tid = home.partition(".")
        more = {n: text(entry, n) for n in ("client_id", "family_id", "environment")}
        more |= {"home_account_id": home, "oid": oid, "tid": tid}
        name = f"{home}:{more['client_id']}"
        yield token("entra.refresh-token", text(entry, "secret"), place, name, tid, people.get(home, ""), more)
    for key, entry in _entries(cache, "AccessToken").items():
        place, raw = replace(at, pointer=f"/AccessToken/{key}"), text(entry, "secret")
        more = {n: text(entry, n) for n in ("client_id", "home_account_id", "environment", "target")}
        until = epoch(text(entry, "expires_on")) or expiry(raw)
        who = people.get(more["home_account_id"], "")
        yield token("entra.access-token", raw, place, "", text(entry, "realm"), who, more, until)


def token(
    kind: str,
    raw: str,
    at: Location,
    identifier: str,
    tenant: str,
    subject: str,
    more: Mapping[str, str],
    expires_at: str | None = None,
) -> Finding:
    """Return the finding for one token; the claims of an access token (`uti`, `oid`, `appid`, …) become attributes."""
    dud = is_placeholder(raw)
    claims = facts(raw)
    return sighting(
        kind,
        at,
        identifier=identifier,
        issuer=tenant or claims.get("tid", ""),
        subject=subject or claims.get("upn", ""),
        secret="" if dud else raw,
        attributes={**claims, **more, "tenant": tenant},
        expires_at=expires_at,
        state=State.PLACEHOLDER if dud else State.LIVE_UNVERIFIED,
    )


def principal(tenant: str, client: str, secret: str, at: Location) -> Finding:
    """Return the secret of an application: `hint` is the part of it that Graph shows too, so that its key id can be told.

    https://learn.microsoft.com/en-us/graph/api/resources/passwordcredential
    """
    shape = _SECRET.fullmatch(secret)
    more = {"tenant": tenant, "client_id": client, "hint": shape[1] if shape else ""}
    return token("entra.client-secret", secret, at, f"{tenant}/{client}", tenant, client, more)


def adal(entry: object, at: Location) -> Iterator[Finding]:
    """Yield what one entry of `accessTokens.json` holds, as Azure CLI before 2.30 wrote it."""
    tenant, client = text(entry, "servicePrincipalTenant"), text(entry, "servicePrincipalId")
    if client:
        yield principal(tenant, client, text(entry, "accessToken"), at)
        return
    tenant, user = text(entry, "_authority").rstrip("/").rpartition("/")[2], text(entry, "userId")
    client, oid = text(entry, "_clientId"), text(entry, "oid")
    more = {"client_id": client, "oid": oid, "target": text(entry, "resource")}
    if refresh := text(entry, "refreshToken"):
        name = f"{oid}.{tenant}:{client}" if oid else ""
        yield token("entra.refresh-token", refresh, at, name, tenant, user, more)
    if access := text(entry, "accessToken"):
        until = expiry(access) or moment(text(entry, "expiresOn"))
        yield token("entra.access-token", access, at, "", tenant, user, more, until)


def _entries(cache: object, section: str) -> dict[str, object]:
    found = member(cache, section)
    return found if isinstance(found, dict) else {}
