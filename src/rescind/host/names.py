"""Names of files as text that can be printed, compared and turned back into the same bytes."""

from __future__ import annotations

import re

Parts = tuple[str, ...]
"""A path below the root, one component each, as the file system gave it (undecodable bytes as surrogates)."""

_ESCAPE = re.compile(r"\\(\\|x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8})")


def as_text(parts: Parts) -> str:
    """Return a path as printable text: backslashes doubled, undecodable bytes and control characters escaped. Reversible."""
    text = "/".join(parts)
    return text if text.isprintable() and "\\" not in text else "".join(_shown(c) for c in text)


def _shown(char: str) -> str:
    code = ord(char)
    if char == "\\":
        return "\\\\"
    if char.isprintable():
        return char
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    return f"\\x{code:02x}" if code < 0x80 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def as_parts(text: str) -> Parts:
    """Return the path that `as_text` wrote."""

    def raw(match: re.Match[str]) -> str:
        body = match[1]
        if body == "\\":
            return body
        code = int(body[1:], 16)
        return chr(code + 0xDC00) if body[0] == "x" and code >= 0x80 else chr(code)

    return split(_ESCAPE.sub(raw, text))


def split(path: str) -> Parts:
    """Return the components of a path, without empty ones and `.`."""
    return tuple(p for p in path.split("/") if p not in {"", "."})


def visible(text: str) -> str:
    """Return text from evidence with whatever does not print escaped, so that it can neither break JSON nor steer a terminal."""
    return text if text.isprintable() else "".join(c if c == "\\" else _shown(c) for c in text)
