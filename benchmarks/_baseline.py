"""What a durable run costs at least: plain SQLite (WAL, synchronous=FULL) and asyncio, an intent and an outcome per action.

It is crash-safe in the same sense (an action in flight is asked again) and does nothing else: no lanes, no recovery of its own, no audit
trail. The provider call is the same synchronous function on the same number of threads as in rescind.
"""

import asyncio
import json
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path


def run(path: Path, phases: list[list[str]], concurrency: int, call: Callable[[str], dict]) -> float:
    """Carry out all phases and return the seconds from the first action to the end."""
    db = sqlite3.connect(path, isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=30000"):
        db.execute(f"pragma {pragma}")
    db.execute("create table act (id text primary key, phase int, state text, out text, at real)")
    db.execute("begin immediate")
    db.executemany(
        "insert into act values (?, ?, 'planned', null, null)", [(i, n) for n, ids in enumerate(phases) for i in ids]
    )
    db.execute("commit")
    pool = ThreadPoolExecutor(concurrency)

    async def one(limit: asyncio.Semaphore, name: str) -> None:
        async with limit:
            db.execute("update act set state = 'started', at = ? where id = ?", (time.time(), name))
            out = await asyncio.get_running_loop().run_in_executor(pool, call, name)
            db.execute(
                "update act set state = 'done', out = ?, at = ? where id = ?", (json.dumps(out), time.time(), name)
            )

    async def everything() -> None:
        limit = asyncio.Semaphore(concurrency)
        for ids in phases:
            await asyncio.gather(*(one(limit, name) for name in ids))

    began = time.perf_counter()
    asyncio.run(everything())
    took = time.perf_counter() - began
    db.close()
    return took
