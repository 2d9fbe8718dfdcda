"""The clear part of macOS keychain files (`kych`): attributes of passwords, certificates, and which private keys are there.

Every number in the file is hostile: offsets are checked, records are counted.
https://github.com/libyal/dtformats/blob/main/documentation/MacOS%20keychain%20database%20file%20format.asciidoc
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rescind.errors import Unparsable

GENERIC, INTERNET, CERTIFICATE, PRIVATE_KEY = 0x80000000, 0x80000001, 0x80001000, 0x10
_FIELDS = {
    GENERIC: {"created": 0, "modified": 1, "description": 2, "label": 7, "account": 13, "service": 14},
    INTERNET: {"created": 0, "modified": 1, "label": 7, "account": 13, "server": 15, "path": 19},
    CERTIFICATE: {"label": 2, "key": 8},
    PRIVATE_KEY: {"label": 1, "key": 6},
}
_ATTRIBUTES = {GENERIC: 16, INTERNET: 20, CERTIFICATE: 9, PRIVATE_KEY: 27}
_TIMES = frozenset({"created", "modified"})
_TABLES, _RECORDS, _LONG = 100, 20_000, 4096


@dataclass(frozen=True, slots=True)
class Record:
    """One record: its table, its attributes as bytes, and the blob beside them (a certificate; elsewhere it is ciphertext)."""

    table: int
    values: dict[str, bytes]
    blob: bytes

    def text(self, name: str) -> str:
        """Return an attribute as text without the NUL at its end."""
        return self.values.get(name, b"").decode("utf-8", "replace").rstrip("\0")


def records(data: bytes) -> Iterator[Record]:
    """Yield the records of the tables that are known here. Raises `Unparsable` for what is no keychain, or is damaged."""
    if data[:4] != b"kych" or len(data) < 28:
        raise Unparsable("the file is no keychain")
    start = _number(data, 12)
    count = _number(data, start + 4)
    if count > _TABLES:
        raise Unparsable("the keychain has more tables than one has")
    for n in range(count):
        table = start + _number(data, start + 8 + 4 * n)
        kind, slots = _number(data, table + 4), _number(data, table + 24)
        if kind not in _FIELDS:
            continue
        if slots > _RECORDS:
            raise Unparsable("the keychain has more records than one has")
        for i in range(slots):
            offset = _number(data, table + 28 + 4 * i)
            if offset and offset % 4 == 0:
                yield _record(data, table + offset, kind)


def _record(data: bytes, at: int, kind: int) -> Record:
    size, held = _number(data, at), _number(data, at + 16)
    end = at + size
    if end > len(data):
        raise Unparsable("the keychain is cut short")
    values = {}
    for name, index in _FIELDS[kind].items():
        offset = _number(data, at + 24 + 4 * index)
        if offset:
            place = at + offset - 1
            length = 16 if name in _TIMES else _number(data, place)
            first = place if name in _TIMES else place + 4
            values[name] = data[first : min(first + min(length, _LONG), end)]
    blob = at + 24 + 4 * _ATTRIBUTES[kind]
    return Record(kind, values, data[blob : min(blob + held, end)] if kind == CERTIFICATE else b"")


def _number(data: bytes, at: int) -> int:
    if at < 0 or at + 4 > len(data):
        raise Unparsable("the keychain is cut short")
    return int.from_bytes(data[at : at + 4], "big")
