"""Rehearse a playbook: build the world, show that every credential works, run for real, and try every old credential again."""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TextIO

from rescind.drill import show, stages, trouble
from rescind.drill.drills import DRILLS, Drill
from rescind.drill.judge import row
from rescind.drill.world import World, build
from rescind.errors import UsageError
from rescind.schema.faults import nearest


def _check_trail(r: stages.Rehearsal) -> bool:
    from rescind.audit import check
    from rescind.audit.export import export

    trail = r.world.folder / "state" / "trail.jsonl"
    export(r.log, trail)
    verdict = check.check(trail, vkey=None, checkpoint=None)
    return verdict.integrity == "ok" and verdict.completeness == "complete"


def _drill(playbook: str) -> Drill:
    if playbook not in DRILLS:
        near = nearest(playbook, DRILLS)
        meant = f"; did you mean {near!r}?" if near else ""
        raise UsageError(f"there is no drill for {playbook!r}{meant}", hint=f"drills: {', '.join(DRILLS)}")
    return DRILLS[playbook]


def rehearse(
    playbook: str,
    *,
    keep: bool,
    as_json: bool,
    progress: Callable[[str], None],
    width: int,
    out: TextIO,
    fail: Iterable[str] = (),
) -> int:
    """Run the drill and print what was proven. Returns 0 when every refusal and every bystander is as printed, else 4.

    Raises `UsageError` for a playbook without a drill, and for what `fail` says wrongly.
    """
    drill = _drill(playbook)
    script = trouble.Script(trouble.parse(fail, drill.troubles))
    began = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="rescind-drill-"))
    folder.chmod(0o700)
    world: World | None = None
    try:
        progress("building a throw-away world on loopback")
        world = build(folder, drill.pieces, script)
        before = {p.name: p.use() for p in world.probes}
        r = stages.rehearsal(world, playbook, drill.gives, progress)
        result = drill.carry_out(r)
        script.armed = False
        progress("trying every old credential again")
        told = show.Told(
            playbook=playbook,
            result=result,
            rows=tuple(row(p, before[p.name], result, trouble=script.struck) for p in world.probes),
            seen=tuple(r.seen),
            world=world,
            trail=_check_trail(r),
            seconds=time.monotonic() - began,
            folder=str(folder) if keep else "",
        )
        out.write(json.dumps(told.json(), indent=2) + "\n" if as_json else told.text(width))
    finally:
        if world is not None:
            world.stop()
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)
    return 0 if told.passed else 4
