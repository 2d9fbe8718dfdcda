"""`preserve`: records are exported before anything is ended, whole or with a gap, with nothing secret, and again after a crash."""

from __future__ import annotations

import hashlib
import json
import stat
from dataclasses import replace

import pytest

from rescind import catalogue
from rescind.audit.check import check
from rescind.audit.export import export as export_trail
from rescind.audit.log import open_log
from rescind.audit.signer import load_signer
from rescind.engine.runs import outcomes, result
from rescind.errors import Denied, RefusedError, Throttled, Unreachable
from rescind.models.config import Config
from rescind.models.credential import EndState
from rescind.models.kind import CaseVerb
from rescind.models.plan import Case
from rescind.models.provider import Provider
from rescind.models.tenant import Tenant
from rescind.models.use import Event, Source, Span, Trace
from rescind.pipeline import case_plan, preserve, preview, render, report, reverify
from rescind.pipeline.execute import Context
from rescind.pipeline.html import html
from rescind.pipeline.people import People
from rescind.pipeline.reverify import look_again
from rescind.pipeline.session import Session, records
from rescind.schema import plan as plan_file
from rescind.schema.playbook import parse_playbook
from rescind.schema.run import RunShape
from rescind.wire.retry import Breaker, Retry
from tests.unit.made_up import CREDENTIAL, FakeClock, kind
from tests.unit.test_execute import OneTenant
from tests.unit.test_waits import Desk

LOST = "2026-11-23T10:00:00Z"
BOOK = parse_playbook(
    """
name: kept
version: 1
title: t
phases:
  - name: preserve
    case: [{verb: preserve, activity: true}]
  - name: revoke
    steps: [{select: 'true', verbs: [revoke]}]
  - name: later
    steps: [{select: 'true', verbs: [revoke]}]
""",
    "kept.yaml",
)
TOLD: list[Event | Span | Exception] = []
SOURCE = Source(
    id="record", title="The record", read="tests.unit.test_preserve:read", check="m:check", retention_days=30, lag_seconds=600, covers="everything",
    lacks="nothing", permissions=("read",), traces={"made-up.token": Trace(marks=("token:{identifier}",))}, reference="https://example.com",
)  # fmt: skip
ASKED = []


def read(client, asked, ask):
    """What the made-up provider says of itself: each entry of `TOLD` is one request."""
    ASKED.append((client, asked))
    for row in TOLD:

        def say(row=row):
            if isinstance(row, Exception):
                raise row
            return row

        yield ask(say)


def event(n: int, **facts) -> Event:
    made = {
        "id": f"e{n}",
        "at": f"2026-11-23T10:0{n}:00Z",
        "action": "did",
        "marks": frozenset({f"token:{CREDENTIAL.identifier}"}),
    }
    return Event(**{**made, "who": "ada", "key": "tok-1", "ip": "198.51.100.7", "agent": "curl/8.1", **facts})


@pytest.fixture
def desk(tmp_path, monkeypatch):
    d = Desk(tmp_path, monkeypatch)
    monkeypatch.setattr(reverify, "kind_of", lambda k: kind() if k == "made-up.token" else None)
    monkeypatch.setattr(d.tenants, "row", lambda _: d.provider.tenant, raising=False)
    row = Provider(id="made-up", title="Made up", connect="m:c", activity=(SOURCE,))
    monkeypatch.setattr(catalogue, "providers", lambda: {"made-up": row})
    case = Case(person="ada@example.com", lost_at=LOST)
    steps = case_plan.case_steps(BOOK, case, (), [("t", SOURCE)])
    made = replace(d.plan, case=case, playbook=BOOK.source, case_steps=steps)
    d.plan = replace(made, digest=plan_file.digest_of(made))
    TOLD[:], ASKED[:] = [event(1), event(2), Span(part="all", asked_at="2026-11-23T12:00:00Z")], []
    return d


def files(desk, run):
    return {p.name: p for p in preserve.folder_of(desk.dir, run).iterdir()}


def test_it_comes_before_the_first_cut_and_its_digest_is_in_the_trail(desk):
    done = desk.new()
    assert len(ASKED) == 1
    assert ASKED[0][1].names == ("ada",)
    assert ASKED[0][1].since == "2026-11-23T09:55:00Z"
    entries = list(desk.log.entries(run=done.run))
    order = [e.type for e in entries if e.type in {"activity", "intent"}]
    assert order[0] == "activity"
    assert "intent" in order
    (file,) = files(desk, done.run).values()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    (reading,) = done.activity
    assert reading.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
    assert (reading.file, reading.events, reading.since, reading.until) == (
        "t.record.jsonl", 2, "2026-11-23T09:55:00Z", "2026-11-23T11:50:00Z",
    )  # fmt: skip
    assert [json.loads(line)["id"] for line in file.read_text().splitlines()] == ["e1", "e2"]
    (step,) = done.case_steps
    assert (step.verb, step.end_state, step.closed) == (CaseVerb.PRESERVE, EndState.ACKNOWLEDGED, True)
    assert reading.sha256 in step.reason
    used = {c.id: c for c in done.credentials}[CREDENTIAL.id]
    assert (used.used_after_loss, used.first_use_after_loss) == ("yes", "2026-11-23T10:01:00Z")
    assert "The record (t): 2 events" in used.used_after_loss_source
    assert "last known use 10:02Z" in report.line_one(done)
    told = report.to_json(done)
    RunShape.model_validate_json(json.dumps(told))
    assert told["activity"][0]["sha256"] == reading.sha256
    export_trail(desk.log, desk.dir / "trail.jsonl")
    seen = check(desk.dir / "trail.jsonl")
    assert (seen.integrity, seen.completeness) == ("ok", "complete")


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (Denied("may not read"), "may not read"),
        (Throttled("slow down"), "slow down"),
        (Span(part="eu-west-1", problem="it was switched off"), "eu-west-1: it was switched off"),
    ],
)
def test_what_could_not_be_read_is_a_gap_and_the_rest_is_kept(desk, row, why):
    TOLD.insert(1, row)
    done = desk.new()
    (gap,) = [g for g in done.gaps if "record" in g.reason]
    assert (gap.source, why in gap.reason) == ("tenant:t", True)
    assert 7 in report.exit_reasons(done)
    (step,) = done.case_steps
    assert (step.end_state, step.closed) == (EndState.UNKNOWN, True)
    assert why in done.activity[0].problem
    assert done.activity[0].events >= 1
    assert {c.used_after_loss for c in done.credentials} == {"yes", "unknown"}, "one use was read, so that one is sure"
    assert {c.end_state for c in done.credentials} == {EndState.DEAD}, "a record that cannot be read holds up no cut"


def test_a_tenant_that_cannot_be_asked_is_a_gap(desk, monkeypatch):
    def down(_):
        raise Denied("our own token is refused")

    good = desk.tenants.get
    monkeypatch.setattr(
        desk.tenants, "get", lambda name: (down if not ASKED and not desk.provider.calls else good)(name)
    )
    done = desk.new()
    assert "the tenant could not be asked: our own token is refused" in done.activity[0].problem
    assert done.activity[0].file == ""


def test_a_record_that_takes_too_long_is_left_for_later(desk):
    def slow(self, seconds=200.0):
        desk.clock.t += seconds
        return event(3)

    TOLD[:] = [event(1)]
    original = preserve.load

    def load(_):
        def reading(client, asked, ask):
            for _ in range(4):
                yield ask(lambda: slow(None))

        return reading

    preserve.load = load
    try:
        done = desk.new()
    finally:
        preserve.load = original
    assert "it took longer than 5 minutes" in done.activity[0].problem
    assert done.activity[0].events == 1


def test_more_events_than_can_be_kept_are_not_a_whole_record(desk, monkeypatch):
    monkeypatch.setattr(preserve, "MOST_EVENTS", 1)
    assert "there are more than 1 events" in desk.new().activity[0].problem


def test_a_loss_before_the_record_begins_is_said(desk):
    made = replace(desk.plan, case=replace(desk.plan.case, lost_at="2026-10-01T10:00:00Z"), digest="")
    desk.plan = replace(made, digest=plan_file.digest_of(made))
    (reading,) = desk.new().activity
    assert (reading.since, "it is kept for 30 days" in reading.problem) == ("2026-10-24T12:00:00Z", True)


def test_nothing_known_there_proves_nothing(desk):
    TOLD[:] = []
    assert "nothing of this case is known there" in desk.new().activity[0].problem


def test_the_file_holds_chosen_fields_and_nothing_that_looks_like_a_value(desk):
    value = "AQoDYXdzEJr1K2fake0x7Qb9s0meSessionValue1234567890"
    TOLD[:] = [
        event(1, agent=f"aws-cli/2.15.0 md/Botocore#1.43 terraform-provider-aws/5.31.0 token={value}"),
        event(2, agent="rescind/0.2 Boto3/1.43", who="x\x1b[31m\n" + "y" * 999),
    ]
    done = desk.new()
    (file,) = files(desk, done.run).values()
    one, two = map(json.loads, file.read_text().splitlines())
    assert value not in file.read_text()
    assert one["agent"] == "aws-cli/2.15.0 md/Botocore#1.43 terraform-provider-aws/5.31.0 [redacted]"
    assert set(one) <= {"id", "at", "action", "who", "key", "ip", "agent", "outcome", "place", "ours"}
    assert (two["ours"], len(two["who"]) <= 256, "\x1b" in two["who"]) == (True, True, False)
    assert done.activity[0].ours == 1
    assert all(value not in str(e.data) for e in desk.log.entries(run=done.run))


def test_a_run_that_was_killed_after_the_export_keeps_it(desk, monkeypatch):
    real = desk.log.append

    def dies(type_, **facts):
        if type_ == "outcome" and facts["step"].startswith("case-"):
            raise KeyboardInterrupt
        return real(type_, **facts)

    monkeypatch.setattr(desk.log, "append", dies)
    with pytest.raises(BaseException):  # noqa: B017, PT011  whatever stops the engine
        desk.new()
    desk.log = open_log(desk.dir / "rescind.db", load_signer(desk.dir), desk.clock)
    run = next(e.run for e in desk.log.entries(type="activity"))
    before = {n: p.read_bytes() for n, p in files(desk, run).items()}
    assert desk.sent() == 0
    done = desk.again(run)
    assert len(ASKED) == 1
    assert {n: p.read_bytes() for n, p in files(desk, run).items()} == before
    assert done.case_steps[0].closed
    assert len(done.activity) == 1
    assert desk.sent() == 2


def test_a_file_that_cannot_be_written_is_no_export(desk, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(preserve, "write_atomic", full)
    (reading,) = desk.new().activity
    assert ("No space left" in reading.problem, reading.file) == (True, "")


def test_without_a_time_of_the_loss_nothing_is_read_and_the_plan_says_why(desk):
    steps = case_plan.case_steps(BOOK, Case(person="ada@example.com"), (), [("t", SOURCE)])
    assert [s.left_out for s in steps] == [case_plan.NO_TIME]
    made = replace(desk.plan, case=Case(person="ada@example.com"), case_steps=steps)
    desk.plan = replace(made, digest=plan_file.digest_of(made))
    assert "--lost-at" in preview.text(desk.plan)
    done = desk.new()
    assert (ASKED, done.activity, done.case_steps[0].end_state, report.exit_reasons(done)) == (
        [],
        (),
        EndState.SKIPPED,
        [],
    )
    assert case_plan.case_steps(BOOK, Case(person="ada@example.com"), (), []) == ()


def test_records_that_are_kept_shortest_come_first(monkeypatch):
    rows = [replace(SOURCE, id=str(days), retention_days=days) for days in (90, 7, 30)]
    monkeypatch.setattr(
        catalogue, "providers", lambda: {"p": Provider(id="p", title="P", connect="m:c", activity=tuple(rows))}
    )
    assert [s.retention_days for s in preserve.sources(Tenant(name="t", provider="p"))] == [7, 30, 90]
    assert preserve.sources(Tenant(name="t", provider="unknown")) == ()
    rows.append(replace(SOURCE, id="needy", retention_days=1, needs="subject"))
    monkeypatch.setattr(
        catalogue, "providers", lambda: {"p": Provider(id="p", title="P", connect="m:c", activity=tuple(rows))}
    )
    assert preserve.sources(Tenant(name="t", provider="p"))[0].retention_days == 7, (
        "a tenant without it has no such record"
    )
    assert preserve.sources(Tenant(name="t", provider="p", settings={"subject": "a"}))[0].id == "needy"


def test_people_are_shown_what_was_used_and_what_was_read(desk):
    done = desk.new()
    told = " ".join(render.text(done).split())
    assert "Used after the loss: 1 yes, 0 no, 1 unknown" in told
    assert "The record (t): 2 events" in told
    shown = html(done, plans=[desk.plan], now=desk.clock.now())
    for part in ('id="use"', "The record", "t.record.jsonl", done.activity[0].sha256, "2026-11-23T10:02:00Z"):
        assert part in shown


def reader(desk, run):
    return preserve.Reader(
        run=run, tenants=desk.tenants, log=desk.log, clock=desk.clock, folder=preserve.folder_of(desk.dir, run), names=lambda _: ("ada",)
    )  # fmt: skip


def test_a_later_look_reads_again_into_a_file_of_its_own_and_only_then_is_a_no_proven(desk):
    TOLD[:] = [Span(part="all")]
    first = desk.new()
    one = {c.id: c for c in first.credentials}[CREDENTIAL.id]
    assert (one.used_after_loss, "rescind verify" in one.used_after_loss_source) == ("unknown", True)
    kept = files(desk, first.run)["t.record.jsonl"].read_bytes()
    desk.clock.t += 3600
    ctx = Context(
        run=first.run, tenants=desk.tenants, people=People(mapped={"made-up": ("ada",)}), log=desk.log, clock=desk.clock
    )
    assert look_again([desk.plan], outcomes(desk.log, first.run), ctx) == 2
    assert preserve.again(reader(desk, first.run), desk.plan.case_steps, desk.plan.credentials, LOST) == 1
    done = result(desk.dir, desk.log, first.run, desk.clock)
    assert {c.used_after_loss for c in done.credentials} == {"no"}, (
        "its death counts from when it was first proven, not from the last look"
    )
    later = done.activity[0].file
    assert later.startswith("t.record.20261123T13")
    assert sorted(files(desk, first.run)) == [later, "t.record.jsonl"]
    assert files(desk, first.run)["t.record.jsonl"].read_bytes() == kept
    assert [e.data["file"] for e in desk.log.entries(run=first.run, type="activity")] == [
        "t.record.jsonl",
        later,
    ]
    assert len(done.activity) == 1
    shown = html(done, plans=[desk.plan], now=desk.clock.now())
    assert "not used after the loss" in shown
    assert "proven of 2 of 2" in shown


def test_what_came_back_to_life_has_no_death_to_prove_a_no_from(desk):
    TOLD[:] = [Span(part="all")]
    first = desk.new()
    desk.clock.t += 3600
    desk.provider.alive.update(one=True, two=True)
    ctx = Context(
        run=first.run, tenants=desk.tenants, people=People(mapped={"made-up": ("ada",)}), log=desk.log, clock=desk.clock
    )
    look_again([desk.plan], outcomes(desk.log, first.run), ctx)
    preserve.again(reader(desk, first.run), desk.plan.case_steps, desk.plan.credentials, LOST)
    done = result(desk.dir, desk.log, first.run, desk.clock)
    assert {c.used_after_loss for c in done.credentials} == {"unknown"}


def test_a_tenant_that_is_not_configured_any_more_is_not_read_again(desk, monkeypatch):
    done = desk.new()

    def gone(_):
        raise RefusedError("tenant 't' is not in the configuration")

    monkeypatch.setattr(desk.tenants, "row", gone)
    assert preserve.again(reader(desk, done.run), desk.plan.case_steps, desk.plan.credentials, LOST) == 0


def test_a_plan_exports_of_the_tenants_where_something_is_known_the_shortest_lived_record_first(monkeypatch):
    rows = {
        "slow": Provider(
            id="slow", title="S", connect="m:c", activity=(replace(SOURCE, id="long", retention_days=90),)
        ),
        "fast": Provider(
            id="fast", title="F", connect="m:c", activity=(replace(SOURCE, id="short", retention_days=7),)
        ),
        "mute": Provider(id="mute", title="M", connect="m:c"),
    }
    monkeypatch.setattr(catalogue, "providers", lambda: rows)
    tenants = [
        Tenant(name=n, provider=p)
        for n, p in (("a", "slow"), ("b", "fast"), ("c", "mute"), ("d", "slow"), ("e", "fast"))
    ]
    config = Config(tenants=tuple(tenants))
    session = Session(config=config, resolve=lambda _: None, clock=FakeClock(), state_dir=None)
    found = [replace(CREDENTIAL, tenant="d")]
    who = People(person="ada@example.com", mapped={"fast": ("ada",)})
    shown = [(t, s.id) for t, s in records(session, replace(BOOK, providers=("slow", "fast", "mute")), who, found)]
    assert shown == [("b", "short"), ("e", "short"), ("d", "long")], "nobody and nothing of the case is known at a"
    assert [t for t, _ in records(session, replace(BOOK, providers=("slow",)), who, found)] == ["d"]


def test_a_record_that_is_down_opens_no_circuit_for_the_cuts(desk):
    apart = OneTenant(desk.provider, desk.clock)
    apart.row = lambda _: desk.provider.tenant
    for tenants in (desk.tenants, apart):
        breaker = Breaker(desk.clock, cooldown=3600.0)
        tenants.at = replace(tenants.at, retry=Retry(desk.clock, deadline=60, jitter=lambda c: c, breaker=breaker))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("rescind.engine.start._fresh", lambda *_: apart)
        TOLD[:] = [Unreachable("no answer", maybe_sent=False)]
        done = desk.new()
    assert "no answer" in done.activity[0].problem or "circuit open" in done.activity[0].problem
    assert {c.end_state for c in done.credentials} == {EndState.DEAD}
    assert desk.clock.t < 300, "nobody waited for the circuit"
