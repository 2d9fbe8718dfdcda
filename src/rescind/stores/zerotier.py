"""ZeroTier: the identity of the machine, by the address that a network's controller knows it by, and the token of its local API."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._sighting import sighting
from rescind.stores._text import decode
from rescind.stores._token import token

_IDENTITY = re.compile(r"([0-9a-f]{10}):[01]:([0-9a-f]{64,1024}):([0-9a-f]{64,1024})")


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield the identity or the token. Raises `Unparsable` for what is no identity."""
    plain = decode(blob).strip()
    if at.path.endswith("authtoken.secret") or at.path.endswith(".zeroTierOneAuthToken"):
        yield from token("zerotier.local-token", plain, at)
    elif found := _IDENTITY.fullmatch(plain):
        own = {"address": found[1]}
        yield sighting("zerotier.identity", at, identifier=found[1], secret=found[3], attributes=own)
    elif plain:
        raise Unparsable("the file is not an identity of ZeroTier")


_FOLDERS = ("var/lib/zerotier-one/", "Library/Application Support/ZeroTier/One/", "ProgramData/ZeroTier/One/")
STORE = Store(
    id="zerotier",
    title="ZeroTier identity",
    where=(
        *(At(root=Root.SYSTEM, glob=f + name) for f in _FOLDERS for name in ("identity.secret", "authtoken.secret")),
        At(root=Root.HOME, glob=".zeroTierOneAuthToken"),
        At(root=Root.MAC_SUPPORT, glob="ZeroTier/One/authtoken.secret", os=("macos",)),
    ),
    yields=("zerotier.identity", "zerotier.local-token", "github.token"),
    max_bytes=16 * KiB,
    parse=parse,
    since="0.1",
    reference="https://github.com/zerotier/ZeroTierOne/blob/dev/node/Identity.cpp",
)
