"""What the tests of Entra's whole steps share: one simulated tenant, one clock that everybody reads, and steps as a run does them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from rescind import catalogue
from rescind.audit.log import open_log
from rescind.audit.signer import load_signer
from rescind.models.credential import Credential, Ownership
from rescind.models.kind import Verb
from rescind.models.plan import Case, Plan, Step
from rescind.models.run import CredentialResult, Receipt, RunResult
from rescind.models.tenant import SecretRef, Tenant
from rescind.pipeline import execute, report
from rescind.pipeline.people import People
from rescind.pipeline.tenants import Tenants
from rescind.secret import Secret
from tests.contract.worlds import Held
from tests.interop import entra_world
from tests.interop.entra_world import APP, TENANT, TOKEN, Graph
from tests.unit.wire_clock import FakeClock


class Moving(FakeClock):
    """A simulated clock of whole seconds; the provider, the run and the test share it."""

    def now(self) -> datetime:
        return datetime(2026, 11, 24, 12, tzinfo=UTC) + timedelta(seconds=int(self.seconds + 1e-6))

    def to(self, moment: datetime) -> None:
        self.seconds = round(self.seconds + (moment - self.now()).total_seconds())


@dataclass
class Bench:
    """One tenant, connected as a run connects it, with a trail."""

    graph: Graph
    clock: Moving
    tenants: Tenants
    log: Any
    nth: int = 0

    @property
    def client(self) -> Any:
        return self.tenants.get("contoso").client

    def whole(self, held: Held | Credential) -> Credential:
        """Return what was found with what the provider says of it, as somebody's of the case."""
        found, secret = (held.found, held.secret) if isinstance(held, Held) else (held, None)
        known = catalogue.kinds()[found.kind].identify(self.client, found, secret)  # type: ignore[misc]
        return replace(
            found, identifier=known.identifier, issuer=known.issuer, subject=known.subject, owner=known.owner,
            attributes=dict(known.attributes), parent=known.parent, tenant="contoso", ownership=Ownership.CASE,
        )  # fmt: skip

    def end(self, *what: tuple[Verb, Credential], apart: float = 0.0, before: Callable[[], Any] = lambda: None) -> Run:
        """Carry out steps one after another, `apart` seconds apart, as one run; `before` is called in the last moment before each."""
        self.nth += 1
        owners = tuple({c.owner for _, c in what if c.owner})
        people = People(mapped={"entra": owners})
        ctx = execute.Context(
            run=f"run-{self.nth}", tenants=self.tenants, people=people, log=self.log, clock=self.clock
        )
        steps = [Step(phase=f"p{n}", verb=verb, credential=c.id, tenant="contoso") for n, (verb, c) in enumerate(what)]
        receipts: dict[str, Receipt] = {}
        for step, (_, c) in zip(steps, what, strict=True):
            self.clock.sleep(apart if receipts else 0)
            before()
            receipts[step.id] = execute.act(step, c, ctx)
        return Run(self, steps, {c.id: c for _, c in what}, receipts)


@dataclass
class Run:
    """What was done, and how it adds up at a moment."""

    bench: Bench
    steps: list[Step]
    credentials: dict[str, Credential]
    receipts: dict[str, Receipt]

    def adds_up(self, **told: Any) -> RunResult:
        plan = Plan(
            created_at="2026-11-24T12:00:00Z", case=Case(person="ada"), playbook={"name": "test"}, candidates=(), decisions=(),
            credentials=tuple(self.credentials.values()), steps=tuple(self.steps), accepted=told.pop("accepted", ()), gaps=(),
        )  # fmt: skip
        now = self.bench.clock.now()
        return report.add_up(
            f"run-{self.bench.nth}", [plan], self.receipts, now=now, status="ended", started_at=plan.created_at, **told
        )

    def of(self, c: Credential, **told: Any) -> CredentialResult:
        return next(r for r in self.adds_up(**told).credentials if r.id == c.id)


@contextmanager
def bench(folder: Path, **settings: Any) -> Iterator[Bench]:
    """Serve a tenant and connect to it."""
    clock = Moving()
    graph = Graph(clock)
    folder.mkdir(exist_ok=True)
    log = open_log(folder / "rescind.db", load_signer(folder), clock)
    with entra_world.served(graph) as url:
        facts = {
            "tenant_id": TENANT, "client_id": APP, "base_url": f"{url}/v1.0", "authority": url, "access_seconds": 5400, **settings,
        }  # fmt: skip
        row = Tenant(name="contoso", provider="entra", settings=facts, refs={"token": SecretRef(env="T")}, rate=1000.0)
        tenants = Tenants((row,), resolve=lambda _: Secret(TOKEN), clock=clock, write=True)
        yield Bench(graph, clock, tenants, log)
