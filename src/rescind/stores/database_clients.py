"""Passwords of database clients: PostgreSQL's `.pgpass` and service file, MySQL's and MariaDB's option files, ODBC.

`.mylogin.cnf` is only obscured: its key lies in the file itself. A role's password is ended at the server, by its name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._ini import groups
from rescind.stores._locked import locked
from rescind.stores._text import decode, lines
from rescind.stores._token import token

_PART = re.compile(r"((?:[^:\\]|\\.)*+)(?::|$)")
_SECTION = re.compile(r"(?m)^[ \t]*\[")
_KEYS = ("password", "pwd", "userpassword")


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield one finding for each password. Raises `Unparsable` for a login file of MySQL that is none."""
    name = at.path.rpartition("/")[2]
    if name == ".mylogin.cnf":
        if len(blob) < 24:
            raise Unparsable("the file is no login file of MySQL")
        yield locked("database.password", at, "app", more={"file": name})
    elif "pgpass" in name or not _SECTION.search(decode(blob)):  # a variable may have given the file another name
        for number, line in enumerate(lines(decode(blob)), 1):
            parts = [re.sub(r"\\(.)", r"\1", p) for p in _PART.findall(line)[:5]] if line[:1] not in {"", "#"} else []
            if len(parts) == 5:
                host, port, base, user, password = parts
                server = host if port in {"", "*", "5432"} else f"{host}:{port}"
                more = {"host": server, "database": base, "user": user}
                place = replace(at, line=number)
                yield from token(
                    "database.password", password, place, issuer=server, subject=user, more=more, password=True
                )
    else:
        for group in groups(decode(blob), _KEYS):
            entry = next((group[k] for k in _KEYS if k in group), None)
            if entry is None or not entry.value:
                continue
            said = {key: e.value for key, e in group.items()}
            host = said.get("host", "") or said.get("server", "") or said.get("servername", "")
            user = said.get("user", "") or said.get("uid", "") or said.get("username", "")
            more = {
                "host": host,
                "user": user,
                "section": entry.section,
                "database": said.get("dbname", "") or said.get("database", ""),
            }
            more["commented"] = "yes" if entry.commented else ""
            place = replace(at, line=entry.line, pointer=entry.section)
            yield from token(
                "database.password", entry.value, place, issuer=host, subject=user, more=more, password=True
            )


STORE = Store(
    id="database-clients",
    title="PostgreSQL, MySQL and ODBC client passwords",
    where=(
        At(root=Root.HOME, glob=".pgpass", env="PGPASSFILE"),
        At(root=Root.APPDATA, glob="postgresql/pgpass.conf", os=("windows",)),
        At(root=Root.HOME, glob=".pg_service.conf", env="PGSERVICEFILE"),
        At(root=Root.APPDATA, glob="MySQL/.mylogin.cnf", os=("windows",), env="MYSQL_TEST_LOGIN_FILE"),
        *(At(root=Root.HOME, glob=g) for g in (".my.cnf", ".mylogin.cnf", ".mysql/my.cnf", ".config/mycli/myclirc")),
        At(root=Root.HOME, glob=".odbc.ini", env="ODBCINI"),
        *(At(root=Root.SYSTEM, glob=g) for g in ("etc/mysql/debian.cnf", "etc/odbc.ini", "root/.my.cnf")),
    ),
    yields=("database.password", "github.token"),
    max_bytes=256 * KiB,
    parse=parse,
    since="0.1",
    reference="https://www.postgresql.org/docs/current/libpq-pgpass.html",
)
