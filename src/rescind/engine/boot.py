"""Bring the durable engine up on one SQLite file, and down again. Sockets: none; lines on stderr: none.

Settings and why: WAL with `synchronous=FULL` (the stock rollback journal is 2.4 times slower), `hide_parameters` (a failed
statement would otherwise log its values), a pinned application version (the default is a hash of the workflows' source, so an
upgraded command would not find its old runs), and one queue per run, the only one listened to: taking up one run never
starts another's work, because recovery returns a workflow to its own queue (https://docs.dbos.dev/python/reference/queues).
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from dbos import DBOS, DBOSClient, DBOSConfig, Serializer
from sqlalchemy import event

from rescind import osfiles
from rescind.engine import serializer

JOURNAL = "journal.db"
VERSION = "rescind-1"
_NAME = "rescind"
_EXECUTOR = "laptop"
_LANES = 10


class _Json(Serializer):
    """The engine's face of `rescind.engine.serializer`."""

    def name(self) -> str:
        return "rescind_json"

    def serialize(self, data: Any) -> str:
        return serializer.dumps(data)

    def deserialize(self, serialized_data: str) -> Any:
        return serializer.loads(serialized_data)


class _Stderr(logging.Handler):
    """The engine's warnings, if ever there are any, on whatever stderr is at that moment."""

    def emit(self, record: logging.LogRecord) -> None:
        print(f"engine: {record.getMessage()[:200]}", file=sys.stderr)  # noqa: T201


def queue_of(run: str) -> str:
    """Return the name of a run's own queue."""
    return f"run:{run}"


def _connected(connection: Any, _record: object) -> None:
    connection.isolation_level = "IMMEDIATE"
    for pragma in ("busy_timeout=30000", "foreign_keys=ON", "journal_mode=WAL", "synchronous=FULL"):
        connection.execute(f"pragma {pragma}")


def _engine(path: Path) -> sa.Engine:
    os.close(osfiles.open_closed(path, os.O_RDWR | os.O_CREAT))
    engine = sa.create_engine(f"sqlite:///{path}", hide_parameters=True)
    event.listen(engine, "connect", _connected)
    return engine


def _config(engine: sa.Engine) -> DBOSConfig:
    return DBOSConfig(
        name=_NAME,
        system_database_engine=engine,
        application_version=VERSION,
        executor_id=_EXECUTOR,
        serializer=_Json(),
        log_level="WARNING",
        run_migrations=False,
        max_executor_threads=4,  # every workflow here is async: none waits in one of these threads
        notification_listener_polling_interval_sec=0.2,  # its sleep is what `destroy` waits for
    )


def _queue(engine: sa.Engine, run: str) -> None:
    """Write the run's queue before the launch: the engine looks for new ones only once a second."""
    client = DBOSClient(system_database_engine=engine, serializer=_Json(), application_name=_NAME)
    try:
        client.register_queue(
            queue_of(run),
            partition_concurrency=1,  # one lane at a time per tenant: its pacer is then the only one
            worker_concurrency=_LANES + 1,  # the run itself waits in one place
            polling_interval_sec=0.05,
            application_name=_NAME,
        )
    finally:
        client.destroy()


@contextmanager
def launched(run: str, state_dir: Path) -> Iterator[None]:
    """Launch the engine for one run and take it down afterwards. What was in flight stays pending and is taken up next time."""
    log = logging.getLogger("dbos")
    log.setLevel(logging.WARNING)
    log.propagate = False
    log.handlers[:] = [_Stderr()]  # its own would keep the stderr of the first launch
    path = state_dir / JOURNAL
    engine = _engine(path)
    try:
        DBOS.migrate(f"sqlite:///{path}")
        _queue(engine, run)
        DBOS(config=_config(engine))
        try:
            DBOS.listen_queues([queue_of(run)])
            DBOS.launch()
            yield
        finally:
            log.setLevel(logging.CRITICAL + 1)  # it reports every waiting coroutine that it ends as a warning
            DBOS.destroy()
            log.setLevel(logging.WARNING)
    finally:
        engine.dispose()
