"""fastlane: the session of an Apple ID at App Store Connect, kept so that nobody is asked for a second factor again.

The file is a Ruby object in YAML: it is never revived, only that it is there, and for whom, is told.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location, State
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._sighting import sighting
from rescind.stores._text import decode

_COOKIE = re.compile(r"^[ \t]{0,8}name:[ \t]{1,4}([A-Za-z0-9_.-]{1,60})[ \t]*$", re.MULTILINE)


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield the session that the file is. Raises `Unparsable` for what is no list of cookies."""
    plain = decode(blob)
    who = at.path.split("/")[-2] if at.path.count("/") else ""
    names = list(dict.fromkeys(_COOKIE.findall(plain)))[:20]
    if not plain.strip():
        yield sighting("apple.session", at, subject=who, state=State.LOGGED_OUT)
    elif not names:
        raise Unparsable("the file is no list of cookies")
    else:
        yield sighting(
            "apple.session",
            at,
            issuer="appstoreconnect.apple.com",
            subject=who,
            attributes={"cookies": " ".join(names)},
        )


STORE = Store(
    id="fastlane",
    title="fastlane sessions",
    where=(
        At(root=Root.HOME, glob=".fastlane/spaceship/*/cookie"),
        At(root=Root.HOME, glob=".fastlane/spaceship/*/*/cookie"),
    ),
    yields=("apple.session",),
    max_bytes=256 * KiB,
    parse=parse,
    since="0.1",
    reference="https://docs.fastlane.tools/best-practices/continuous-integration/#storing-a-manually-verified-session-using-spaceauth",
)
