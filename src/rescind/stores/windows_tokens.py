"""Tokens that Windows' Web Account Manager keeps for Microsoft 365 and Entra ID: answers are protected by DPAPI, their end is in clear.

They come from the machine's primary refresh token, which dies with the device object or with the user's sessions in Entra ID.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location, State
from rescind.models.store import At, MiB, Root, Store
from rescind.stores._epoch import epoch
from rescind.stores._json import load, member, text
from rescind.stores._locked import locked
from rescind.stores._sighting import sighting

_1601 = 11_644_473_600


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield the cached answer of a file. Raises `Unparsable` for another shape."""
    if not blob:
        return
    document = load(blob.rstrip(b"\0") + (b"\0" if len(blob.rstrip(b"\0")) % 2 else b""))
    top = member(document, "TBDataStoreObject")
    if not isinstance(top, dict):
        raise Unparsable("the file is no cache of the token broker")
    properties, name = member(top, "ObjectData", "SystemDefinedProperties"), at.path.rpartition("/")[2]
    answer, until = member(properties, "ResponseBytes"), _end(text(properties, "Expiration", "Value"))
    more = {"type": text(top, "Header", "ObjectType"), "file": name}
    if text(answer, "Value"):
        yield locked(
            "entra.access-token",
            at,
            "dpapi",
            "ResponseBytes",
            issuer="login.microsoftonline.com",
            more=more,
            expires_at=until,
        )
    else:
        yield sighting("entra.access-token", at, attributes=more, state=State.LOGGED_OUT)


def _end(encoded: str) -> str | None:
    """Return the moment that eight bytes of FILETIME are."""
    try:
        raw = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return None
    return epoch(str(int.from_bytes(raw, "little") // 10_000_000 - _1601)) if len(raw) == 8 else None


STORE = Store(
    id="windows-tokens",
    title="Tokens of Windows' Web Account Manager",
    where=(At(root=Root.LOCALAPPDATA, glob="Microsoft/TokenBroker/Cache/*.tbres", os=("windows",)),),
    yields=("entra.access-token",),
    max_bytes=1 * MiB,
    parse=parse,
    since="0.1",
    reference="https://learn.microsoft.com/en-us/entra/identity/devices/concept-primary-refresh-token",
)
