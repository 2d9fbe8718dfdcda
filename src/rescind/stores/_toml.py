"""TOML from a hostile file. Where it is broken, what single lines say is kept, so that a cut file still gives up its tokens.

https://toml.io/en/v1.0.0
"""

from __future__ import annotations

import re
import tomllib

from rescind.errors import Unparsable
from rescind.stores._text import decode, lines

_LONGEST = 512 * 1024
_DOTS = 1000  # in one line: the standard reader takes quadratic time for a key of many parts
_HEADER = re.compile(r"[ \t]*+(\[{1,2})[ \t]*+([^\[\]]{1,300})\]")
_ENTRY = re.compile(r"[ \t]*+[\"']?([\w.@:/\-]{1,200}+)[\"']?[ \t]*+=[ \t]*+(?:\"([^\"\\]*+)\"?|'([^']*+)'?|(\w++))")
_PART = re.compile(r"\"([^\"]*)\"|'([^']*)'|([^\s.\"']+)")


def read(blob: bytes) -> tuple[dict[str, object], str]:
    """Return the document and what is wrong with it ("" for nothing). Raises `Unparsable` for what no configuration is."""
    text = decode(blob)
    if len(text) > _LONGEST or any(line.count(".") > _DOTS for line in lines(text)):
        raise Unparsable("the TOML is larger than a configuration is")
    try:
        return tomllib.loads(text), ""
    except (ValueError, RecursionError, TypeError, KeyError, IndexError):
        return _by_line(text), "the file is not valid TOML; only what single lines say was read"


def _by_line(text: str) -> dict[str, object]:
    """Return the tables and simple texts of a broken file; a header that comes again begins a further table."""
    out: dict[str, object] = {}
    table: dict[str, object] = out
    for line in lines(text):
        if header := _HEADER.match(line):
            parts = [a or b or c for a, b, c in _PART.findall(header[2])][:20]
            table = _table(out, parts, many=len(header[1]) == 2)
        elif entry := _ENTRY.match(line):
            table[entry[1]] = entry[2] or entry[3] or entry[4] or ""
    return out


def _table(document: dict[str, object], parts: list[str], *, many: bool) -> dict[str, object]:
    table = document
    for depth, part in enumerate(parts, 1):
        below = table.get(part)
        if many and depth == len(parts):
            fresh: dict[str, object] = {}
            if isinstance(below, list):
                below.append(fresh)
            else:
                table[part] = [fresh]
            return fresh
        if isinstance(below, list) and below and isinstance(below[-1], dict):
            table = below[-1]
            continue
        if not isinstance(below, dict):
            table[part] = below = {}
        table = below
    return table
