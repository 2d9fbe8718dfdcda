"""`.env` files: `export `, quotes, values over several lines, CRLF, and assignments that were only commented out.

The dialects differ; this reader takes the union: https://github.com/motdotla/dotenv#what-rules-does-the-parsing-engine-follow
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_START = re.compile(
    r"^[ \t]*+(#?)[ \t]*+(?:export[ \t]+|set[ \t]+|ENV[ \t]+)?([A-Za-z_][\w.\-]{0,199})[ \t]*+(=|:[ \t])[ \t]*+",
    re.MULTILINE,
)
_QUOTED = {q: re.compile(rf"{q}((?:[^{q}\\]|\\.)*+){q}", re.DOTALL) for q in "\"'`"}
_REST = re.compile(r"[^\n]*")
_NOTE = re.compile(r"(?:^|\s)#.*")
_ESCAPE = re.compile(r"\\([nrt\"\\$])")
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t"}


@dataclass(frozen=True, slots=True)
class Variable:
    """One assignment: its name, the value as a program would see it (references unexpanded), the line it starts at (from 1)."""

    name: str
    value: str = field(repr=False)
    line: int
    commented: bool = False


def variables(text: str) -> Iterator[Variable]:
    """Yield every assignment in file order. After a value over several lines reading goes on at its second line.

    So a forgotten closing quote hides nothing; only the inside of a quoted PEM block is stepped over.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    unclosed: set[str] = set()  # quotes that do not occur again: looked for once, so that reading stays linear
    position, line, counted = 0, 1, 0
    while found := _START.search(text, position):
        start, mark = found.end(), text[found.end() : found.end() + 1]
        line, counted = line + text.count("\n", counted, found.start(2)), found.start(2)
        position = start
        quoted = _QUOTED[mark].match(text, start) if mark in _QUOTED and mark not in unclosed else None
        if mark in _QUOTED and not quoted:
            unclosed.add(mark)
        if quoted:
            value = quoted[1] if mark == "'" else _ESCAPE.sub(lambda m: _ESCAPED.get(m[1], m[1]), quoted[1])
            position = quoted.end() if "\n" not in quoted[1] or "-----BEGIN" in value else start
        else:
            value = _NOTE.sub("", _rest(text, start)).strip().strip("\"'`")
        commented = bool(found[1])
        if not (commented and (found[3] != "=" or re.search(r"\s", value))):  # a comment in prose is not an assignment
            yield Variable(found[2], value, line, commented)


def _rest(text: str, start: int) -> str:
    found = _REST.match(text, start)
    return found[0] if found else ""
