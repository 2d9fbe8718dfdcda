"""IAM Identity Center: a person is denied in every permission set that reaches them, nobody else is, and undo leaves no trace."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rescind import catalogue
from rescind.audit.log import open_log
from rescind.audit.signer import load_signer
from rescind.engine import start
from rescind.engine.runs import outcomes, plans_of
from rescind.errors import NotFound, Rejected
from rescind.models.config import Config
from rescind.models.credential import Credential, EndState
from rescind.models.evidence import Gap
from rescind.models.kind import BY_HAND, CallStatus, Liveness, Subject, Verb
from rescind.models.plan import Case as Incident
from rescind.pipeline import session as flow
from rescind.pipeline.identify import identify_one
from rescind.pipeline.people import People
from rescind.pipeline.session import Session
from rescind.pipeline.tenants import Tenants
from rescind.pipeline.undo import make_undo, snapshots
from rescind.providers.aws import _center_policy
from rescind.providers.aws._connect import connect
from rescind.schema.playbook import load_playbook, parse_playbook
from rescind.wire.pace import Pacer
from tests.interop import aws_world, sso_world
from tests.interop.rotation_world import Quick
from tests.unit.wire_clock import FakeClock

KIND = catalogue.kinds()["aws.sso-session"]
DENY = KIND.actions[Verb.DENY]
pytestmark = pytest.mark.xdist_group("sso")
ODD = '{\n  "Version" : "2012-10-17",\n "Statement": {"Effect":"Allow","Action":["ec2:Describe*"],"Resource":"*"}\n}'


@pytest.fixture(scope="module")
def center() -> Iterator[sso_world.Center]:
    aws = aws_world.start_moto()
    try:
        with sso_world.front(aws) as made:
            yield made
    finally:
        aws.stop()


class Case:
    """Ada with three permission sets (one through a group, one without a policy of its own), Grace in two of them."""

    number = 0

    def __init__(self, center: sso_world.Center) -> None:
        Case.number += 1
        n = Case.number
        self.center = center
        self.ada, self.grace = center.user(f"ada-{n}"), center.user(f"grace-{n}")
        self.sets = [center.permission_set(f"{name}-{n}", text) for name, text in (("a", ODD), ("b", ""), ("c", ODD))]
        self.other = center.permission_set(f"other-{n}", ODD)
        for user in (self.ada, self.grace):
            center.assign(user, self.sets[0])
            center.assign(user, self.sets[1])
        center.assign(center.group(f"group-{n}", self.ada), self.sets[2], "GROUP")
        center.assign(self.grace, self.other)
        self.name = f"sso:ada-{n}"
        tenant, values = center.world.tenant()
        self.tenant, self.resolve = tenant, lambda ref: values[ref.env]
        self.client = connect(tenant, self.resolve, Pacer(1000, FakeClock()), write=True)
        self.credential = self.listed(self.name)[0]

    def listed(self, *names: str) -> list[Any]:
        rows = [r for r in KIND.enumerate(self.client, Subject(names=("ada", *names)))]
        blank = Credential(kind=KIND.id, provider="aws")
        return [
            r
            if isinstance(r, Gap)
            else replace(blank, identifier=r.identifier, owner=r.owner, issuer=r.issuer, attributes=r.attributes)
            for r in rows
        ]

    def inlines(self) -> list[str]:
        return [self.center.inline(s) for s in (*self.sets, self.other)]

    def undone(self, facts: dict[str, str]) -> Credential:
        before = {f"before.{k}": v for k, v in facts.items()}
        return replace(self.credential, attributes={**self.credential.attributes, **before})


@pytest.fixture
def case(center: sso_world.Center) -> Case:
    return Case(center)


def test_every_set_denies_the_person_and_nobody_else_and_undo_puts_back_each_word(case: Case) -> None:
    was = case.inlines()
    assert KIND.verify(case.client, case.credential).liveness is Liveness.LIVE
    facts = DENY.snapshot(case.client, case.credential)
    done = DENY.call(case.client, case.credential)
    assert (done.status, len(done.notes["sets"].split(","))) == (CallStatus.DONE, 3)
    assert [case.center.cut(case.ada, s) for s in case.sets] == [True, True, True]
    assert not any(case.center.cut(case.grace, s) for s in case.sets)
    assert case.center.inline(case.other) == was[3]
    allowed = json.loads(case.center.inline(case.sets[0]))["Statement"][0]
    assert allowed == {"Effect": "Allow", "Action": ["ec2:Describe*"], "Resource": "*"}
    seen = KIND.verify(case.client, case.credential)
    assert seen.liveness is Liveness.DEAD
    assert "sign-in itself goes on" in seen.evidence
    assert DENY.ends == "contained"
    back = DENY.restore(case.client, case.undone(facts))
    assert back.status is CallStatus.DONE
    assert case.inlines() == was
    assert not case.center.stale
    assert KIND.verify(case.client, case.credential).liveness is Liveness.LIVE
    assert DENY.restore(case.client, case.undone(facts)).status is CallStatus.ALREADY


def test_two_people_share_one_statement_and_the_second_stays_denied(case: Case) -> None:
    grace = case.listed(f"sso:{case.grace}")[0]
    facts = DENY.snapshot(case.client, case.credential)
    DENY.call(case.client, case.credential)
    DENY.call(case.client, grace)
    rows = json.loads(case.center.inline(case.sets[0]))["Statement"]
    assert [r.get("Sid") for r in rows] == [None, _center_policy.SID]
    DENY.restore(case.client, case.undone(facts))
    assert [case.center.cut(u, case.sets[0]) for u in (case.ada, case.grace)] == [False, True]
    assert KIND.verify(case.client, grace).liveness is Liveness.DEAD


def test_what_somebody_changed_since_stays(case: Case) -> None:
    facts = DENY.snapshot(case.client, case.credential)
    DENY.call(case.client, case.credential)
    document = json.loads(case.center.inline(case.sets[1]))
    document["Statement"].append({"Effect": "Deny", "Action": "s3:DeleteBucket", "Resource": "*"})
    instance = case.center.instance()[0]
    case.center.admin().put_inline_policy_to_permission_set(
        InstanceArn=instance, PermissionSetArn=case.sets[1], InlinePolicy=json.dumps(document)
    )
    DENY.restore(case.client, case.undone(facts))
    assert json.loads(case.center.inline(case.sets[1]))["Statement"] == document["Statement"][1:]


def test_a_deny_that_is_not_in_effect_yet_is_no_cut(case: Case) -> None:
    case.center.stuck = True
    try:
        DENY.call(case.client, case.credential)
        seen = KIND.verify(case.client, case.credential)
        assert seen.liveness is Liveness.LIVE
        assert "not in effect yet" in seen.evidence
    finally:
        case.center.stuck = False
    assert DENY.call(case.client, case.credential).status is CallStatus.DONE  # only provisioned again
    assert KIND.verify(case.client, case.credential).liveness is Liveness.DEAD


def test_a_user_without_permission_sets_is_unknown(case: Case) -> None:
    case.center.user(f"lin-{Case.number}")
    lin = case.listed(f"sso:lin-{Case.number}@example.com")[0]
    assert lin.owner == f"sso:lin-{Case.number}@example.com"  # by e-mail, and the owner is who the configuration maps
    assert DENY.call(case.client, lin).status is CallStatus.NOTHING
    assert KIND.verify(case.client, lin).liveness is Liveness.UNKNOWN


def test_names_are_asked_only_where_the_configuration_marks_them(case: Case) -> None:
    case.center.asked.clear()
    assert case.listed() == []
    assert case.center.asked == []
    (gap,) = case.listed("sso:nobody")
    assert isinstance(gap, Gap)
    assert "nobody" in gap.reason
    for kind in ("aws.user", "aws.access-key"):
        assert list(catalogue.kinds()[kind].enumerate(case.client, Subject(names=("sso:ada", "role:x")))) == []


def test_an_owner_is_read_again(case: Case) -> None:
    mine = KIND.identify(case.client, case.credential, None)
    assert (mine.owner, mine.identifier) == (case.name, case.credential.identifier)
    swapped = KIND.identify(case.client, replace(case.credential, owner=""), None)
    assert swapped.owner == case.name  # the directory's user name
    with pytest.raises(NotFound):
        KIND.identify(case.client, replace(case.credential, identifier="d-0000000000/" + case.ada), None)


def test_the_doctor_sees_whether_it_could_be_read(case: Case) -> None:
    seen = KIND.control(case.client, Credential(kind=KIND.id, provider="aws", owner="responder"))
    assert (seen.liveness, "ListPermissionSets" in seen.evidence) == (Liveness.LIVE, True)


def test_the_operators_own_sign_in_is_refused(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    me = case.client.identity()
    arn = f"arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_Admin_0123/{case.name.removeprefix('sso:')}"
    monkeypatch.setattr(case.client, "identity", lambda: replace(me, principal=arn))
    with pytest.raises(Rejected, match="works with such a session"):
        DENY.call(case.client, case.credential)


def test_a_policy_without_room_is_refused_before_anything_is_written(case: Case) -> None:
    big = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [{"Sid": "x" * 32_500, "Effect": "Allow", "Action": "*", "Resource": "*"}],
        }
    )
    instance = case.center.instance()[0]
    case.center.admin().put_inline_policy_to_permission_set(
        InstanceArn=instance, PermissionSetArn=case.sets[0], InlinePolicy=big
    )
    with pytest.raises(Rejected, match="no room"):
        DENY.call(case.client, case.credential)
    assert case.center.inline(case.sets[0]) == big
    assert KIND.verify(case.client, case.credential).liveness is Liveness.LIVE


@pytest.mark.parametrize(
    "url", ["https://{store}.awsapps.com/start", "https://acme.awsapps.com/start", "https://evil.example/start"]
)
def test_a_token_from_a_machine_is_a_task_for_a_person(case: Case, url: str) -> None:
    url = url.format(store=case.center.instance()[1])
    found = Credential(
        kind=KIND.id, provider="aws", identifier="sha256:00", issuer=url, attributes={"start_url": url, "instance": "x"}
    )
    tenant = replace(case.tenant, settings={**case.tenant.settings, "sso_start_url": "https://acme.awsapps.com/start"})
    tenants = Tenants((tenant,), resolve=case.resolve, clock=FakeClock(), write=False)
    _, decision, _ = identify_one(found, None, tenants, People())
    assert decision is not None
    assert decision.end_state == "manual"
    assert "Active sessions" in decision.task
    assert ("whose it is" in decision.reason) is ("evil" not in url)
    with pytest.raises(NotFound) as error:
        KIND.identify(connect(tenant, case.resolve, Pacer(1000, FakeClock()), write=False), found, None)
    assert (error.value.code == BY_HAND) is ("evil" not in url)


@pytest.mark.parametrize(
    "row",
    [
        {"Sid": _center_policy.SID, "Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"StringEquals": {_center_policy.KEY: "u"}}},
        {"Sid": _center_policy.SID, "Effect": "Deny", "Action": "s3:*", "Resource": "*", "Condition": {"StringEquals": {_center_policy.KEY: "u"}}},
        {"Sid": _center_policy.SID, "Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"StringNotEquals": {_center_policy.KEY: "u"}}},
        {"Sid": _center_policy.SID, "Effect": "Deny", "Action": "*", "Resource": "*", "Condition": "no"},
        {"Sid": _center_policy.SID, "Effect": "Deny", "Action": "*", "Resource": "*",
         "Condition": {"StringEquals": {_center_policy.KEY: "u"}, "Bool": {"aws:MultiFactorAuthPresent": "false"}}},
        "not a statement",
    ],
)  # fmt: skip
def test_only_our_own_statement_counts_as_a_deny(row: object) -> None:
    document = {"Statement": [row]}
    assert list(_center_policy.denied(document)) == []
    assert _center_policy.changed(document, "u", deny=True)["Statement"][0] == row


def test_contain_and_undo_go_the_whole_line(case: Case, tmp_path: Path) -> None:
    was = case.inlines()
    config = Config(tenants=(case.tenant,), persons={"ada@example.com": {"aws": (case.name,)}})
    s = Session(config=config, resolve=case.resolve, clock=Quick(), state_dir=tmp_path)
    log = open_log(tmp_path / "rescind.db", load_signer(tmp_path), s.clock)
    book = load_playbook("contain")
    plan = flow.survey(s, book, Incident(person="ada@example.com"))
    assert [str(step.verb) for step in plan.steps] == ["deny"]
    done = start.new(s, plan, book, flow.gate(s, plan, book), log)
    (c,) = done.credentials
    assert (c.kind, c.end_state, c.reversible) == ("aws.sso-user", EndState.CONTAINED, True)
    assert "sign-in itself goes on" in c.steps[-1].evidence
    assert all(case.center.cut(case.ada, arn) for arn in case.sets)
    back = make_undo(s, done.run, plans_of(tmp_path, done.run)[0], outcomes(log, done.run), snapshots(log, done.run))
    undoing = parse_playbook(json.dumps(dict(back.playbook)), "undo")
    start.new(s, back, undoing, flow.gate(s, back, undoing), log)
    assert case.inlines() == was
    assert not case.center.stale
