"""Sessions in Firefox and its relatives: which provider, until when. Values lie there in clear and are never looked at."""

from __future__ import annotations

from collections.abc import Iterator

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.models.store import MiB, Store
from rescind.stores import _mozilla
from rescind.stores._epoch import epoch
from rescind.stores._sessions import Cookie, findings, micro
from rescind.stores._sqlite import rows

_COLUMNS = ("host", "name", "expiry", "lastAccessed", "isHttpOnly")


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield one finding for each provider's host. Raises `Unparsable` for what is no cookie database.

    `expiry` is in seconds, in milliseconds since schema 16: its size tells.
    """
    if not blob:
        return
    found = rows(blob, "moz_cookies", _COLUMNS)
    if found is None:
        raise Unparsable("the database has no table of cookies")
    cookies = [
        Cookie(host=host, name=name, expires_at=epoch(expiry), used_at=micro(used), http_only=http_only == "1")
        for host, name, expiry, used, http_only in found
    ]
    yield from findings(cookies, at, _mozilla.told(at.path))


STORE = Store(
    id="firefox-sessions",
    title="Sessions in Firefox and its relatives",
    where=_mozilla.places("cookies.sqlite"),
    yields=("browser.session",),
    max_bytes=64 * MiB,
    parse=parse,
    since="0.1",
    reference="https://searchfox.org/firefox-main/source/netwerk/cookie/CookiePersistentStorage.cpp",
)
