"""Residuals of every Entra kind, to the second: what the report says still works is taken by the simulated tenant until then, and not after.

A token is made in the last moment before each cut, of both sorts: one that lives as long as the tenant lets it and hears of nothing, and one
under continuous evaluation that lives for 28 hours (an application's for 24) and hears of events for its user within 15 minutes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest

from rescind import catalogue
from rescind.models.credential import Credential, EndState
from rescind.models.kind import Liveness, Verb
from rescind.models.plan import Accepted
from rescind.pipeline import render, report, sections
from rescind.secret import Secret
from tests.contract.worlds_entra import ADA, MAKERS
from tests.interop.entra_bench import Bench, Run, bench
from tests.interop.entra_world import TENANT

KINDS = {k: row for k, row in catalogue.kinds().items() if row.provider == "entra"}
APPS = ("entra.client-secret", "entra.certificate", "entra.federated-credential")
LONG, DAY = 28 * 3600, 24 * 3600


@pytest.fixture
def at(tmp_path) -> Iterator[Bench]:
    with bench(tmp_path) as made:
        yield made


@dataclass
class Person:
    """Ada with one of everything that belongs to a user, and one session that came of all of it."""

    bench: Bench

    def __post_init__(self) -> None:
        graph = self.bench.graph
        self.id = graph.user(ADA)
        self.machine = graph.device(self.id)
        self.method = graph.method(self.id, "fido2Methods")
        self.grant = graph.grant(self.id)
        self.session = graph.sign_in(self.id, device=self.machine, method=self.method, grant=self.grant)
        self.made: list[str] = []
        self.bench.clock.sleep(60)

    def find(self, kind: str) -> Credential:
        names = {
            "entra.user": self.id,
            "entra.user-sessions": f"sessions:{self.id}",
            "entra.refresh-token": f"{self.id}.{TENANT}:04b07795-8ddb-461a-bbee-02f9e1bf7b46",
            "entra.device": self.machine,
            "entra.authentication-method": f"{self.id}/fido2Methods/{self.method}",
            "entra.oauth-grant": self.grant,
        }
        about = {"oid": self.id} if kind == "entra.refresh-token" else {}
        found = self.bench.whole(
            Credential(kind=kind, provider="entra", identifier=names[kind], issuer=TENANT, attributes=about)
        )
        self.bench.clock.sleep(1)
        return found

    def mint(self) -> bool:
        """Get access tokens of both sorts from the session, if it still gives any."""
        graph, seconds = self.bench.graph, self.bench.client.access_seconds
        if not graph.redeem(self.session):
            return False
        self.made += [graph.access(self.session, seconds), graph.access(self.session, LONG, evaluated=True)]
        return True


def verb_of(kind: str) -> Verb:
    return next(v for v, act in KINDS[kind].actions.items() if not act.supports)


def runs_out(at: Bench, run: Run, c: Credential, tokens: list[str], *, says: EndState = EndState.RESIDUAL) -> float:
    """Show that the report's moment is the tenant's; returns how many seconds after the last cut it lies."""
    told = run.of(c)
    assert told.end_state is says, told
    until = datetime.fromisoformat(told.residual_until)
    last = max(datetime.fromisoformat(r.cut_at) for r in run.receipts.values() if r.cut_at)
    at.clock.to(until - timedelta(seconds=1))
    assert any(map(at.graph.accepts, tokens)), "the tenant refuses earlier than the report says"
    assert run.of(c).end_state is says
    at.clock.to(until)
    assert not any(map(at.graph.accepts, tokens)), "the tenant takes it longer than the report says"
    over = run.of(c)
    assert over.end_state is (EndState.DEAD if says is EndState.RESIDUAL else says)
    assert not over.residual_until
    print(f"{c.kind}: until {until:%d. %H:%M:%S}, {(until - last).total_seconds():.0f} s after the last cut")
    return (until - last).total_seconds()


# one kind alone

ALONE = {
    "entra.user": 5400,
    "entra.user-sessions": 5400,
    "entra.refresh-token": 5400,
    "entra.device": LONG,
    "entra.oauth-grant": LONG,
}


@pytest.mark.parametrize("kind", ALONE)
def test_a_kind_alone_runs_out_when_the_report_says(at, kind):
    ada = Person(at)
    c = ada.find(kind)
    run = at.end((verb_of(kind), c), before=ada.mint)
    assert not ada.mint(), "the cut itself: no new token"
    says = EndState.CONTAINED if kind == "entra.user" else EndState.RESIDUAL
    assert runs_out(at, run, c, ada.made, says=says) == ALONE[kind]


@pytest.mark.parametrize(("policy", "after"), [(600, 900), (86_000, 86_000)])
@pytest.mark.parametrize("kind", ["entra.user", "entra.user-sessions", "entra.refresh-token"])
def test_the_tenants_own_life_of_tokens_is_counted(tmp_path, kind, policy, after):
    """Shorter than a quarter of an hour, what is under continuous evaluation is the last to go; longer, what is not."""
    with bench(tmp_path, access_seconds=policy) as at:
        ada = Person(at)
        c = ada.find(kind)
        run = at.end((verb_of(kind), c), before=ada.mint)
        says = EndState.CONTAINED if kind == "entra.user" else EndState.RESIDUAL
        assert runs_out(at, run, c, ada.made, says=says) == after


@pytest.mark.parametrize(("seconds", "evaluated", "after"), [(4200, False, 4140), (LONG, True, 900), (300, True, 240)])
def test_an_access_token_runs_out_by_itself_or_by_the_event(at, seconds, evaluated, after):
    user = at.graph.user(ADA)
    token = at.graph.access(at.graph.sign_in(user), seconds, evaluated=evaluated)
    held = replace(MAKERS["entra.access-token"](at.graph, user), secret=Secret(token))
    c = at.whole(held)
    at.clock.sleep(60)
    assert runs_out(at, at.end((Verb.REVOKE, c)), c, [token]) == after


@dataclass
class Application:
    """One with a credential of a kind, and what it gets with that."""

    bench: Bench
    kind: str

    def __post_init__(self) -> None:
        graph = self.bench.graph
        self.held = MAKERS[self.kind](graph, graph.user(ADA))
        self.c = self.bench.whole(self.held)
        app = self.c.attributes["app_id"]
        self.principal = next(p["id"] for p in graph.all("servicePrincipal") if p["appId"] == app)
        self.made: list[str] = []
        self.bench.clock.sleep(60)

    def mint(self) -> None:
        if self.held.lives():
            graph, p = self.bench.graph, self.principal
            self.made += [graph.app_access(p, 5400), graph.app_access(p, DAY, evaluated=True)]


@pytest.mark.parametrize("kind", APPS)
@pytest.mark.parametrize("verbs", [("revoke",), ("deny", "revoke"), ("revoke", "deny")])
@pytest.mark.parametrize("apart", [60, 5000])
def test_what_an_application_got_runs_out_by_when_it_was_switched_off(at, kind, verbs, apart):
    """Alone: a day. Switched off first, nothing was made after that; later, only what evaluates continuously hears of it."""
    app = Application(at, kind)
    run = at.end(*((Verb(v), app.c) for v in verbs), apart=apart, before=app.mint)
    assert not app.held.lives()
    after = runs_out(at, run, app.c, app.made)
    assert (after == DAY) == (len(verbs) == 1)


def test_switching_an_application_off_alone_contains_it_for_as_long(at):
    app = Application(at, "entra.client-secret")
    run = at.end((Verb.DENY, app.c), before=app.mint)
    assert runs_out(at, run, app.c, app.made, says=EndState.CONTAINED) == 5400


# what is cut together


@pytest.mark.parametrize("kind", ["entra.device", "entra.oauth-grant"])
@pytest.mark.parametrize("event", ["entra.user-sessions", "entra.user"])
@pytest.mark.parametrize("between", [10, 4000, 6000])
def test_an_event_for_its_user_cuts_what_a_device_or_a_consent_left_behind(at, kind, event, between):
    ada = Person(at)
    c, other = ada.find(kind), ada.find(event)
    run = at.end((verb_of(kind), c), (verb_of(event), other), apart=between, before=ada.mint)
    runs_out(at, run, c, ada.made)


@pytest.mark.parametrize("kind", ["entra.device", "entra.oauth-grant", "entra.user-sessions", "entra.refresh-token"])
def test_what_is_cut_after_its_user_was_switched_off_counts_from_then(at, kind):
    """A leaver: nothing is made once the account is off, so the clock of all that follows began with it."""
    ada = Person(at)
    c, user = ada.find(kind), ada.find("entra.user")
    run = at.end((Verb.DEACTIVATE, user), (verb_of(kind), c), apart=300, before=ada.mint)
    assert not ada.mint()
    runs_out(at, run, c, ada.made)


def test_an_evaluated_token_hears_that_its_user_was_switched_off(at):
    user = at.graph.user(ADA)
    token = at.graph.access(at.graph.sign_in(user), LONG, evaluated=True)
    held = replace(MAKERS["entra.access-token"](at.graph, user), secret=Secret(token))
    c, ada = at.whole(held), at.whole(Credential(kind="entra.user", provider="entra", identifier=user))
    at.clock.sleep(60)
    runs_out(at, at.end((Verb.DEACTIVATE, ada), (Verb.REVOKE, c), apart=100), c, [token])


@pytest.mark.parametrize("order", [("method", "sessions"), ("off", "sessions", "method")])
def test_a_method_is_over_only_with_the_sessions_that_were_made_with_it(at, order):
    ada = Person(at)
    kinds = {"method": "entra.authentication-method", "sessions": "entra.user-sessions", "off": "entra.user"}
    found = {name: ada.find(kind) for name, kind in kinds.items()}
    run = at.end(*((verb_of(kinds[n]), found[n]) for n in order), apart=120, before=ada.mint)
    runs_out(at, run, found["method"], ada.made)


def test_a_deleted_method_whose_sessions_live_is_never_called_dead(at):
    ada = Person(at)
    c = ada.find("entra.authentication-method")
    run = at.end((Verb.DELETE, c))
    for days in (0, 1, 90):
        at.clock.sleep(days * 86_400)
        told = run.of(c)
        assert ada.mint(), "a session goes on for as long as it is used"
        assert (told.end_state, told.residual_until) == (EndState.RESIDUAL, "")
        whole = run.adds_up()
        assert "without an end of its own" in report.line_one(whole)
        assert "until that is ended" in render.text(whole)
        assert "until that is ended" in str(sections.residual(whole, at.clock.now()))
        assert report.exit_code(whole) == 5
    # sessions that were revoked while the account could sign in with it again say nothing of those made since
    sessions = ada.find("entra.user-sessions")
    at.clock.sleep(1)
    early = at.end((Verb.REVOKE, sessions), (Verb.DELETE, c))
    assert early.of(c).residual_until == ""


def test_no_kind_is_over_while_its_child_lives(at):
    """The user is the parent of its sessions, they of each token: what is over says so only when all of that is."""
    ada = Person(at)
    user, sessions = ada.find("entra.user"), ada.find("entra.user-sessions")
    at.graph.forbidden.add(ada.id)
    run = at.end((Verb.DEACTIVATE, user), (Verb.REVOKE, sessions))
    assert {run.of(c).end_state for c in (user, sessions)} == {EndState.FAILED}
    at.graph.forbidden.clear()
    run = at.end((Verb.DEACTIVATE, user), (Verb.REVOKE, sessions))
    child, parent = run.of(sessions), run.of(user)
    assert (child.end_state, child.parent) == (EndState.RESIDUAL, user.identifier)
    assert parent.end_state is not EndState.DEAD
    assert parent.residual_until == child.residual_until


def test_every_kind_with_something_left_behind_stands_in_this_table():
    covered = {*ALONE, *APPS, "entra.access-token", "entra.authentication-method"}
    assert covered == {k for k, row in KINDS.items() if row.residual.seconds}
    for row in KINDS.values():
        own = {str(v) for v, act in row.actions.items() if act.supports}
        assert set(row.residual.hears) <= {*KINDS, *own}, row.id


# a provider that asks to slow down


@pytest.mark.parametrize("waits", [(7, 3), (0, 0, 0)], ids=["with Retry-After", "without"])
@pytest.mark.parametrize("kind", MAKERS)
def test_a_throttled_request_is_made_again_when_asked_and_changes_no_end(at, kind, waits):
    """Each request of a step meets it in turn; what is asked for is waited for, and what is not is waited for all the same."""
    held = MAKERS[kind](at.graph, at.graph.user(ADA))
    c = at.whole(held)
    at.clock.sleep(60)
    kinds = [v for v in sorted(KINDS[kind].actions, key=lambda v: not KINDS[kind].actions[v].supports)]
    at.graph.throttle = [("", w) for w in waits]
    began = at.clock.seconds
    run = at.end(*((v, c) for v in kinds))
    assert not at.graph.throttle
    assert at.clock.seconds - began >= sum(waits) + 30
    assert not held.lives()
    assert run.of(c).end_state in {EndState.RESIDUAL, EndState.CONTAINED}, run.receipts
    # and one that never stops is an unknown end, never an invented one
    other = at.whole(MAKERS[kind](at.graph, at.graph.user("eve@contoso.example")))
    at.graph.throttle = [("", w) for w in waits * 200]
    run = at.end((kinds[-1], other))
    assert run.of(other).end_state is EndState.UNKNOWN
    at.graph.throttle = []


# who else has a word


def test_a_cut_that_its_master_may_write_over_is_never_called_lasting(at):
    ada = Person(at)
    at.graph.update("user", ada.id, onPremisesSyncEnabled=True, onPremisesDomainName="corp.contoso.example")
    c = ada.find("entra.user")
    run = at.end((Verb.DEACTIVATE, c))
    meant = (Accepted(credential=c.id, end_state=EndState.CONTAINED),)
    told = run.of(c, accepted=meant)
    assert told.end_state is EndState.CONTAINED
    assert not told.as_intended
    assert "corp.contoso.example is its source of authority" in told.reason
    (task,) = told.tasks
    assert "corp.contoso.example" in task["task"]
    whole = run.adds_up(accepted=meant)
    assert (report.exit_code(whole), report.open_tasks(whole)) == (5, 1)
    attested = {c.id: {"attested_by": "bob", "attested_at": "2026-11-24T13:00:00Z", "evidence": "AD shows it disabled"}}
    assert run.of(c, accepted=meant, attested=attested).as_intended
    assert report.open_tasks(run.adds_up(accepted=meant, attested=attested)) == 0
    # and when a synchronisation did so, the next look says it
    at.graph.update("user", ada.id, accountEnabled=True)
    assert at.end((Verb.REVOKE, ada.find("entra.user-sessions"))).adds_up().credentials
    assert KINDS["entra.user"].verify(at.client, c).liveness is Liveness.LIVE


def test_a_hybrid_device_is_contained_not_dead(at):
    made = at.graph.device(at.graph.user(ADA), join="ServerAd")
    c = at.whole(Credential(kind="entra.device", provider="entra", identifier=made))
    run = at.end((Verb.DEACTIVATE, c))
    at.clock.sleep(LONG + 1)
    told = run.of(c)
    assert told.end_state is EndState.CONTAINED
    assert "on-premises" in told.tasks[0]["task"]
