"""200 actions at 200 ms, 16 at once: rescind's engine with its audit trail against plain SQLite and asyncio, round by round.

usage: run_200.py [ROUNDS=3]. Prints one JSON line. `ratio` is calls per second from the first phase to the end (median of the rounds);
`ratio_whole` counts rescind's launch and shutdown of the engine too, which a short run pays once.
"""

import importlib
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

import _baseline
import httpx
from _common import Audited, plan, server

from rescind.engine import execute

COUNT, AT_ONCE, LATENCY, BAR = 200, 16, 0.2, 0.75


def rescind(folder: Path, call) -> tuple[float, float]:
    marks: dict[str, float] = {}
    began = time.perf_counter()
    work = Audited(folder, plan(COUNT), call)
    execute(
        "r",
        work,
        state_dir=folder,
        concurrency=AT_ONCE,
        on_event=lambda name, _f: marks.setdefault(name, time.perf_counter()),
    )
    return marks["finished"] - marks["phase.started"], time.perf_counter() - began


def main() -> None:
    importlib.import_module("rescind.engine.workflow")  # importing is measured by startup.py

    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    rows = []
    with server(LATENCY) as base, httpx.Client(base_url=base, limits=httpx.Limits(max_connections=64)) as client:
        for _ in range(rounds):
            with tempfile.TemporaryDirectory() as name:
                folder = Path(name)
                plain = _baseline.run(
                    folder / "baseline.db", plan(COUNT), AT_ONCE, lambda step: client.post(f"/act/{step}").json()
                )
                ours, whole = rescind(folder / "state", lambda step: client.post(f"/act/{step}").json())
            rows.append((plain, ours, whole))
    ratio = statistics.median(p / o for p, o, _ in rows)
    print(
        json.dumps(
            {
                "benchmark": "run_200",
                "ratio": round(ratio, 3),
                "bar": f">= {BAR}",
                "ok": ratio >= BAR,
                "ratio_whole": round(statistics.median(p / w for p, _, w in rows), 3),
                "baseline_per_s": round(COUNT / statistics.median(p for p, _, _ in rows), 1),
                "rescind_per_s": round(COUNT / statistics.median(o for _, o, _ in rows), 1),
                "rounds": rounds,
            }
        )
    )


if __name__ == "__main__":
    main()
