"""DPAPI blobs: the parts that stand in clear, so that a protected value can be told from others without opening it.

https://github.com/libyal/dtformats/blob/main/documentation/Windows%20DPAPI%20data%20format.asciidoc
"""

from __future__ import annotations

import uuid

_PROVIDER = uuid.UUID("df9d8cd0-1501-11d1-8c7a-00c04fc297eb").bytes_le
_LONG = 512


def facts(data: bytes) -> dict[str, str]:
    """Return the master key's GUID and the description of the first blob in data; nothing where there is none."""
    at = data.find(_PROVIDER, 0, 4096)
    if at < 0 or at + 44 > len(data):
        return {}
    key = uuid.UUID(bytes_le=data[at + 20 : at + 36])
    size = int.from_bytes(data[at + 40 : at + 44], "little")
    text = data[at + 44 : at + 44 + min(size, _LONG)].decode("utf-16-le", "replace").rstrip("\0\r\n")
    return {"master_key": str(key), "description": text}
