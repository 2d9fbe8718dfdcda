"""How long `audit verify` takes, against parsing and hashing the same bytes.

Builds a trail of 100,000 entries, exports it, then times `check` and a plain `json.loads` + SHA-256 of every line, taking turns so that a
busy machine slows both. Prints one JSON line; the bar is a ratio of at most 4. Usage: python benchmarks/audit_verify.py [ENTRIES] [ROUNDS]
"""

from __future__ import annotations

import hashlib
import json
import statistics
import sys
import tempfile
import time
import tracemalloc
from pathlib import Path

from rescind.audit.check import check
from rescind.audit.export import export
from rescind.audit.log import open_log
from rescind.audit.signer import new_signer
from rescind.models.clock import SystemClock

BAR = 4.0


def build(folder: Path, entries: int) -> tuple[Path, str]:
    """Write runs of 50 steps, each with an intent and an outcome, signed every 20 runs."""
    signer = new_signer("rescind/benchmark")
    with open_log(folder / "rescind.db", signer, SystemClock()) as log:
        log._db.execute("PRAGMA synchronous = OFF")  # building is not what is measured
        run = 0
        while log.head()[0] < entries:
            name, steps = f"run-{run:05}", [f"step-{run:05}-{n:02}" for n in range(50)]
            log.append(
                "run-started", run=name, data={"playbook": "lost-laptop", "plan_digest": "0" * 64, "steps": steps}
            )
            for step in steps:
                about = {"verb": "revoke", "credential": f"cred-{step}", "kind": "aws.access-key", "tenant": "prod-aws"}
                log.append("intent", run=name, step=step, data=about)
                seen = {
                    "end_state": "dead",
                    "liveness": "dead",
                    "evidence": "listing without it",
                    "request_id": "req-0",
                    "attempts": 1,
                }
                log.append("outcome", run=name, step=step, data=about | seen)
            log.append("run-ended", run=name)
            run += 1
            if run % 20 == 0:
                log.sign_head()
        export(log, folder / "trail.jsonl")
    return folder / "trail.jsonl", signer.vkey


def floor(path: Path) -> None:
    """Parse and hash the same bytes, nothing else."""
    with path.open("rb") as file:
        for line in file:
            json.loads(line)
            hashlib.sha256(line).digest()


def main() -> int:
    entries = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    with tempfile.TemporaryDirectory() as folder:
        path, vkey = build(Path(folder), entries)
        took: dict[str, list[float]] = {"check": [], "floor": []}
        for _ in range(rounds):
            start = time.process_time()
            floor(path)
            between = time.process_time()
            verdict = check(path, vkey=vkey)
            took["floor"].append(between - start)
            took["check"].append(time.process_time() - between)
            assert (verdict.integrity, verdict.completeness) == ("ok", "complete"), verdict.where
        tracemalloc.start()
        check(path, vkey=vkey)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        ratio = statistics.median(c / f for c, f in zip(took["check"], took["floor"], strict=True))
        figures = {
            "benchmark": "audit_verify",
            "entries": verdict.size,
            "export_bytes": path.stat().st_size,
            "check_seconds": round(statistics.median(took["check"]), 3),
            "floor_seconds": round(statistics.median(took["floor"]), 3),
            "ratio": round(ratio, 2),
            "bar": BAR,
            "peak_memory_bytes": peak,
        }
        print(json.dumps(figures))
    return 0 if ratio <= BAR else 1


if __name__ == "__main__":
    sys.exit(main())
