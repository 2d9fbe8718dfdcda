"""The end state that a person reads, for every kind behind HTTP, every verb, every fault, wherever in a step the fault strikes.

One rule above all, asked of the provider itself after each step: what is printed dead, residual or contained is refused there,
and what is printed failed works. `act` runs over real `Tenants`, a real audit trail and a clock that jumps instead of sleeping.
"""

from __future__ import annotations

import importlib
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import boto3
import pytest

from rescind.audit.log import AuditLog, open_log
from rescind.audit.signer import load_signer
from rescind.models.credential import Credential, EndState, Ownership
from rescind.models.kind import Kind, Verb
from rescind.models.plan import Step
from rescind.models.run import Receipt
from rescind.pipeline import execute
from rescind.pipeline.people import People
from rescind.pipeline.tenants import Connected, Tenants
from tests.contract import worlds_azure, worlds_entra, worlds_google, worlds_ssm
from tests.contract.faults import AFTER, FAULTS, UNSENT, FaultServer, Rule
from tests.contract.worlds import WORLDS, Held, World
from tests.interop import aws_world, bao_world

REFUSED = {EndState.DEAD, EndState.RESIDUAL, EndState.CONTAINED}
"""What nobody may read of a credential that still works."""
SIMULATED = {**WORLDS, **worlds_entra.ENTRA, **worlds_google.GOOGLE, **worlds_azure.ENDS, **worlds_ssm.SSM}
WRITES = {
    "vault.token": "revoke-accessor",
    "x509.client-cert": "/revoke$",
    "aws.user": "Action=(PutUserPolicy|AttachUserPolicy)",
    "vault.entity": "identity/entity/id",
    "vault.approle-secret-id": "secret-id-accessor/destroy",
    "aws.access-key": "Action=(UpdateAccessKey|DeleteAccessKey|PutUserPolicy|AttachUserPolicy)",
    "aws.role-session": "Action=Put(Role|User)Policy",
    "aws.login-profile": "Action=(DeleteLoginProfile|PutUserPolicy|AttachUserPolicy)",
    "aws.root-user": "Action=DeleteLoginProfile",
    "aws.login-session": "Action=Put(User|Role)Policy",
    "aws.eks-access-entry": "/access-entries/[^/]+$",
    "aws.iot-certificate": "newStatus",
    "aws.ssh-public-key": "Action=(Update|Delete)SSHPublicKey",
    "aws.service-specific-credential": "Action=(Update|Delete)ServiceSpecificCredential",
    "aws.signing-certificate": "Action=(Update|Delete)SigningCertificate",
    "aws.mfa-device": "Action=DeactivateMFADevice",
    "aws.sso-session": r"\.ProvisionPermissionSet",  # a policy that is written before it has no effect yet
    "aws.sso-user": r"\.ProvisionPermissionSet",
    "aws.sso-assignment": r"\.DeleteAccountAssignment",
    "aws.sso-group-membership": r"\.DeleteGroupMembership",
    "aws.account-access-entitlement": "/entitlements/",
    **worlds_entra.WRITES,
    **worlds_google.WRITES,
    **worlds_azure.WRITES,
    **worlds_ssm.WRITES,
}
"""The requests of each kind that change something at the provider."""
ABSENT = ("404",)
"""A 404 may be the provider's word that something is not there: it is weighed, so more than one end is right."""
REPEATED = ("429", "500", "503", "reset")
"""Faults after which the same request is sent again."""
WAIT = 20.0


class JumpClock:
    """The real time, so that a provider's own times fit, and every sleep on top of it. `rebase` makes it the real time again."""

    def __init__(self) -> None:
        self.seconds, self._base, self._lock = 0.0, 0.0, threading.Lock()

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.seconds - self._base)

    def monotonic(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.seconds += max(seconds, 0.0)

    def rebase(self) -> None:
        self._base = self.seconds


@dataclass
class Stages:
    """Breaks one stage of a step: `identify`, `action`, `verify`, `control`, or `all`. `trouble` is entered around it."""

    stage: str = ""
    trouble: Callable[[], AbstractContextManager[Any]] = nullcontext

    def around(self, stage: str) -> AbstractContextManager[Any]:
        return self.trouble() if self.stage in {stage, "all"} else nullcontext()


@dataclass
class Bench:
    """One world, connected the way a run connects it, with a trail."""

    world: World
    server: FaultServer
    tenants: Tenants
    name: str
    clock: JumpClock
    log: AuditLog
    kind: Kind
    stages: Stages = field(default_factory=Stages)
    spare: list[tuple[Held, Credential]] = field(default_factory=list)
    nth: int = 0

    @property
    def at(self) -> Connected:
        return self.tenants.get(self.name)

    def credential(self) -> tuple[Held, Credential]:
        """Return a living credential of the person: one that an earlier scenario left alive, or a new one."""
        self.clock.rebase()  # hours of jumped waiting would outlive what the provider issues for one
        if self.spare:
            return self.spare.pop()
        held = self.world.make()
        assert self.world.kind.identify is not None
        known = self.world.kind.identify(self.at.client, held.found, held.secret)
        whole = replace(
            held.found, identifier=known.identifier, owner=known.owner, issuer=known.issuer, subject=known.subject,
            attributes=known.attributes, tenant=self.name, ownership=Ownership.CASE,
        )  # fmt: skip
        return held, whole

    def act(self, verb: Verb, c: Credential, *, run: str = "") -> tuple[Receipt, Callable[[], Receipt]]:
        """Carry out one step as a run of its own; also return the same again, within the same run."""
        self.nth += 1
        people = People(mapped={c.provider: (c.owner,)})
        ctx = execute.Context(
            run=run or f"run-{self.nth}", tenants=self.tenants, people=people, log=self.log, clock=self.clock
        )
        step = Step(phase="revoke", verb=verb, credential=c.id, tenant=self.name, wait_seconds=WAIT)
        return execute.act(step, c, ctx), lambda: execute.act(step, c, ctx)

    def broken(self, verb: Verb, stage: str, *rules: Rule) -> tuple[Receipt, bool, list[Any]]:
        """Carry out a step with faults in one stage. Returns the receipt, whether the credential lives, and what was sent there."""
        self.clock.sleep(120)
        self.at.ask(self.at.client.identity)  # an earlier scenario may have left the circuit open
        held, c = self.credential()
        start = len(self.server.seen)
        self.stages.stage, self.stages.trouble = stage, lambda: self.server.faults(*rules)
        try:
            receipt, _ = self.act(verb, c)
        finally:
            self.stages.stage = ""
        sent = self.server.seen[start:]
        lives = held.lives()
        if lives:
            self.spare.append((held, c))
        check(receipt, lives, self.kind, verb)
        told = repr(receipt)
        assert not [s for s in self.world.secrets() if s in told]
        return receipt, lives, sent


def check(receipt: Receipt, lives: bool, kind: Kind, verb: Verb) -> None:
    """The core: a printed end is what the provider does."""
    told = (kind.id, verb, receipt)
    if receipt.end_state in REFUSED:
        assert not lives, told
        assert receipt.liveness == "dead", told
        assert receipt.cut_at, told
    elif receipt.end_state is EndState.FAILED:
        assert lives, told
        assert receipt.liveness == "live", told
    else:
        assert receipt.end_state is EndState.UNKNOWN, told
        assert receipt.evidence or receipt.error, told
    assert receipt.reversible is False or kind.actions[verb].reversible or receipt.liveness == "dead", told


@contextmanager
def listening() -> Iterator[dict[str, Any]]:
    """Remember the tenant and the resolver that a world connects with, so that `Tenants` can do the same."""
    given: dict[str, Any] = {}
    shared = boto3.session.Session()  # the counterpart's own clients: each session would read the service models again
    with ExitStack() as stack:
        once = SimpleNamespace(session=SimpleNamespace(Session=lambda: shared))
        stack.enter_context(patch.object(aws_world, "boto3", once))
        for provider in ("vault", "aws", "x509", "entra", "azure", "azure_devops", "google"):
            place = importlib.import_module(f"rescind.providers.{provider}._connect")
            plain = place.connect

            def spy(tenant: Any, resolve: Any, *rest: Any, plain: Any = plain, **more: Any) -> Any:
                given.update(tenant=replace(tenant, rate=1000.0), resolve=resolve)
                return plain(tenant, resolve, *rest, **more)

            stack.enter_context(patch.object(place, "connect", spy))
            if provider == "vault":
                stack.enter_context(patch.object(bao_world, "connect", spy))
        yield given


@contextmanager
def staged(kind: Kind, stages: Stages, *, repeatable: bool = True) -> Iterator[Kind]:
    """Let `stages` into every stage of a step of this kind. With `repeatable` False no verb may be sent twice blindly."""
    identify = kind.identify
    assert identify is not None

    def watched(client: Any, c: Any, secret: Any) -> Any:
        with stages.around("identify"):
            return identify(client, c, secret)

    actions = {v: a if repeatable else replace(a, idempotent=False) for v, a in kind.actions.items()}
    row = replace(kind, identify=watched, actions=actions)
    plain = Connected.run

    def run(self: Connected, what: Any, c: Any, *, look: bool) -> Any:
        stage = ("control" if what is kind.control else "verify") if look else "action"
        with stages.around(stage):
            return plain(self, what, c, look=look)

    with patch.object(Connected, "run", run), patch.object(execute, "kind_of", lambda _: row):
        yield row


@pytest.fixture(scope="module", params=list(SIMULATED))
def bench(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    base, clock = tmp_path_factory.mktemp("world"), JumpClock()
    state = tmp_path_factory.mktemp("state")
    log = open_log(state / "rescind.db", load_signer(state), clock)
    with listening() as given, SIMULATED[request.param](base) as world, FaultServer(world.target) as server:
        world.connect(server.url)
        tenants = Tenants((given["tenant"],), resolve=given["resolve"], clock=clock, write=True)
        yield Bench(world, server, tenants, given["tenant"].name, clock, log, world.kind)
        assert server.elsewhere_hits == []


@pytest.fixture(autouse=True)
def watching(request: pytest.FixtureRequest) -> Iterator[None]:
    if "bench" not in request.fixturenames:
        yield
        return
    b: Bench = request.getfixturevalue("bench")
    with staged(b.world.kind, b.stages) as row:
        b.kind = row
        yield


def ends(bench: Bench, verb: Verb) -> set[EndState]:
    """The states of a proven success of this verb, of which exactly one is right for a kind."""
    row = bench.world.kind.actions[verb]
    if row.ends is not EndState.DEAD:
        return {row.ends}
    return {EndState.RESIDUAL if bench.world.kind.residual.seconds else EndState.DEAD}


def verbs(bench: Bench) -> list[Verb]:
    return sorted(bench.world.kind.actions)


def test_without_faults_every_verb_ends_it_and_twice_is_the_same(bench: Bench) -> None:
    for verb in verbs(bench):
        held, c = bench.credential()
        receipt, again = bench.act(verb, c)
        assert {receipt.end_state} == ends(bench, verb), receipt
        check(receipt, held.lives(), bench.kind, verb)
        start = len(bench.server.seen)
        assert again() == receipt
        assert len(bench.server.seen) == start, "a step with an outcome was sent again"
        second, _ = bench.act(verb, c)
        assert second.end_state is receipt.end_state, second
        assert not held.lives()


@pytest.mark.parametrize("fault", FAULTS)
def test_whose_it_is_cannot_be_asked(bench: Bench, fault: str) -> None:
    for verb in verbs(bench):
        receipt, lives, sent = bench.broken(verb, "identify", Rule(fault=fault))
        if fault in ABSENT and receipt.end_state is not EndState.UNKNOWN:
            assert {receipt.end_state} == ends(bench, verb)
            continue
        assert receipt.end_state is EndState.UNKNOWN, receipt
        assert lives, "something was done without knowing whose it is"
        assert all(s.fault == fault for s in sent), "something else was sent"


@pytest.mark.parametrize("fault", UNSENT)
def test_an_action_that_never_arrives_is_failed(bench: Bench, fault: str) -> None:
    for verb in verbs(bench):
        for path in ("", WRITES[bench.kind.id]):
            receipt, lives, _ = bench.broken(verb, "action", Rule(fault=fault, path=path))
            assert receipt.end_state is EndState.FAILED, (path, receipt)
            assert lives


@pytest.mark.parametrize("fault", AFTER)
def test_an_answer_that_is_lost_after_the_provider_acted_is_proven(bench: Bench, fault: str) -> None:
    for verb in verbs(bench):
        receipt, _, sent = bench.broken(verb, "action", Rule(fault=fault, path=WRITES[bench.kind.id]))
        assert {receipt.end_state} == ends(bench, verb), receipt
        assert [s for s in sent if s.fault == fault and s.status], "the fault never struck"


@pytest.mark.parametrize("fault", FAULTS)
def test_a_death_that_cannot_be_looked_at_is_unknown(bench: Bench, fault: str) -> None:
    for verb in verbs(bench):
        for stage in ("verify", "control"):
            receipt, lives, _ = bench.broken(verb, stage, Rule(fault=fault))
            assert receipt.end_state is EndState.UNKNOWN, (stage, receipt)
            assert not lives
            assert receipt.call_status in {"done", "already", "accepted"}
            assert stage == "verify" or "control" in receipt.evidence


@pytest.mark.parametrize("fault", FAULTS)
def test_one_fault_on_everything_is_unknown(bench: Bench, fault: str) -> None:
    for verb in verbs(bench):
        receipt, lives, _ = bench.broken(verb, "all", Rule(fault=fault))
        assert receipt.end_state is EndState.UNKNOWN, receipt
        assert lives


@pytest.mark.parametrize("fault", FAULTS)
def test_twice_then_healthy(bench: Bench, fault: str) -> None:
    """What may be sent again is, and ends it; a refusal is not argued with: the state says what holds at the provider."""
    for verb in verbs(bench):
        well, told = ends(bench, verb), (verb, fault)
        on_action = bench.broken(verb, "action", Rule(fault=fault, path=WRITES[bench.kind.id], times=2))[0].end_state
        again = REPEATED if bench.world.kind.actions[verb].idempotent else ("429",)
        if fault in (*again, *AFTER):
            assert {on_action} == well, told
        else:
            assert on_action in {EndState.FAILED, *(well if fault in {"malformed", "empty"} else ())}, told
        assert {bench.broken(verb, "verify", Rule(fault=fault, times=2))[0].end_state} == well, told
        on_control = bench.broken(verb, "control", Rule(fault=fault, times=2))[0].end_state
        assert on_control in {EndState.UNKNOWN, *well}, told
        everywhere = bench.broken(verb, "all", Rule(fault=fault, times=2))[0].end_state
        if fault in REPEATED:
            assert {on_control} == {everywhere} == well, told
        else:
            assert everywhere in {EndState.UNKNOWN, EndState.FAILED, *well}, told


@pytest.mark.parametrize("fault", ["after-reset", "after-503", "reset", "503"])
def test_what_may_not_be_repeated_is_sent_once(bench: Bench, fault: str) -> None:
    with staged(bench.world.kind, bench.stages, repeatable=False):
        for verb in verbs(bench):
            receipt, _, sent = bench.broken(verb, "action", Rule(fault=fault, path=WRITES[bench.kind.id]))
            struck = [s for s in sent if s.fault == fault]
            assert len(struck) == 1, struck
            if fault in AFTER:
                assert struck[0].status in {200, 202, 204}
                assert {receipt.end_state} == ends(bench, verb), receipt
            else:
                assert receipt.end_state is EndState.FAILED, receipt


@pytest.mark.parametrize("wait", ["7", "3600"])
def test_the_provider_says_how_long_to_wait(bench: Bench, wait: str) -> None:
    """A pause inside the deadline is kept; one beyond it ends the attempt at once, and never by guessing."""
    verb = verbs(bench)[0]
    before = bench.clock.seconds + 120
    rule = Rule(fault="429", path=WRITES[bench.kind.id], times=1, retry_after=wait)
    receipt, lives, _ = bench.broken(verb, "action", rule)
    if wait == "7":
        assert bench.clock.seconds - before >= 7
        assert {receipt.end_state} == ends(bench, verb)
        assert receipt.attempts == 2
    else:
        assert bench.clock.seconds - before < 3600
        assert receipt.end_state is EndState.FAILED
        assert lives


def test_nothing_found_is_not_death(bench: Bench) -> None:
    """A 200 that says that nothing was found, for a credential that lives: failed. For one that is dead: dead, by the look alone."""
    for verb in verbs(bench):
        receipt, _, _ = bench.broken(verb, "action", Rule(fault="nothing", path=WRITES[bench.kind.id]))
        assert receipt.end_state is EndState.FAILED
    held, c = bench.credential()
    last = max(verbs(bench), key=lambda v: not bench.kind.actions[v].reversible)
    bench.act(last, c)
    bench.stages.stage, bench.stages.trouble = "action", lambda: bench.server.faults(Rule(fault="nothing"))
    receipt, _ = bench.act(last, c)
    bench.stages.stage = ""
    assert {receipt.end_state} == ends(bench, last), receipt
    assert not held.lives()


def test_killed_before_the_outcome_is_looked_at_first(bench: Bench) -> None:
    """An intent without an outcome, the provider having acted or not: the next process ends it, and says so truly."""
    with staged(bench.world.kind, bench.stages, repeatable=False):
        for verb in verbs(bench):
            for acted in (True, False):
                held, c = bench.credential()
                if acted:
                    bench.act(verb, c)
                run = f"killed-{verb}-{acted}"
                step = Step(phase="revoke", verb=verb, credential=c.id, tenant=bench.name, wait_seconds=WAIT)
                bench.log.append("intent", run=run, step=step.id, data={})
                start = len(bench.server.seen)
                receipt, _ = bench.act(verb, c, run=run)
                assert {receipt.end_state} == ends(bench, verb), receipt
                assert not held.lives()
                if acted:
                    assert receipt.attempts == 0
                    assert receipt.call_status == "already"
                    assert len(bench.server.seen) > start


def test_every_intent_has_its_outcome_and_no_secret_is_in_the_trail(bench: Bench) -> None:
    entries = list(bench.log.entries())
    intents = {(e.run, e.step) for e in entries if e.type == "intent"}
    outcomes = {(e.run, e.step) for e in entries if e.type == "outcome"}
    assert intents
    assert intents <= outcomes
    raw = b"\n".join(e.raw for e in entries)
    assert not [s for s in bench.world.secrets() if s.encode() in raw]
