"""Twilio's command line tool: an API key for each profile, named by its SID. Older ones have their secret in the system's keychain."""

from __future__ import annotations

from collections.abc import Iterator

from rescind.models.evidence import Finding, Location
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._json import member, pairs, table, text
from rescind.stores._token import kept, token

_KIND, _ISSUER = "twilio.api-key", "twilio.com"


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield the key of each profile. Raises `Unparsable` for what is no JSON object."""
    document = table(blob)
    for profile, entry in pairs(document, "profiles"):
        more = {"profile": profile, "account": text(entry, "accountSid"), "region": text(entry, "region")}
        number, value, place = text(entry, "apiKey"), text(entry, "apiSecret"), f"/profiles/{profile}/apiSecret"
        who = more["account"]
        kind = _KIND if number.startswith("SK") else "twilio.auth-token"
        yield from token(kind, value, at, place, identifier=number, issuer=_ISSUER, subject=who, more=more)
    older = member(document, "projects")
    for nth, entry in enumerate(older[:200] if isinstance(older, list) else ()):
        if account := text(entry, "accountSid"):
            own = {"profile": text(entry, "id"), "kept_in": "keychain"}
            yield kept(_KIND, at, f"/projects/{nth}", issuer=_ISSUER, subject=account, more=own)


STORE = Store(
    id="twilio",
    title="Twilio CLI",
    where=(At(root=Root.HOME, glob=".twilio-cli/config.json"),),
    yields=(_KIND, "twilio.auth-token"),
    max_bytes=64 * KiB,
    parse=parse,
    since="0.1",
    reference="https://github.com/twilio/twilio-cli-core/blob/main/src/services/config.js",
)
