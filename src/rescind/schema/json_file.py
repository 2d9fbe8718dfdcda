"""Reading a JSON file that somebody hands us: bounded, strict, and refused in words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NoReturn

from rescind.errors import UsageError
from rescind.schema.bounded import read_bounded


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"the key {key[:80]!r} stands there twice")
        found[key] = value
    return found


def _constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is not JSON")


def read_object(path: Path, limit: int, refuse: type[UsageError]) -> dict[str, Any]:
    """Return the JSON object in a file; anything else raises `refuse`."""
    return parse_object(read_bounded(path, limit, refuse), str(path), refuse)


def parse_object(blob: bytes, name: str, refuse: type[UsageError]) -> dict[str, Any]:
    """Return the JSON object in bytes: duplicate keys, NaN and bottomless nesting are refused by raising `refuse`."""
    try:
        data = json.loads(blob.decode("utf-8"), object_pairs_hook=_pairs, parse_constant=_constant)
    except json.JSONDecodeError as error:
        raise refuse(f"{name}:{error.lineno}:{error.colno}: this is not JSON: {error.msg}") from None
    except UnicodeDecodeError as error:
        raise refuse(f"{name}: found bytes that are not UTF-8 at offset {error.start}; allowed: UTF-8 text") from None
    except RecursionError:
        raise refuse(f"{name}: it is nested too deeply to be read") from None
    except ValueError as error:
        raise refuse(f"{name}: this is not JSON: {error}") from None
    if not isinstance(data, dict):
        raise refuse(f"{name}: found something other than a JSON object; allowed: an object")
    return data
