"""Rehearse a playbook: build the world, show that every credential works, run for real, and try every old credential again."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
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


@contextmanager
def _by_ourselves() -> Iterator[None]:
    """Keep the operator's proxies and AWS settings out of the drill: every address in it is 127.0.0.1, every identity made up.

    A SIGTERM ends it as tidily as Ctrl-C does: no server is left behind.
    """
    before = dict(os.environ)
    nowhere = {
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    kept = {k: v for k, v in before.items() if not k.startswith("AWS_") and not k.lower().endswith("_proxy")}
    os.environ.clear()
    os.environ.update(kept | nowhere)
    ended = (
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
        if threading.current_thread() is threading.main_thread()
        else None
    )
    try:
        yield
    finally:
        if ended is not None:
            signal.signal(signal.SIGTERM, ended)
        os.environ.clear()
        os.environ.update(before)


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
    with _by_ourselves():
        told = _rehearsed(playbook, drill, script, keep=keep, progress=progress)
    out.write(json.dumps(told.json(), indent=2) + "\n" if as_json else told.text(width))
    return 0 if told.passed else 4


def _rehearsed(
    playbook: str, drill: Drill, script: trouble.Script, *, keep: bool, progress: Callable[[str], None]
) -> show.Told:
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
        return show.Told(
            playbook=playbook,
            result=result,
            rows=tuple(row(p, before[p.name], result, trouble=script.struck) for p in world.probes),
            seen=tuple(r.seen),
            world=world,
            trail=_check_trail(r),
            seconds=time.monotonic() - began,
            folder=str(folder) if keep else "",
        )
    finally:
        if world is not None:
            world.stop()
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)
