"""The smallest registry files: one tree of keys with texts as values (https://github.com/msuhanov/regf)."""

from __future__ import annotations

import struct

NONE = 0xFFFFFFFF


def hive(keys: dict) -> bytes:
    """`{"Environment": {"NAME": "value"}}`: a key is a dict, a value a str, or bytes where it is binary."""
    cells = bytearray()

    def cell(data: bytes) -> int:
        at = 32 + len(cells)
        size = (len(data) + 4 + 7) // 8 * 8
        cells.extend(struct.pack("<i", -size) + data.ljust(size - 4, b"\0"))
        return at

    def value(name: str, text: str | bytes) -> int:
        data, sort = (text, 3) if isinstance(text, bytes) else (text.encode("utf-16-le") + b"\0\0", 2)
        return cell(struct.pack("<2sHIIIHH", b"vk", len(name), len(data), cell(data), sort, 1, 0) + name.encode())

    def key(name: str, inner: dict, flags: int, place: int | None = None) -> int:
        keys = [(n, key(n, v, 0x20)) for n, v in inner.items() if isinstance(v, dict)]
        values = [value(n, v) for n, v in inner.items() if isinstance(v, str | bytes)]
        listed = (
            cell(
                struct.pack("<2sH", b"lf", len(keys))
                + b"".join(struct.pack("<I4s", at, n[:4].encode()) for n, at in keys)
            )
            if keys
            else NONE
        )
        value_list = cell(struct.pack(f"<{len(values)}I", *values)) if values else NONE
        head = struct.pack(
            "<2sHQIIIIIIIIIIIIIIIHH",
            b"nk",
            flags,
            0,
            0,
            0,
            len(keys),
            0,
            listed,
            NONE,
            len(values),
            value_list,
            NONE,
            NONE,
            0,
            0,
            0,
            0,
            0,
            len(name),
            0,
        )
        data = head + name.encode()
        if place is None:
            return cell(data)
        cells[place - 32 + 4 : place - 32 + 4 + len(data)] = data
        return place

    root = cell(b"\0" * 96)
    key("root", keys, 0x2C, root)
    size = (32 + len(cells) + 4095) // 4096 * 4096
    cells.extend(struct.pack("<i", size - 32 - len(cells)) if size - 32 - len(cells) >= 4 else b"")
    header = struct.pack("<4sIIQIIIIII64s", b"regf", 1, 1, 0, 1, 5, 0, 1, root, size, "NTUSER.DAT".encode("utf-16-le"))
    total = 0
    header = header.ljust(508, b"\0")
    for (word,) in struct.iter_unpack("<I", header):
        total ^= word
    header = (header + struct.pack("<I", total)).ljust(4096, b"\0")
    return header + (struct.pack("<4sIIQQI", b"hbin", 0, size, 0, 0, 0) + bytes(cells)).ljust(size, b"\0")
