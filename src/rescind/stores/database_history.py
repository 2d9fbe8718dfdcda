"""Histories of database shells: `CREATE USER … PASSWORD`, `AUTH`, addresses with a login. libedit writes a blank as an octal escape."""

from __future__ import annotations

from rescind.models.store import At, Erase, MiB, Root, Store
from rescind.stores._free import KINDS, searched
from rescind.stores._lines import octal

_NAMES = (
    ".psql_history", ".psql_history-*", ".mysql_history", ".mariadb_history", ".sqlite_history",
    ".rediscli_history", ".dbshell", ".mycli-history", ".usql_history", ".snowsql/history",
    ".clickhouse-client-history", ".cassandra/cqlsh_history", ".influx_history", ".duckdb_history",
)  # fmt: skip

STORE = Store(
    id="database-history",
    title="Histories of psql, mysql, sqlite, redis and mongo shells",
    where=(
        *(At(root=Root.HOME, glob=name) for name in _NAMES),
        *(
            At(root=Root.HOME, glob=g)
            for g in (".mongodb/mongosh/mongosh_repl_history", ".mongodb/mongosh/.mongosh_repl_history")
        ),
        At(root=Root.APPDATA, glob="mongodb/mongosh/mongosh_repl_history"),
        *(At(root=Root.HOME, glob=g) for g in (".mongodb/mongosh/*_log", ".mongorc.js", ".mongoshrc.js")),
        *(At(root=Root.LOCALAPPDATA, glob=f"mongodb/mongosh/{n}") for n in ("*_log", "mongosh_repl_history")),
        *(
            At(root=Root.XDG_CONFIG, glob=g)
            for g in ("pgcli/history", "mycli/history", "litecli/history", "usql/history")
        ),
        *(At(root=Root.XDG_STATE, glob=g) for g in ("psql/history", "sqlite_history")),
        At(root=Root.APPDATA, glob="postgresql/psql_history"),
    ),
    yields=KINDS,
    max_bytes=36 * MiB,
    erase=Erase.NONE,
    parse=searched(octal),
    text=octal,
    since="0.1",
    reference="https://www.postgresql.org/docs/current/app-psql.html#APP-PSQL-FILES",
)
