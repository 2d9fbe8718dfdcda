"""IAM Identity Center, whole: a person is cut off in AWS's own order, every request is one of AWS's, and undo gives back what was taken."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from rescind import catalogue
from rescind.errors import Denied, NotFound, ProviderError, Rejected, Throttled
from rescind.models.clock import parse_rfc3339
from rescind.models.credential import Credential, EndState, Ownership
from rescind.models.evidence import Gap
from rescind.models.kind import CallStatus, Kind, Known, Liveness, Subject, Verb
from rescind.pipeline.people import People, ownership
from rescind.providers.aws import _center, _scp
from rescind.providers.aws._connect import call
from tests.interop import center_cloud
from tests.interop.aws_cloud import ACCOUNT
from tests.interop.aws_model import Fault, serve
from tests.interop.center_cloud import INSTANCE, STORE, Center

ADA = Subject(person="ada@example.com", names=("ada", "sso:ada"))
MEMBER, OTHER = "222233334444", "333344445555"
NOW = datetime(2026, 11, 24, 12, 0, 0, tzinfo=UTC)
USER, ASSIGNMENT, MEMBERSHIP = "aws.sso-user", "aws.sso-assignment", "aws.sso-group-membership"
ENTITLEMENT, BY_GROUP = "aws.account-access-entitlement", "aws.account-access-group-role"
ENDED = (USER, ASSIGNMENT, MEMBERSHIP, ENTITLEMENT)
ALLOW = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}'


def kind(name: str) -> Kind:
    return catalogue.kinds()[name]


class World:
    """Ada with two permission sets of her own, two groups and two roles; Grace beside her; a clock that a test moves."""

    def __init__(self, clock: Callable[[], datetime] | None = None) -> None:
        self.time = NOW
        self.cloud = c = Center(clock=clock or (lambda: self.time))
        self.ada = c.person("ada", Emails=[{"Value": "ada@example.com", "Primary": True}])
        self.grace = c.person("grace")
        self.admin, self.read = c.permission_set("admin", "PT8H", ALLOW), c.permission_set("read")
        self.shared = c.permission_set("shared", "PT1H30M")
        c.assign(self.ada, self.admin, ACCOUNT, MEMBER, OTHER)
        c.assign(self.ada, self.read, MEMBER)
        c.assign(self.grace, self.admin, MEMBER)
        self.team = c.group("team", self.ada, self.grace)
        self.empty = c.group("empty", self.ada)
        c.assign(self.team, self.shared, MEMBER, kind="GROUP")
        c.tables["aam"] = True
        self.mine, self.theirs = c.entitle("deploy", userId=self.ada), c.entitle("deploy", userId=self.grace)
        self.ours = c.entitle("team", groupId=self.team)
        self.url, self.client = "", None

    def wait(self, **time: int) -> None:
        self.time += timedelta(**time)

    def listed(self, name: str, subject: Subject = ADA) -> list[Any]:
        return list(kind(name).enumerate(self.client, subject))

    def found(self, name: str) -> list[Credential]:
        rows = self.listed(name)
        assert all(isinstance(r, Known) for r in rows), rows
        blank = Credential(kind=name, provider="aws", tenant="prod-aws")
        return [
            replace(
                blank, identifier=r.identifier, owner=r.owner, issuer=r.issuer, attributes=r.attributes, parent=r.parent
            )
            for r in rows
        ]

    def may_only(self, name: str, *verbs: Verb) -> None:
        """From here on the operator has exactly what the kind declares."""
        row = kind(name)
        self.cloud.rights = {
            *row.read_permissions,
            *(p for v in verbs for p in row.permissions(v)),
            "sts:GetCallerIdentity",
        }


def verb_of(name: str) -> Verb:
    (verb,) = kind(name).actions
    return verb


def before(c: Credential, facts: Any) -> Credential:
    return replace(c, attributes={**c.attributes, **{f"before.{k}": v for k, v in facts.items()}})


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    with serve(made.cloud) as url:
        made.url, made.client = url, made.cloud.client(url)
        yield made


@pytest.fixture
def over(world: World) -> World:
    """The same, in an organisation that has a policy for us; this tenant's account is the management account."""
    statement = {"Sid": "NoRoot", "Effect": "Deny", "Action": "iam:*", "Resource": "*"}
    world.cloud.tables["scp"] = {
        "content": json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
        "targets": ["r-1"],
    }
    world.client = world.cloud.client(world.url, scp_policy_id="p-rescind1")
    return world


@pytest.mark.parametrize("page", [1, 2, 100])
def test_everything_of_a_person_is_listed_with_pages_of_every_size(world: World, page: int) -> None:
    world.cloud.page = page
    for name in (*ENDED, BY_GROUP):
        world.may_only(name)
        rows = world.found(name)
        assert {r.owner for r in rows} == {"sso:ada"}, name
        assert all(r.identifier.startswith(f"{STORE}/{world.ada}") for r in rows)
    world.cloud.rights = None
    held = {r.identifier.rpartition("/")[2]: r.attributes["accounts"] for r in world.found(ASSIGNMENT)}
    assert held == {"ps-aaaaaaaaaaaadmin": f"{ACCOUNT},{MEMBER},{OTHER}", "ps-aaaaaaaaaaaaread": MEMBER}
    assert {r.attributes["group"] for r in world.found(MEMBERSHIP)} == {"team", "empty"}
    assert [r.attributes["role"].rpartition("/")[2] for r in world.found(ENTITLEMENT)] == ["deploy"]
    (child,) = world.found(BY_GROUP)
    parents = [m for m in world.found(MEMBERSHIP) if kind(MEMBERSHIP).covers(m, child)]
    assert [p.identifier for p in parents] == [child.parent]


@pytest.mark.parametrize("passed_on", [False, True])
def test_what_a_group_has_is_not_the_users_own(world: World, passed_on: bool) -> None:
    world.cloud.passed_on = passed_on
    assert {r.attributes["permission_set"] for r in world.found(ASSIGNMENT)} == {world.admin, world.read}
    (user,) = world.found(USER)
    assert set(user.attributes["permission_sets"].split(",")) == {world.admin, world.read, world.shared}


@pytest.mark.parametrize("name", ENDED)
def test_each_is_ended_and_given_back_with_the_declared_rights_only(over: World, name: str) -> None:
    world, row, verb = over, kind(name), verb_of(name)
    act = row.actions[verb]
    start = (dict(world.cloud.assigned), set(world.cloud.members), [s["inline"] for s in world.cloud.sets.values()])
    policy = json.loads(world.cloud.tables["scp"]["content"])
    world.may_only(name, verb)
    for c in world.found(name):
        assert row.verify(world.client, c).liveness is Liveness.LIVE
        assert row.control(world.client, c).liveness is Liveness.LIVE
        again = row.identify(world.client, c, None)
        assert (again.identifier, again.owner) == (c.identifier, c.owner)
        c = before(c, act.snapshot(world.client, c))
        assert act.call(world.client, c).status is CallStatus.DONE
        seen = row.verify(world.client, c)
        assert (seen.liveness, seen.reversible) == (Liveness.DEAD, True), seen
        assert act.call(world.client, c).status is CallStatus.ALREADY
        world.cloud.rights = None  # what undo needs is named in words
        assert act.restore(world.client, c).status is CallStatus.DONE
        assert row.verify(world.client, c).liveness is Liveness.LIVE
        assert act.restore(world.client, c).status is CallStatus.ALREADY
        world.may_only(name, verb)
    assert (
        dict(world.cloud.assigned),
        set(world.cloud.members),
        [s["inline"] for s in world.cloud.sets.values()],
    ) == start
    assert json.loads(world.cloud.tables["scp"]["content"]) == policy
    assert {e["role"] for e in world.cloud.entitled.values() if e.get("userId") == world.ada} == {
        f"arn:aws:iam::{ACCOUNT}:role/deploy"
    }


@pytest.mark.parametrize("name", ENDED)
def test_denied_and_throttled_are_no_death_and_nobody_else_is_touched(world: World, name: str) -> None:
    row, act = kind(name), kind(name).actions[verb_of(name)]
    theirs = {r for r in world.cloud.assigned if r[3] != world.ada}
    for c in world.found(name):
        act.call(world.client, c)
    assert theirs <= set(world.cloud.assigned)
    assert (world.team, world.grace) in world.cloud.members
    assert world.theirs in world.cloud.entitled
    world.cloud.rights = set()
    for work in (row.verify, row.control, act.call, act.restore):
        with pytest.raises(ProviderError) as error:
            work(world.client, before(c, {"sets": "", "accounts": MEMBER, "member": "yes", "granted": "yes"}))
        assert isinstance(error.value, Denied)
    world.cloud.rights = None
    with pytest.raises(Rejected):
        row.verify(world.client, replace(c, identifier=f"{STORE}/{world.grace}"))
    del world.cloud.people[world.ada]
    with pytest.raises(NotFound):
        row.control(world.client, c)


def test_the_order_is_aws_own_and_each_part_of_it_is_needed(over: World) -> None:
    """Deny, then assignments and groups; a session that is out, the sign-in, and a user who is switched off show what each is for."""
    world, cloud = over, over.cloud
    out = [cloud.mint(world.ada, *held) for held in sorted(cloud.holds(world.ada))]
    cloud.people[world.ada]["UserStatus"] = "DISABLED"  # too early: it ends nothing
    assert all(cloud.works(s) for s in out)
    assert all(cloud.works(cloud.mint(world.ada, *held)) for held in cloud.holds(world.ada))
    cloud.asked.clear()
    (user,) = world.found(USER)
    kind(USER).actions[Verb.DENY].call(world.client, user)
    writes = cloud.asked_of("UpdatePolicy", "PutInlinePolicyToPermissionSet", "ProvisionPermissionSet")
    assert writes[0] == "UpdatePolicy", "from outside the accounts first"
    assert not any(cloud.works(s) for s in out), "sessions that are out can do nothing"
    assert not any(cloud.works(cloud.mint(world.ada, *held)) for held in cloud.holds(world.ada)), "nor new ones"
    bystander = cloud.mint(world.grace, MEMBER, world.admin)
    assert cloud.works(bystander)
    for name in (ASSIGNMENT, MEMBERSHIP, ENTITLEMENT):
        for c in world.found(name):
            kind(name).actions[Verb.REVOKE].call(world.client, c)
    assert cloud.holds(world.ada) == set(), "the sign-in gives no role any more"
    assert cloud.works(bystander)
    seen = kind(USER).verify(world.client, user)
    assert seen.liveness is Liveness.DEAD, "the sets that reached the user still deny them"
    assert "shows the user as DISABLED" in seen.evidence
    assert kind("aws.sso-session").verify(world.client, replace(user, kind="aws.sso-session")).liveness is Liveness.DEAD


def test_what_aws_goes_on_with_is_accepted_and_dead_only_when_it_is_over(world: World) -> None:
    cloud = world.cloud
    cloud.lag = timedelta(seconds=40)
    for name in (USER, ASSIGNMENT):
        row, act = kind(name), kind(name).actions[verb_of(name)]
        for c in world.found(name):
            assert act.call(world.client, c).status is CallStatus.ACCEPTED
            seen = row.verify(world.client, c)
            assert seen.liveness is not Liveness.DEAD
            assert (seen.liveness, "AWS is still" in seen.evidence) == (Liveness.UNKNOWN, True)
            if name == ASSIGNMENT:
                with pytest.raises(Throttled):  # a second deletion of what is under way: AWS says conflict, later
                    act.call(world.client, c)
            world.wait(seconds=39)
            assert row.verify(world.client, c).liveness is not Liveness.DEAD
            world.wait(seconds=1)
            assert row.verify(world.client, c).liveness is Liveness.DEAD


@pytest.mark.parametrize("denied_first", [True, False])
@pytest.mark.parametrize("name", [ASSIGNMENT, MEMBERSHIP])
def test_what_is_left_runs_out_when_the_last_session_does_to_the_second(
    world: World, name: str, denied_first: bool
) -> None:
    """A sign-in is honoured for a moment after the listings show nothing: the last role session is got at the end of it."""
    cloud, row = world.cloud, kind(name)
    cloud.honours = timedelta(seconds=10)
    told: dict[str, timedelta] = {}
    truth: dict[str, timedelta] = {}
    (user,) = world.found(USER)
    for c in world.found(name):
        had, start = cloud.holds(world.ada), world.time
        if denied_first:
            kind(USER).actions[Verb.DENY].call(world.client, user)
        row.actions[Verb.REVOKE].call(world.client, c)
        told[c.id] = parse_rfc3339(row.verify(world.client, c).residual_until) - start
        world.wait(seconds=10)
        last = [cloud.mint(world.ada, *h) for h in had - cloud.holds(world.ada)]
        truth[c.id] = max((s.until for s in last if cloud.works(s)), default=start) - start
        world.wait(seconds=1)
        assert not had - cloud.holds(world.ada) & cloud.holds(world.ada, late=True)
    print(f"\n{name}: {[str(t) for t in told.values()]}, denied first: {denied_first}")
    assert told == truth
    expected = {ASSIGNMENT: {8 * 3600 + 10, 3610}, MEMBERSHIP: {5410, 0}}[name]
    assert {t.total_seconds() for t in told.values()} == ({0} if denied_first else expected)


def test_a_member_account_is_denied_at_once_and_the_management_account_by_the_sets(over: World) -> None:
    world, cloud = over, over.cloud
    cloud.lag = timedelta(seconds=30)
    inside, above = cloud.mint(world.ada, MEMBER, world.admin), cloud.mint(world.ada, ACCOUNT, world.admin)
    (user,) = world.found(USER)
    kind(USER).actions[Verb.DENY].call(world.client, user)
    assert (cloud.works(inside), cloud.works(above)) == (False, True)
    assert kind(USER).verify(world.client, user).liveness is Liveness.UNKNOWN, "the cut is not whole"
    world.wait(seconds=30)
    assert not cloud.works(above)
    assert kind(USER).verify(world.client, user).liveness is Liveness.DEAD


def test_the_organisations_statement_names_the_person_only_and_the_responder_cannot_be_the_person(over: World) -> None:
    world = over
    (user,) = world.found(USER)
    deny = kind(USER).actions[Verb.DENY]
    deny.call(world.client, user)
    rows = json.loads(world.cloud.tables["scp"]["content"])["Statement"]
    assert rows[0]["Sid"] == "NoRoot"
    assert rows[1:] == [
        {
            "Sid": "RescindDenyUsers", "Effect": "Deny", "Action": "*", "Resource": "*",
            "Condition": {"StringEquals": {"identitystore:UserId": [world.ada]}},
        }
    ]  # fmt: skip
    responder = world.cloud.mint(world.grace, MEMBER, world.admin)
    assert world.cloud.works(responder), "somebody else's session of the same permission set"
    me = world.client.identity()
    world.client.identity = lambda: replace(
        me, principal=f"arn:aws:sts::{ACCOUNT}:assumed-role/AWSReservedSSO_admin_0/ada"
    )
    for name in ENDED:
        for c in world.found(name):
            with pytest.raises(Rejected) as refused:
                kind(name).actions[verb_of(name)].call(world.client, c)
            assert refused.value.code == "OwnSession"


@pytest.mark.parametrize("code", ["LimitExceeded", "NotAttached", "denied"])
def test_what_keeps_the_organisation_from_it_does_not_keep_the_permission_sets(over: World, code: str) -> None:
    world, cloud = over, over.cloud
    if code == "NotAttached":
        cloud.tables["scp"]["targets"] = []
    elif code == "denied":
        cloud.faults["UpdatePolicy"] = (0, Fault("AccessDeniedException"))
    else:
        full = [center_cloud.uid(str(n)) for n in range(105)]
        condition = {"StringEquals": {"identitystore:UserId": full}}
        ours = {"Sid": "RescindDenyUsers", "Effect": "Deny", "Action": "*", "Resource": "*", "Condition": condition}
        cloud.tables["scp"]["content"] = json.dumps({"Version": "2012-10-17", "Statement": [ours]})
    (user,) = world.found(USER)
    with pytest.raises(Denied if code == "denied" else Rejected):
        kind(USER).actions[Verb.DENY].call(world.client, user)
    assert all(world.ada in cloud.sets[s]["inline"] for s in (world.admin, world.read, world.shared))
    assert kind(USER).verify(world.client, user).liveness is Liveness.LIVE


def test_a_deletion_that_is_throttled_goes_on_where_it_was(world: World) -> None:
    c = next(c for c in world.found(ASSIGNMENT) if c.attributes["permission_set"] == world.admin)
    act = kind(ASSIGNMENT).actions[Verb.REVOKE]
    world.cloud.faults["DeleteAccountAssignment"] = (2, Fault("ThrottlingException"))
    with pytest.raises(Throttled):
        act.call(world.client, c)
    assert act.call(world.client, c).notes["accounts"] == f"{MEMBER},{OTHER}"
    assert kind(ASSIGNMENT).verify(world.client, c).liveness is Liveness.DEAD


def test_one_account_that_refuses_does_not_keep_the_others(world: World) -> None:
    c = next(c for c in world.found(ASSIGNMENT) if c.attributes["permission_set"] == world.admin)
    world.cloud.faults["DeleteAccountAssignment"] = (1, Fault("AccessDeniedException"))
    with pytest.raises(Denied):
        kind(ASSIGNMENT).actions[Verb.REVOKE].call(world.client, c)
    seen = kind(ASSIGNMENT).verify(world.client, c)
    assert (seen.liveness, f"1 accounts: {ACCOUNT}" in seen.evidence) == (Liveness.LIVE, True)


def test_an_account_where_a_change_is_under_way_is_asked_again_and_does_not_keep_the_others(world: World) -> None:
    c = next(c for c in world.found(ASSIGNMENT) if c.attributes["permission_set"] == world.admin)
    act = kind(ASSIGNMENT).actions[Verb.REVOKE]
    world.cloud.faults["DeleteAccountAssignment"] = (1, Fault("ConflictException"))
    with pytest.raises(Throttled):
        act.call(world.client, c)
    assert act.call(world.client, c).notes["accounts"] == ACCOUNT
    assert kind(ASSIGNMENT).verify(world.client, c).liveness is Liveness.DEAD


def test_an_account_that_came_too_late_is_given_back_only_when_all_are(world: World) -> None:
    row = kind(ASSIGNMENT)
    c = next(c for c in world.found(ASSIGNMENT) if c.attributes["permission_set"] == world.admin)
    c = before(c, row.actions[Verb.REVOKE].snapshot(world.client, c))
    row.actions[Verb.REVOKE].call(world.client, c)
    world.cloud.assign(world.ada, world.admin, MEMBER)
    assert row.verify(world.client, c).liveness is Liveness.UNKNOWN
    row.actions[Verb.REVOKE].restore(world.client, c)
    assert row.verify(world.client, c).liveness is Liveness.LIVE


def test_a_deny_that_nobody_brings_into_effect_is_no_cut(world: World) -> None:
    """Written, and not provisioned: somebody else changed a set and left it at that."""
    (user,) = world.found(USER)
    kind(USER).actions[Verb.DENY].call(world.client, user)
    world.cloud.sets[world.read]["inline"] += " "
    seen = kind(USER).verify(world.client, user)
    assert (seen.liveness, "not in effect yet" in seen.evidence) == (Liveness.LIVE, True)


@pytest.mark.parametrize(
    ("duration", "seconds"), [("PT1H", 3600), ("PT1H30M", 5400), ("PT12H", 43_200), ("PT45M10S", 2710), ("P1Y", 43_200)]
)
def test_how_long_a_role_session_lasts_is_the_sets_own_word_and_the_most_where_it_is_not_understood(
    world: World, duration: str, seconds: int
) -> None:
    world.cloud.sets[world.admin]["duration"] = duration
    assert _center.session_seconds(world.client, INSTANCE, world.admin) == seconds


def test_both_lists_stand_beside_each_other_in_the_organisations_policy(over: World) -> None:
    arn = f"arn:aws:iam::{MEMBER}:user/ada"
    assert _scp.change(over.client, arn, deny=True)
    assert _scp.change(over.client, over.ada, deny=True, which=_scp.USERS)
    document, _ = _scp.read(over.client)
    assert (_scp.denied(document), _scp.denied(document, _scp.USERS)) == ([arn], [over.ada])
    assert _scp.change(over.client, over.ada, deny=False, which=_scp.USERS)
    assert _scp.denied(_scp.read(over.client)[0]) == [arn]


def test_a_protected_account_protects_what_is_assigned_in_it(world: World) -> None:
    people = People(person="ada@example.com", mapped={"aws": ("sso:ada",)}, protected=(OTHER,))
    told = {r.identifier[-4:]: ownership(r, people, "aws", world.client.identity()) for r in world.listed(ASSIGNMENT)}
    assert told == {"dmin": Ownership.PROTECTED, "read": Ownership.CASE}


def test_a_source_of_authority_is_named(world: World) -> None:
    (user,) = world.found(USER)
    assert "source_of_authority" not in user.attributes
    outside = [{"Issuer": "https://idp.example.com/scim", "Id": "00u-fake"}]
    world.cloud.people[world.ada]["ExternalIds"] = outside
    world.cloud.groups[world.team]["ExternalIds"] = outside
    (user,) = world.found(USER)
    assert user.attributes["source_of_authority"] == "scim:https://idp.example.com/scim"
    assert {c.attributes.get("source_of_authority", "") for c in world.found(MEMBERSHIP)} == {
        "",
        "scim:https://idp.example.com/scim",
    }


def test_a_region_without_account_access_manager_is_a_gap(world: World) -> None:
    world.client.service("account-access")
    real = world.client.service

    def service(name: str, region: str = "") -> Any:
        return real(name, region) if name != "account-access" else closed

    closed = world.cloud.client("http://127.0.0.1:9").service("account-access")
    world.client.service = service
    for name in (ENTITLEMENT, BY_GROUP):
        (gap,) = world.listed(name)
        assert isinstance(gap, Gap)
        assert "account access manager could not be reached" in gap.reason
    world.client.service = real
    del world.cloud.tables["aam"]
    assert world.listed(ENTITLEMENT) == world.listed(BY_GROUP) == []


@pytest.mark.parametrize("name", [*ENDED, BY_GROUP])
def test_the_doctor_learns_whether_a_kind_can_be_read_with_what_the_kind_declares(world: World, name: str) -> None:
    world.may_only(name)
    probe = Credential(kind=name, provider="aws", tenant="prod-aws", owner="operator")
    assert kind(name).control(world.client, probe).liveness is Liveness.LIVE
    world.cloud.rights = set()
    with pytest.raises(Denied):
        kind(name).control(world.client, probe)
    with pytest.raises(Denied):  # the pipeline makes the gap
        world.listed(name)


def test_the_server_is_as_strict_as_the_model(world: World) -> None:
    admin, directory = world.client.service("sso-admin"), world.client.service("identitystore")
    for method, given in (
        (
            admin.list_account_assignments_for_principal,
            {"InstanceArn": INSTANCE, "PrincipalId": "not an id", "PrincipalType": "USER"},
        ),
        (admin.describe_permission_set, {"InstanceArn": INSTANCE, "PermissionSetArn": world.admin + "x"}),
        (directory.describe_user, {"IdentityStoreId": STORE, "UserId": world.ada, "Unknown": "x"}),
        (directory.is_member_in_groups, {"IdentityStoreId": STORE, "MemberId": {"UserId": world.ada}, "GroupIds": []}),
    ):
        with pytest.raises(ProviderError):
            call(method, **given)


def big() -> World:
    """5,000 users, 200 accounts, 10 permission sets; Ada has each of them in each account, and is in 20 groups that have some."""
    world = World()
    cloud = world.cloud
    accounts = [f"{500_000_000_000 + n}" for n in range(200)]
    for n in range(5_000):
        cloud.person(f"user-{n}")
    sets = [cloud.permission_set(f"{n:02d}") for n in range(10)]
    for s in sets:
        cloud.assign(world.ada, s, *accounts)
        cloud.assign(center_cloud.uid("user-7"), s, accounts[0])
    for n in range(20):
        group = cloud.group(f"group-{n}", world.ada, *(center_cloud.uid(f"user-{m}") for m in range(50)))
        cloud.assign(group, sets[n % 10], *accounts[:5], kind="GROUP")
    return world


def test_a_large_organisation_is_asked_about_the_person_only() -> None:
    world = big()
    with serve(world.cloud) as url:
        world.url, world.client = url, world.cloud.client(url)
        counts = {}
        for name in ENDED:
            world.cloud.asked.clear()
            rows = world.found(name)
            counts[name] = (len(rows), len(world.cloud.asked))
        print(f"\n5,000 users, 200 accounts × 10 permission sets; credentials and requests: {counts}")
        rows, requests = zip(*counts.values(), strict=True)
        assert rows == (1, 12, 22, 1)
        # the person's 2,004 assignments are 21 pages; beyond them there are a few requests for each group and each set
        assert sum(requests) < 120
        (one,) = [c for c in world.found(ASSIGNMENT) if c.identifier.endswith("00") and "00" in c.identifier[-3:]]
        world.cloud.asked.clear()
        act = kind(ASSIGNMENT).actions[Verb.REVOKE]
        assert act.call(world.client, one).status is CallStatus.DONE
        assert len(world.cloud.asked_of("DeleteAccountAssignment")) == 200
        assert len(world.cloud.asked) < 230
        assert kind(ASSIGNMENT).verify(world.client, one).liveness is Liveness.DEAD
        assert not world.cloud.asked_of("ListUsers", "ListAccountAssignments")


@pytest.mark.parametrize(
    "operation", ["ListAccountAssignmentsForPrincipal", "ListGroupMembershipsForMember", "ListEntitlements"]
)
@pytest.mark.parametrize("nth", [1, 2, 3])
def test_a_page_that_is_forbidden_or_throttled_is_never_a_short_list(world: World, operation: str, nth: int) -> None:
    world.cloud.page = 1
    for code in ("AccessDeniedException", "ThrottlingException"):
        for name in (*ENDED, BY_GROUP):
            world.cloud.faults.clear()
            world.cloud.counts.clear()
            whole = {c.identifier for c in world.found(name)}
            asked = world.cloud.counts[operation]
            world.cloud.counts.clear()
            world.cloud.faults[operation] = (nth, Fault(code, 400))
            try:
                rows = world.listed(name)
            except Throttled:
                assert (code, asked >= nth) == ("ThrottlingException", True)
                continue
            gaps = [r for r in rows if isinstance(r, Gap)]
            assert bool(gaps) is (asked >= nth), (name, code)
            assert gaps or {r.identifier for r in rows} == whole


def test_the_ends_are_what_the_catalogue_says() -> None:
    assert kind(USER).actions[Verb.DENY].ends is EndState.CONTAINED
    assert all(kind(n).actions[Verb.REVOKE].reversible and kind(n).actions[Verb.REVOKE].restore for n in ENDED[1:])
    assert all(kind(n).identity for n in (USER, ASSIGNMENT, MEMBERSHIP))
    assert not kind(BY_GROUP).actions
    assert "No API" in kind(USER).steps_by_hand
