"""A playbook carried out against an AWS account of ours, phase by phase and sweep by sweep, on a clock that jumps and lets an intruder act."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from rescind.audit.log import open_log
from rescind.audit.signer import load_signer
from rescind.engine import state
from rescind.engine.afterwards import look_for_more
from rescind.engine.runs import CaseWork, plans_of, result
from rescind.models.credential import Inventory
from rescind.models.plan import Case
from rescind.models.tenant import SecretRef, Tenant
from rescind.pipeline.enumerate import enumerate_all
from rescind.pipeline.people import People
from rescind.pipeline.plan import make_plan
from rescind.pipeline.tenants import Tenants
from rescind.schema import plan as plan_file
from rescind.schema.playbook import parse_playbook
from rescind.secret import Secret
from tests.interop.aws_cloud import ACCOUNT, OPERATOR, FakeAws
from tests.interop.aws_model import serve
from tests.unit.made_up import FakeClock

START = datetime(2026, 11, 24, 12, 0, 0, tzinfo=UTC)
BOOK = """
name: race
version: 1
title: t
inputs: {{person: required}}
scope: {{evidence: [], providers: [aws], sides: [provider], kinds: [{kinds}]}}
sweep: {{rounds: 6, after: {after}}}
phases:
{phases}
"""


class Clock(FakeClock):
    """A clock that jumps second by second, and lets the intruder act in between."""

    step = 1.0

    def __init__(self) -> None:
        super().__init__()
        self.intruder: Callable[[], None] = lambda: None
        self.calls = 0

    def now(self) -> datetime:
        return START + timedelta(seconds=self.t)

    def sleep(self, seconds: float) -> None:
        end = self.t + seconds
        while self.t < end:
            self.t = min(self.t + self.step, end)
            self.intruder()


class Run:
    """One run of one playbook against one account, phase by phase and sweep by sweep, without the engine's process."""

    def __init__(
        self,
        cloud: FakeAws,
        url: str,
        folder: Path,
        clock: Clock,
        book: str,
        names: tuple[str, ...] = ("ada",),
        **settings: str,
    ) -> None:
        tenant = Tenant(
            name="prod", provider="aws", settings={"account_id": ACCOUNT, "endpoint_url": url, **settings}, rate=1000,
            refs={"access_key_id": SecretRef(env="I"), "secret_access_key": SecretRef(env="S")},
        )  # fmt: skip
        values = {"I": Secret(OPERATOR), "S": Secret("fake-" + "x" * 35)}
        self.clock, self.cloud, self.dir = clock, cloud, folder
        self.tenants = Tenants((tenant,), resolve=lambda ref: values[str(ref.env)], clock=clock, write=True)
        self.people = people = People(person="ada@example.com", mapped={"aws": names})
        self.log = open_log(folder / "rescind.db", load_signer(folder), clock)
        self.playbook = playbook = parse_playbook(book, "race.yaml")
        found = enumerate_all(
            Inventory(workstation={}, credentials=()),
            {},
            self.tenants,
            people,
            providers=("aws",),
            kinds=playbook.kinds,
        )
        made = make_plan(
            found, playbook, Case(person="ada@example.com"), now=clock.now(), inventory_digest="i", policy_digest="p"
        )
        made = replace(made, digest=plan_file.digest_of(made))
        state.save_run(folder, "r", json.dumps(plan_file.to_json(made)), {})
        self.work = CaseWork(
            state_dir=folder, tenants=self.tenants, people=people, log=self.log, clock=clock, playbook=playbook, providers=("aws",)
        )  # fmt: skip
        self.rounds: list[tuple[float, int]] = []

    def _carry_out(self, phases: Any) -> None:
        for phase in phases:
            for steps in phase.lanes.values():
                for step in steps:
                    self.work.act("r", step)
            self.work.phase_done("r", phase.name)

    def all(self) -> Any:
        self._carry_out(self.work.phases("r"))
        for round_ in range(1, self.work.sweep_rounds("r") + 1):
            found = self.work.sweep("r", round_)
            self.rounds.append((self.clock.t, found["steps"]))
            self._carry_out(self.work.addendum("r", round_) if found["steps"] else [])
            if not found["again"]:
                break
        return result(self.dir, self.log, "r", self.clock)

    def verify(self) -> Any:
        """Look for what appeared since, as `rescind verify` does."""
        about = (self.playbook, ("aws",), self.tenants, self.people, self.log, self.clock)
        look_for_more(self.dir, "r", plans_of(self.dir, "r")[0], *about)
        return result(self.dir, self.log, "r", self.clock)


@contextmanager
def account(clock: Clock) -> Iterator[tuple[FakeAws, str]]:
    cloud = FakeAws(clock=clock.now)
    with serve(cloud) as url:
        yield cloud, url
