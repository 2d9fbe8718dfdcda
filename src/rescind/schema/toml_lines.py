"""Which line of a TOML file a key stands on, for messages. `tomllib` gives values without places; this is a best effort."""

from __future__ import annotations

import re

from rescind.schema.faults import KeyPath

_PART = re.compile(r"""\s*(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|([A-Za-z0-9_-]+))\s*(\.|=|\]|$)""")


def _parts(text: str) -> tuple[KeyPath, str]:
    """Return the dotted key at the start of a line, and what followed it."""
    parts: list[str | int] = []
    index = 0
    while hit := _PART.match(text, index):
        parts.append(next(g for g in hit.groups()[:3] if g is not None))
        index = hit.end()
        if hit[4] != ".":
            return tuple(parts), hit[4]
    return (), ""


def line_of(text: str, key: KeyPath) -> int:
    """Return the line (from 1) of a key or of the nearest table around it; 0 when it cannot be told."""
    lines: dict[KeyPath, int] = {}
    table: KeyPath = ()
    for number, line in enumerate(text.splitlines(), 1):
        bare = line.strip()
        if bare.startswith("["):
            table, end = _parts(bare.lstrip("["))
            if end == "]":
                for depth in range(1, len(table) + 1):
                    lines.setdefault(table[:depth], number)
        else:
            found, end = _parts(bare)
            if end == "=":
                lines.setdefault((*table, *found), number)
    while key and key not in lines:
        key = key[:-1]
    return lines.get(key, 0)
