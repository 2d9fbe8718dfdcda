"""Passwords saved in Firefox and Thunderbird, and the account that Firefox is signed in to.

Without a primary password their key lies beside them in `key4.db`: encrypted, and as good as plain. User names are encrypted too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.models.store import MiB, Store
from rescind.stores import _mozilla, _saved_logins
from rescind.stores._epoch import epoch
from rescind.stores._json import load, member, text
from rescind.stores._token import token


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield the saved logins, or the sign-in to a Firefox account. Raises `Unparsable` for what is no JSON object."""
    if not blob.strip():
        return
    document = load(blob)
    if not isinstance(document, dict):
        raise Unparsable("the file is not a JSON object")
    own = _mozilla.told(at.path)
    if at.path.endswith("signedInUser.json"):
        data = member(document, "accountData")
        device, who = text(data, "device", "id"), text(data, "email")
        more = {**own, "uid": text(data, "uid"), "device": device, "email": who}
        raw = text(data, "sessionToken")
        yield from token(
            "firefox.session-token",
            raw,
            replace(at, pointer="/accountData/sessionToken"),
            identifier=device,
            issuer="accounts.firefox.com",
            subject=who,
            more=more,
        )
        return
    listed = member(document, "logins")
    logins = [
        (text(entry, "hostname"), "", epoch(member(entry, "timeLastUsed")) or "")
        for entry in (listed if isinstance(listed, list) else ())
        if text(entry, "encryptedPassword")
    ]
    yield from _saved_logins.findings(logins, at, "app", own)


STORE = Store(
    id="firefox-logins",
    title="Passwords saved in Firefox and Thunderbird, and their account",
    where=_mozilla.places("logins.json", "logins-backup.json", "signedInUser.json"),
    yields=("browser.saved-login", "browser.saved-logins", "firefox.session-token", "github.token"),
    max_bytes=16 * MiB,
    parse=parse,
    since="0.1",
    reference="https://searchfox.org/firefox-main/source/toolkit/components/passwordmgr/storage-json.sys.mjs",
)
