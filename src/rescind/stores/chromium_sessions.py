"""Sessions in Chrome, Edge, Brave, Arc, Vivaldi, Opera, Chromium and programs made with Electron: which provider, since when, until when.

Values are never looked at. A session ends at its provider; deleting the cookie ends nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.models.store import MiB, Store
from rescind.stores import _chromium
from rescind.stores._sessions import Cookie, findings, webkit
from rescind.stores._sqlite import rows

_COLUMNS = ("host_key", "name", "expires_utc", "last_access_utc", "is_httponly", "has_expires", "encrypted_value")


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield one finding for each provider's host. Raises `Unparsable` for what is no cookie database."""
    if not blob:
        return
    found = rows(blob, "cookies", _COLUMNS)
    if found is None:
        raise Unparsable("the database has no table of cookies")
    cookies = [
        Cookie(
            host=host,
            name=name,
            expires_at=webkit(expires) if has_expires != "0" else None,
            used_at=webkit(used),
            http_only=http_only == "1",
            sealed=sealed[:3] if sealed[:1] == "v" else "",
        )
        for host, name, expires, used, http_only, has_expires, sealed in found
    ]
    yield from findings(cookies, at, _chromium.told(at.path))


STORE = Store(
    id="chromium-sessions",
    title="Sessions in Chromium browsers and Electron programs",
    where=_chromium.places("Network/Cookies", "Cookies", programs=True),
    yields=("browser.session",),
    max_bytes=64 * MiB,
    parse=parse,
    since="0.1",
    reference="https://source.chromium.org/chromium/chromium/src/+/main:net/extras/sqlite/sqlite_persistent_cookie_store.cc",
)
