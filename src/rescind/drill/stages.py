"""How a playbook is carried out in a drill: from its plan to its result, and what is looked at on the way."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from rescind.drill.judge import IDENTITY
from rescind.drill.world import ADA, MACHINE, World
from rescind.errors import RefusedError
from rescind.models.playbook import Playbook
from rescind.models.run import RunResult
from rescind.pipeline.report import WAITING

if TYPE_CHECKING:
    from rescind.audit.log import AuditLog
    from rescind.models.plan import Case
    from rescind.pipeline.session import Session

AHEAD = 5.0
"""How many seconds after planning the moment of a drill lies at least."""
PATIENCE = 10.0
"""Seconds for which a provider is asked again in a drill where one is down; a real run gives it two minutes."""


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


class Consumer:
    """Somebody who uses a credential again and again, from a thread of its own, until the block ends."""

    def __init__(self, use: Callable[[], str], every: float = 0.25) -> None:
        self.uses = self.failures = 0
        self._use, self._every = use, every
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._go, name="drill-consumer", daemon=True)

    @property
    def fine(self) -> bool:
        """Whether it was used at all, and never in vain."""
        return self.uses > 0 and not self.failures

    def _go(self) -> None:
        while not self._end.wait(self._every):
            self.failures += self._use() != "works"
            self.uses += 1

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join(timeout=20)


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
    )
    if any(f.name == "down" for f in world.script.faults):
        session = replace(session, patience=PATIENCE)
    state.mkdir(mode=0o700)
    log = open_log(state / "rescind.db", load_signer(state), clock)
    everything: dict[str, str | Path] = {"person": ADA, "workstation": MACHINE, "target": world.home}
    book = load_playbook(playbook)
    if book.sweep_after:
        waits = ", ".join(f"{s:g} s" for s in book.sweep_after)
        world.left_out.append(
            f"the waits before AWS is looked at again ({waits}): the emulator honours nothing that is gone"
        )
        book = replace(book, sweep_after=())
    return Rehearsal(world, session, book, log, {name: everything[name] for name in gives})


def straight(r: Rehearsal) -> RunResult:
    """Plan, pass the gate, apply. Trouble begins with the first step."""
    from rescind.engine import start
    from rescind.pipeline.session import gate, survey

    plan = survey(r.session, r.playbook, r.case)
    at = gate(r.session, plan, r.playbook)
    r.world.script.armed = True
    return start.new(r.session, plan, r.playbook, at, r.log)


def _untouched(r: Rehearsal, run: str, when: str) -> None:
    works = sum(p.use() == "works" for p in r.world.probes)
    r.seen.append((f"{when}: {works} of {len(r.world.probes)} credentials work", works == len(r.world.probes)))
    sent = sum(e.data.get("credential", "") != "" for e in r.log.entries(run=run, type="intent"))
    r.seen.append((f"{when}: the trail has {sent or 'no'} intents to end a credential", not sent))


def _go_on(r: Rehearsal, run: str, *, wait: bool = False) -> RunResult:
    from rescind.engine import start
    from rescind.engine.runs import plans_of

    plan = plans_of(r.session.state_dir, run)[0][0]
    return start.again(r.session, run, plan, r.playbook, r.log, wait=wait)


def isolated_first(r: Rehearsal) -> RunResult:
    """Apply; see that nothing is ended before the machine is isolated; attest that it is, and go on."""
    from rescind.models.clock import rfc3339
    from rescind.models.kind import CaseVerb

    rests = straight(r)
    r.world.script.armed = False
    r.seen.append((f"the run rests: it is {rests.status}", rests.status == WAITING))
    _untouched(r, rests.run, "before the isolation")
    task = next(s.id for s in rests.case_steps if s.verb == CaseVerb.ISOLATE)
    facts = {"attested_by": "the drill", "attested_at": rfc3339(r.session.clock.now()), "evidence": "a rehearsal"}
    r.log.append("task-done", run=rests.run, step=task, data={"case_step": task, **facts})
    r.log.sign_head()
    r.world.script.armed = True
    return _go_on(r, rests.run)


def at_a_moment(r: Rehearsal) -> RunResult:
    """Plan for a moment some seconds ahead; see that nothing happens before it; wait for it, and go on."""
    from rescind.models.clock import rfc3339
    from rescind.pipeline.session import survey

    began = r.session.clock.monotonic()
    survey(
        r.session, r.playbook, r.case
    )  # planned once to see how long that takes here: the moment is part of the plan
    took = r.session.clock.monotonic() - began
    r.given["at"] = rfc3339(r.session.clock.now() + timedelta(seconds=2 * took + AHEAD))
    rests = straight(r)
    r.world.script.armed = False
    r.seen.append((f"the run rests until {r.given['at']}: it is {rests.status}", rests.status == WAITING))
    _untouched(r, rests.run, "before the moment")
    r.world.script.armed = True
    return _go_on(r, rests.run, wait=True)


def cut_and_put_back(r: Rehearsal) -> RunResult:
    """Contain; see that the person can do nothing and everybody else still can; take it back, and see that nothing is left of it."""
    from rescind.engine import start
    from rescind.engine.runs import outcomes, plans_of
    from rescind.pipeline.session import gate, survey, tenants
    from rescind.pipeline.undo import make_undo, snapshots
    from rescind.schema.playbook import parse_playbook

    aws, s = r.world.held["aws"], r.session
    before, began = aws.policies_of("ada"), s.clock.monotonic()
    at = tenants(s, r.case, write=True)
    plan = survey(s, r.playbook, r.case, at=at)
    ready = gate(s, plan, r.playbook, at=at)
    r.world.script.armed = True
    cut = start.new(s, plan, r.playbook, ready, r.log, began=began)
    r.world.script.armed = False
    states, cut_after = sorted({str(c.end_state) for c in cut.credentials}), cut.time_to_first_cut
    contained, trouble = states == ["contained"], r.world.script.struck
    for p in r.world.probes:
        seen = p.use()
        right = seen.startswith("refused") or not contained if p.kind == IDENTITY else seen == "works"
        r.seen.append((f"while cut, {p.name}: {seen}", right))
    told = f"first cut {cut_after:.1f} s after the start" if cut_after is not None else "no cut"
    r.seen.append((f"{told}, printed: {', '.join(states)}", contained or trouble))
    try:
        back = make_undo(
            s, cut.run, plans_of(s.state_dir, cut.run)[0], outcomes(r.log, cut.run), snapshots(r.log, cut.run)
        )
    except RefusedError as error:
        r.seen.append((f"undo: {error.message}", not contained))
        return cut
    book = parse_playbook(json.dumps(dict(back.playbook)), "the undo")
    result = start.new(s, back, book, gate(s, back, book), r.log)
    same, left = aws.policies_of("ada") == before, any(str(c.end_state) == "contained" for c in result.credentials)
    told = f"after the undo ada's policies are {'word for word what they were' if same else 'not what they were'}"
    r.seen.append((told + (", and it says so" if left else ""), same is not left and (same or trouble)))
    return result


def while_it_is_used(r: Rehearsal) -> RunResult:
    """Rotate while somebody uses what the profile holds; see that they never fail, and that exactly one key is left."""
    aws, profile = r.world.held["aws"], r.world.held["profile"]
    old = aws.read_profile(profile)
    with Consumer(lambda: aws.try_key(aws.read_profile(profile))) as consumer:
        result = straight(r)
    new, trouble = aws.read_profile(profile), r.world.script.struck
    r.seen.append(
        (f"a job used the key {consumer.uses} times meanwhile, refused {consumer.failures} times", consumer.fine)
    )
    r.seen.append((f"the job reads {new.id} now: {aws.try_key(new)}", aws.try_key(new) == "works"))
    left = aws.keys_of("build")
    exact = set(left) == {new.id} and new.id != old.id
    r.seen.append((f"keys of build at AWS: {', '.join(sorted(left))}", exact or (trouble and new.id in left)))
    return result
