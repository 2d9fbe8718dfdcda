"""A person in IAM Identity Center through the whole line: plan, run, sweep, report and undo, at our server made of botocore's models."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from rescind.audit.log import open_log
from rescind.audit.signer import load_signer
from rescind.engine import start
from rescind.engine.runs import outcomes, plans_of
from rescind.models.clock import rfc3339
from rescind.models.config import Config
from rescind.models.credential import Credential, EndState, Ownership
from rescind.models.plan import Case, Plan
from rescind.models.run import RunResult
from rescind.models.tenant import SecretRef, Tenant
from rescind.pipeline import session as flow
from rescind.pipeline.plan import decide
from rescind.pipeline.session import Session
from rescind.pipeline.undo import make_undo, snapshots
from rescind.schema.playbook import load_playbook, parse_playbook
from rescind.secret import Secret
from tests.contract.test_end_states import JumpClock
from tests.interop.aws_cloud import ACCOUNT, OPERATOR, Given
from tests.interop.aws_model import serve
from tests.interop.test_center import ASSIGNMENT, BY_GROUP, ENTITLEMENT, MEMBER, MEMBERSHIP, NOW, USER, World

PERSON = "ada@example.com"
DENIES = {"UpdatePolicy", "PutInlinePolicyToPermissionSet", "ProvisionPermissionSet"}
TAKES = {"DeleteAccountAssignment", "DeleteGroupMembership", "DeleteEntitlement"}


class Line:
    """Ada at her organisation, on one clock that jumps instead of waiting."""

    def __init__(self, folder: Path, clock: JumpClock | None = None) -> None:
        self.clock = clock or JumpClock()
        self.world = World(self.clock.now)
        self.cloud, self.folder = self.world.cloud, folder
        content = {
            "Version": "2012-10-17",
            "Statement": [{"Sid": "NoRoot", "Effect": "Deny", "Action": "iam:*", "Resource": "*"}],
        }
        self.cloud.tables["scp"] = {"content": json.dumps(content), "targets": ["r-1"]}

    def at(self, url: str) -> None:
        settings = {"account_id": ACCOUNT, "endpoint_url": url, "scp_policy_id": "p-rescind1"}
        refs = {"access_key_id": SecretRef(env="I"), "secret_access_key": SecretRef(env="S")}
        tenant = Tenant(name="org", provider="aws", settings=settings, refs=refs, rate=1000)
        values = {"I": Secret(OPERATOR), "S": Secret("secret-fake-" + "x" * 28)}
        config = Config(tenants=(tenant,), persons={PERSON: {"aws": ("sso:ada",)}})
        self.session = Session(
            config=config, resolve=lambda ref: values[str(ref.env)], clock=self.clock, state_dir=self.folder
        )
        self.log = open_log(self.folder / "rescind.db", load_signer(self.folder), self.clock)

    def plan(self, name: str, **case: Any) -> Plan:
        return flow.survey(self.session, load_playbook(name), Case(person=PERSON, **case))

    def run(self, plan: Plan) -> RunResult:
        book = parse_playbook(json.dumps(dict(plan.playbook)), "plan")
        return start.new(self.session, plan, book, flow.gate(self.session, plan, book), self.log)

    def undo(self, done: RunResult) -> None:
        plans, _ = plans_of(self.folder, done.run)
        self.run(make_undo(self.session, done.run, plans, outcomes(self.log, done.run), snapshots(self.log, done.run)))

    def state(self) -> Any:
        cloud = self.cloud
        roles = sorted(json.dumps(row, sort_keys=True) for row in cloud.entitled.values())
        inline = {s: row["inline"] for s, row in cloud.sets.items()}
        held = {row for row, end in cloud.assigned.items() if end is None}
        return copy.deepcopy((held, set(cloud.members), inline, roles, json.loads(cloud.tables["scp"]["content"])))


class Still(JumpClock):
    """A clock that stands unless somebody sleeps: to the second, whatever the machine does beside it."""

    def now(self) -> datetime:
        return NOW + timedelta(seconds=self.seconds)


@pytest.fixture
def line(tmp_path: Path) -> Iterator[Line]:
    made = Line(tmp_path)
    with serve(made.cloud) as url:
        made.at(url)
        yield made


def ends(done: RunResult) -> dict[str, list[EndState]]:
    found: dict[str, list[EndState]] = {}
    for c in done.credentials:
        found.setdefault(c.kind, []).append(c.end_state)
    return found


def test_a_leaver_is_denied_first_and_then_taken_off_everything_and_undo_gives_all_of_it_back(line: Line) -> None:
    was, cloud = line.state(), line.cloud
    cloud.lag = cloud.lag.__class__(seconds=20)
    plan = line.plan("offboard-employee")
    out = [cloud.mint(line.world.ada, *held) for held in sorted(cloud.holds(line.world.ada))]
    cloud.asked.clear()
    done = line.run(plan)
    writes = cloud.asked_of(*DENIES, *TAKES)
    assert writes[0] == "UpdatePolicy"
    last_deny, first_take = (
        max(n for n, w in enumerate(writes) if w in DENIES),
        min(n for n, w in enumerate(writes) if w in TAKES),
    )
    assert last_deny < first_take, writes
    assert cloud.holds(line.world.ada) == set()
    assert not any(cloud.works(s) for s in out)
    assert (line.world.team, line.world.grace) in cloud.members
    found = ends(done)
    assert set(found[ASSIGNMENT]) == set(found[MEMBERSHIP]) == {EndState.DEAD}
    assert found[ENTITLEMENT] == [EndState.RESIDUAL], "sessions of an ordinary role go on for as long as the role says"
    assert found[BY_GROUP] == [EndState.DEAD], "it ended with the membership"
    assert found[USER] == found["aws.sso-session"] == [EndState.MANUAL], "two things that no API does"
    (user,) = [c for c in done.credentials if c.kind == USER]
    assert [s.end_state for s in user.steps] == [EndState.CONTAINED]
    assert "then, last, disable user access" in json.dumps(user.tasks, default=str)
    line.undo(done)
    line.clock.sleep(60)
    assert line.state() == was


def test_containing_is_the_deny_and_the_roles_that_no_deny_reaches(line: Line) -> None:
    was = line.state()
    done = line.run(line.plan("contain"))
    assert ends(done) == {USER: [EndState.CONTAINED], ENTITLEMENT: [EndState.RESIDUAL], BY_GROUP: [EndState.MANUAL]}
    assert line.cloud.holds(line.world.ada), "nothing else is taken away"
    assert line.state() != was
    line.undo(done)
    assert line.state() == was


def test_somebody_inside_who_puts_the_person_back_is_found(line: Line) -> None:
    """An intruder with rights assigns a permission set and a group again while the run is under way."""
    cloud, done_once = line.cloud, set[str]()
    real = cloud.handle

    def handle(service: str, operation: str, given: Given) -> Given:
        answer = real(service, operation, given)
        if operation in {"DeleteGroupMembership", "DeleteAccountAssignment"} and operation not in done_once:
            done_once.add(operation)
            if operation == "DeleteGroupMembership":
                cloud.group("again", line.world.ada)
            else:
                cloud.assign(line.world.ada, line.world.shared, MEMBER)
        return answer

    cloud.handle = handle  # type: ignore[method-assign]
    done = line.run(line.plan("compromised-workstation", workstation="ada-laptop", not_isolated="the machine is gone"))
    found = ends(done)
    print(f"\nput back: {sorted(done_once)}; ended: {found[ASSIGNMENT]} {found[MEMBERSHIP]}")
    assert (len(found[ASSIGNMENT]), len(found[MEMBERSHIP])) == (3, 3)
    assert {*found[ASSIGNMENT], *found[MEMBERSHIP]} == {EndState.DEAD}
    assert cloud.holds(line.world.ada) == set()


ONLY = """
name: only-assignments
version: 1
title: Take the person off their permission sets, and deny nothing
scope: {providers: [aws], evidence: [], sides: [provider], kinds: [aws.sso-assignment]}
sweep: {rounds: 0}
phases:
  - name: take
    steps: [{select: 'true', verbs: [revoke], wait: 60s}]
"""


def test_the_report_says_to_the_second_when_the_last_role_session_is_over(tmp_path: Path) -> None:
    line = Line(tmp_path, Still())
    del line.cloud.assigned[MEMBER, line.world.read, "USER", line.world.ada]  # one step alone moves the clock
    with serve(line.cloud) as url:
        line.at(url)
        line.cloud.honours = timedelta(seconds=10, milliseconds=1)  # the clock's own fractions aside
        held, sleep = {}, line.clock.sleep
        had = [h for h in line.cloud.holds(line.world.ada) if h[1] == line.world.admin]

        def at_the_last_moment(seconds: float) -> None:
            gone = [end for end in line.cloud.assigned.values() if end]
            wait = (max(gone) + timedelta(seconds=10) - line.clock.now()).total_seconds() if gone and not held else -1
            if 0 <= wait <= seconds:
                sleep(wait)
                late = line.cloud.holds(line.world.ada, late=True)
                held.update({h: line.cloud.mint(line.world.ada, *h) for h in had if h in late})
                seconds -= wait
            sleep(seconds)

        line.clock.sleep = at_the_last_moment  # type: ignore[method-assign]
        plan = flow.survey(line.session, parse_playbook(ONLY, "only"), Case(person=PERSON))
        done = line.run(plan)
        told = {c.identifier.rpartition("/")[2]: (c.end_state, c.residual_until) for c in done.credentials}
        print(f"\n{told}")
        line.clock.sleep = sleep  # type: ignore[method-assign]
        assert held
        for (_, arn), session in held.items():
            assert told[arn.rpartition("/")[2]] == (EndState.RESIDUAL, rfc3339(session.until))
        line.clock.sleep((min(s.until for s in held.values()) - line.clock.now()).total_seconds() - 1)
        assert all(line.cloud.works(s) for s in held.values())
        line.clock.sleep(1.01)
        assert not any(line.cloud.works(s) for s in held.values())


def test_a_lost_laptop_denies_and_takes_nothing_that_the_person_needs_tomorrow(line: Line) -> None:
    plan = line.plan("lost-laptop")
    kinds = {c.kind for c in plan.credentials}
    assert kinds >= {"aws.sso-session", ENTITLEMENT, BY_GROUP}
    assert not kinds & {USER, ASSIGNMENT, MEMBERSHIP}
    done = line.run(plan)
    assert not any(
        line.cloud.works(line.cloud.mint(line.world.ada, *held)) for held in line.cloud.holds(line.world.ada)
    )
    assert ends(done)[BY_GROUP] == [EndState.MANUAL]


@pytest.mark.parametrize("name", ["compromised-workstation", "offboard-employee"])
@pytest.mark.parametrize("source", ["", "scim:https://idp.example.com"])
def test_no_playbook_takes_away_before_it_denies_or_switches_a_user_off_itself(name: str, source: str) -> None:
    book = load_playbook(name)
    order = [phase.name for phase in book.phases]
    more = {"source_of_authority": source} if source else {}

    def steps(kind: str) -> tuple[list[Any], list[Any]]:
        c = Credential(
            kind=kind,
            provider="aws",
            identifier="d/u/x",
            owner="sso:ada",
            tenant="org",
            ownership=Ownership.CASE,
            attributes=more,
        )
        return decide(c, book, None, Case(person=PERSON), NOW)

    (deny,), (task,) = steps(USER)
    assert (str(deny.verb), task.end_state) == ("deny", EndState.MANUAL)
    assert ("source_of_authority" in task.task) is bool(source)
    for kind in (ASSIGNMENT, MEMBERSHIP, ENTITLEMENT):
        (take,), tasks = steps(kind)
        assert (str(take.verb), tasks) == ("revoke", [])
        assert order.index(deny.phase) < order.index(take.phase), "an earlier phase is over before a later one begins"


def test_where_another_directory_writes_the_user_the_plan_says_so(line: Line) -> None:
    line.cloud.people[line.world.ada]["ExternalIds"] = [{"Issuer": "https://idp.example.com/scim", "Id": "00u-fake"}]
    plan = line.plan("offboard-employee")
    (user,) = [c for c in plan.credentials if c.kind == USER]
    assert user.attributes["source_of_authority"] == "scim:https://idp.example.com/scim"
    tasks = [d.task for d in plan.decisions if d.credential == user.id]
    assert any("where their account comes from" in t for t in tasks)
    (cut,) = [c for c in line.run(line.plan("contain")).credentials if c.kind == USER]
    assert (cut.end_state, "may put it back" in cut.reason) == (EndState.CONTAINED, True)
    assert "scim:https://idp.example.com/scim" in json.dumps(cut.tasks, default=str)
