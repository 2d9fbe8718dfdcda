"""A made-up provider for tests of the pipeline: a client whose credential lives in a dict and whose answers can be scripted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from rescind.errors import NotFound
from rescind.models.credential import Credential, Ownership
from rescind.models.kind import (
    Act,
    CallResult,
    CallStatus,
    Death,
    Identity,
    Kind,
    Known,
    Liveness,
    Observation,
    Residual,
    Verb,
)
from rescind.models.plan import Step
from rescind.models.tenant import Tenant


class FakeClock:
    """Time that passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.t = 0.0
        self.slept: list[float] = []

    def now(self) -> datetime:
        return datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC) + timedelta(seconds=self.t)

    def monotonic(self) -> float:
        return self.t

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.t += seconds


@dataclass
class Provider:
    """The provider's true state, and hooks that fail or lie on demand."""

    alive: dict[str, bool] = field(default_factory=dict)
    owner: str = "ada"
    calls: list[str] = field(default_factory=list)
    on_act: Callable[[], None] | None = None
    after_act: Callable[[], None] | None = None
    on_look: Callable[[], None] | None = None
    on_control: Callable[[], None] | None = None
    dead_after_looks: int = 0
    looks: int = 0
    tenant: Tenant = field(default_factory=lambda: Tenant(name="t", provider="made-up"))

    def identity(self) -> Identity:
        return Identity(account="acct", principal="responder", identifiers=("operator-key",))


def act(client: Provider, c: Credential) -> CallResult:
    client.calls.append("act")
    if client.on_act:
        client.on_act()
    client.alive[c.identifier] = False
    if client.after_act:
        client.after_act()
    return CallResult(status=CallStatus.DONE, provider_time="2026-11-23T12:00:00Z", request_id="req-1")


def verify(client: Provider, c: Credential) -> Observation:
    client.looks += 1
    if client.on_look:
        client.on_look()
    live = client.alive.get(c.identifier, False) or client.looks <= client.dead_after_looks
    return Observation(liveness=Liveness.LIVE if live else Liveness.DEAD, evidence="the listing")


def control(client: Provider, c: Credential) -> Observation:
    if client.on_control:
        client.on_control()
    return Observation(liveness=Liveness.LIVE, evidence="the sibling is shown")


def identify(client: Provider, c: Credential, secret: object) -> Known:
    client.calls.append("identify")
    if c.identifier not in client.alive:
        raise NotFound("not shown")
    return Known(identifier=c.identifier, owner=client.owner)


def kind(**changes: object) -> Kind:
    facts: dict[str, object] = {
        "id": "made-up.token",
        "title": "made up",
        "provider": "made-up",
        "actions": {Verb.REVOKE: Act(call=act, reversible=False, idempotent=True, permissions=("x",))},
        "verify": verify,
        "control": control,
        "identify": identify,
        "death": Death(negatives=3, seconds=4.0, source="https://example.com"),
        "residual": Residual(),
        "reference": "https://example.com",
        "since": "0.1",
        "tested": ("made up",),
    }
    return Kind(**{**facts, **changes})  # type: ignore[arg-type]


CREDENTIAL = Credential(
    kind="made-up.token", provider="made-up", identifier="one", tenant="t", owner="ada", ownership=Ownership.CASE
)
STEP = Step(phase="revoke", verb=Verb.REVOKE, credential=CREDENTIAL.id, tenant="t", wait_seconds=20)
