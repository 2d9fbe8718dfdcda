"""A lost laptop with Azure's tools on it, and a person who is contained: through the whole line, at our simulator of Graph."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rescind.audit.log import open_log
from rescind.audit.signer import load_signer
from rescind.engine import runs, start
from rescind.engine.runs import outcomes
from rescind.models.config import Config, Org
from rescind.models.credential import EndState
from rescind.models.plan import Case
from rescind.models.tenant import SecretRef, Tenant
from rescind.pipeline import doctor, html, preview, readiness, render, session, undo
from rescind.schema.playbook import load_playbook
from rescind.secret import Secret
from tests.contract.test_end_states import JumpClock
from tests.contract.worlds_entra import ADA, BOB
from tests.interop import entra_world
from tests.interop.entra_world import APP, TENANT, TOKEN, Graph

CLI = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"


class Laptop:
    """Ada's laptop and Ada in her tenant, on one clock that jumps instead of waiting."""

    def __init__(self, folder: Path) -> None:
        self.clock = JumpClock()
        self.graph, self.folder = Graph(self.clock), folder
        graph = self.graph
        self.ada, self.bob = graph.user(ADA), graph.user(BOB)
        self.device, self.phone = graph.device(self.ada, "LAP-1"), graph.device(self.ada, "ada-phone")
        self.hello = graph.method(self.ada, "windowsHelloForBusinessMethods", displayName="LAP-1")
        self.key = graph.method(self.ada, "fido2Methods", displayName="spare key")
        self.grant = graph.grant(self.ada)
        self.app, self.client, self.principal = graph.application(self.ada)
        self.secret, self.value = graph.secret("application", self.app)
        self.other, _ = graph.secret("application", self.app, "another")
        graph.update("application", self.app, passwordCredentials=[{**c, "hint": c["hint"] if c["keyId"] == self.secret else "zzz"} for c in graph.get("application", self.app)["passwordCredentials"]])  # fmt: skip
        self.session_, self.on_phone = (
            graph.sign_in(self.ada, device=self.device),
            graph.sign_in(self.ada, device=self.phone),
        )
        self.his = graph.sign_in(self.bob)
        self.home, self.state = folder / "home", folder / "state"
        self._home()

    def _home(self) -> None:
        azure, home_id = self.home / ".azure", f"{self.ada}.{TENANT}"
        azure.mkdir(parents=True)
        common = {"home_account_id": home_id, "environment": "login.microsoftonline.com", "client_id": CLI}
        self.access = self.graph.access(self.session_, 4200)
        cache = {
            "Account": {"a": {**common, "username": ADA, "realm": TENANT, "local_account_id": self.ada}},
            "RefreshToken": {"r": {**common, "credential_type": "RefreshToken", "secret": self.session_.token}},
            "AccessToken": {"t": {**common, "credential_type": "AccessToken", "secret": self.access, "realm": TENANT, "target": "https://graph.microsoft.com/.default", "expires_on": "1"}},
        }  # fmt: skip
        (azure / "msal_token_cache.json").write_text(json.dumps(cache))
        entry = {"client_id": self.client, "tenant": TENANT, "client_secret": self.value}
        (azure / "service_principal_entries.json").write_text(json.dumps([entry]))

    def open(self, url: str) -> session.Session:
        settings = {"tenant_id": TENANT, "client_id": APP, "base_url": f"{url}/v1.0"}
        tenant = Tenant(
            name="contoso", provider="entra", settings=settings, refs={"token": SecretRef(env="T")}, rate=1000.0
        )
        self.state.mkdir(mode=0o700, exist_ok=True)
        config = Config(tenants=(tenant,))
        return session.Session(config=config, resolve=lambda _: Secret(TOKEN), clock=self.clock, state_dir=self.state)

    def log(self) -> Any:
        return open_log(self.state / "rescind.db", load_signer(self.state), self.clock)

    def run(self, url: str, playbook: str, case: Case) -> tuple[Any, Any]:
        s, book = self.open(url), load_playbook(playbook)
        plan = session.survey(s, book, case)
        self.graph.seen.clear()
        self.clock.sleep(2)
        return plan, start.new(s, plan, book, session.gate(s, plan, book), self.log())


@pytest.fixture
def laptop(tmp_path: Path) -> Laptop:
    return Laptop(tmp_path)


def test_a_lost_laptop_is_ended_in_entra_in_the_right_order(laptop):
    with entra_world.served(laptop.graph) as url:
        plan, done = laptop.run(url, "lost-laptop", Case(person=ADA, workstation="LAP-1", target=str(laptop.home)))
    ends = {
        (c.kind, c.identifier.rpartition("/")[2]): c.end_state for c in done.credentials if c.kind.startswith("entra.")
    }
    assert {k: v for k, v in ends.items() if k[0] != "entra.access-token"} == {
        ("entra.device", laptop.device): EndState.RESIDUAL,
        ("entra.device", laptop.phone): EndState.SKIPPED,
        ("entra.authentication-method", laptop.hello): EndState.RESIDUAL,
        ("entra.authentication-method", laptop.key): EndState.SKIPPED,
        ("entra.user-sessions", f"sessions:{laptop.ada}"): EndState.RESIDUAL,
        ("entra.refresh-token", f"{laptop.ada}.{TENANT}:{CLI}"): EndState.RESIDUAL,
        ("entra.client-secret", laptop.secret): EndState.RESIDUAL,
        ("entra.client-secret", laptop.other): EndState.SKIPPED,
        ("entra.oauth-grant", laptop.grant): EndState.SKIPPED,
    }
    access = next(c for c in done.credentials if c.kind == "entra.access-token")
    assert (access.end_state, plan_of(plan, access.id).parent) == (
        EndState.RESIDUAL,
        plan_id(plan, "entra.user-sessions"),
    )
    # at the provider itself, and for nobody else
    graph = laptop.graph
    assert not graph.redeem(laptop.session_)
    assert not graph.redeem(laptop.on_phone), "revocation knows no device: the plan says so"
    assert graph.redeem(laptop.his)
    assert graph.get("user", laptop.ada)["accountEnabled"], "the person stays"
    assert graph.get("device", laptop.phone)["accountEnabled"]
    writes = [f"{m} {p.split('/')[1]}" for m, p, *_ in graph.seen if m != "GET"]
    print("writes:", writes)
    # trust in the device before sessions; the application before its secret; one revocation for all tokens of the sweep
    assert set(writes[:2]) == {"PATCH devices", "DELETE users"}
    assert writes.index("PATCH servicePrincipals") < writes.index("POST applications")
    assert writes.index("POST users") < writes.index("POST applications")
    text = json.dumps([repr(plan), repr(done)])
    assert not [v for v in (laptop.value, laptop.session_.token, laptop.access) if v in text]


def plan_id(plan: Any, kind: str) -> str:
    return next(c.id for c in plan.credentials if c.kind == kind)


def plan_of(plan: Any, credential: str) -> Any:
    return next(c for c in plan.credentials if c.id == credential)


def test_contain_switches_the_account_off_and_undo_switches_it_on_again(laptop):
    graph = laptop.graph
    before = dict(graph.get("user", laptop.ada))
    with entra_world.served(graph) as url:
        plan, done = laptop.run(url, "contain", Case(person=ADA))
        assert {c.kind: (c.end_state, c.reversible) for c in done.credentials} == {
            "entra.user": (EndState.CONTAINED, True)
        }
        assert not graph.redeem(laptop.session_)
        assert graph.redeem(laptop.his)
        assert done.time_to_first_cut is not None
        s, log = laptop.open(url), laptop.log()
        back = undo.make_undo(s, done.run, [plan], outcomes(log, done.run), undo.snapshots(log, done.run))
        start.new(s, back, load_playbook("contain"), session.gate(s, back, load_playbook("contain")), log)
    assert graph.get("user", laptop.ada) == before
    assert graph.redeem(laptop.session_), "nothing that cannot be undone was done"


def test_an_administrator_is_a_task_for_somebody_privileged_and_nothing_is_tried(laptop):
    graph = laptop.graph
    graph.member(laptop.ada, "directoryRole", displayName="Global Administrator")
    with entra_world.served(graph) as url:
        plan, done = laptop.run(url, "contain", Case(person=ADA))
        assert not plan.steps
        (user,) = done.credentials
        assert (user.end_state, user.tasks[0]["owner"]) == (EndState.MANUAL, "privileged operator")
        assert "Global Administrator" in user.reason
        assert "Privileged Authentication Administrator" in user.tasks[0]["task"]
        assert not [m for m, *_ in graph.seen if m != "GET"]
        # a protected one is never made a task to switch it off
        config = replace(laptop.open(url).config, org=Org(protected=(ADA,)))
        s = replace(laptop.open(url), config=config)
        (decision,) = session.survey(s, load_playbook("contain"), Case(person=ADA)).decisions
        assert decision.end_state is EndState.HELD


def test_a_guests_sessions_are_its_own_organisations_and_what_is_ours_is_cut(laptop):
    graph = laptop.graph
    graph.update("user", laptop.ada, userType="Guest")
    with entra_world.served(graph) as url:
        plan, done = laptop.run(url, "offboard-employee", Case(person=ADA))
    ends = {c.kind: c for c in done.credentials}
    sessions = ends["entra.user-sessions"]
    assert sessions.end_state is EndState.IRREVOCABLE
    assert "disable its user" in sessions.reason
    assert not [p for m, p, *_ in graph.seen if p.endswith("revokeSignInSessions")]
    assert ends["entra.user"].end_state in {EndState.CONTAINED, EndState.RESIDUAL}
    assert not graph.get("user", laptop.ada)["accountEnabled"]
    assert not [g for g in graph.all("oAuth2PermissionGrant") if g["principalId"] == laptop.ada]


def test_a_plan_and_a_report_name_the_master_that_the_operator_or_the_tenant_names(laptop):
    graph = laptop.graph
    with entra_world.served(graph) as url:
        plain = laptop.open(url)
        (tenant,) = plain.config.tenants
        named = replace(tenant, settings={**tenant.settings, "source_of_authority": "Workday"})
        s = replace(plain, config=replace(plain.config, tenants=(named,)))
        plan = session.survey(s, load_playbook("contain"), Case(person=ADA))
        shown = preview.text(plan)
        assert "Will not last unless it is cut there too" in shown
        told = readiness.readiness(plan, doctor.examine(s))
        assert "Workday is its source of authority" in str(told)
        assert set(readiness.expected(plan).values()) == {EndState.CONTAINED}
        assert "Workday" in shown
        done = start.new(
            s, plan, load_playbook("contain"), session.gate(s, plan, load_playbook("contain")), laptop.log()
        )
    (user,) = done.credentials
    assert user.end_state is EndState.CONTAINED
    assert "Workday is its source of authority" in user.reason
    assert "Workday" in user.tasks[0]["task"]
    for told in (render.text(done), render.markdown(done), html.html(done, plans=[plan], now=laptop.clock.now())):
        assert "Workday" in told


SWEPT = """
name: swept
version: 1
title: Everything of a person at Entra, looked for again
inputs: {person: required}
scope: {providers: [entra], sides: [provider], identities: true}
sweep: {rounds: 4, after: AFTER}
phases:
  - name: identities
    steps:
      - {select: credential.kind == "entra.user", verbs: [deactivate], wait: 2m}
  - name: rest
    steps:
      - {select: credential.kind == "entra.user-sessions", verbs: [revoke], wait: 2m}
      - {select: credential.kind == "entra.client-secret", verbs: [revoke], wait: 2m}
"""


@pytest.mark.parametrize(("after", "found"), [("[10s, 5m]", True), ("[]", False)])
def test_what_an_old_token_made_after_the_cut_is_found_once_the_replicas_show_it(
    laptop, tmp_path, monkeypatch, after, found
):
    """S2 at Entra: an access token that is still taken adds a secret as the first sweep begins, and reads lag by 20 seconds."""
    graph, clock, path = laptop.graph, laptop.clock, tmp_path / "swept.yaml"
    path.write_text(SWEPT.replace("AFTER", after))
    clock.sleep(300)
    graph.lag = 20.0
    minted: list[str] = []
    rounds: list[tuple[int, float, int]] = []
    plain = runs.CaseWork._look_again

    def looked(self: Any, run: str, plans: Any, round_: int) -> Any:
        if not minted:
            minted.append(graph.secret("application", laptop.app, "attacker's")[0])
        extra = plain(self, run, plans, round_)
        rounds.append((round_, clock.seconds, len(extra.steps) if extra else 0))
        return extra

    monkeypatch.setattr(runs.CaseWork, "_look_again", looked)
    with entra_world.served(graph) as url:
        s, book = laptop.open(url), load_playbook(path)
        plan = session.survey(s, book, Case(person=ADA))
        clock.sleep(2)
        done = start.new(s, plan, book, session.gate(s, plan, book), laptop.log())
    held = {p["keyId"] for p in graph.get("application", laptop.app)["passwordCredentials"]}
    began = rounds[0][1]
    print(f"sweep.after {after}: " + ", ".join(f"round {r} at +{at - began:.0f} s: {n} new" for r, at, n in rounds))
    assert (not held) == found
    assert any(c.identifier.endswith(minted[0]) for c in done.credentials) == found
    assert [n for _, _, n in rounds] == ([0, 1, 0] if found else [0])


def test_a_leavers_account_devices_and_consents_end(laptop):
    with entra_world.served(laptop.graph) as url:
        _, done = laptop.run(url, "offboard-employee", Case(person=ADA, target=str(laptop.home)))
    ends = {c.kind: c.end_state for c in done.credentials if c.kind.startswith("entra.")}
    assert set(ends.values()) <= {EndState.RESIDUAL, EndState.CONTAINED}, ends
    graph = laptop.graph
    assert not graph.get("user", laptop.ada)["accountEnabled"]
    assert not [m for m in graph.all(f"methods/{laptop.ada}") if m["id"] != entra_world.PASSWORD]
    assert not [g for g in graph.all("oAuth2PermissionGrant") if g["principalId"] == laptop.ada]
    assert not graph.get("device", laptop.phone)["accountEnabled"]
    assert not graph.get("application", laptop.app)["passwordCredentials"]
    writes = [(m, p) for m, p, *_ in graph.seen if m != "GET"]
    assert writes[0] == ("PATCH", f"/users/{laptop.ada}"), "disabled before anything is revoked"
