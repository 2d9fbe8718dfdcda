"""Free text out of bytes: shells, editors and tools each write it in their own way, and any bytes at all are survived.

What is decoded keeps its line ends, so that lines can be counted; an escaped line end inside a JSON string becomes CR.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator

from rescind.stores._text import decode

PIECE, _OVERLAP = 1 << 20, 8 << 10
_META = re.compile(rb"\x83(.)", re.DOTALL)
_CODE = re.compile(r"\\u([0-9a-fA-F]{4})")
_ESCAPED = (('\\"', '"'), ("\\n", "\r"), ("\\r", "\r"), ("\\t", "\t"), ("\\/", "/"), ("\\b", " "), ("\\f", " "))
_HELD = "\1"
_FISH = re.compile(r"\\(\\|n|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4})")
_OCTAL = re.compile(r"\\(\d{3})")
_WHOLE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, b"SQLite format 3\0")
_WIDE = re.compile(rb"(?:[\t\x20-\x7e]\0){6,}")
_PRINTABLE = re.compile(rb"[\t\r\n\x20-\x7e\x80-\xff]{4,}")


def plain(blob: bytes) -> str:
    """Return text as it stands; a NUL ends a line."""
    text = decode(blob)
    return text.replace("\0", "\r") if "\0" in text else text


def zsh(blob: bytes) -> str:
    """Return a zsh history: bytes that zsh masks (0x83, then the byte XOR 0x20) are given back.

    https://github.com/zsh-users/zsh/blob/master/Src/zsh.h (`Meta`) and https://zsh.sourceforge.io/Doc/Release/Options.html#History
    """
    if b"\x83" in blob:
        blob = _META.sub(lambda m: bytes([m[1][0] ^ 0x20]), blob)
    return plain(blob).replace("\\\n", "\r\n")


def fish(blob: bytes) -> str:
    r"""Return a fish history or its variables with their escapes undone (`\\`, `\n`, `\x5f`). It is not YAML, whatever it looks like.

    https://github.com/fish-shell/fish-shell/blob/master/src/history/yaml_backend.rs
    """
    text = plain(blob)
    return _FISH.sub(lambda m: m[1] if m[1] == "\\" else "\r" if m[1] == "n" else chr(int(m[1][1:], 16)), text)


def octal(blob: bytes) -> str:
    r"""Return a history of libedit, in which a blank is `\040`."""
    return _OCTAL.sub(lambda m: chr(int(m[1], 8) & 0x7F) if int(m[1], 8) >= 32 else "\r", plain(blob))


def unescaped(blob: bytes) -> str:
    """Return JSON, or lines of it, with the escapes of its strings undone, twice where a string holds JSON of its own."""
    text = plain(blob)
    for _ in range(2):
        if "\\" not in text:
            break
        text = text.replace("\\\\", _HELD)
        for mark, plain_one in _ESCAPED:
            text = text.replace(mark, plain_one)
        if "\\u" in text:
            text = _CODE.sub(lambda m: chr(int(m[1], 16)), text)
        text = text.replace(_HELD, "\\")
    return text


def strings(blob: bytes) -> str:
    """Return the readable runs of a binary file, one a line: UTF-8 or ASCII, and UTF-16, where every other byte is NUL."""
    wide = [run.replace(b"\0", b"") for run in _WIDE.findall(blob)] if b"\0" in blob else []
    return plain(b"\n".join((*_PRINTABLE.findall(blob), *wide)))


def slices(blob: bytes) -> Iterator[tuple[bytes, int]]:
    """Yield a file in slices of at most 1 MiB, with the number of their first line: its text would take four times its memory.

    They begin at a line and overlap, so that what stands on some lines is whole in one of them. UTF-16 and databases are not sliced.
    """
    if len(blob) <= PIECE or blob.startswith(_WHOLE) or (not any(blob[1:64:2]) and all(blob[:64:2])):
        yield blob, 1
        return
    start, line = 0, 1
    while (end := start + PIECE) < len(blob):
        end = (
            max(blob.rfind(mark, end - _OVERLAP, end) for mark in (b"\n", b" ")) + 1 or end
        )  # a value is not cut in two
        yield blob[start:end], line
        back = blob.rfind(b"\n", start + 1, end - _OVERLAP) + 1 or end - _OVERLAP
        line += blob.count(b"\n", start, back)
        start = back
    yield blob[start:], line


def pieces(text: str) -> Iterator[tuple[str, int]]:
    """Yield a text in pieces of at most 1 MiB, as `slices` does."""
    start, line = 0, 1
    while (end := start + PIECE) < len(text):
        end = max(text.rfind(mark, end - _OVERLAP, end) for mark in "\n ") + 1 or end
        yield text[start:end], line
        back = text.rfind("\n", start + 1, end - _OVERLAP) + 1 or end - _OVERLAP
        line += text.count("\n", start, back)
        start = back
    yield text[start:], line
