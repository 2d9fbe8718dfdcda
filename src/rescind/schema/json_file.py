"""Reading a JSON file that somebody hands us: bounded, strict, and refused in words."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any, NoReturn

from rescind.errors import UsageError


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
    """Return the JSON object in a file; anything else raises `refuse`. A pipe or device is refused before it can stall us."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a usable file name"
        raise refuse(f"{path}: it cannot be opened: {reason}") from None
    with os.fdopen(descriptor, "rb") as handle:
        if not stat.S_ISREG(os.fstat(handle.fileno()).st_mode):
            raise refuse(f"{path}: found something that is not a file; allowed: a JSON file")
        blob = handle.read(limit + 1)
    if len(blob) > limit:
        raise refuse(f"{path}: found more than {limit} bytes; allowed: {limit}")
    return parse_object(blob, str(path), refuse)


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
