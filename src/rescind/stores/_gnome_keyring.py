"""The clear part of GNOME's binary keyring files: the keyring's name, and for each item the names and hashes of its attributes.

https://gitlab.gnome.org/GNOME/gnome-keyring/-/blob/master/docs/file-format.txt
"""

from __future__ import annotations

from rescind.errors import Unparsable

MAGIC = b"GnomeKeyring\n\r\0\n"
_NONE = 0xFFFFFFFF
_MANY, _LONG = 5000, 4096


class _Cut(Exception):
    """The file ends before what it announces."""


class _Reader:
    def __init__(self, data: bytes, at: int) -> None:
        self.data, self.at = data, at

    def number(self) -> int:
        self.at += 4
        if self.at > len(self.data):
            raise _Cut
        return int.from_bytes(self.data[self.at - 4 : self.at], "big")

    def text(self) -> str:
        size = self.number()
        if size == _NONE:
            return ""
        if size > _LONG or self.at + size > len(self.data):
            raise _Cut
        self.at += size
        return self.data[self.at - size : self.at].decode("utf-8", "replace")


def read(blob: bytes) -> tuple[str, list[tuple[int, dict[str, str]]], str]:
    """Return the keyring's name, its items (number, hash or number of each attribute), and what is wrong ("" for nothing).

    Raises `Unparsable` for another version of the format.
    """
    reader, name = _Reader(blob, len(MAGIC) + 4), ""
    if blob[len(MAGIC) : len(MAGIC) + 2] != b"\0\0":
        raise Unparsable("a keyring of an unknown version")
    items: list[tuple[int, dict[str, str]]] = []
    try:
        name = reader.text()
        reader.at += 4 * 4 + 3 * 4 + 8 + 4 * 4  # times, flags, time-out, rounds, salt, reserved
        for _ in range(min(reader.number(), _MANY)):
            number, _kind = reader.number(), reader.number()
            attributes: dict[str, str] = {}
            for _ in range(min(reader.number(), 64)):
                key, sort = reader.text(), reader.number()
                attributes[key] = reader.text() if sort == 0 else str(reader.number())
            items.append((number, attributes))
    except _Cut:
        return name, items, "a keyring is cut short"
    return name, items, ""
