"""Binds a stored plan to the durable engine: what a phase is, what a step does, what a sweep adds, how a run ends.

Everything here can be called again after a crash at any instant: steps answer from their outcome, a sweep from its stored
addendum, a phase end and a run end are recorded once.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

from rescind.audit.log import AuditLog
from rescind.engine import state
from rescind.engine.record import attested, outcomes, plans_of, result
from rescind.engine.rests import let_settle, phases_of, rest_before, rested
from rescind.engine.work import PhaseSpec
from rescind.errors import RefusedError
from rescind.models.clock import Clock, parse_rfc3339, rfc3339
from rescind.models.config import Hook
from rescind.models.credential import Credential, EndState, Inventory
from rescind.models.evidence import Gap
from rescind.models.plan import Plan
from rescind.models.playbook import Playbook
from rescind.pipeline import enumerate as enumerating
from rescind.pipeline import execute, orders, report, undo
from rescind.pipeline.case_steps import CaseContext, carry_out, is_case, told_of_the_case
from rescind.pipeline.people import People
from rescind.pipeline.plan import addendum, release
from rescind.pipeline.preserve import Reader, folder_of
from rescind.pipeline.rotating import Opened
from rescind.pipeline.strangers import appeared
from rescind.pipeline.tenants import Tenants
from rescind.schema import plan as plan_file
from rescind.secret import Secret

ENDED = {EndState.DEAD, EndState.RESIDUAL, EndState.ACKNOWLEDGED}

__all__ = ["CaseWork", "attested", "outcomes", "plans_of", "result"]


class CaseWork:
    """What the engine drives for one run of one case."""

    def __init__(
        self,
        *,
        state_dir: Path,
        tenants: Tenants,
        people: People,
        log: AuditLog,
        clock: Clock,
        playbook: Playbook,
        providers: tuple[str, ...],
        read_secret: Callable[[Credential], Secret | None] | None = None,
        began: float | None = None,
        rotations: Mapping[str, Opened] | None = None,
        hooks: Mapping[str, Hook] | None = None,
        hold: bool = False,
        records: Callable[[], Tenants] | None = None,
    ) -> None:
        self._began, self._cut = began, threading.Lock()
        self._records = records
        self._apart: Tenants | None = None
        self._dir, self._log, self._clock, self._playbook = state_dir, log, clock, playbook
        self._providers = providers
        self._tenants, self._people = tenants, people
        self._read_secret = read_secret
        self._rotations = rotations or {}
        self._hooks, self._hold = hooks or {}, hold
        self._contexts: dict[str, execute.Context] = {}
        self._plans: dict[str, list[Plan]] = {}
        self._begun: set[str] = set()

    def _context(self, run: str) -> execute.Context:
        if run not in self._contexts:
            self._contexts[run] = execute.Context(
                run=run,
                tenants=self._tenants,
                people=self._people,
                log=self._log,
                clock=self._clock,
                read_secret=self._read_secret,
                on_call=lambda: self._first_cut(run),
                hold=self._hold or self._load(run)[0].case.hold,
                rotations=self._rotations,
            )
        return self._contexts[run]

    def _first_cut(self, run: str) -> None:
        """Keep, once, how long after the command began the first call had its answer. Only where somebody measured the beginning."""
        with self._cut:
            if self._began is not None:
                state.set_status(self._dir, run, "running", first_cut=f"{self._clock.monotonic() - self._began:.3f}")
                self._began = None

    def _load(self, run: str) -> list[Plan]:
        if run not in self._plans:
            self._plans[run] = plans_of(self._dir, run)[0]
        return self._plans[run]

    def begin(self, run: str) -> None:
        """Record once that the run started, with every planned step: the trail is complete only if each has its outcome."""
        plan = self._load(run)[0]
        if run in self._begun or self._log.last("run-started", run, "") is not None:
            self._begun.add(run)
            return
        data: dict[str, Any] = {
            "playbook": str(plan.playbook.get("name", "")),
            "plan_digest": plan.digest,
            "person": plan.case.person,
            "workstation": plan.case.workstation,
            "tenants": dict(plan.tenants),
            "steps": [s.id for s in plan.steps],
            **told_of_the_case(plan),
            "undone": [{"credential": d.credential, "end_state": str(d.end_state)} for d in plan.decisions],
            "gaps": len(plan.gaps),
            **({"undo_of": plan.case.undo_of} if plan.case.undo_of else {}),
        }
        self._log.append("run-started", run=run, data=data)

    def cut_first(self, run: str) -> None:
        """Send the calls of the first phase now, all tenants at once; the engine, which takes longer to start, proves them afterwards."""
        self.begin(run)
        plan, ctx = self._load(run)[0], self._context(run)
        first = [s for s in plan.steps if s.phase == plan.steps[0].phase]
        lanes: dict[str, list[str]] = {}
        for step in first:
            lanes.setdefault(step.tenant, []).append(step.id)

        def lane(steps: list[str]) -> None:
            for step in steps:
                execute.cut(*execute.find(plan, step), ctx)

        with ThreadPoolExecutor(max_workers=max(1, len(lanes))) as pool:
            for done in [pool.submit(lane, steps) for steps in lanes.values()]:
                done.result()

    def sweep_rounds(self, run: str) -> int:
        """Return how many sweeps the plan allows."""
        return self._load(run)[0].sweep_rounds

    def phases(self, run: str) -> list[PhaseSpec]:
        """Return the phases of the stored plan."""
        self.begin(run)
        return phases_of(self._load(run)[0])

    def addendum(self, run: str, round: int) -> list[PhaseSpec]:  # noqa: A002  the engine's word
        """Return the phases that a sweep added; none if it found nothing."""
        text = state.load_addendum(self._dir, run, round)
        return phases_of(release(plan_file.from_stored(text), frozenset())) if text else []

    def may_begin(self, run: str, sweep: int, index: int) -> None:
        """Return when a phase may begin; otherwise the run rests, which its record says, and `Resting` is raised."""
        if sweep:
            plan = release(plan_file.from_stored(str(state.load_addendum(self._dir, run, sweep))), frozenset())
        else:
            plan = self._load(run)[0]
        first = self._load(run)[0]
        rested(self._dir, self._log, run, rest_before(self._log, run, first, plan, sweep, index, self._clock.now()))

    def act(self, run: str, step: str) -> dict[str, str]:
        """Carry out one step; returns its end state, which is all that the engine's journal needs to hold."""
        if is_case(step):
            plan = self._load(run)[0]
            ctx = CaseContext(
                run=run,
                case=plan.case,
                log=self._log,
                hooks=self._hooks,
                hold=self._hold or plan.case.hold,
                reader=self._reader(run) if any(s.id == step and s.tenant for s in plan.case_steps) else None,
                credentials=plan.credentials,
            )
            return {"s": carry_out(next(s for s in plan.case_steps if s.id == step), ctx)}
        for plan in self._load(run):
            if any(s.id == step for s in plan.steps):
                planned, credential = execute.find(plan, step)
                return {"s": str(execute.act(planned, credential, self._context(run)).end_state)}
        self._plans.pop(run, None)  # an addendum was stored since: read again, once
        planned, credential = execute.find(self._load(run)[-1], step)
        return {"s": str(execute.act(planned, credential, self._context(run)).end_state)}

    def _reader(self, run: str) -> Reader:
        """Read records over connections of their own: what slows or stops these must not hold up a cut."""
        with self._cut:
            self._apart = self._apart or (self._records() if self._records else self._tenants)
        return Reader(
            run=run,
            tenants=self._apart,
            log=self._log,
            clock=self._clock,
            folder=folder_of(self._dir, run),
            names=lambda provider: self._people.subject(provider).names,
        )

    def phase_done(self, run: str, phase: str) -> None:
        """Record once that a phase ended, and sign the head of the trail."""
        if self._log.last("phase-ended", run, phase) is None:
            self._log.append("phase-ended", run=run, step=phase, data={"phase": phase})
        self._log.sign_head()

    def sweep(self, run: str, round: int) -> dict[str, Any]:  # noqa: A002  the engine's word
        """Ask the providers again; what appeared, or came back, becomes a stored addendum with its parent's digest."""
        stored = state.load_addendum(self._dir, run, round)
        after = self._playbook.sweep_after
        if stored is None:
            self._plans.pop(run, None)
            plans = self._load(run)
            let_settle(self._log, run, plans, after, round, self._clock)
            extra = self._look_again(run, plans, round)
            stored = "" if extra is None else json.dumps(plan_file.to_json(extra))
            state.save_addendum(self._dir, run, round, stored)
            self._plans.pop(run, None)
        steps = [s.id for s in plan_file.from_stored(stored).steps if not s.held] if stored else []
        if self._log.last("sweep", run, f"sweep-{round}") is None:
            self._log.append("sweep", run=run, step=f"sweep-{round}", data={"round": round, "new_steps": len(steps)})
            if stored:
                extra = plan_file.from_stored(stored)
                data: dict[str, Any] = {
                    "steps": steps,
                    "plan_digest": extra.digest,
                    "parent_digest": extra.parent_digest,
                    "credentials": [c.id for c in extra.credentials],
                }
                self._log.append("addendum", run=run, step=f"sweep-{round}", data=data)
        return {"steps": len(steps), "again": bool(steps) or round < len(after)}

    def _look_again(self, run: str, plans: Sequence[Plan], round_: int) -> Plan | None:
        first = plans[0]
        at, now = (self._tenants, self._people), self._clock.now()
        seen = appeared(self._rotations, first, *at, self._log, run, now) or self._at_the_providers()
        seen = replace(seen, gaps=(*seen.gaps, *self._left_out(first)))
        known = {c.id: c for plan in plans for c in plan.credentials}
        done = report.add_up(
            run, plans, outcomes(self._log, run), now=self._clock.now(), status="running", started_at=""
        )
        alive = {c.id for c in done.credentials if c.end_state in ENDED} & seen.live_at_provider
        back = frozenset(c.id for c in seen.credentials if c.id in alive and not enumerating.made_anew(known[c.id], c))
        everything = replace(first, credentials=tuple(known.values()), gaps=tuple(g for p in plans for g in p.gaps))
        extra = addendum(everything, seen, self._playbook, round_=round_, again=back, now=self._clock.now())
        if extra is None:
            return None
        return replace(extra, digest=plan_file.digest_of(extra))

    def _at_the_providers(self) -> enumerating.Enumerated:
        return enumerating.enumerate_all(
            Inventory(workstation={}, credentials=()),
            {},
            self._tenants,
            self._people,
            providers=self._providers,
            provider_side="provider" in self._playbook.sides,
            kinds=self._playbook.kinds,
        )

    def _left_out(self, first: Plan) -> list[Gap]:
        """Return the tenants of the plan that are not in the configuration any more: a resumed run cannot look at them again."""
        gaps: list[Gap] = []
        for name in first.tenants:
            try:
                self._tenants.row(name)
            except RefusedError as error:
                gaps.append(Gap(source=f"tenant:{name}", reason=f"not looked at again: {error.message}"))
        return gaps

    def _tell_the_original(self, run: str) -> None:
        plan = self._load(run)[0]
        if plan.case.undo_of:
            originals, done = plans_of(self._dir, plan.case.undo_of)[0], outcomes(self._log, plan.case.undo_of)
            undo.record(self._log, plan, run, outcomes(self._log, run), originals, done)

    def finish(self, run: str) -> None:
        """Record once that the run ended, with its counts, and sign the head of the trail."""
        ended = self._log.last("run-ended", run, "")
        if ended is None:
            self._plans.pop(run, None)
            self._tell_the_original(run)
            orders.again(self._reader(run), self._load(run)[0].case_steps)
            done = replace(result(self._dir, self._log, run, self._clock), status=report.ENDED)
            data: dict[str, Any] = {
                "counts": dict(done.counts),
                "gaps": len(done.gaps),
                "line_one": report.line_one(done),
                "exit_code": report.exit_code(done),
            }
            ended = self._log.append("run-ended", run=run, data=data)
        # outside: a process may have been killed between the entry and the record
        state.set_status(self._dir, run, "ended", ended_at=rfc3339(parse_rfc3339(ended.at)))
        self._log.sign_head()
