"""Google credentials as JSON: the same documents in gcloud's database, in its folders, and in key files."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location, State
from rescind.stores._decoys import is_placeholder
from rescind.stores._json import member, text
from rescind.stores._jwt import facts
from rescind.stores._sighting import sighting

ISSUER = "https://accounts.google.com"
_KEY = re.compile(r"-----BEGIN (?:RSA )?PRIVATE KEY-----[\sA-Za-z0-9+/=]{100,20000}-----END")
_TARGET = re.compile(r"/serviceAccounts/([^/:]{1,200}):generateAccessToken")
_USERS = {"authorized_user", "external_account_user", "external_account_authorized_user"}
_KEYS = {"service_account", "service_account_p12", "gdch_service_account"}
_WITHOUT = {"external_account", "impersonated_account"}  # these name where a token is to be fetched
_NESTED = {"impersonated_service_account"}


def findings(
    document: object, at: Location, *, account: str = "", more: Mapping[str, str] | None = None
) -> Iterator[Finding]:
    """Yield what one document holds: a refresh token or a service account's key. `account` is what the file around it says.

    `type` decides: https://google.aip.dev/auth/4110. Raises `Unparsable` for a type that is not known here.
    """
    kind, extra = text(document, "type"), dict(more or {})
    for _ in range(4):
        if kind not in _NESTED:
            break
        target = _TARGET.search(text(document, "service_account_impersonation_url"))
        extra["impersonates"] = target[1] if target else extra.get("impersonates", "")
        document = member(document, "source_credentials")
        kind, at = text(document, "type"), replace(at, pointer=f"{at.pointer or ''}/source_credentials")
    if kind in _USERS:
        yield from user(document, at, account, extra)
    elif kind in _KEYS:
        yield _key(document, at, account, extra)
    elif kind not in _WITHOUT:
        raise Unparsable("a Google credential of an unknown type")


def user(document: object, at: Location, account: str, extra: Mapping[str, str]) -> Iterator[Finding]:
    """Yield the refresh token of a person, for whichever client it was made; a workforce identity's comes from Google's STS."""
    token, kind = text(document, "refresh_token"), text(document, "type")
    if not token:
        return
    mine = facts(text(document, "id_token"))
    own = {"account": account or text(document, "account") or mine.get("email", ""), "type": kind}
    own |= {"client_id": text(document, "client_id"), "audience": text(document, "audience")}
    own |= {n: mine[n] for n in ("sub", "hd") if n in mine} | {"quota_project": text(document, "quota_project_id")}
    own["reauthenticated"] = "yes" if text(document, "rapt_token") else ""
    dud = is_placeholder(token)
    yield sighting(
        "oauth.refresh-token",
        at,
        issuer="https://sts.googleapis.com" if kind == "external_account_authorized_user" else ISSUER,
        subject=own["account"],
        secret="" if dud else token,
        attributes={**extra, **own},
        state=State.PLACEHOLDER if dud else State.LIVE_UNVERIFIED,
    )


def access(
    token: str, at: Location, account: str, expires_at: str | None, id_token: str, extra: Mapping[str, str]
) -> Finding:
    """Return an access token out of gcloud's cache: it cannot be renewed, and lives until its end whatever happens to the login."""
    mine = {n: v for n, v in facts(id_token).items() if n in {"email", "sub", "hd"}}
    own, who = {"account": account, **mine, **extra}, mine.get("email", account)
    dud = is_placeholder(token)
    state, held = (State.PLACEHOLDER, "") if dud else (State.LIVE_UNVERIFIED, token)
    return sighting(
        "oauth.access-token",
        at,
        issuer=ISSUER,
        subject=who,
        secret=held,
        attributes=own,
        expires_at=expires_at,
        state=state,
    )


def _key(document: object, at: Location, account: str, extra: Mapping[str, str]) -> Finding:
    """Return the key of a service account: it works until it is deleted in IAM, and its id is enough to do that."""
    p12 = text(document, "type") == "service_account_p12"
    email = text(document, "client_email") or text(document, "name") or account
    key = text(document, "private_key").replace("\\n", "\n")
    dud = is_placeholder(key) or not (p12 or _KEY.search(key))
    own = {"client_email": email, "type": text(document, "type"), "client_id": text(document, "client_id")}
    project = text(document, "project_id") or text(document, "project")
    return sighting(
        "google.service-account-key",
        at,
        identifier=text(document, "private_key_id"),
        issuer=project,
        subject=email,
        secret="" if dud else text(document, "private_key"),
        attributes={**extra, **own, "project": project},
        state=State.PLACEHOLDER if dud else State.LIVE_UNVERIFIED,
    )
