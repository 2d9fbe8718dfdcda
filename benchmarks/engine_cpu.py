"""CPU and journal size per action: actions that do nothing but write their two audit entries, 16 at once.

usage: engine_cpu.py [COUNT=600]. Prints one JSON line. `ratio` is CPU per action over that of the same two audit entries alone.
"""

import importlib
import json
import resource
import sys
import tempfile
from pathlib import Path

from _common import Audited, plan

from rescind.engine import execute

CPU_BAR, BYTES_BAR = 7.0, 512


def cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def nothing(_step: str) -> dict[str, str]:
    return {}


def main() -> None:
    importlib.import_module("rescind.engine.workflow")  # importing is measured by startup.py

    count = int(sys.argv[1]) if len(sys.argv) > 1 else 600
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        execute("warm", Audited(folder, [["step-0"]], nothing), state_dir=folder)
        journal = folder / "journal.db"
        marks: dict[str, tuple[float, int]] = {}
        before = journal.stat().st_size

        def mark(event: str, _facts: object) -> None:
            marks.setdefault(event, (cpu(), 0))

        began = cpu()
        execute("r", Audited(folder, plan(count), nothing), state_dir=folder, on_event=mark)
        whole = cpu() - began
        size = journal.stat().st_size - before
        alone = Audited(folder, [], nothing)
        began = cpu()
        for number in range(count):
            alone.act("alone", f"step-{number}")
        audit = cpu() - began
    used = (marks["finished"][0] - marks["phase.started"][0]) / count * 1e3
    per_byte = size / count
    print(
        json.dumps(
            {
                "benchmark": "engine_cpu",
                "cpu_ms_per_action": round(used, 2),
                "bar": f"<= {CPU_BAR}",
                "journal_bytes_per_action": round(per_byte),
                "bytes_bar": f"<= {BYTES_BAR}",
                "ok": used <= CPU_BAR and per_byte <= BYTES_BAR,
                "ratio": round(used / (audit / count * 1e3), 2),
                "audit_only_ms": round(audit / count * 1e3, 2),
                "with_launch_ms": round(whole / count * 1e3, 2),
                "count": count,
            }
        )
    )


if __name__ == "__main__":
    main()
