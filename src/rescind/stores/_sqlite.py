"""Tables out of the bytes of an SQLite file, in memory: nothing is opened, written or executed beyond reading named columns.

One image is all a parser sees: the scan has merged the write-ahead log into it, or reported the log as a gap.
https://www.sqlite.org/fileformat2.html#the_database_header
"""

from __future__ import annotations

import sqlite3

from rescind.errors import Unparsable

_MAGIC = b"SQLite format 3\0"
_STEPS, _LONGEST = 2_000, 4 * 1024 * 1024


def in_wal_mode(blob: bytes) -> bool:
    """Tell whether the database keeps a write-ahead log: bytes alone cannot, so they are read as if it did not."""
    return blob.startswith(_MAGIC) and blob[18:20] == b"\2\2"


def rows(
    blob: bytes, table: str, columns: tuple[str, ...], like: tuple[str, ...] = (), *, most: int = 5000
) -> list[tuple[str, ...]] | None:
    """Return the named columns of a real table as text ("" for a column it lacks), None where there is no such table.

    `like`: only rows whose first column is like one of these; the others are not read, however large. `table`, `columns` and `like`
    are the store's own words, `most` rows are returned. Raises `Unparsable` for what is no intact database, or asks for too much work.
    """
    if not blob.startswith(_MAGIC):
        raise Unparsable("the file is not an SQLite database")
    steps = iter(range(_STEPS))
    base = sqlite3.connect(":memory:", isolation_level=None)
    try:
        base.deserialize(blob[:18] + b"\1\1" + blob[20:] if in_wal_mode(blob) else blob)
        base.text_factory = lambda b: b.decode("utf-8", "surrogateescape")
        base.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST)
        base.set_progress_handler(lambda: 0 if next(steps, None) is not None else 1, 1000)
        for pragma in ("trusted_schema=OFF", "query_only=ON", "cell_size_check=ON", "temp_store=MEMORY"):
            base.execute(f"PRAGMA {pragma}")
        [(real,)] = base.execute(
            "SELECT count(*) FROM sqlite_schema WHERE name=? AND type='table' AND sql LIKE 'CREATE TABLE%'", (table,)
        )
        names = {str(row[1]) for row in base.execute(f"PRAGMA table_info({table})")} if real else set()
        wanted = ", ".join(name if name in names else "''" for name in columns)
        some = " OR ".join(f"{columns[0]} LIKE ?" for _ in like if columns[0] in names) or "1"
        query = f"SELECT {wanted} FROM {table} WHERE {some} LIMIT {most}"  # noqa: S608 - all of it our own words
        found = base.execute(query, like if "?" in some else ()).fetchall() if names else None
        return None if found is None else [tuple(_text(value) for value in row) for row in found]
    except (sqlite3.Error, ValueError, OverflowError, MemoryError) as e:
        raise Unparsable("the SQLite database is damaged, or asks for too much work") from e
    finally:
        base.close()


def _text(value: object) -> str:
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else "" if value is None else str(value)
