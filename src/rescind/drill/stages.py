"""How a playbook is carried out in a drill: from its plan to its result, and what is looked at on the way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rescind.drill.world import ADA, MACHINE, World
from rescind.models.playbook import Playbook
from rescind.models.run import RunResult

if TYPE_CHECKING:
    from rescind.audit.log import AuditLog
    from rescind.models.plan import Case
    from rescind.pipeline.session import Session

PATIENCE = 10.0
"""Seconds for which a provider that does not answer is asked again in a drill; a real run gives it two minutes."""


@dataclass(slots=True)
class Rehearsal:
    """One drill as it goes on. `seen` are sentences on what was looked at during the run, each with whether it was as it must be."""

    world: World
    session: Session
    playbook: Playbook
    log: AuditLog
    given: dict[str, Any]
    seen: list[tuple[str, bool]] = field(default_factory=list)

    @property
    def case(self) -> Case:
        """The case as an operator would give it."""
        from rescind.pipeline.case import case_of

        return case_of(**self.given, now=self.session.clock.now())


Stage = Callable[[Rehearsal], RunResult]


def rehearsal(world: World, playbook: str, gives: tuple[str, ...], progress: Callable[[str], None]) -> Rehearsal:
    """Return what a drill works with: the world's configuration, a state folder of its own, and the case."""
    from rescind.audit.log import open_log
    from rescind.audit.signer import load_signer
    from rescind.models.clock import SystemClock
    from rescind.pipeline.session import Session
    from rescind.schema.config import load
    from rescind.schema.playbook import load_playbook
    from rescind.schema.secretref import resolver

    state, clock = world.folder / "state", SystemClock()
    session = Session(
        config=load(world.configure(), evidence=world.home),
        resolve=resolver(lambda _name: None),
        clock=clock,
        state_dir=state,
        keychain=world.keychain,
        progress=progress,
        patience=PATIENCE,
    )
    state.mkdir(mode=0o700)
    log = open_log(state / "rescind.db", load_signer(state), clock)
    everything: dict[str, str | Path] = {"person": ADA, "workstation": MACHINE, "target": world.home}
    return Rehearsal(world, session, load_playbook(playbook), log, {name: everything[name] for name in gives})


def straight(r: Rehearsal) -> RunResult:
    """Plan, pass the gate, apply. Trouble begins with the first step."""
    from rescind.engine import start
    from rescind.pipeline.session import gate, survey

    plan = survey(r.session, r.playbook, r.case)
    at = gate(r.session, plan, r.playbook)
    r.world.script.armed = True
    return start.new(r.session, plan, r.playbook, at, r.log)
