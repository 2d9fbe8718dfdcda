"""JSON from a hostile file."""

from __future__ import annotations

import json

from rescind.errors import Unparsable
from rescind.stores._text import decode


def load(blob: bytes) -> object:
    """Return the document. Raises `Unparsable` for anything that is not one, including one nested too deep to be meant."""
    try:
        return json.loads(decode(blob))
    except (ValueError, RecursionError) as e:
        raise Unparsable("the file is not valid JSON") from e


def table(blob: bytes) -> dict[str, object]:
    """Return the object that the file is. Raises `Unparsable` for other JSON and for none; nothing at all is an empty object."""
    document = load(blob) if blob.strip() else {}
    if not isinstance(document, dict):
        raise Unparsable("the file is not a JSON object")
    return document


def pairs(document: object, *path: str) -> list[tuple[str, object]]:
    """Return the members of the object below a path of keys, at most 2000; none where there is no object."""
    found = member(document, *path)
    return list(found.items())[:2000] if isinstance(found, dict) else []


def member(document: object, *path: str) -> object:
    """Return the value below a path of keys, or None where a key is missing or something on the way is not an object."""
    for key in path:
        document = document.get(key) if isinstance(document, dict) else None
    return document


def text(document: object, *path: str) -> str:
    """Return the text below a path of keys, "" where there is none or it is not text."""
    value = member(document, *path)
    return value if isinstance(value, str) else ""
