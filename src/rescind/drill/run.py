"""Rehearse a playbook: build the world, show that every credential works, run for real, and try every old credential again."""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TextIO

from rescind.drill.world import ADA, Probe, World, build
from rescind.errors import UsageError
from rescind.models.clock import SystemClock
from rescind.models.credential import EndState
from rescind.models.run import RunResult
from rescind.pipeline import render, report
from rescind.pipeline.render import safe

DRILLS = ("lost-laptop",)
CUT = {EndState.DEAD, EndState.RESIDUAL, EndState.CONTAINED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One credential of the drill: how it answered before and after, what the run says of it, and whether both agree."""

    name: str
    kind: str
    identifier: str
    must: str
    before: str
    after: str
    end_state: str
    ok: bool


def _state_of(probe: Probe, result: RunResult) -> str:
    for c in result.credentials:
        if c.kind == probe.kind and (not probe.identifier or c.identifier == probe.identifier):
            return str(c.end_state)
    return ""


def judge(probe: Probe, before: str, after: str, end_state: str) -> bool:
    """Tell whether what was tried, what had to be, and what the run printed are the same truth."""
    if before != "works":
        return False  # a credential that never worked proves nothing
    if probe.must == "works":
        return after == "works" and (probe.kind in {"bystander", "responder"} or end_state == EndState.HELD)
    if not after.startswith("refused"):
        return False
    if probe.kind in {"file.secret", "keychain.item", "aws.role-session"}:
        return end_state not in {"", EndState.DEAD}  # a copy or a derived session is gone; its issuer was not asked
    return end_state in {str(s) for s in CUT}


def _go(world: World, state: Path, playbook: str, progress: Callable[[str], None]) -> RunResult:
    from rescind.audit.log import open_log
    from rescind.audit.signer import load_signer
    from rescind.engine import start
    from rescind.pipeline.case import case_of
    from rescind.pipeline.session import Session, gate, survey
    from rescind.schema.config import load
    from rescind.schema.playbook import load_playbook
    from rescind.schema.secretref import resolver

    book = load_playbook(playbook)
    clock = SystemClock()
    session = Session(
        config=load(world.config, evidence=world.home),
        resolve=resolver(lambda _name: None),
        clock=clock,
        state_dir=state,
        keychain=world.keychain,
        progress=progress,
    )
    case = case_of(person=ADA, workstation="ada-laptop", target=world.home, now=clock.now())
    plan = survey(session, book, case)
    log = open_log(state / "rescind.db", load_signer(state), clock)
    return start.new(session, plan, book, gate(session, plan, book), log)


def _check_trail(state: Path) -> bool:
    from rescind.audit import check
    from rescind.audit.export import export
    from rescind.audit.log import open_log
    from rescind.audit.signer import load_signer

    export(open_log(state / "rescind.db", load_signer(state), SystemClock()), state / "trail.jsonl")
    verdict = check.check(state / "trail.jsonl", vkey=None, checkpoint=None)
    return verdict.integrity == "ok" and verdict.completeness == "complete"


def rehearse(
    playbook: str, *, keep: bool, as_json: bool, progress: Callable[[str], None], width: int, out: TextIO
) -> int:
    """Run the drill and print what was proven. Returns 0 when every refusal and every bystander is as printed, else 4.

    Raises `UsageError` for a playbook without a drill.
    """
    if playbook not in DRILLS:
        raise UsageError(f"there is no drill for {playbook!r}", hint=f"drills: {', '.join(DRILLS)}")
    began = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="rescind-drill-"))
    folder.chmod(0o700)
    world: World | None = None
    try:
        progress("building a throw-away world on loopback")
        world = build(folder)
        before = {p.name: p.use() for p in world.probes}
        result = _go(world, folder / "state", playbook, progress)
        progress("trying every old credential again")
        rows = []
        for p in world.probes:
            state, after = _state_of(p, result), p.use()
            ok = judge(p, before[p.name], after, state)
            rows.append(
                Row(
                    name=p.name,
                    kind=p.kind,
                    identifier=p.identifier,
                    must=p.must,
                    before=before[p.name],
                    after=after,
                    end_state=state,
                    ok=ok,
                )
            )
        trail = _check_trail(folder / "state")
        passed = all(r.ok for r in rows) and trail
        seconds = time.monotonic() - began
        facts = {
            "passed": passed,
            "seconds": round(seconds, 1),
            "trail_checks": trail,
            "folder": str(folder) if keep else "",
        }
        if as_json:
            out.write(json.dumps(_json(playbook, result, rows, world, facts), indent=2) + "\n")
        else:
            out.write(_text(result, rows, world, facts, width))
    finally:
        if world is not None:
            world.stop()
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)
    return 0 if passed else 4


def _json(playbook: str, result: RunResult, rows: list[Row], world: World, facts: dict[str, Any]) -> dict[str, Any]:
    return {
        "schema": "rescind.drill/1",
        "playbook": playbook,
        **facts,
        "probes": [asdict(r) for r in rows],
        "emulated": list(world.emulated),
        "not_rehearsed": list(world.left_out),
        "run": report.to_json(result),
    }


def _text(result: RunResult, rows: list[Row], world: World, facts: dict[str, Any], width: int) -> str:
    lines = [render.text(result, width=width), "Tried with the old credentials, before and after:"]
    for r in rows:
        mark = "ok" if r.ok else "NOT OK"
        printed = f", printed: {r.end_state}" if r.end_state else ""
        lines += render.wrap(f"{mark}  {r.name}: {r.before} → {safe(r.after)}{printed}", width, "  ")
    lines += ["", "What this world is made of:"]
    for note in (*world.emulated, *world.left_out):
        lines += render.wrap(note, width, "  ")
    verdict = (
        "every refusal and every bystander is as printed"
        if facts["passed"]
        else "what was printed and what was seen differ"
    )
    trail = "the audit trail checks" if facts["trail_checks"] else "the audit trail DOES NOT check"
    lines += ["", f"Drill {'passed' if facts['passed'] else 'FAILED'} in {facts['seconds']} s: {verdict}; {trail}."]
    if facts["folder"]:
        lines.append(f"Kept in {facts['folder']}")
    return "\n".join(lines) + "\n"
