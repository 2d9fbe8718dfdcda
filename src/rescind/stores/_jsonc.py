"""JSON as editors keep it: with comments and commas at the end."""

from __future__ import annotations

import re

from rescind.errors import Unparsable
from rescind.stores import _json
from rescind.stores._text import decode

_NOTE = re.compile(r'("(?:[^"\\]|\\.)*+(?:"|$))|//[^\r\n]*+|/\*(?:[^*]|\*(?!/))*+(?:\*/)?', re.DOTALL)
_COMMA = re.compile(r'("(?:[^"\\]|\\.)*+(?:"|$))|,(?=[ \t\r\n]*+[}\]])', re.DOTALL)


def load(blob: bytes) -> object:
    """Return the document. Raises `Unparsable` for what is no JSON even without its comments and trailing commas.

    https://code.visualstudio.com/docs/languages/json#_json-with-comments
    """
    try:
        return _json.load(blob)
    except Unparsable:
        if not any(mark in blob for mark in (b"//", b"/*", b",")):
            raise
    plain = _COMMA.sub(lambda m: m[1] or "", _NOTE.sub(lambda m: m[1] or " ", decode(blob)))
    return _json.load(plain.encode("utf-8", "surrogateescape"))
