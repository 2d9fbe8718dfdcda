"""What a drill says in the end: the run's own result, what was tried and seen, the trouble that was made, and the verdict."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from rescind.drill.judge import Row
from rescind.drill.world import World
from rescind.models.run import RunResult
from rescind.pipeline import render, report
from rescind.pipeline.render import safe


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One finished drill."""

    playbook: str
    result: RunResult
    rows: tuple[Row, ...]
    seen: tuple[tuple[str, bool], ...]
    world: World
    trail: bool
    seconds: float
    folder: str

    @property
    def passed(self) -> bool:
        """Whether everything that was seen is as it was printed, and the trail checks."""
        return all(r.ok for r in self.rows) and all(ok for _, ok in self.seen) and self.trail

    def json(self) -> dict[str, Any]:
        """Return `rescind.drill/1`."""
        faults = [
            {"provider": f.provider, "fault": f.asked, "struck": f.struck, "rehearsed": f.struck > 0}
            for f in self.world.script.faults
        ]
        return {
            "schema": "rescind.drill/1",
            "playbook": self.playbook,
            "passed": self.passed,
            "seconds": round(self.seconds, 1),
            "trail_checks": self.trail,
            "folder": self.folder,
            "probes": [asdict(r) for r in self.rows],
            "seen": [{"what": what, "ok": ok} for what, ok in self.seen],
            "faults": faults,
            "emulated": self.world.emulated,
            "not_rehearsed": self.world.left_out,
            "run": report.to_json(self.result),
        }

    def text(self, width: int) -> str:
        """Return the same for a person."""
        lines = [render.text(self.result, width=width), "Tried with the old credentials, before and after:"]
        for r in self.rows:
            printed = f", printed: {r.end_state}" if r.end_state else ""
            lines += render.wrap(f"{_mark(r.ok)}  {r.name}: {r.before} → {safe(r.after)}{printed}", width, "  ")
        lines += _listed("Seen on the way:", (f"{_mark(ok)}  {what}" for what, ok in self.seen), width)
        lines += _listed("Trouble made on purpose:", map(_struck, self.world.script.faults), width)
        lines += _listed("What this world is made of:", (*self.world.emulated, *self.world.left_out), width)
        verdict = (
            "every refusal and every bystander is as printed"
            if all(r.ok for r in self.rows) and all(ok for _, ok in self.seen)
            else "what was printed and what was seen differ"
        )
        trail = "the audit trail checks" if self.trail else "the audit trail DOES NOT check"
        ended = "passed" if self.passed else "FAILED"
        lines += ["", *render.wrap(f"Drill {ended} in {self.seconds:.1f} s: {verdict}; {trail}.", width, "")]
        return "\n".join([*lines, *([f"Kept in {self.folder}"] if self.folder else [])]) + "\n"


def _mark(ok: bool) -> str:
    return "ok" if ok else "NOT OK"


def _struck(fault: Any) -> str:
    if not fault.struck:
        return f"{fault.provider} {fault.asked}: NEVER STRUCK, no request met it: not rehearsed"
    of = f" of {fault.times}" if fault.times > 0 else ""
    return f"{fault.provider} {fault.asked}: struck {fault.struck}{of} times"


def _listed(title: str, notes: Iterable[str], width: int) -> list[str]:
    lines = [line for note in notes for line in render.wrap(note, width, "  ")]
    return ["", title, *lines] if lines else []
