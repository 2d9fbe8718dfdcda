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


def member(document: object, *path: str) -> object:
    """Return the value below a path of keys, or None where a key is missing or something on the way is not an object."""
    for key in path:
        document = document.get(key) if isinstance(document, dict) else None
    return document


def text(document: object, *path: str) -> str:
    """Return the text below a path of keys, "" where there is none or it is not text."""
    value = member(document, *path)
    return value if isinstance(value, str) else ""
