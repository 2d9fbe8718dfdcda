"""Lock, retire and wipe through Intune: only when a tenant offers it and an approval names that step, once, and never done because it was sent."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rescind import catalogue
from rescind.dev import policies
from rescind.engine import start
from rescind.engine.runs import plans_of
from rescind.errors import PlaybookError
from rescind.models.config import Hook
from rescind.models.credential import EndState
from rescind.models.kind import CaseVerb
from rescind.models.machine import Order, Standing
from rescind.models.plan import Case
from rescind.pipeline import case_steps, doctor, orders, preview, session
from rescind.pipeline.approvals import Approval
from rescind.pipeline.case_plan import ERASING, IRREVERSIBLE, ORDERS
from rescind.pipeline.preserve import Reader
from rescind.providers.entra import _intune
from rescind.schema import plan as plan_file
from rescind.schema.playbook import load_playbook
from rescind.schema.policy import policy_digest
from tests.contract.worlds_entra import ADA, BOB
from tests.interop import entra_world
from tests.interop.entra_world import Graph, breaches, model
from tests.interop.test_entra_line import Laptop
from tests.unit.wire_clock import FakeClock

VERBS = {"lock": "remoteLock", "retire": "retire", "wipe": "wipe"}
CASE = Case(person=ADA, workstation="LAP-1")


class Fleet(Laptop):
    """Ada's laptop, managed by Intune; another machine of hers, and one of Bob's that has taken the name."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        graph = self.graph
        self.machine = graph.managed(self.device)
        self.other = graph.managed(self.phone, deviceName="ada-phone")
        self.namesake = graph.managed(graph.device(self.bob, "LAP-1x"), deviceName="LAP-1")

    def open(self, url: str, *, intune: bool = True, **more: Any) -> session.Session:
        plain = super().open(url)
        (tenant,) = plain.config.tenants
        offering = replace(tenant, settings={**tenant.settings, "intune": intune})
        return replace(plain, config=replace(plain.config, tenants=(offering,), **more))

    def orders(self) -> list[str]:
        return [
            f"{p.rpartition('/')[2]} {p.split('/')[3]}"
            for m, p, *_ in self.graph.seen
            if m == "POST" and "managedDevices" in p
        ]


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    return Fleet(tmp_path)


@pytest.fixture
def at(fleet: Fleet) -> Iterator[tuple[Fleet, str]]:
    with entra_world.served(fleet.graph) as url:
        yield fleet, url


def planned(fleet: Fleet, url: str, book: str = "lost-laptop", case: Case = CASE, **more: Any) -> Any:
    return session.survey(fleet.open(url, **more), load_playbook(book), case)


def one(fleet: Fleet, url: str, verb: str) -> tuple[Any, Any, Reader]:
    """Return a planned order, released, and what carries it out."""
    plan = planned(fleet, url)
    step = replace(next(s for s in plan.case_steps if s.verb == verb), held=False)
    s, log = fleet.open(url), fleet.log()
    reader = Reader(
        run="run-1", tenants=session.tenants(s, plan.case, write=True), log=log, clock=fleet.clock, folder=fleet.state, names=lambda _: (ADA,)
    )  # fmt: skip
    ctx = case_steps.CaseContext(run="run-1", case=plan.case, log=log, hooks={}, reader=reader)
    fleet.graph.seen.clear()
    return step, ctx, reader


def stands(step: Any, ctx: Any) -> Any:
    return case_steps.results(ctx.log, "run-1", [step], {})[0]


# what is planned


def test_each_order_is_a_step_of_its_own_that_waits_for_its_approval(at):
    fleet, url = at
    plan = planned(fleet, url)
    mine = {str(s.verb): s for s in plan.case_steps if s.machine}
    assert {v: (s.held, s.machine, s.tenant, s.device) for v, s in mine.items()} == {
        v: (True, fleet.machine, "contoso", fleet.graph.get("device", fleet.device)["deviceId"]) for v in VERBS
    }
    assert len({s.id for s in mine.values()}) == 3
    assert all("serial number FAKE-1" in s.task for s in mine.values())
    shown = preview.text(plan)
    assert all(s.id in shown for s in mine.values())
    assert plan_file.from_json(plan_file.to_json(plan)) == plan
    assert not [m for m, *_ in fleet.graph.seen if m != "GET"]
    assert ORDERS == IRREVERSIBLE == {CaseVerb(v) for v in VERBS}


def test_nobody_offers_it_and_nothing_is_asked_or_planned(at):
    fleet, url = at
    assert not [s for s in planned(fleet, url, intune=False).case_steps if s.verb in ORDERS]
    assert not [p for _, p, *_ in fleet.graph.seen if "managedDevices" in p]
    assert not [s for s in planned(fleet, url, case=Case(person=ADA)).case_steps if s.verb in ORDERS], (
        "no machine named"
    )
    # a tool of the operator's is as before: it goes before the tenant
    plan = planned(fleet, url, hooks={"wipe": Hook(command=("/bin/true",))})
    wipe = next(s for s in plan.case_steps if s.verb is CaseVerb.WIPE)
    assert (wipe.hook, wipe.machine, wipe.held) == (True, "", True)
    assert [s.machine for s in plan.case_steps if s.verb is CaseVerb.LOCK] == [fleet.machine]


def test_a_machine_that_is_not_managed_or_cannot_be_asked_for(at):
    fleet, url = at
    fleet.graph.put("managedDevice", fleet.machine, None)
    assert not [s for s in planned(fleet, url).case_steps if s.verb in ORDERS]
    fleet.graph.granted -= {p for p in fleet.graph.granted if p.startswith("DeviceManagement")}
    (gap,) = [g for g in planned(fleet, url).gaps if "Intune" in g.reason]
    assert "LAP-1" in gap.reason


def test_a_personal_machine_is_retired_at_most_and_a_legal_hold_forbids_both(at):
    fleet, url = at
    fleet.graph.update("managedDevice", fleet.machine, managedDeviceOwnerType="personal")
    left = {str(s.verb): s.left_out for s in planned(fleet, url).case_steps if s.machine}
    assert (left["lock"], left["retire"], "retired at most" in left["wipe"]) == ("", "", True)
    plan = planned(fleet, url, case=replace(CASE, hold=True))
    assert {str(s.verb) for s in plan.case_steps if "legal hold" in s.left_out} == {"retire", "wipe"} == set(ERASING)
    step, ctx, _ = one(fleet, url, "retire")
    assert case_steps.carry_out(step, replace(ctx, hold=True)) == EndState.HELD
    assert not fleet.orders()


def test_two_records_of_one_machine_are_two_steps(at):
    fleet, url = at
    twin = fleet.graph.managed(fleet.device, serialNumber="FAKE-2")
    wipes = [s for s in planned(fleet, url).case_steps if s.verb is CaseVerb.WIPE]
    assert {s.machine for s in wipes} == {fleet.machine, twin}
    assert len({s.id for s in wipes}) == 2


# what is done


@pytest.mark.parametrize("verb", VERBS)
def test_an_order_is_taken_then_pending_then_done_by_the_machines_own_word(at, verb):
    fleet, url = at
    step, ctx, reader = one(fleet, url, verb)
    assert case_steps.carry_out(step, ctx) == EndState.UNKNOWN
    assert fleet.orders() == [f"{VERBS[verb]} {fleet.machine}"], "this machine, once"
    told = stands(step, ctx)
    assert (told.end_state, told.closed) == (EndState.UNKNOWN, False)
    assert "pending" in told.reason and "has not done it" in told.reason
    assert case_steps.carry_out(step, ctx) == EndState.UNKNOWN, "it keeps its outcome"
    for state, end, closed in (("active", EndState.UNKNOWN, False), ("done", EndState.ACKNOWLEDGED, True)):
        fleet.clock.sleep(3600)
        fleet.graph.reports(fleet.machine, state)
        assert orders.again(reader, [step]) == 1
        told = stands(step, ctx)
        assert (told.end_state, told.closed, state in told.reason) == (end, closed, True)
    assert orders.again(reader, [step]) == 0, "what is done is done"
    assert len(fleet.orders()) == 1
    bodies = [b for m, p, _, b in fleet.graph.seen if m == "POST" and "managedDevices" in p]
    assert bodies == [{"keepEnrollmentData": False, "keepUserData": False} if verb == "wipe" else None]
    for method, path, query, body in fleet.graph.seen:
        assert not breaches(method, path, query, body), (method, path, query, body)


@pytest.mark.parametrize(
    ("names", "closed"), [({}, True), ({"wipe": "Wipe"}, True), ({"wipe": "cleanWindowsDevice"}, False)]
)
def test_a_result_counts_by_the_names_that_the_action_has(at, names, closed):
    fleet, url = at
    fleet.graph.action_names = names
    step, ctx, reader = one(fleet, url, "wipe")
    case_steps.carry_out(step, ctx)
    fleet.graph.reports(fleet.machine, "done")
    orders.again(reader, [step])
    assert stands(step, ctx).closed == closed


@pytest.mark.parametrize("state", ["failed", "notSupported", "canceled"])
def test_what_the_machine_could_not_is_a_task(at, state):
    fleet, url = at
    step, ctx, reader = one(fleet, url, "lock")
    case_steps.carry_out(step, ctx)
    fleet.graph.reports(fleet.machine, state)
    orders.again(reader, [step])
    told = stands(step, ctx)
    assert (told.end_state, told.closed, state in told.reason) == (EndState.FAILED, False, True)


def test_a_machine_that_is_gone_from_intune_is_not_called_wiped(at):
    fleet, url = at
    step, ctx, reader = one(fleet, url, "wipe")
    case_steps.carry_out(step, ctx)
    fleet.graph.put("managedDevice", fleet.machine, None)
    orders.again(reader, [step])
    told = stands(step, ctx)
    assert (told.end_state, told.closed) == (EndState.UNKNOWN, False)
    assert "does not show the machine any more" in told.reason


def test_an_order_of_somebody_elses_is_not_taken_for_ours(at):
    fleet, url = at
    graph = fleet.graph
    graph.answer("POST", f"/v1.0/deviceManagement/managedDevices/{fleet.machine}/wipe", {"authorization": f"Bearer {entra_world.TOKEN}"}, b"{}")  # fmt: skip
    graph.reports(fleet.machine, "done")
    fleet.clock.sleep(600)
    step, ctx, _ = one(fleet, url, "wipe")
    plain = graph._do

    def lost(operation: str, *rest: Any) -> Any:
        if operation.endswith("/wipe"):
            raise entra_world.Refused(503, "ServiceUnavailable")
        return plain(operation, *rest)

    graph._do = lost  # type: ignore[method-assign]
    assert case_steps.carry_out(step, ctx) == EndState.UNKNOWN
    assert "is not known" in stands(step, ctx).reason
    assert len(fleet.orders()) == 1, "an order whose answer was lost is not repeated"


@pytest.mark.parametrize("taken", [True, False])
def test_a_run_that_was_killed_after_the_intent_orders_nothing_again(at, taken):
    fleet, url = at
    step, ctx, reader = one(fleet, url, "wipe")
    ctx.log.append("intent", run="run-1", step=step.id, data={"verb": "wipe", "kind": "case"})
    if taken:
        _intune.send(reader.tenants.get("contoso").client, fleet.machine, "wipe")
    before = len(fleet.orders())
    assert case_steps.carry_out(step, ctx) == EndState.UNKNOWN
    assert len(fleet.orders()) == before
    assert ("pending" if taken else "no wipe since") in stands(step, ctx).reason


@pytest.mark.parametrize("change", ["renamed", "gone", "withdrawn", "forbidden"])
def test_a_machine_that_is_not_the_one_of_the_plan_any_more_is_left_alone(at, change):
    fleet, url = at
    step, ctx, reader = one(fleet, url, "wipe")
    graph = fleet.graph
    match change:
        case "renamed":
            graph.update("managedDevice", fleet.machine, deviceName="LAP-2")
        case "gone":
            graph.put("managedDevice", fleet.machine, None)
        case "withdrawn":
            there = reader.tenants.get("contoso")
            there.tenant = replace(there.tenant, settings={**there.tenant.settings, "intune": False})
        case "forbidden":
            graph.granted -= {p for p in graph.granted if p.startswith("DeviceManagement")}
    state = case_steps.carry_out(step, ctx)
    assert state in {EndState.FAILED, EndState.MANUAL, EndState.UNKNOWN}
    assert not fleet.orders()
    assert ctx.log.last("intent", "run-1", step.id) is None


def test_what_nobody_allows_is_refused_and_becomes_a_task(at):
    fleet, url = at
    step, ctx, _ = one(fleet, url, "lock")
    fleet.graph.granted -= {"DeviceManagementManagedDevices.PrivilegedOperations.All"}
    assert case_steps.carry_out(step, ctx) == EndState.FAILED
    assert ctx.log.last("task-opened", "run-1", step.id) is not None
    assert "denied" in stands(step, ctx).reason


def test_a_whole_run_orders_what_was_approved_and_nothing_else(at):
    fleet, url = at
    book, s = load_playbook("lost-laptop"), fleet.open(url)
    plan = session.survey(s, book, CASE)
    lock = next(step for step in plan.case_steps if step.verb is CaseVerb.LOCK)
    fleet.graph.seen.clear()
    named = Approval(
        plan_digest=plan.digest, credentials=(lock.id,), by="bob", expires_at="2099-01-01T00:00:00Z", nonce="n"
    )  # fmt: skip
    done = start.new(s, plan, book, session.gate(s, plan, book), fleet.log(), approvals=(named,))
    assert fleet.orders() == [f"remoteLock {fleet.machine}"]
    stand = {str(c.verb): c for c in done.case_steps if c.verb in ORDERS}
    assert {v: c.end_state for v, c in stand.items()} == {
        "lock": EndState.UNKNOWN, "retire": EndState.HELD, "wipe": EndState.HELD,
    }  # fmt: skip
    assert not stand["lock"].closed
    writes = [p for m, p, *_ in fleet.graph.seen if m != "GET"]
    assert "remoteLock" in writes[0], "before anything of the machine is switched off"
    assert plans_of(fleet.state, done.run)[0][0].case_steps
    assert policy_digest(s.config) != policy_digest(fleet.open(url, intune=False).config), (
        "who withdraws it voids the plan"
    )


# what it needs


def test_the_doctor_says_what_of_it_could_be_done(at):
    fleet, url = at
    fleet.graph.page, s = 999, fleet.open(url)

    def told() -> dict[str, Any]:
        rows = [k for k in doctor.examine(s)[0]["kinds"] if "Intune" in k["kind"]]
        return rows[0] if rows else {}

    assert (told()["readable"], told()["writable"], told()["missing"]) == ("yes", "yes", [])
    fleet.graph.granted -= {"DeviceManagementManagedDevices.PrivilegedOperations.All"}
    assert (told()["writable"], told()["missing"]) == (
        "no", ["DeviceManagementManagedDevices.PrivilegedOperations.All"],
    )  # fmt: skip
    fleet.graph.granted -= {p for p in fleet.graph.granted if p.startswith("DeviceManagement")}
    assert told()["readable"] == "no"
    assert not [m for m, *_ in fleet.graph.seen if m != "GET"]
    s = fleet.open(url, intune=False)
    assert not told()


def test_it_needs_what_is_declared_and_the_policies_have_it():
    row = catalogue.providers()["entra"].machines
    assert row is not None
    for verb, permissions in row.verbs.items():
        assert set(permissions) <= set(
            model()[f"POST /deviceManagement/managedDevices/{{id}}/{VERBS[verb]}"]["application"]
        )
    assert set(row.read_permissions) <= set(model()["GET /deviceManagement/managedDevices"]["application"])
    made = {f: text for f, text in policies.files().items() if f.startswith("policy-lost-laptop")}
    role = entra_world.roles()["DeviceManagementManagedDevices.PrivilegedOperations.All"]
    assert role in made["policy-lost-laptop.apply.graph.json"]
    assert role not in made["policy-lost-laptop.plan.graph.json"]
    assert not [f for f, text in policies.files().items() if f.startswith("policy-contain") and role in text]


def test_a_playbook_offers_only_what_a_tenant_can_do(tmp_path):
    text = "name: x\nversion: 1\ntitle: x\nphases:\n  - name: a\n    case:\n      - {verb: VERB, offered: true, task: t, done_when: d}\n"
    path = tmp_path / "x.yaml"
    path.write_text(text.replace("VERB", "notify"))
    with pytest.raises(PlaybookError, match="offered"):
        load_playbook(path)
    path.write_text(text.replace("VERB", "wipe"))
    assert load_playbook(path).phases[0].case[0].offered


@pytest.mark.parametrize("rows", [None, {"actionName": "wipe"}, ["x"], [{"actionName": "wipe", "actionState": "exploded", "startDateTime": "2026-11-24T12:00:00Z"}]])  # fmt: skip
def test_an_answer_that_says_something_else_is_not_understood(rows):
    graph = Graph(FakeClock())
    machine = graph.managed(graph.device(graph.user(BOB)), deviceActionResults=rows)
    with entra_world.served(graph) as url:
        client = entra_world.client(url, FakeClock())
        with pytest.raises(Exception, match="managed device"):
            _intune.look(client, machine, "wipe", "2026-11-24T11:00:00Z")
        graph.update("managedDevice", machine, deviceActionResults=[])
        seen = _intune.look(client, machine, "wipe", "2026-11-24T11:00:00Z")
        assert isinstance(seen, Order) and seen.standing is Standing.NONE
        with pytest.raises(Exception, match="not asked to"):
            _intune.send(client, machine, "isolate")
        assert json.dumps(graph.seen)
