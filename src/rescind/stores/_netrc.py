"""The words of a `.netrc`: any layout, quotes, comments, and macros that end at a blank line.

https://www.gnu.org/software/inetutils/manual/html_node/The-_002enetrc-file.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from rescind.stores._text import lines

_WORD = re.compile(r'(\n)|"((?:[^"\\\n]|\\.)*+)"|([^\s"]\S*+|")')
_COMMENT = re.compile(
    r"^[ \t]*+#[# \t]*+machine[ \t]++(\S{1,300}+)(?:[ \t]++login[ \t]++(\S{1,300}+))?[ \t]++password[ \t]++(\S{1,4000}+)"
)
_ESCAPE = re.compile(r"\\(.)")
_KEYS = {"machine", "login", "user", "account", "password", "port"}


@dataclass(frozen=True, slots=True)
class Entry:
    """A password with its host (`default` for any), its user, and the line it stands on (from 1)."""

    host: str
    user: str
    line: int
    password: str = field(repr=False)
    commented: bool = False


def entries(text: str) -> Iterator[Entry]:
    """Yield every password, then those of entries that were only commented out, which are on the disk all the same.

    A user name counts for its machine whether it comes before or after the password.
    """
    host, user, line = "", "", 1
    held: list[tuple[int, str]] = []
    for number, word, value in (*_pairs(text.replace("\r\n", "\n")), (0, "machine", "")):
        if word in {"machine", "default"}:
            yield from (Entry(host, user, at, password) for at, password in held)
            host, user, held = value.lower() if word == "machine" else "default", "", []
        elif word == "password":
            line = number
            held.append((line, value))
        elif word in {"login", "user"}:
            user = value
    for number, row in enumerate(lines(text), 1):
        if found := _COMMENT.match(row):
            yield Entry(found[1].lower(), found[2] or "", number, found[3].strip('"'), commented=True)


def _pairs(text: str) -> Iterator[tuple[int, str, str]]:
    """Yield line, key and value; `default` has none. A `#` where a key may stand begins a comment."""
    line, key, ignored, blank, macro = 1, "", False, False, False
    for found in _WORD.finditer(text):
        if found[1]:
            line, ignored, macro, blank = line + 1, False, macro and not blank, True
            continue
        blank = False
        word = _ESCAPE.sub(r"\1", found[2]) if found[2] is not None else found[3]
        if macro or ignored:
            continue
        if key:
            yield line, key, word
            key = ""
        elif word == "default":
            yield line, word, ""
        else:
            ignored, macro, key = word.startswith("#"), word == "macdef", word if word in _KEYS else ""
