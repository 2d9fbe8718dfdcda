"""Bitwarden's command line and desktop programs: the sign-in of each account, its API key, and the locked vault beside it.

Deauthorising the sessions, or revoking the member, ends the tokens; the vault's copy stays as strong as the master password.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location, State
from rescind.models.store import At, MiB, Root, Store
from rescind.stores._json import load, member, text
from rescind.stores._locked import locked
from rescind.stores._sighting import sighting
from rescind.stores._token import token

_USER = re.compile(r"user_([0-9a-fA-F-]{8,40})_.+")
_FORMS = {
    "refreshToken": "refresh",
    "accessToken": "access",
    "twoFactorToken": "two-factor",
    "apiKeyClientSecret": "api-key",
}
_SEALED = re.compile(r"\d\.[A-Za-z0-9+/=]+\|.+", re.DOTALL)


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield the tokens and the vault of each account, or the signed-out file. Raises `Unparsable` for what is no JSON object."""
    document = load(blob)
    if not isinstance(document, dict):
        raise Unparsable("the file is not a JSON object")
    accounts = {m[1]: "new" for name in document if (m := _USER.fullmatch(name)) and document[name] is not None}
    named = member(document, "global_account_accounts")
    accounts |= dict.fromkeys(named, "new") if isinstance(named, dict) else {}
    older = {name: entry for name, entry in document.items() if member(entry, "profile", "email")}
    for user in accounts:
        values = {n: text(document, f"user_{user}_token_{n}") for n in (*_FORMS, "apiKeyClientId")}
        email, region = text(named, user, "email"), text(document, f"user_{user}_environment_environment", "region")
        own = {"user_id": user, "name": text(named, user, "name"), "region": region}
        own |= {"server": text(document, f"user_{user}_environment_environment", "urls", "base")}
        yield from _account(values, email, own, at, f"/user_{user}_token_")
        if any(n.startswith((f"user_{user}_masterPassword", f"user_{user}_ciphers")) and document[n] for n in document):
            yield locked("bitwarden.vault", at, "passphrase", f"/user_{user}", identifier=user, subject=email, more=own)
    for name, entry in older.items():
        values = {n: text(entry, "tokens", n) for n in _FORMS} | {
            "apiKeyClientId": text(entry, "profile", "apiKeyClientId")
        }
        email, own = (
            text(entry, "profile", "email"),
            {"user_id": name, "server": text(entry, "settings", "environmentUrls", "base")},
        )
        yield from _account(values, email, own, at, f"/{name}/tokens/")
    if not accounts and not older:
        yield sighting("bitwarden.session", at, state=State.LOGGED_OUT)


def _account(values: dict[str, str], email: str, own: dict[str, str], at: Location, base: str) -> Iterator[Finding]:
    issuer = own["server"] or "bitwarden.com"
    for name, form in _FORMS.items():
        value, key = values[name], name == "apiKeyClientSecret"
        kind, mine = ("bitwarden.api-key", values["apiKeyClientId"]) if key else ("bitwarden.session", "")
        more = {**own, "form": form}
        if _SEALED.fullmatch(value):
            yield locked(kind, at, "system", base + name, identifier=mine, issuer=issuer, subject=email, more=more)
        else:
            yield from token(kind, value, at, base + name, identifier=mine, issuer=issuer, subject=email, more=more)


_NAMES = ("Bitwarden CLI/data.json", "Bitwarden/data.json")
STORE = Store(
    id="bitwarden",
    title="Bitwarden sign-ins",
    where=(
        *(At(root=Root.XDG_CONFIG, glob=n, env="BITWARDENCLI_APPDATA_DIR" if "CLI" in n else "") for n in _NAMES),
        *(At(root=Root.MAC_SUPPORT, glob=n, os=("macos",)) for n in _NAMES),
        *(At(root=Root.APPDATA, glob=n, os=("windows",)) for n in _NAMES),
    ),
    yields=("bitwarden.session", "bitwarden.api-key", "bitwarden.vault", "github.token"),
    max_bytes=64 * MiB,
    parse=parse,
    since="0.1",
    reference="https://bitwarden.com/help/data-storage/#on-your-local-machine",
)
