"""Keys, tokens and certificates of Azure's resources against a simulator of ours that is held to Microsoft's own clients."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from rescind import catalogue
from rescind.audit.log import open_log
from rescind.audit.signer import load_signer
from rescind.errors import Denied, NotFound, Rejected, Throttled, Unrecognised
from rescind.models.clock import parse_rfc3339
from rescind.models.config import Config
from rescind.models.credential import Credential, EndState, Ownership
from rescind.models.evidence import Gap
from rescind.models.kind import CallStatus, Known, Liveness, Subject, Verb
from rescind.models.plan import Step
from rescind.models.tenant import SecretRef, Tenant
from rescind.pipeline import doctor, execute
from rescind.pipeline.enumerate import _FIRST_HAND
from rescind.pipeline.people import People
from rescind.pipeline.session import Session
from rescind.pipeline.tenants import Tenants
from rescind.providers.azure import _connect
from rescind.secret import Secret
from rescind.wire.pace import Pacer
from tests.contract.worlds_azure import ADA, MAKERS
from tests.contract.worlds_by_value import served
from tests.interop import azure_world
from tests.interop.azure_world import (
    BUS,
    COSMOS,
    DATA_PLANE,
    EXCHANGED,
    HUB,
    SUBSCRIPTION,
    TENANT,
    TOKEN,
    Arm,
    breaches,
    operation_of,
)
from tests.unit.wire_clock import FakeClock

KINDS = {k.id: k for k in catalogue.kinds().values() if k.provider == "azure"}
DELEGATION = KINDS["azure.storage-user-delegation-key"]


class Clock(FakeClock):
    """A clock that both sides live by: sleeping moves it, and nothing waits."""

    def __init__(self) -> None:
        super().__init__()
        self.start = datetime(2026, 11, 24, 9, tzinfo=UTC)

    def now(self) -> datetime:
        return self.start + timedelta(seconds=self.monotonic())


@dataclass
class Bench:
    """A simulated tenant, and steps carried out on it as a run does it."""

    arm: Arm
    clock: Clock
    client: Any
    url: str
    state: Any
    nth: int = 0

    def known(self, maker: str) -> tuple[Credential, Any, Any]:
        """Return what one maker makes, as the tenant knows it, its kind, and whether it lives."""
        kind, said, value, lives, user, _ = MAKERS[maker](self.arm, ADA)
        host, _, authority = said.partition(" ")
        facts = {"cluster_ca": authority} if authority else {}
        ident, host = (host[1:], "") if host.startswith("=") else ("", host)
        found = Credential(kind=kind, provider="azure", identifier=ident, issuer=host, subject=user, attributes=facts)
        shown = KINDS[kind].identify(self.client, found, value)
        return self.of(shown, kind), KINDS[kind], lives

    def of(self, shown: Known, kind: str) -> Credential:
        return Credential(
            kind=kind, provider="azure", identifier=shown.identifier, owner=shown.owner, issuer=shown.issuer,
            subject=shown.subject, attributes=shown.attributes, tenant="contoso", ownership=Ownership.CASE,
        )  # fmt: skip

    def act(self, verb: Verb, c: Credential, wait: float = 120.0) -> Any:
        self.nth += 1
        row = Tenant(
            name="contoso",
            provider="azure",
            settings={"tenant_id": TENANT, "base_url": self.url},
            refs={"token": SecretRef(env="T")},
            rate=1000.0,
        )
        tenants = Tenants((row,), resolve=lambda _: Secret(TOKEN), clock=self.clock, write=True)
        log = open_log(self.state / f"{self.nth}.db", load_signer(self.state), self.clock)
        people = People(mapped={"azure": (c.owner,)})
        ctx = execute.Context(run="run-1", tenants=tenants, people=people, log=log, clock=self.clock)
        step = Step(phase="revoke", verb=verb, credential=c.id, tenant="contoso", wait_seconds=wait)
        return execute.act(step, c, ctx)


@pytest.fixture
def bench(tmp_path) -> Iterator[Bench]:
    clock = Clock()
    arm = Arm(clock.now)
    with served(arm.answer, clocked=True) as url:
        yield Bench(arm, clock, azure_world.client(url, clock), url, tmp_path)


ALL = [*MAKERS, "azure.storage-user-delegation-key/simulator"]


def made(bench: Bench, name: str) -> tuple[Credential, Any]:
    if name in MAKERS:
        c, kind, _ = bench.known(name)
        return c, kind
    account = bench.arm.account()
    (shown,) = DELEGATION.enumerate(bench.client, Subject(names=(account,)))
    return bench.of(shown, DELEGATION.id), DELEGATION


def test_every_kind_of_the_provider_is_walked() -> None:
    assert {name.partition("/")[0] for name in ALL} == set(KINDS)


@pytest.mark.parametrize("name", ALL)
def test_every_request_is_one_of_microsofts_under_the_actions_that_are_declared(bench, name):
    bench.arm.page = 1
    c, kind = made(bench, name)
    bench.arm.may = set(kind.read_permissions)
    assert kind.identify(bench.client, c, None).identifier == c.identifier
    listed = list(kind.enumerate(bench.client, Subject(names=(c.owner,))))
    assert c.identifier in {k.identifier for k in listed if isinstance(k, Known)}
    assert not [g for g in listed if isinstance(g, Gap)]
    for look in filter(None, (kind.verify, kind.control)):
        assert look(bench.client, c).liveness is Liveness.LIVE
    assert kind.control(bench.client, Credential(kind=kind.id, provider="azure")).liveness is Liveness.LIVE
    for verb in sorted(kind.actions, key=lambda v: not kind.actions[v].reversible):
        act = kind.actions[verb]
        bench.arm.may = set(act.permissions)
        facts = {f"before.{k}": v for k, v in (act.snapshot(bench.client, c) if kind.id == "azure.storage-key" and act.snapshot else {}).items()}  # fmt: skip
        assert act.call(bench.client, c).status in {CallStatus.DONE, CallStatus.ACCEPTED, CallStatus.ALREADY}
        if act.restore:
            assert act.reversible
            more = {"before.admin": "on", "before.shared": "on", **facts}
            act.restore(bench.client, replace(c, attributes={**c.attributes, **more}))
    for permission in {p for a in kind.actions.values() for p in a.permissions if not p.endswith("/read")}:
        if permission.partition("/")[0] not in c.identifier:
            continue  # of the other type of resource that the kind is for
        bench.arm.may = azure_world.Everything()
        again, _ = made(bench, name)
        verb = next(v for v in kind.actions if permission in kind.actions[v].permissions)
        bench.arm.may = set(kind.actions[verb].permissions) - {permission}
        with pytest.raises(Denied):
            kind.actions[verb].call(bench.client, again)
    for request in bench.arm.seen:
        assert not breaches(*request), request


def test_no_operation_of_the_model_goes_unused(tmp_path):
    """What was cut out of Microsoft's clients is what we send, and no more."""
    sent: set[str] = set()
    for name in [*ALL, "event-hubs"]:
        clock = Clock()
        arm = Arm(clock.now)
        with served(arm.answer, clocked=True) as url:
            bench = Bench(arm, clock, azure_world.client(url, clock), url, tmp_path)
            if name == "event-hubs":
                namespace = arm.resource(HUB)
                arm.rule(namespace)
                kind = KINDS["azure.shared-access-key"]
                for known in kind.enumerate(bench.client, Subject(names=(namespace,))):
                    c = bench.of(known, kind.id)
                    kind.actions[Verb.REVOKE].call(bench.client, c)
                    kind.control(bench.client, c)
            else:
                c, kind = made(bench, name)
                bench.client.may(("x",))
                for act in kind.actions.values():
                    act.call(bench.client, made(bench, name)[0])
                for look in filter(None, (kind.verify, kind.control)):
                    look(bench.client, c)
                kind.control(bench.client, Credential(kind=kind.id, provider="azure"))
                kind.identify(bench.client, c, None) if kind.id != "azure.acr-token" else None
        sent |= {operation_of(method, path) for method, path, _, _ in arm.seen}
    assert set(azure_world.model()) == sent


@pytest.mark.parametrize("name", MAKERS)
def test_the_end_that_is_printed_is_what_the_service_does_to_the_second(bench, name):
    """Dead is refused by then; residual names the last second at which what was made with it is taken."""
    for verb in sorted(KINDS[name.partition("/")[0]].actions):
        c, kind, lives = bench.known(name)
        assert lives()
        before = bench.clock.now()
        receipt = bench.act(verb, c)
        assert not lives(), receipt
        cut = parse_rfc3339(receipt.cut_at)
        if kind.actions[verb].ends is EndState.CONTAINED:
            assert receipt.end_state is EndState.CONTAINED
        elif kind.residual.seconds:
            assert receipt.end_state is EndState.RESIDUAL, receipt
            until = parse_rfc3339(receipt.residual_until)
            last = bench.arm.session()  # got just before the cut, at the latest
            assert before.replace(microsecond=0) <= cut <= last
            life = EXCHANGED if "identity" in name else DATA_PLANE
            assert until == cut + timedelta(seconds=life)
            bench.clock.sleep((until - bench.clock.now()).total_seconds() - 1)
            assert bench.arm.session_works(cut, life)
            bench.clock.sleep(1)
            assert not bench.arm.session_works(cut, life)
        else:
            assert receipt.end_state is EndState.DEAD, receipt
            assert receipt.residual_until == ""


@pytest.mark.parametrize(("name", "lag"), [("azure.cosmos-key/simulator", 3600), ("azure.aks-certificate/simulator", 1800)])  # fmt: skip
def test_accepted_is_not_dead_and_the_old_one_works_until_azure_is_done(bench, name, lag):
    bench.arm.lag = lag
    c, kind, lives = bench.known(name)
    act = kind.actions[Verb.REVOKE]
    assert not act.idempotent
    assert act.call(bench.client, c).status is CallStatus.ACCEPTED
    assert bench.arm.polled
    sent = len([r for r in bench.arm.seen if r[1].endswith(("/regenerateKey", "/rotateClusterCertificates"))])
    assert act.call(bench.client, c).status in {CallStatus.ACCEPTED, CallStatus.ALREADY}
    assert sent == len([r for r in bench.arm.seen if r[1].endswith(("/regenerateKey", "/rotateClusterCertificates"))])
    assert lives()
    seen = kind.verify(bench.client, c)
    assert seen.liveness is Liveness.UNKNOWN
    bench.clock.sleep(lag - 1)
    assert lives()
    assert kind.verify(bench.client, c).liveness is Liveness.UNKNOWN
    bench.clock.sleep(1)
    assert not lives()
    assert kind.verify(bench.client, c).liveness is Liveness.DEAD


@pytest.mark.parametrize(("lag", "wait", "end"), [(1800, 2700, EndState.DEAD), (1800, 120, EndState.UNKNOWN)])
def test_a_step_waits_as_long_as_it_is_told_to(bench, lag, wait, end):
    bench.arm.lag = lag
    c, _, lives = bench.known("azure.aks-certificate/simulator")
    receipt = bench.act(Verb.REVOKE, c, wait=wait)
    assert receipt.end_state is end, receipt
    assert lives() is (end is EndState.UNKNOWN)


@pytest.mark.parametrize("name", ["azure.cosmos-key/simulator", "azure.aks-certificate/simulator"])
def test_an_operation_that_fails_is_no_end(bench, name):
    bench.arm.fails = "InternalOperationError"
    c, kind, lives = bench.known(name)
    if "cosmos" in name:  # its client names an address that tells a failure; the other one's tells an error of any sort
        with pytest.raises(Rejected, match="InternalOperationError"):
            kind.actions[Verb.REVOKE].call(bench.client, c)
    else:
        assert kind.actions[Verb.REVOKE].call(bench.client, c).status is CallStatus.ACCEPTED
        assert lives()
    assert kind.verify(bench.client, c).liveness is Liveness.UNKNOWN
    assert bench.act(Verb.REVOKE, c).end_state is EndState.UNKNOWN


def test_a_rotation_that_failed_is_asked_for_again(bench):
    bench.arm.fails = "InternalOperationError"
    c, kind, lives = bench.known("azure.aks-certificate/simulator")
    kind.actions[Verb.REVOKE].call(bench.client, c)
    bench.arm.fails = ""
    assert kind.actions[Verb.REVOKE].call(bench.client, c).status is CallStatus.DONE
    assert not lives()


@pytest.mark.parametrize("verb", [Verb.DEACTIVATE, Verb.REVOKE, Verb.DELETE])
def test_a_registry_that_takes_its_time_is_waited_for(bench, verb):
    bench.arm.lag = 40
    c, kind, lives = bench.known("azure.acr-token/simulator")
    assert kind.actions[verb].call(bench.client, c).status is CallStatus.ACCEPTED
    assert bench.arm.polled
    assert lives()
    assert kind.verify(bench.client, c).liveness is Liveness.LIVE
    bench.clock.sleep(40)
    assert not lives()
    assert kind.verify(bench.client, c).liveness is Liveness.DEAD
    c, kind, lives = bench.known("azure.acr-token/simulator")
    ended = bench.clock.now() + timedelta(seconds=bench.arm.lag)
    receipt = bench.act(verb, c, wait=120)
    assert receipt.end_state is EndState.RESIDUAL, receipt
    assert not lives()
    # what was got in the last moment is counted too: from the first look that showed the end, which is at most a few seconds later
    late = parse_rfc3339(receipt.residual_until) - (ended + timedelta(seconds=DATA_PLANE))
    assert timedelta(seconds=-1) < late < timedelta(seconds=6)
    if verb is Verb.DEACTIVATE:
        c, kind, lives = bench.known("azure.acr-admin-credential/simulator")
        assert bench.act(verb, c, wait=120).end_state is EndState.RESIDUAL
        assert not lives()


def test_how_an_operation_stands_is_asked_at_no_other_address_and_a_refusal_changes_nothing(bench):
    c, kind, _ = bench.known("azure.aks-certificate/simulator")
    bench.arm.may = {p for p in kind.actions[Verb.REVOKE].permissions if "/locations/" not in p}
    assert kind.actions[Verb.REVOKE].call(bench.client, c).status is CallStatus.ACCEPTED
    elsewhere: list[Any] = []
    with served(lambda *request: elsewhere.append(request) or (200, {"status": "Succeeded"}, {})) as other:
        for mark in (f"{other}/subscriptions/x", "https://evil.example/", "//", "/relative"):
            with pytest.raises(Unrecognised):
                bench.client.follow(mark)
    assert not elsewhere


def test_a_cluster_that_is_busy_with_something_else_is_left_alone(bench):
    c, kind, lives = bench.known("azure.aks-certificate/simulator")
    cluster = c.owner
    bench.arm.rows[cluster]["properties"]["provisioningState"] = "Upgrading"
    with pytest.raises(Rejected, match="Upgrading"):
        kind.actions[Verb.REVOKE].call(bench.client, c)
    assert lives()
    bench.arm.rows[cluster]["properties"]["provisioningState"] = "Succeeded"
    assert bench.act(Verb.REVOKE, c).end_state is EndState.DEAD
    other = Credential(kind=kind.id, provider="azure", issuer=c.issuer, attributes={"server": "https://nobody.hcp.westeurope.azmk8s.io"})  # fmt: skip
    with pytest.raises(NotFound):
        kind.identify(bench.client, other, None)


def test_a_password_that_was_made_since_stays_and_so_does_a_certificate_of_somebody_else(bench):
    arm = bench.arm
    registry = arm.registry()
    token = arm.token(registry, ADA, certificates=[{"name": "certificate1", "thumbprint": "aa", "expiry": "2027-01-01T00:00:00Z"}])  # fmt: skip
    kind = KINDS["azure.acr-token"]
    (known,) = kind.enumerate(bench.client, Subject(names=(ADA.upper(),)))
    c = bench.of(known, kind.id)
    later = [{"name": "password1", "creationTime": "2026-11-24T08:00:00Z"}]
    arm.rows[token]["properties"]["credentials"] = {
        "passwords": [*later, arm.rows[token]["properties"]["credentials"]["passwords"][1]],
        "certificates": [{"name": "certificate2", "thumbprint": "bb"}],
    }
    assert kind.verify(bench.client, c).liveness is Liveness.LIVE  # password2 is still the one that was seen
    assert kind.actions[Verb.REVOKE].call(bench.client, c).status is CallStatus.DONE
    assert arm.rows[token]["properties"]["credentials"] == {
        "passwords": later,
        "certificates": [{"name": "certificate2", "thumbprint": "bb"}],
    }
    assert kind.verify(bench.client, c).liveness is Liveness.DEAD
    assert not arm.logs_in(token)
    assert arm.logs_in(token, made="2026-11-24T08:00:00Z")


@pytest.mark.parametrize(("before", "after"), [("enabled", "enabled"), ("disabled", "disabled")])
def test_an_undo_switches_on_again_what_was_on_and_nothing_else(bench, before, after):
    token = bench.arm.token(bench.arm.registry(), ADA, state=before)
    kind = KINDS["azure.acr-token"]
    (known,) = kind.enumerate(bench.client, Subject(names=(ADA,)))
    c = bench.of(known, kind.id)
    act = kind.actions[Verb.DEACTIVATE]
    act.call(bench.client, c)
    act.restore(bench.client, c)
    assert bench.arm.rows[token]["properties"]["status"] == after


def test_an_admin_account_is_switched_off_with_both_passwords_and_on_again(bench):
    c, kind, lives = bench.known("azure.acr-admin-credential/simulator")
    registry, other = c.owner, bench.arm.keys[c.owner]["password2"]
    act = kind.actions[Verb.DEACTIVATE]
    before = {f"before.{k}": v for k, v in act.snapshot(bench.client, c).items()}
    assert bench.act(Verb.DEACTIVATE, c).reversible
    assert not lives()
    assert not bench.arm.opens(registry, other)
    assert kind.identify(bench.client, c, None).liveness is Liveness.DEAD
    assert act.restore(bench.client, c).status is CallStatus.ALREADY  # nothing is known of before
    act.restore(bench.client, replace(c, attributes={**c.attributes, **before}))
    assert lives()
    assert bench.act(Verb.REVOKE, c).end_state is EndState.RESIDUAL
    assert not lives()
    assert bench.arm.opens(registry, other)


def test_signatures_of_an_account_key_end_with_it_and_those_of_delegation_keys_with_those(bench):
    account = bench.arm.account()
    value, made_by = bench.arm.value(account), bench.arm.delegate(account)
    kind = KINDS["azure.storage-key"]
    c = bench.of(kind.identify(bench.client, Credential(kind=kind.id, provider="azure", issuer=account.rpartition("/")[2]), Secret(value)), kind.id)  # fmt: skip
    deny = kind.actions[Verb.DENY]
    before = {f"before.{k}": v for k, v in deny.snapshot(bench.client, c).items()}
    receipt = bench.act(Verb.DENY, c)
    assert (receipt.end_state, receipt.reversible) == (EndState.CONTAINED, True)
    assert not bench.arm.signs(account, value)
    assert bench.arm.delegated(made_by)
    deny.restore(bench.client, replace(c, attributes={**c.attributes, **before}))
    assert bench.arm.signs(account, value)
    assert bench.act(Verb.REVOKE, c).end_state is EndState.DEAD
    assert not bench.arm.signs(account, value)
    assert bench.arm.delegated(made_by)
    (shown,) = DELEGATION.enumerate(bench.client, Subject(names=(account,)))
    told = bench.act(Verb.REVOKE, bench.of(shown, DELEGATION.id))
    assert told.end_state is EndState.ACKNOWLEDGED
    assert "7 days" in told.notes["ends"]
    assert not bench.arm.delegated(made_by)
    bench.clock.sleep(1)
    assert bench.arm.delegated(bench.arm.delegate(account))  # whoever has the role gets a new one


def test_what_opens_a_namespace_is_found_among_its_rules_whichever_service_it_is(bench):
    kind = KINDS["azure.shared-access-key"]
    for sort in (BUS, HUB):
        namespace = bench.arm.resource(sort)
        rules = [bench.arm.rule(namespace, f"rule-{n}") for n in range(3)]
        value = bench.arm.keys[rules[1]]["secondaryKey"]
        host = f"{namespace.rpartition('/')[2]}.servicebus.windows.net"
        found = Credential(kind=kind.id, provider="azure", issuer=host)
        known = kind.identify(bench.client, found, Secret(value))
        assert (known.identifier, known.owner) == (f"{rules[1]}/secondaryKey", namespace)
        assert value not in repr(known)
        assert bench.act(Verb.REVOKE, bench.of(known, kind.id)).end_state is EndState.DEAD
        assert not bench.arm.opens(rules[1], value)
        assert bench.arm.opens(rules[1], bench.arm.keys[rules[1]]["primaryKey"])
        with pytest.raises(NotFound):
            kind.identify(bench.client, found, Secret(value))
    bench.arm.hidden = {HUB}
    with pytest.raises(Denied):  # what we may not see is not absent
        kind.identify(bench.client, replace(found, issuer="other.servicebus.windows.net"), Secret(value))


@pytest.mark.parametrize("page", [1, 7, 100])
def test_tokens_of_a_person_are_listed_to_the_last_page_in_every_subscription(bench, page):
    arm, other = bench.arm, "33333333-3333-4444-5555-666666666666"
    arm.page, arm.subscriptions = page, [SUBSCRIPTION, other]
    mine = set()
    for n in range(12):
        where = arm.registry() if n % 2 else arm.resource(azure_world.REGISTRY, f"cr{n}", other, adminUserEnabled=False)
        mine.add(arm.token(where, ADA))
        arm.token(where, "bob@contoso.example")
        arm.token(where)
    kind = KINDS["azure.acr-token"]
    listed = list(kind.enumerate(bench.client, Subject(names=(ADA,))))
    assert {k.identifier for k in listed} == mine
    arm.hidden = {other}
    shorter = list(kind.enumerate(bench.client, Subject(names=(ADA,))))
    (gap,) = [g for g in shorter if isinstance(g, Gap)]
    assert other in gap.reason
    assert len(shorter) == 1 + len([m for m in mine if other not in m])
    arm.hidden, arm.busy = set(), 1
    with pytest.raises(Throttled) as told:
        list(kind.enumerate(bench.client, Subject(names=(ADA,))))
    assert told.value.retry_after == 17


@pytest.mark.parametrize("name", [n for n in ALL if "acr-token" not in n])
def test_a_resource_that_nobody_is_mapped_to_or_that_cannot_be_read_is_a_gap(bench, name):
    c, kind = made(bench, name)
    (gap,) = kind.enumerate(bench.client, Subject(names=(ADA,)))
    assert isinstance(gap, Gap)
    assert "no resource is mapped" in gap.reason
    for hide in ({c.owner}, {"/list"}):
        bench.arm.hidden = hide
        for found in kind.enumerate(bench.client, Subject(names=(c.owner,))):
            assert isinstance(found, Gap) or hide == {"/list"}
    bench.arm.hidden = set()
    gone = c.owner[:-1] + ("0" if c.owner[-1] != "0" else "1")
    (gap,) = kind.enumerate(bench.client, Subject(names=(gone,)))
    assert isinstance(gap, Gap)
    assert gone in gap.reason


def test_what_was_there_when_we_looked_can_be_said_by_nobody_else():
    assert {"slot_mark", "token_secrets", "cluster_authority", "slot_created"} <= _FIRST_HAND


@pytest.mark.parametrize(
    "name", [n for n in MAKERS if Verb.REVOKE in KINDS[n.partition("/")[0]].actions and "storage-key" not in n]
)
def test_without_what_was_there_before_nothing_is_proven_and_nothing_sent(bench, name):
    c, kind, lives = bench.known(name)
    bare = replace(c, attributes={})
    assert kind.verify(bench.client, bare).liveness is Liveness.UNKNOWN
    with pytest.raises(Rejected):
        kind.actions[Verb.REVOKE].call(bench.client, bare)
    for bad in ("", "x", "../../evil", c.identifier.replace("Microsoft.", "Evil.")):
        for work in (kind.verify, kind.actions[Verb.REVOKE].call):
            with pytest.raises(Rejected):
                work(bench.client, replace(c, identifier=bad))
    assert lives()


@pytest.mark.parametrize("cloud", _connect.MANAGERS)
def test_a_national_cloud_has_its_own_address_and_its_own_audience(cloud, monkeypatch):
    asked = []
    monkeypatch.setattr(_connect, "bearer", lambda *args, **more: asked.append((args[2], args[3])) or dict)
    row = Tenant(name="c", provider="azure", settings={"tenant_id": TENANT, "cloud": cloud}, refs={})
    made = _connect.connect(row, lambda _: Secret("fake"), Pacer(1, FakeClock()), write=False)
    manager = _connect.MANAGERS[cloud]
    assert made.http.base_url == manager
    ((scope, authority),) = asked
    assert scope == f"{manager}/.default"
    assert (".us" in authority, ".cn" in authority) == ("usgov" in cloud, cloud == "china")


def test_what_the_identity_may_do_is_what_azure_says_of_every_resource_group(bench):
    arm, wanted = bench.arm, sorted({p for k in KINDS.values() for a in k.actions.values() for p in a.permissions})
    arm.groups = ["rg-1", "rg-2"]
    owner = [{"actions": ["*"], "notActions": []}]
    arm.roles = {"rg-1": owner, "rg-2": owner}
    assert bench.client.may(wanted) == dict.fromkeys(wanted, True)
    arm.roles = {}
    assert bench.client.may(wanted) == dict.fromkeys(wanted, False)
    reader = [{"actions": ["*/read"], "notActions": []}]
    keys = {"actions": ["Microsoft.Storage/storageAccounts/*"], "notActions": ["microsoft.storage/storageaccounts/REGENERATEKEY/action"]}  # fmt: skip
    arm.roles = {"rg-1": [*reader, keys], "rg-2": [*reader, keys]}
    told = bench.client.may(wanted)
    assert told["Microsoft.Storage/storageAccounts/write"]
    assert not told["Microsoft.Storage/storageAccounts/regenerateKey/action"]
    assert told["Microsoft.ContainerService/managedClusters/read"]
    arm.roles["rg-2"] = reader
    assert "Microsoft.Storage/storageAccounts/write" not in bench.client.may(wanted)  # here and not there
    apart = azure_world.client(bench.url, bench.clock)
    apart.tenant = replace(apart.tenant, write={"client_id": "another"})
    assert apart.may(wanted) == {}
    arm.groups = [f"rg-{n}" for n in range(30)]
    assert bench.client.may(wanted) == {}
    assert COSMOS in str(wanted)


def test_doctor_reads_every_kind_and_says_which_actions_are_missing(bench):
    arm = bench.arm
    arm.may = {*azure_world.TELLS, *(p for k in KINDS.values() for p in k.read_permissions)}
    held = {"actions": [*arm.may, "Microsoft.ContainerRegistry/*"], "notActions": ["*/delete"]}
    arm.roles = {"rg-1": [held]}
    tenant = Tenant(
        name="contoso",
        provider="azure",
        settings={"tenant_id": TENANT, "base_url": bench.url},
        refs={"token": SecretRef(env="T")},
        rate=1000.0,
    )
    config = Config(tenants=(tenant,))
    session = Session(config=config, resolve=lambda _: Secret(TOKEN), clock=bench.clock, state_dir=bench.state)
    (row,) = doctor.examine(session)
    told = {k["kind"]: (k["readable"], k["writable"], k["missing"]) for k in row["kinds"]}
    assert {k: v[0] for k, v in told.items()} == dict.fromkeys(KINDS, "yes")
    assert told["azure.acr-admin-credential"][1:] == ("yes", [])
    assert told["azure.acr-token"][1:] == ("no", ["Microsoft.ContainerRegistry/registries/tokens/delete"])
    assert told["azure.storage-key"][2] == [
        f"Microsoft.Storage/storageAccounts/{p}" for p in ("regenerateKey/action", "write")
    ]
    arm.may -= {"Microsoft.ContainerService/managedClusters/read", azure_world.TELLS[0]}
    (row,) = doctor.examine(session)
    (cluster,) = [k for k in row["kinds"] if k["kind"] == "azure.aks-certificate"]
    assert cluster["readable"] == "no"
    assert "managedClusters/read" in str(cluster["permissions"])
    assert {k["writable"] for k in row["kinds"]} == {"unknown"}, "nobody said what it may do"
