"""Property lists from a hostile file, XML or binary: plain data only, archives of objects are not brought to life."""

from __future__ import annotations

import plistlib
import struct
from xml.parsers.expat import ExpatError

from rescind.errors import Unparsable

_DEEPEST, _HEAVIEST, _LONGEST = 64, 200_000, 16 * 1024 * 1024
_TROUBLE = (
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    OverflowError,
    RecursionError,
    MemoryError,
    struct.error,
)


def load(blob: bytes) -> object:
    """Return the document. Raises `Unparsable` for anything that is none, holds itself, or unfolds to more than a configuration.

    https://docs.python.org/3/library/plistlib.html
    """
    if len(blob) > _LONGEST:
        raise Unparsable("the property list is larger than a configuration is")
    try:
        document: object = plistlib.loads(blob)
    except (*_TROUBLE, ExpatError, plistlib.InvalidFileException) as e:
        raise Unparsable("the file is not a property list") from e
    _check(document)
    return document


def _check(document: object) -> None:
    """Raise `Unparsable` where a document is too deep or too much with its repetitions written out."""
    level, count = [document], 0
    for _ in range(_DEEPEST):
        below: list[object] = []
        for value in level:
            inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
            count += len(inner)
            if count > _HEAVIEST:
                raise Unparsable("the property list unfolds to more than a configuration")
            below += inner
        if not below:
            return
        level = below
    raise Unparsable("the property list is nested too deep")
