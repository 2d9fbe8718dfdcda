"""Google accounts that a Chromium browser is signed in to: in `Local State` by name, in `Web Data` as refresh tokens under its own key.

Whoever has the profile has the account's sync data; signing the user out at Google ends both.
"""

from __future__ import annotations

from collections.abc import Iterator

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location, State
from rescind.models.store import MiB, Store
from rescind.stores import _chromium
from rescind.stores._json import load, member, text
from rescind.stores._locked import locked
from rescind.stores._sighting import sighting
from rescind.stores._sqlite import rows

_ISSUER = "https://accounts.google.com"


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield one finding for each account. Raises `Unparsable` for what is neither of the two files."""
    if not blob:
        return
    if not at.path.endswith("Local State"):
        found = rows(blob, "token_service", ("service", "encrypted_token"))
        for service, token in found or ():
            if token:
                account, own = service.removeprefix("AccountId-"), _chromium.told(at.path)
                yield locked(
                    "oauth.refresh-token",
                    at,
                    "app",
                    f"token_service/{service}",
                    issuer=_ISSUER,
                    subject=account,
                    more=own,
                )
        return
    document = load(blob)
    if not isinstance(document, dict):
        raise Unparsable("the file is not a JSON object")
    crypt, profiles = member(document, "os_crypt"), member(document, "profile", "info_cache")
    bound = "app-bound" if text(crypt, "app_bound_encrypted_key") else "dpapi" if text(crypt, "encrypted_key") else ""
    for name, entry in profiles.items() if isinstance(profiles, dict) else ():
        who, number = text(entry, "user_name"), text(entry, "gaia_id")
        if who or number:
            domain = text(entry, "hosted_domain")
            own = {"profile": name, "browser": _chromium.told(at.path)["browser"], "key": bound, "gaia_id": number}
            own |= {"hosted_domain": "" if domain == "NO_HOSTED_DOMAIN" else domain}
            yield sighting(
                "browser.account",
                at,
                pointer=f"/profile/info_cache/{name}",
                identifier=number,
                issuer=_ISSUER,
                subject=who,
                attributes=own,
                state=State.PUBLIC_ONLY,
            )


STORE = Store(
    id="chromium-accounts",
    title="Google accounts signed in to Chromium browsers",
    where=_chromium.places("../Local State", "Web Data"),
    yields=("browser.account", "oauth.refresh-token"),
    max_bytes=64 * MiB,
    parse=parse,
    since="0.1",
    reference="https://source.chromium.org/chromium/chromium/src/+/main:components/signin/public/webdata/token_service_table.cc",
)
