"""Upload tokens of PyPI: macaroons, whose identifier and caveats stand in clear before the signature.

https://docs.pypi.org/api/secrets/ and https://github.com/rescrv/libmacaroons/blob/master/doc/format.txt (version 2)
"""

from __future__ import annotations

import base64
import binascii
import json
import re

_TOKEN = re.compile(r"pypi-([A-Za-z0-9_\-]{50,4000})")
_MOST = 32  # caveats


def macaroon(token: str) -> dict[str, str]:
    """Return `index`, `id` (the UUID that PyPI knows the token by), `scope` and `projects`; nothing for what is no such token."""
    found = _TOKEN.fullmatch(token)
    try:
        data = base64.urlsafe_b64decode(found[1] + "=" * (-len(found[1]) % 4)) if found else b""
    except (binascii.Error, ValueError):
        return {}
    if data[:1] != b"\x02":
        return {}
    fields = _fields(data, 1)
    out = {"index": _text(fields, 1), "id": _text(fields, 2)}
    caveats = [c for _, c in fields[2:] if c.startswith((b"{", b"["))]
    return {**out, **_caveats(caveats)} if out["id"] else {}


def _fields(data: bytes, at: int) -> list[tuple[int, bytes]]:
    """Return the (type, content) fields up to the signature; an end of section (0) has no content."""
    out: list[tuple[int, bytes]] = []
    while at < len(data) and len(out) < _MOST * 3:
        kind, at = data[at], at + 1
        if kind == 0:
            continue
        size, shift = 0, 0
        while at < len(data) and shift < 28:
            byte, at = data[at], at + 1
            size, shift = size | (byte & 0x7F) << shift, shift + 7
            if not byte & 0x80:
                break
        if kind == 6 or at + size > len(data):
            break
        out.append((kind, data[at : at + size]))
        at += size
    return out


def _text(fields: list[tuple[int, bytes]], kind: int) -> str:
    raw = next((content for found, content in fields[:2] if found == kind), b"")
    return raw.decode("ascii", "replace") if raw.isascii() else ""


def _caveats(caveats: list[bytes]) -> dict[str, str]:
    """Return what the caveats limit the token to: `user` (everything its owner may upload) or `projects` with their names.

    Old tokens say it in an object with `permissions`, new ones in lists: [0, …] expiry, [1, names], [2, project ids], [3, user id].
    https://github.com/pypi/warehouse/blob/main/warehouse/macaroons/caveats/__init__.py
    """
    out = {"scope": "user"}
    for raw in caveats:
        try:
            caveat = json.loads(raw)
        except (ValueError, RecursionError):
            continue
        said = caveat.get("permissions") if isinstance(caveat, dict) else None
        names = said.get("projects") if isinstance(said, dict) else None
        if isinstance(caveat, list) and len(caveat) == 2 and caveat[0] in {1, 2}:
            names = caveat[1]
        if isinstance(caveat, list) and len(caveat) == 2 and caveat[0] == 3:
            out["user_id"] = str(caveat[1])[:64]
        if isinstance(names, list):
            out |= {"scope": "projects", "projects": " ".join(str(n) for n in names[:20] if isinstance(n, str))}
    return out
