"""A table `rescind_checkins` in PostgreSQL. The machine's role needs INSERT on three columns only; who reads needs SELECT.

```sql
create table rescind_checkins (workstation text, name text, envelope bytea not null,
  stored_at timestamptz not null default now(), primary key (workstation, name));
grant insert (workstation, name, envelope) on rescind_checkins to laptop; grant select on rescind_checkins to responder;
```
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from urllib.parse import unquote, urlsplit

from rescind.errors import ConfigError, Denied, NotFound, Rejected, Unreachable, Unrecognised
from rescind.models.checkin import Arrival, SinkConf
from rescind.models.clock import rfc3339
from rescind.models.tenant import SecretRef
from rescind.secret import Secret

CONNECT_SECONDS = 10
_CHOOSABLE = """select exists (
  select from pg_class t, aclexplode(t.relacl) a where t.oid = 'rescind_checkins'::regclass
  and a.grantee <> t.relowner and a.privilege_type in ('INSERT', 'UPDATE')
  union all select from pg_class t join pg_attribute c on c.attrelid = t.oid, aclexplode(c.attacl) a
  where t.oid = 'rescind_checkins'::regclass and c.attname = 'stored_at'
  and a.grantee <> t.relowner and a.privilege_type in ('INSERT', 'UPDATE'))"""
"""Whether somebody else than the table's owner may write the time himself."""


class Table:
    """Check-ins as rows."""

    def __init__(self, settings: dict[str, str], password: Callable[[], Secret | None]) -> None:
        self._settings, self._password = settings, password

    @contextmanager
    def _connected(self) -> Iterator[Any]:
        import psycopg

        held = self._password()
        login: dict[str, Any] = {**self._settings, **({"password": held.reveal()} if held else {})}
        try:
            with psycopg.connect(**login, connect_timeout=CONNECT_SECONDS, autocommit=True) as db:
                yield db
        except psycopg.errors.InsufficientPrivilege:
            raise Denied("the database role has no right to do this") from None
        except psycopg.errors.UndefinedTable:
            raise Rejected("the database has no table rescind_checkins", code="undefined-table") from None
        except psycopg.OperationalError:  # its text may quote the connection's settings
            raise Unreachable("the database does not answer, or refuses the login", maybe_sent=True) from None
        except psycopg.Error as error:
            raise Unrecognised(f"the database answered with {type(error).__name__}") from None

    def put(self, workstation: str, name: str, blob: bytes) -> None:
        """Insert a row; one of that name counts as done. INSERT alone is enough: nothing is read or replaced."""
        import psycopg

        with self._connected() as db:
            try:
                db.execute(
                    "insert into rescind_checkins (workstation, name, envelope) values (%s, %s, %s)",
                    (workstation, name, blob),
                )
            except psycopg.errors.UniqueViolation:
                return

    def names(self, workstation: str) -> list[str]:
        """Return the stored names."""
        with self._connected() as db:
            rows = db.execute("select name from rescind_checkins where workstation = %s order by name", (workstation,))
            return [str(row[0]) for row in rows]

    def arrivals(self, workstation: str) -> Mapping[str, Arrival]:
        """Return when each row was stored, by the server's clock: sure where no role that inserts may write that column."""
        import psycopg

        query = "select name, stored_at from rescind_checkins where workstation = %s"
        with self._connected() as db:
            try:
                rows = db.execute(query, (workstation,)).fetchall()
            except psycopg.errors.UndefinedColumn:
                return {}
            sure = not db.execute(_CHOOSABLE).fetchone()[0]
        return {str(name): Arrival(at=rfc3339(at), sure=sure) for name, at in rows if isinstance(at, datetime)}

    def get(self, workstation: str, name: str, limit: int) -> bytes:
        """Return one envelope."""
        with self._connected() as db:
            row = db.execute(
                "select case when length(envelope) <= %s then envelope end from rescind_checkins"
                " where workstation = %s and name = %s",
                (limit, workstation, name),
            ).fetchone()
        if row is None:
            raise NotFound(f"{name} is not there")
        if row[0] is None:
            raise Unrecognised(f"{name} is larger than {limit} bytes")
        return bytes(row[0])


def open_sink(conf: SinkConf, resolve: Callable[[SecretRef], Secret]) -> Table:
    """Return the table's sink; a server that is not on this machine must prove itself with TLS. Raises `ConfigError`."""
    url = urlsplit(conf.settings["url"])
    if url.scheme not in {"postgresql", "postgres"} or not url.path.strip("/"):
        raise ConfigError("[checkin] postgresql.url must be postgresql://user@host/database")
    host = url.hostname or ""
    settings = {"host": host, "dbname": url.path.strip("/"), "user": unquote(url.username or "")}
    settings |= {"port": str(url.port)} if url.port else {}
    settings |= (
        {} if host in {"", "localhost", "127.0.0.1", "::1"} else {"sslmode": "verify-full", "sslrootcert": "system"}
    )
    if conf.settings.get("ca_bundle"):
        settings["sslrootcert"] = conf.settings["ca_bundle"]
    held = conf.refs.get("password")
    return Table({k: v for k, v in settings.items() if v}, lambda: resolve(held) if held else None)
