"""Passwords saved in Chromium browsers: whose and where, never the passwords; on Linux without a keyring their key is known to all."""

from __future__ import annotations

from collections.abc import Iterator

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.models.store import MiB, Store
from rescind.stores import _chromium, _saved_logins
from rescind.stores._sessions import webkit
from rescind.stores._sqlite import rows

_COLUMNS = ("origin_url", "username_value", "date_last_used", "date_created", "blacklisted_by_user", "password_value")


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield the saved logins. Raises `Unparsable` for what is no database of them."""
    if not blob:
        return
    found = rows(blob, "logins", _COLUMNS)
    if found is None:
        raise Unparsable("the database has no table of logins")
    logins = [
        (url, user, webkit(used) or webkit(created) or "")
        for url, user, used, created, never, password in found
        if never != "1" and password
    ]
    yield from _saved_logins.findings(logins, at, "app", _chromium.told(at.path))


STORE = Store(
    id="chromium-logins",
    title="Passwords saved in Chromium browsers",
    where=_chromium.places("Login Data", "Login Data For Account"),
    yields=("browser.saved-login", "browser.saved-logins"),
    max_bytes=64 * MiB,
    parse=parse,
    since="0.1",
    reference="https://source.chromium.org/chromium/chromium/src/+/main:components/password_manager/core/browser/password_store/login_database.cc",
)
