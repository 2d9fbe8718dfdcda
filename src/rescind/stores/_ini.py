"""INI files as people leave them: CRLF, duplicates, no header, `%`, and keys that were only commented out."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from rescind.stores._text import lines

_HEADER = re.compile(r"[ \t]*\[([^\]]{0,300})\]")
_ENTRY = re.compile(r"[ \t]*+([#;]{0,8}+)[ \t]*+([A-Za-z0-9_.\\\-]{1,100}+)[ \t]*+[=:](.*)", re.DOTALL)
_NOTE = re.compile(r"\s[#;].*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Entry:
    """One `key = value` with its line (from 1). `section` is "" before any header; `nth` counts sections of that name."""

    section: str
    nth: int
    key: str
    line: int
    commented: bool
    value: str = field(repr=False)


def entries(text: str) -> Iterator[Entry]:
    """Yield every entry in file order, duplicates and commented-out ones too: an old key in a comment is still on the disk.

    Keys come in lower case, values without surrounding blanks, quotes or a note after ` #`.
    """
    seen: dict[str, int] = {}
    section = ""
    for number, line in enumerate(lines(text), 1):
        if header := _HEADER.match(line):
            section = header[1].strip()
            seen[section] = seen.get(section, 0) + 1
        elif found := _ENTRY.match(line):
            value = found[3].strip()
            value = (
                value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'" else _NOTE.sub("", value)
            )
            yield Entry(section, seen.get(section, 1), found[2].lower(), number, bool(found[1]), value)


def groups(text: str, starts: Collection[str]) -> Iterator[dict[str, Entry]]:
    """Yield the entries of each section by key, split where one of `starts` comes a second time.

    So the overwritten half of a duplicate is a group of its own instead of being lost.
    """
    group: dict[str, Entry] = {}
    for e in entries(text):
        first = next(iter(group.values()), e)
        if (e.section, e.nth) != (first.section, first.nth) or (e.key in starts and e.key in group):
            yield group
            group = {}
        group[e.key] = e
    if group:
        yield group
