"""Insomnia's own files: requests with their logins, environments, and OAuth tokens, one JSON object a line.

A changed object is written again below, so an old value stays in the file until Insomnia compacts it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.models.store import At, MiB, Root, Store
from rescind.stores._json import load, member, text
from rescind.stores._nested import secrets

_PARTS = ("authentication", "headers", "data", "environment", "accessToken", "refreshToken", "credentials")
_TOKENS = ("accessToken", "refreshToken", "identityToken")
_MANY, _BAD = 50_000, 100


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield a finding per secret, then raise `Unparsable` for lines that are no JSON."""
    trouble, bad = "", 0
    for number, line in enumerate(blob.split(b"\n")[:_MANY], 1):
        if not line.strip():
            continue
        try:
            document = load(line)
        except Unparsable:
            trouble, bad = "a line of the file is not valid JSON", bad + 1
            if bad > _BAD:
                break
            continue
        own = {"type": text(document, "type"), "id": text(document, "_id"), "request": text(document, "name")}
        own["url"] = text(document, "url").partition("?")[0]
        place = replace(at, line=number)
        for part in _PARTS if isinstance(document, dict) else ():
            found = member(document, part)
            yield from secrets(
                {part: found} if isinstance(found, str) and part in _TOKENS else found, place, f"/{part}", own
            )
    if trouble:
        raise Unparsable(trouble)


_TYPES = (
    "Request",
    "Environment",
    "OAuth2Token",
    "RequestGroup",
    "GrpcRequest",
    "WebSocketRequest",
    "GitRepository",
    "CloudCredential",
)
_FILES = tuple(f"Insomnia/insomnia.{t}.db" for t in _TYPES)
STORE = Store(
    id="insomnia",
    title="Insomnia requests",
    where=(
        *(At(root=Root.XDG_CONFIG, glob=g) for g in _FILES),
        *(At(root=Root.MAC_SUPPORT, glob=g, os=("macos",)) for g in _FILES),
        *(At(root=Root.APPDATA, glob=g, os=("windows",)) for g in _FILES),
    ),
    yields=("file.secret", "github.token"),
    max_bytes=32 * MiB,
    parse=parse,
    since="0.1",
    reference="https://developer.konghq.com/insomnia/storage/",
)
