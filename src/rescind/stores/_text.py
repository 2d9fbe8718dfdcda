"""Bytes from a hostile file as text: any encoding is survived, nothing raises."""

from __future__ import annotations

import codecs
import re

_BREAK = re.compile(r"\r\n|\r|\n")
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


def decode(blob: bytes) -> str:
    """Return the file as text: a byte order mark decides, then NUL bytes in every other place (UTF-16), else UTF-8.

    Bytes that are not UTF-8 become lone surrogates, so that a secret made of them can still be given back exactly.
    """
    for mark, encoding in _BOMS:
        if blob.startswith(mark):
            return blob[len(mark) :].decode(encoding, "surrogateescape" if encoding == "utf-8" else "replace")
    head = blob[:64]
    if len(head) >= 4 and not any(head[1::2]) and all(head[:-1:2]):
        return blob.decode("utf-16-le", "replace")
    return blob.decode("utf-8", "surrogateescape")


def lines(text: str) -> list[str]:
    """Split at LF, CRLF and CR only (`str.splitlines` also splits at form feeds and Unicode separators)."""
    return _BREAK.split(text)


def shown(text: str, limit: int = 256) -> str:
    """Return hostile text fit to print and to store: what is not printable is escaped, the rest is cut at `limit`."""
    safe = "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text[: limit + 1])
    return safe if len(safe) <= limit else safe[: limit - 1] + "…"
