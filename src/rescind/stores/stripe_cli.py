"""Stripe CLI: the restricted keys of each profile, for 90 days. A live key is shown there with stars; the keychain has the whole one.

Where no keychain answers, `credentials.json` holds what it would have held, in clear.
"""

from __future__ import annotations

from collections.abc import Iterator

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location, State
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._json import pairs, table, text
from rescind.stores._moment import moment
from rescind.stores._sighting import sighting
from rescind.stores._token import kept, token
from rescind.stores._toml import read

_KIND, _ISSUER = "stripe.api-key", "stripe.com"
_KEYS = {"test_mode": "test_mode_api_key", "live_mode": "live_mode_api_key", "secret": "secret_key", "older": "api_key"}


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield the keys of each profile or of the fallback file, then raise `Unparsable` for a file that is broken."""
    if at.path.endswith(".json"):
        yield from _fallback(table(blob), at)
        return
    document, trouble = read(blob)
    found = [f for profile, entry in (("", document), *pairs(document)) for f in _keys(profile, entry, at)]
    if not found and not trouble:
        found.append(sighting(_KIND, at, state=State.LOGGED_OUT))
    yield from found
    if trouble:
        raise Unparsable(trouble)


def _keys(profile: str, entry: object, at: Location) -> Iterator[Finding]:
    account = text(entry, "account_id")
    own = {"profile": profile, "account": account, **{n: text(entry, n) for n in ("device_name", "display_name")}}
    for mode, key in _KEYS.items():
        value, place = text(entry, key), f"{profile}/{key}"
        more = {**own, "mode": mode, "form": value[:7] if value.startswith(("sk_", "rk_")) else ""}
        if "*" in value:
            yield kept(_KIND, at, place, issuer=_ISSUER, subject=account, more={**more, "kept_in": "keychain"})
            continue
        until = str(entry.get(f"{mode}_key_expires_at", "")) if isinstance(entry, dict) else ""
        ends = moment(until)
        yield from token(_KIND, value, at, place, issuer=_ISSUER, subject=account, more=more, expires_at=ends)


def _fallback(document: dict[str, object], at: Location) -> Iterator[Finding]:
    until = moment(text(document, "oauth_uat_expires_at"))
    for key, value in pairs(document):
        if not isinstance(value, str) or key in {"oauth_uat_expires_at", "oauth_active_context"}:
            continue
        oauth = {"uat": "oauth.access-token", "oauth_refresh_token": "oauth.refresh-token"}.get(key, "")
        issuer, ends = (f"https://access.{_ISSUER}", until if key == "uat" else None) if oauth else (_ISSUER, None)
        if oauth or key.endswith("api_key"):
            yield from token(oauth or _KIND, value, at, f"/{key}", issuer=issuer, more={"name": key}, expires_at=ends)


_NAMES = ("stripe/config.toml", "stripe/credentials.json")
STORE = Store(
    id="stripe-cli",
    title="Stripe CLI profiles",
    where=tuple(At(root=Root.XDG_CONFIG, glob=name) for name in _NAMES),
    yields=(_KIND, "oauth.access-token", "oauth.refresh-token"),
    max_bytes=256 * KiB,
    parse=parse,
    since="0.1",
    reference="https://docs.stripe.com/stripe-cli/keys",
)
