"""A database and the write-ahead log beside it as one consistent image, made in memory: what SQLite would show, without SQLite.

A browser, an editor or gcloud that is killed leaves its newest rows in the log only. The evidence is never opened by SQLite, which
would write into it. https://www.sqlite.org/fileformat2.html#the_write_ahead_log
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from rescind.errors import EvidenceError
from rescind.host.names import Parts
from rescind.host.tree import Evidence, Trouble

MAGIC = b"SQLite format 3\0"
_WAL = {0x377F0682: "<", 0x377F0683: ">"}
_VERSION = 3_007_000
_JOURNAL = bytes.fromhex("d9d505f920a163d7")
_HEADER, _FRAME = struct.Struct(">8I"), struct.Struct(">6I")
MOST_LOG = 64 << 20


def is_database(data: bytes) -> bool:
    """Tell whether a file is an SQLite database."""
    return data.startswith(MAGIC)


def is_hot(journal: bytes) -> bool:
    """Tell whether a rollback journal holds pages that a killed program had not yet made final."""
    return journal.startswith(_JOURNAL) and len(journal) > 512


def with_log(tree: Evidence, path: Parts, data: bytes, most: int) -> tuple[bytes, list[Trouble]]:
    """Return a database as its write-ahead log leaves it, anything else as it is, and what could not be merged."""
    if not is_database(data):
        return data, []
    troubles = []
    log, journal = ((*path[:-1], path[-1] + end) for end in ("-wal", "-journal"))
    most = max(most, MOST_LOG)
    try:
        blob = tree.read(log, most)
        data = merged(data, blob.data if blob else b"", most)
    except EvidenceError as exc:
        troubles.append(Trouble(log, f"the log of the database was left out: {exc.message}"))
    try:
        blob = tree.read(journal, most)
        if blob and is_hot(blob.data):
            reason = "a change was under way that may not be final; the database was read as it stands"
            troubles.append(Trouble(journal, reason))
    except EvidenceError as exc:
        troubles.append(Trouble(journal, exc.message))
    return data, troubles


def merged(base: bytes, log: bytes, most: int) -> bytes:
    """Return the database with every committed transaction of its log in it, and out of write-ahead mode.

    What follows the first frame that does not check belongs to no transaction, and is left out as SQLite leaves it out. Raises
    `EvidenceError` for a log that is not one, or not of this database.
    """
    size, pages = _committed(log)
    page = _page_size(base)
    if pages and len(next(iter(pages.values()))) != page:
        raise EvidenceError("the write-ahead log is of another database")
    if size * page > most:
        raise EvidenceError(f"the database and its log are larger than {most} bytes")
    image = bytearray(base[: size * page] if size else base)
    image.extend(bytes(max(0, size * page - len(image))))
    for number, data in pages.items():
        if number <= size:
            image[(number - 1) * page : number * page] = data
    image[18:20] = b"\1\1"
    if size:  # the size in the header holds only if it was written last
        image[28:32] = size.to_bytes(4, "big")
        image[92:96] = image[24:28]
    return bytes(image)


def _page_size(base: bytes) -> int:
    size = int.from_bytes(base[16:18], "big")
    return 65536 if size == 1 else size


def _committed(log: bytes) -> tuple[int, dict[int, bytes]]:
    """Return the size in pages that the last commit gives, and the newest version of each page in it."""
    if len(log) < _HEADER.size:
        return 0, {}
    magic, version, page, _, *salt, one, two = _HEADER.unpack_from(log)
    order = _WAL.get(magic)
    if order is None or version != _VERSION or page & (page - 1) or not 512 <= page <= 65536:
        raise EvidenceError("the write-ahead log is of another format")
    if _checksum(log[:24], order, 0, 0) != (one, two):
        return 0, {}
    size = 0
    done: dict[int, bytes] = {}
    pending: dict[int, bytes] = {}
    for number, commit, data in _frames(log, page, order, salt, (one, two)):
        pending[number] = data
        if commit:
            done |= pending
            pending, size = {}, commit
    return size, done


def _frames(
    log: bytes, page: int, order: str, salt: list[int], check: tuple[int, int]
) -> Iterator[tuple[int, int, bytes]]:
    for at in range(_HEADER.size, len(log) - _FRAME.size - page + 1, _FRAME.size + page):
        number, commit, *rest = _FRAME.unpack_from(log, at)
        data = log[at + _FRAME.size : at + _FRAME.size + page]
        if rest[:2] != salt or not number:
            return
        check = _checksum(data, order, *_checksum(log[at : at + 8], order, *check))
        if tuple(rest[2:]) != check:
            return
        yield number, commit, data


def _checksum(data: bytes, order: str, one: int, two: int) -> tuple[int, int]:
    for first, second in struct.iter_unpack(f"{order}2I", data):
        one = (one + first + two) & 0xFFFFFFFF
        two = (two + second + one) & 0xFFFFFFFF
    return one, two
