"""Items that a Go program keeps in files where the system has no keychain: encrypted with a passphrase, named in the clear.

https://github.com/99designs/keyring/blob/master/file.go
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from urllib.parse import unquote

from rescind.errors import Unparsable
from rescind.models.evidence import Location
from rescind.stores._text import decode

_PARTS = re.compile(r"([\w-]{10,4096})(?:\.[\w-]{0,65536}){4}")


def item(blob: bytes, at: Location) -> tuple[str, dict[str, str]]:
    """Return an item's name, which is that of its file, and what its header says of it. Raises `Unparsable` for another file."""
    found = _PARTS.fullmatch(decode(blob).strip())
    if not found:
        raise Unparsable("the file is no encrypted item of a keyring")
    try:
        header = json.loads(base64.urlsafe_b64decode(found[1] + "=" * (-len(found[1]) % 4)))
    except (binascii.Error, ValueError, RecursionError) as e:
        raise Unparsable("the header of an encrypted item cannot be read") from e
    said = header if isinstance(header, dict) else {}
    names = {"alg": "alg", "enc": "enc", "created": "created_at"}
    return unquote(at.path.rpartition("/")[2]), {
        new: said[old] for old, new in names.items() if isinstance(said.get(old), str)
    }
