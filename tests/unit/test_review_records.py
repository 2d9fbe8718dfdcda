"""What an adversarial reading of records, orders and clocks found, each held by a test."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
import typer

from rescind import catalogue
from rescind.audit.log import open_log
from rescind.audit.signer import load_signer
from rescind.cli import later
from rescind.engine import afterwards
from rescind.engine.runs import plans_of, result
from rescind.errors import RefusedError, Rejected, Throttled
from rescind.host import walk
from rescind.models.config import Config
from rescind.models.credential import EndState, Inventory, Ownership
from rescind.models.evidence import Gap
from rescind.models.kind import Act, CaseVerb, Identity, Liveness, Verb
from rescind.models.machine import Machine, Order, Standing
from rescind.models.plan import Case, CaseStep, Decision
from rescind.models.provider import Provider
from rescind.models.tenant import Tenant
from rescind.models.use import Asked, Span, Trace, Use
from rescind.pipeline import case_plan, orders, preserve, preview
from rescind.pipeline.enumerate import Enumerated, enumerate_all
from rescind.pipeline.people import People
from rescind.pipeline.plan import decide
from rescind.pipeline.scan import scan
from rescind.pipeline.session import Session
from rescind.providers.aws import _activity, root_user
from rescind.providers.google import _machines, api_key
from rescind.schema.playbook import load_playbook, parse_playbook
from rescind.wire.http import Answer
from tests.unit import test_use as use_tests
from tests.unit.made_up import CREDENTIAL, FakeClock, act, kind
from tests.unit.test_preserve import BOOK, SOURCE, TOLD, desk, event, files
from tests.unit.test_report import add_up, credential, plan, receipt, step
from tests.unit.test_truth_report import by_id

__all__ = ["desk"]
LATER = "2026-11-23T14:20:00Z"


@pytest.mark.parametrize("error", [ValueError("tok-SECRET"), TypeError("x"), AttributeError("y"), RecursionError()])
def test_an_answer_that_nobody_foresaw_stops_no_cut_and_is_told_without_its_text(desk, error):
    TOLD[1:] = [error]
    done = desk.new()
    (reading,) = done.activity
    assert type(error).__name__ in reading.problem
    assert "SECRET" not in reading.problem
    assert reading.events == 1, "what was read before is kept"
    assert {c.end_state for c in done.credentials} == {EndState.DEAD}
    assert done.status == "ended"


@pytest.mark.parametrize(("at", "looks"), [("outcome", 1), ("activity", 2)])
def test_a_killed_export_is_not_overwritten_by_one_that_sees_less(desk, monkeypatch, at, looks):
    real = desk.log.append

    def dies(type_, **facts):
        if type_ == at and facts["step"].startswith("case-"):
            raise KeyboardInterrupt
        return real(type_, **facts)

    monkeypatch.setattr(desk.log, "append", dies)
    with pytest.raises(BaseException):  # noqa: B017, PT011  whatever stops the engine
        desk.new()
    desk.log = open_log(desk.dir / "rescind.db", load_signer(desk.dir), desk.clock)
    (run,) = {e.run for e in desk.log.entries(type="run-started")}
    before = {n: p.read_bytes() for n, p in files(desk, run).items()}
    assert b"tok-1" in b"".join(before.values())
    if looks == 1:
        TOLD[:] = [Throttled("later")]
    done = desk.again(run)
    assert {n: p.read_bytes() for n, p in files(desk, run).items()} == before
    assert [r.events for r in preserve.readings(desk.log, run)] == [2]
    assert not done.activity[0].problem


def test_what_nobody_could_look_up_proves_nothing(desk, monkeypatch):
    TOLD[:] = [Span(part="all", asked_at="2026-11-30T12:00:00Z")]
    assert CREDENTIAL.id in desk.new().activity[0].proves
    unnamed = replace(SOURCE, traces={"made-up.token": Trace(marks=("token:{attributes.absent}",))})
    row = Provider(id="made-up", title="Made up", connect="m:c", activity=(unnamed,))
    monkeypatch.setattr(catalogue, "providers", lambda: {"made-up": row})
    assert desk.new().activity[0].proves == ()


def test_an_event_of_aws_without_a_time_is_no_record_that_was_read_whole(monkeypatch):
    class Client:
        account = "123456789012"

    monkeypatch.setattr(_activity, "_places", lambda _: (["eu-west-1"], ""))
    monkeypatch.setattr(_activity, "_pages", lambda *_: [(Client, [{"eventID": "1"}])])
    monkeypatch.setattr(Client, "provider_time", "2026-11-23T12:00:00Z", raising=False)
    asked = Asked(names=("ada",), credentials=(), since="2026-11-23T09:55:00Z")
    (span,) = _activity.read(Client, asked, lambda fn: fn())
    assert span.problem == "an event without a time"


@pytest.mark.parametrize(
    ("verb", "state", "standing"),
    [
        ("wipe", "ACCOUNT_WIPED", Standing.NONE),
        ("wipe", "ACCOUNT_WIPING", Standing.NONE),
        ("wipe", "WIPED", Standing.DONE),
        ("retire", "ACCOUNT_WIPED", Standing.DONE),
        ("retire", "WIPED", Standing.DONE),
    ],
)
def test_a_machine_that_was_only_retired_is_not_called_wiped(monkeypatch, verb, state, standing):
    class Said:
        request_id = provider_time = ""

    monkeypatch.setattr(_machines, "_row", lambda *_: ({"status": state}, Said))
    assert _machines.look(None, "mobile/m1", verb, "2026-11-23T10:00:00Z").standing is standing


def test_no_clock_runs_down_for_a_parent_whose_child_has_no_end():
    parent = credential(1)
    live = credential(2, parent=parent.id)
    for state in (EndState.FAILED, EndState.HELD, EndState.UNKNOWN, EndState.MANUAL):
        done = [receipt(step(parent), EndState.RESIDUAL, residual_until=LATER), receipt(step(live), state)]
        shown = by_id(add_up(plan([parent, live], [step(parent), step(live)]), done))["id-1"]
        assert (shown.end_state, shown.residual_until) == (EndState.RESIDUAL, ""), state


def test_a_child_with_an_end_gives_none_to_a_parent_without_one():
    parent = credential(1)
    child = credential(2, parent=parent.id)
    done = [
        receipt(step(parent), EndState.RESIDUAL, residual_what="sessions"),
        receipt(step(child), EndState.RESIDUAL, residual_until=LATER),
    ]
    shown = by_id(add_up(plan([parent, child], [step(parent), step(child)]), done))["id-1"]
    assert (shown.end_state, shown.residual_until) == (EndState.RESIDUAL, "")
    assert event(1).id == "e1"


@pytest.mark.parametrize("was", ["yes", "no"])
def test_undo_brings_no_key_back_that_somebody_had_deleted_before(was):
    name = "projects/p/locations/global/keys/k"
    row = {"name": name, "uid": "u", **({"deleteTime": "2026-11-20T10:00:00Z"} if was == "yes" else {})}
    sent: list[str] = []

    class Client:
        def send(self, _api, method, path, **_more):
            sent.extend([path] if method != "GET" else [])
            shown = row if method == "GET" else {"name": "operations/1", "done": True}
            return Answer(status=200, headers={}, json=shown, body=b"{}", request_id="", provider_time="")

    c = credential(1, identifier=name)
    before = {f"before.{k}": v for k, v in api_key.snapshot(Client(), c).items()}
    told = api_key.undelete(Client(), replace(c, attributes=before))
    assert (bool(sent), "left" in told.notes) == (was == "no", was == "yes")
    assert "left" in api_key.undelete(Client(), c).notes, "nor one of which nothing is known"


@pytest.mark.parametrize("planned", [True, False])
def test_a_tenant_that_is_another_account_now_ends_no_run_that_was_planned_with_it(planned):
    class Other:
        def __init__(self):
            self.planned = planned

        def names(self, provider):
            return ("prod",) if provider == "aws" else ()

        def get(self, name):
            raise RefusedError(f"tenant {name!r} is account '2' now, the plan was made for '1'")

    who = People(person="ada@example.com", mapped={"aws": ("ada",)})
    nothing = Inventory(workstation={}, credentials=())
    if not planned:
        with pytest.raises(RefusedError):
            enumerate_all(nothing, {}, Other(), who, providers=("aws",))
        return
    seen = enumerate_all(nothing, {}, Other(), who, providers=("aws",))
    assert [g.reason for g in seen.gaps] == [
        "not asked again: tenant 'prod' is account '2' now, the plan was made for '1'"
    ]
    assert not seen.credentials


def test_a_later_look_is_at_the_accounts_of_the_plan(desk, monkeypatch):
    run, asked = desk.new().run, []
    (plan,), _ = plans_of(desk.dir, run)

    def connect(*_, **facts):
        asked.append(facts)
        return desk.tenants

    monkeypatch.setattr("rescind.pipeline.session.tenants", connect)
    monkeypatch.setattr(later, "state_dir", lambda _: desk.dir)
    monkeypatch.setattr(later, "known_run", lambda *_: run)
    monkeypatch.setattr(
        later, "session", lambda *_, **__: Session(config=Config(), clock=desk.clock, state_dir=desk.dir, resolve=None)
    )
    monkeypatch.setattr(later, "open_log", lambda _: desk.log)
    monkeypatch.setattr(later, "playbook_of", lambda _: BOOK)
    with pytest.raises(typer.Exit):
        later.verify(None, run, None, as_json=True)
    assert asked == [{"write": False, "expected": plan.tenants}] * 2


def test_a_plan_that_does_nothing_has_no_hole_in_its_preview():
    assert "\n\n\n" not in preview.text(
        plan([credential(1)], decisions=[Decision(credential=credential(1).id, end_state=EndState.MANUAL, reason="r")])
    )


def test_machines_that_are_told_in_the_same_words_are_orders_of_their_own():
    book = load_playbook("lost-laptop")
    named = Case(person="ada@example.com", workstation="LAP-1")
    twins = [(t, Machine(identifier=i, device=i, told="LAP-1")) for t, i in (("a", "m1"), ("a", "m2"), ("b", "m1"))]
    steps = case_plan.case_steps(book, named, (), machines={CaseVerb.WIPE: twins})
    wipes = [s for s in steps if s.verb is CaseVerb.WIPE]
    assert len({s.id for s in wipes}) == len(wipes) == 3, (
        "one approval would release them all, and one outcome stand for them"
    )


@pytest.mark.parametrize(
    ("kind", "verb", "state", "liveness"),
    [
        ("google.mobile-device", None, "WIPING", Liveness.UNKNOWN),
        ("google.mobile-device", None, "BLOCKED", Liveness.DEAD),
        ("google.mobile-device", Verb.DELETE, "ACCOUNT_WIPED", Liveness.UNKNOWN),
        ("google.mobile-device", Verb.DELETE, "WIPED", Liveness.DEAD),
        ("google.mobile-device", Verb.ERASE_LOCAL, "ACCOUNT_WIPED", Liveness.DEAD),
        ("google.device", None, "WIPING", Liveness.UNKNOWN),
        ("google.device", None, "BLOCKED", Liveness.DEAD),
    ],
)
def test_a_wipe_that_waits_for_its_device_has_cut_nothing(kind, verb, state, liveness):
    name = "m1" if kind == "google.mobile-device" else "devices/d/deviceUsers/u"
    row = {"resourceId": name, "status": state, "name": name, "userEmail": "a@b.c", "managementState": state}

    class Client:
        def send(self, *_, **__):
            return Answer(status=200, headers={}, json=row, body=b"{}", request_id="", provider_time="")

    found = catalogue.kinds()[kind]
    look = found.actions[verb].verify if verb else found.verify
    assert look(Client(), credential(1, identifier=name)).liveness is liveness


def test_what_a_later_look_could_not_see_is_no_gap_once_it_was_seen(desk, monkeypatch):
    run = desk.new().run
    row = Provider(id="made-up", title="Made up", connect="m:c", eventual=True)
    monkeypatch.setattr(catalogue, "providers", lambda: {"made-up": row})
    new = credential(7, created_at="2026-11-23T12:00:00Z")
    down, denied = Gap(source="tenant:t", reason="down"), Gap(source="tenant:t", reason="denied")

    def look(*gaps, found=()):
        seen = Enumerated(credentials=found, candidates=(), decided={}, gaps=gaps, accounts={}, principals={})
        monkeypatch.setattr(afterwards, "enumerate_all", lambda *_, **__: seen)
        first, *more = plans_of(desk.dir, run)[0]
        plans = [replace(first, sweep_rounds=1), *more]
        book = replace(BOOK, sides=("provider",))
        count = afterwards.look_for_more(
            desk.dir, run, plans, book, ("made-up",), desk.tenants, None, desk.log, desk.clock
        )
        result_ = result(desk.dir, desk.log, run, desk.clock)
        told = [g.reason for g in result_.gaps if g.source == "tenant:t" and g.reason in {"down", "denied"}]
        return count, told, new.id in {c.id for c in result_.credentials}, len(plans_of(desk.dir, run)[0])

    assert look(down) == (0, ["down"], False, 2)
    assert look(down) == (0, ["down"], False, 2), "the same is told once"
    assert look(down, denied, found=(new,)) == (1, ["down", "denied"], True, 3)
    assert look(denied) == (0, ["denied"], True, 4)
    assert look() == (0, [], True, 5)
    assert look() == (0, [], True, 5)


def test_a_help_that_could_not_be_looked_at_again_did_not_fail(monkeypatch):
    helps = Act(call=act, reversible=True, idempotent=True, permissions=("x",), ends=EndState.CONTAINED, supports=True)
    ends = Act(call=act, reversible=False, idempotent=True, permissions=("x",))
    monkeypatch.setattr(
        catalogue, "kinds", lambda: {"made-up.token": kind(actions={Verb.DENY: helps, Verb.REVOKE: ends})}
    )
    c = credential(1)
    deny, end = step(c, Verb.DENY, "stop"), step(c)
    steps = plan([c], [deny, end])

    def told(why, state=EndState.UNKNOWN):
        done = [receipt(deny, state, evidence=why), receipt(end, EndState.UNKNOWN, evidence="no answer")]
        return add_up(steps, done).credentials[0].reason

    assert told("no answer") == "no answer"
    assert told("denied the look") == "no answer; deny not proven: denied the look"
    assert told("still there", EndState.FAILED) == "no answer; deny failed: still there"


@pytest.mark.parametrize(
    ("person", "ownership", "offered"),
    [
        ("ada@example.com", Ownership.CASE, True),
        ("ada@example.com", Ownership.UNPROVEN, True),
        ("ada@example.com", Ownership.OTHER, False),
        ("", Ownership.OTHER, True),
        ("", Ownership.PROTECTED, False),
        ("ada@example.com", Ownership.OPERATOR, False),
    ],
)
def test_nobody_elses_machine_is_offered_because_it_is_called_like_the_lost_one(
    monkeypatch, person, ownership, offered
):
    asked = []

    class There:
        client = None

        def ask(self, fn):
            return fn(), 1

    def find(_client, _name, ids):
        asked.extend(ids)
        return [Machine(identifier=i, device=i, told=i) for i in ids]

    monkeypatch.setattr(orders, "load", lambda _: find)
    tenant = Tenant(name="t", provider="entra", settings={"intune": True})
    c = credential(1, provider="entra", ownership=ownership, attributes={"workstation": "LAP-1", "device_id": "d1"})
    at = SimpleNamespace(get=lambda _: There())
    case = Case(person=person, workstation="LAP-1")
    made = orders.offers(Config(tenants=(tenant,)), load_playbook("lost-laptop"), case, [c], at)
    assert (asked == ["d1"], bool(made.machines)) == (offered, offered)


@pytest.mark.parametrize(("principal", "refused"), [(":root", True), (":user/responder", False)])
def test_the_root_user_that_acts_is_not_emptied(monkeypatch, principal, refused):
    class Aws:
        partition, account = "aws", "123456789012"

        def identity(self):
            return Identity(account=self.account, principal=f"arn:aws:iam::{self.account}{principal}")

    class SentError(Exception):
        pass

    def assumed(_client):
        raise SentError

    monkeypatch.setattr(root_user._root, "assumed", assumed)
    with pytest.raises(Rejected if refused else SentError):
        root_user.delete(Aws(), credential(1))


@pytest.mark.parametrize(("source", "used"), [("sts.amazonaws.com", True), ("iam.amazonaws.com", False)])
def test_who_takes_a_second_factor_away_does_not_use_it(source, used):
    serial = "arn:aws:iam::123456789012:mfa/ada"
    row = {
        "eventID": "1",
        "eventTime": "2026-11-23T12:00:00Z",
        "eventSource": source,
        "requestParameters": {"serialNumber": serial},
    }
    told = _activity.event(row, "123456789012")
    assert (f"mfa:{serial}" in told.marks) is used


def test_a_disk_full_of_names_does_not_fill_the_memory(tmp_path, monkeypatch):
    kept = []

    class Noted(walk.Index):
        def __init__(self, rows):
            super().__init__(rows)
            kept.append(self)

    monkeypatch.setattr(walk, "Index", Noted)
    monkeypatch.setattr(walk, "MOST_KNOWN", 25)
    for folder in ("", ".config", ".aws", ".ssh", "src"):
        (tmp_path / folder).mkdir(exist_ok=True)
        for n in range(20):
            (tmp_path / folder / f"{folder}{n}{'x' * 100 if n > 10 else ''}").touch()
    (tmp_path / "src" / ".env").write_text("GITLAB_TOKEN=glpat-fakefakefakefakefake\n")
    found = scan(tmp_path, clock=FakeClock())
    known = [name for index in kept for name in index.known]
    assert len(known) == 25
    assert max(map(len, known)) < walk.LONGEST_KNOWN
    assert [f for _, f in found.findings if f.location.path.endswith(".env")], (
        "what is not remembered is looked at all the same"
    )


def test_no_playbook_wipes_a_phone_without_an_approval():
    text = "name: x\nversion: 1\ntitle: x\nphases:\n  - name: a\n    steps: [{select: 'true', verbs: [VERBS]}]\n"
    now = datetime(2026, 11, 23, 12, tzinfo=UTC)
    for kind_, wipes in (("google.mobile-device", ("delete", "erase-local")), ("google.device", ("erase-local",))):
        c = credential(1, kind=kind_, provider="google")
        for verb in wipes:
            book = parse_playbook(text.replace("VERBS", f"deactivate, {verb}"), "x.yaml")
            steps, decisions = decide(c, book, None, Case(person="ada@example.com"), now)
            assert {str(s.verb): s.held for s in steps} == {"deactivate": False, verb: True}
            assert [d.end_state for d in decisions] == [EndState.HELD]


def test_who_calls_himself_rescind_is_told_where_a_record_proves_nothing(monkeypatch):
    row = Provider(id="made-up", title="Made up", connect="m:c", activity=(use_tests.SOURCE,))
    monkeypatch.setattr(catalogue, "providers", lambda: {"made-up": row})
    part = credential(1, kind="made-up.part")
    reading = replace(use_tests.WHOLE, uses={part.id: Use(ours=2)}, proves=())
    for shown in (reading, replace(reading, problem="denied")):
        told = use_tests.judge(shown, c=part)
        assert told.answer == "unknown"
        assert "2 that call themselves rescind's own" in told.source
        assert "shows no use of it" not in told.source


@pytest.mark.parametrize(("standing", "state"), [(Standing.NONE, "failed"), (Standing.DONE, "acknowledged")])
def test_an_order_that_was_refused_stays_refused_until_something_else_is_shown(desk, monkeypatch, standing, state):
    case_step = CaseStep(phase="p", verb=CaseVerb.LOCK, task="t", owner="o", done_when="d", tenant="t", machine="m1")
    desk.log.append("intent", run="r", step=case_step.id, data={})
    desk.log.append(
        "outcome", run="r", step=case_step.id, data={"end_state": "failed", "evidence": "denied", "at": "x"}
    )
    monkeypatch.setattr(orders, "look", lambda *_: Order(standing=standing, evidence="seen"))
    reader = preserve.Reader(
        run="r", tenants=desk.tenants, log=desk.log, clock=desk.clock, folder=desk.dir, names=lambda _: ()
    )
    assert orders.again(reader, [case_step]) == 1
    assert orders.last_seen(desk.log, "r", case_step.id).data["end_state"] == state
