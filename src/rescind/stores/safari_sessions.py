"""Sessions in Safari and in programs that keep cookies as it does: which provider, until when. Values are never looked at."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.models.store import At, MiB, Root, Store
from rescind.stores._epoch import epoch
from rescind.stores._sessions import Cookie, findings

_2001 = 978_307_200
_MANY = 20_000


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield one finding for each provider's host. Raises `Unparsable` for what is no such file, or is cut."""
    if not blob:
        return
    if blob[:4] != b"cook":
        raise Unparsable("the file holds no cookies as Safari keeps them")
    yield from findings(_cookies(blob), at, {"browser": "safari", "profile": at.path.rpartition("/")[2]})


def _cookies(blob: bytes) -> list[Cookie]:
    """Return the cookies of every page; numbers of the file are big-endian, those of a page little-endian."""
    out: list[Cookie] = []
    try:
        (count,) = struct.unpack_from(">I", blob, 4)
        sizes = struct.unpack_from(f">{count}I", blob, 8) if count <= _MANY else ()
        start = 8 + 4 * count
        for size in sizes:
            (held,) = struct.unpack_from("<I", blob, start + 4)
            offsets = struct.unpack_from(f"<{min(held, _MANY - len(out))}I", blob, start + 8)
            out += [_cookie(blob, start + offset) for offset in offsets]
            start += size
    except struct.error as e:
        raise Unparsable("the file of cookies is cut or damaged") from e
    return out


def _cookie(blob: bytes, start: int) -> Cookie:
    flags, _, host, name = struct.unpack_from("<4I", blob, start + 8)
    expires, _ = struct.unpack_from("<2d", blob, start + 40)
    until = epoch(int(expires) + _2001) if 0 < expires < 1e10 else None
    return Cookie(
        host=_text(blob, start + host), name=_text(blob, start + name), expires_at=until, http_only=bool(flags & 4)
    )


def _text(blob: bytes, start: int) -> str:
    end = blob.find(b"\0", start, start + 4096)
    return blob[start : end if end >= 0 else start].decode("utf-8", "replace")


STORE = Store(
    id="safari-sessions",
    title="Sessions in Safari",
    where=(
        At(root=Root.MAC_LIBRARY, glob="Cookies/*.binarycookies"),
        At(root=Root.HOME, glob="Library/Containers/*/Data/Library/Cookies/*.binarycookies"),
        At(
            root=Root.HOME,
            glob="Library/Containers/com.apple.Safari/Data/Library/WebKit/WebsiteDataStore/*/Cookies/*.binarycookies",
        ),
    ),
    yields=("browser.session",),
    max_bytes=16 * MiB,
    parse=parse,
    since="0.1",
    reference="https://github.com/interstateone/BinaryCookies#readme",
)
