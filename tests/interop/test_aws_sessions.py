"""aws.role-session against ministack, which honours aws:TokenIssueTime and aws:userid; CloudTrail's answers are ours (aws_trail)."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

from rescind.audit.log import open_log
from rescind.audit.signer import load_signer
from rescind.errors import Denied, NotFound, Rejected
from rescind.models.credential import Credential, EndState, Ownership
from rescind.models.evidence import Gap
from rescind.models.kind import CallStatus, Known, Liveness, Subject, Verb
from rescind.models.plan import Step
from rescind.pipeline.execute import Context, act
from rescind.pipeline.identify import identify_one
from rescind.pipeline.people import People, ownership
from rescind.pipeline.tenants import Tenants
from rescind.providers.aws import _older
from rescind.providers.aws._connect import connect
from rescind.providers.aws.role_session import KIND
from tests.interop.aws_trail import Session, Trail, front
from tests.interop.aws_world import World, ministack  # noqa: F401  fixtures
from tests.unit.wire_clock import FakeClock

REVOKE = KIND.actions[Verb.REVOKE]


class NoPace:
    def wait(self, endpoint_class="default"):
        pass


def operator(trail: Trail, key=None, **settings):
    tenant, values = trail.world.tenant(key, **settings)
    return connect(tenant, lambda ref: values[ref.env], NoPace(), write=True)


def found(session: Session, **attributes: str) -> Credential:
    return Credential(kind="aws.role-session", provider="aws", identifier=session.id, attributes=attributes)


def identified(client, session: Session, **attributes: str) -> Credential:
    c = found(session, **attributes)
    known = KIND.identify(client, c, None)
    return replace(
        c,
        issuer=known.issuer,
        subject=known.subject,
        owner=known.owner,
        attributes={**c.attributes, **known.attributes},
        expires_at=known.expires_at,
        tenant="prod-aws",
    )


def claims(aws: World, role: str, session: Session) -> dict[str, str]:
    return {"assumed_role": f"arn:aws:sts::{aws.account}:assumed-role/{role}/{session.name}"}


def until_works(aws: World, make: Callable[[], Session]) -> Session:
    """Sessions of the seconds that the margin covers are cut as well: ask again, as a user would."""
    for _ in range(40):
        session = make()
        if aws.works(*session.value):
            return session
        time.sleep(0.25)
    raise AssertionError("no newer session works")


@pytest.fixture
def trail(ministack) -> Iterator[Trail]:  # noqa: F811
    with front(ministack) as made:
        yield made


@pytest.fixture
def names() -> Callable[[str], str]:
    stamp = format(time.monotonic_ns(), "x")
    return lambda name: f"{name}-{stamp}"


def test_a_session_that_its_user_asked_for_is_cut_and_colleagues_in_the_same_role_are_not(trail, names):
    aws, ada, bob = trail.aws, names("ada"), names("bob")
    mine, his = aws.make_key(aws.make_user(ada)), aws.make_key(aws.make_user(bob))
    role = trail.role(names("deploy"))
    old, colleague = trail.assume(mine, role, "laptop-ada"), trail.assume(his, role, "ci-run")
    assert aws.works(*old.value)
    assert aws.works(*colleague.value)
    client = operator(trail)

    c = identified(client, old)
    assert (c.owner, c.issuer, c.subject) == (ada, aws.account, role)
    assert c.attributes["only"].endswith(":laptop-ada")
    assert c.expires_at
    assert KIND.verify(client, c).liveness is Liveness.LIVE
    first = REVOKE.call(client, c)
    assert (first.status, first.notes["policy"]) == (CallStatus.DONE, f"RescindRevoke-{old.id}")
    seen = KIND.verify(client, c)
    assert (seen.liveness, seen.reversible) == (Liveness.DEAD, True)
    assert KIND.control(client, c).liveness is Liveness.LIVE
    assert not aws.works(*old.value)
    assert aws.works(*colleague.value), "the colleague in the same role works on"
    assert KIND.identify(client, found(old), None).liveness is Liveness.DEAD
    assert KIND.identify(client, found(colleague), None).owner == bob

    assert REVOKE.call(client, c).status is CallStatus.ALREADY, "the cut-off is not moved: newer sessions are spared"
    until_works(aws, lambda: trail.assume(mine, role, "laptop-ada"))
    assert not aws.works(*old.value)
    with pytest.raises(ClientError, match="AccessDenied"):
        aws.client("iam", *old.value).list_roles()
    assert aws.client("sts", *old.value).get_caller_identity()["Account"] == aws.account, (
        "it still authenticates: that is why the end is `contained`"
    )
    assert REVOKE.ends is EndState.CONTAINED


def test_a_mapped_role_is_cut_for_everybody_and_newer_sessions_and_other_roles_live(trail, names):
    aws = trail.aws
    key = aws.make_key(aws.make_user(names("ada")))
    name, other = names("personal"), trail.role(names("other"))
    role = trail.role(name)
    old, second, bystander = (
        trail.assume(key, role, "one", recorded=False),
        trail.assume(key, role, "two", recorded=False),
        trail.assume(key, other, "one"),
    )
    me = aws.client("sts", *old.value).get_caller_identity()
    identity = {"type": "AssumedRole", "principalId": me["UserId"], "arn": me["Arn"], "accountId": me["Account"]}
    trail.use(old, identity, created=datetime.now(UTC))
    client = operator(trail)
    c = identified(client, old)
    assert (c.owner, c.attributes["only"], c.attributes["bound_by"]) == (f"role:{name}", "", "CloudTrail")
    known = KIND.identify(client, found(old), None)
    mapped = People(mapped={"aws": (f"role:{name}",)})
    assert ownership(known, mapped, "aws", client.identity()) is Ownership.CASE
    assert ownership(known, People(mapped={"aws": ("ada",)}), "aws", client.identity()) is Ownership.OTHER
    assert ownership(known, replace(mapped, protected=(role,)), "aws", client.identity()) is Ownership.PROTECTED

    result = REVOKE.call(client, c)
    assert (result.status, result.notes["policy"], result.notes["former"]) == (CallStatus.DONE, _older.NAME, "")
    assert KIND.verify(client, c).liveness is Liveness.DEAD
    assert not aws.works(*old.value)
    assert not aws.works(*second.value), "a cut of the role hits everybody in it"
    assert aws.works(*bystander.value)
    assert aws.works(*key)
    until_works(aws, lambda: trail.assume(key, role, "one"))

    aws.client("iam").delete_role_policy(RoleName=name, PolicyName=result.notes["policy"])  # the undo
    assert aws.works(*old.value)
    assert KIND.verify(client, c).liveness is Liveness.LIVE


def test_a_users_own_session_is_cut_and_the_users_key_is_not(trail, names):
    aws, ada = trail.aws, names("ada")
    key = aws.make_key(aws.make_user(ada))
    old = trail.session(key)
    client = operator(trail)
    c = identified(client, old, profile="mfa")
    assert (c.owner, c.attributes["cut"]) == (ada, f"user:{ada}")
    assert aws.works(*old.value)
    assert REVOKE.call(client, c).status is CallStatus.DONE
    assert KIND.verify(client, c).liveness is Liveness.DEAD
    assert not aws.works(*old.value)
    assert aws.works(*key)
    until_works(aws, lambda: trail.session(key))


def test_a_use_tells_whose_a_users_session_is(trail, names):
    aws, ada = trail.aws, names("ada")
    key = aws.make_key(aws.make_user(ada))
    old = trail.session(key, recorded=False)
    client = operator(trail)
    with pytest.raises(NotFound, match="CloudTrail shows neither"):
        KIND.identify(client, found(old), None)
    trail.use(old, trail.caller(key))
    assert KIND.identify(client, found(old), None).owner == ada


def test_a_role_that_only_the_machine_names_is_never_reported_as_cut(trail, names):
    """The file may be planted: the session may be of another role, which the cut would leave alive."""
    aws, name, truth = trail.aws, names("claimed"), names("truth")
    key = aws.make_key(aws.make_user(names("ada")))
    trail.role(name)
    old = trail.assume(key, trail.role(truth), "x1", recorded=False)
    client = operator(trail)
    c = identified(client, old, **claims(aws, name, old))
    assert (c.owner, c.attributes["bound_by"]) == (f"role:{name}", "the machine")
    assert REVOKE.call(client, c).status is CallStatus.DONE
    seen = KIND.verify(client, c)
    assert (seen.liveness, "only the machine says" in seen.evidence) == (Liveness.UNKNOWN, True)
    assert aws.works(*old.value), "and indeed it lives"
    assert KIND.identify(client, c, None).liveness is Liveness.UNKNOWN


def test_names_that_a_session_chose_for_itself_prove_nothing(trail, names):
    aws, victim = trail.aws, names("grace")
    aws.make_user(victim)
    thief = aws.make_key(aws.make_user(names("mallory")))
    name = names("shared")
    session = trail.assume(thief, trail.role(name), victim)
    client = operator(trail)
    assert KIND.identify(client, found(session), None).owner != victim
    # CloudTrail of another implementation names the key id as the user: no such user, so nobody's
    other = trail.session(thief, recorded=False)
    trail.use(other, {**trail.caller(thief), "userName": other.id})
    with pytest.raises(NotFound):
        KIND.identify(client, found(other), None)


def test_unknown_foreign_and_misshapen_ids(trail, names):
    client = operator(trail)
    nobody = Session("ASIAY34FZKBOKMUTVV7A", "", "")  # carries 609629065308
    known = KIND.identify(client, found(nobody), None)
    assert (known.issuer, known.owner) == ("609629065308", "")
    for wrong in ("AKIAIOSFODNN7EXAMPLE", "ASIA../../x", ""):
        with pytest.raises(NotFound):
            KIND.identify(client, found(Session(wrong, "", "")), None)
    aws, gone = trail.aws, names("gone")
    key = aws.make_key(aws.make_user(names("ada")))
    old = trail.assume(key, trail.role(gone), "x1")
    c = identified(client, old)
    iam = aws.client("iam")
    iam.delete_role_policy(RoleName=gone, PolicyName="rights")
    iam.delete_role(RoleName=gone)
    for look in (KIND.verify, KIND.control, REVOKE.call):
        with pytest.raises(NotFound):
            look(client, c)
    trail.role(gone)  # the same name, another role
    with pytest.raises(NotFound, match="made anew"):
        KIND.verify(client, c)
    with pytest.raises(NotFound, match="made anew"):
        REVOKE.call(client, c)


def test_roles_that_nobody_can_edit_and_the_runs_own_are_refused(trail, names):
    aws, client = trail.aws, operator(trail)
    key = aws.make_key(aws.make_user(names("ada")))
    name = names("AWSReservedSSO_Admin")
    c = identified(client, trail.assume(key, trail.role(name), "x1"))
    with pytest.raises(Rejected, match="Identity Center"):
        REVOKE.call(client, c)
    responder = names("responder")
    arn = trail.role(responder)
    own = operator(trail, key, role_arn=arn)
    mine = trail.assume(key, arn, "other", recorded=False)
    me = aws.client("sts", *mine.value).get_caller_identity()
    trail.use(mine, {"type": "AssumedRole", "principalId": me["UserId"], "arn": me["Arn"], "accountId": me["Account"]})
    with pytest.raises(Rejected, match="this run itself"):
        REVOKE.call(own, identified(own, mine))
    assert aws.works(*mine.value)


def test_what_else_is_in_the_policy_stays_and_a_later_cut_off_is_not_moved_back(trail, names):
    aws, name = trail.aws, names("kept")
    key = aws.make_key(aws.make_user(names("ada")))
    role = trail.role(name)
    old = trail.assume(key, role, "x1", recorded=False)
    client, iam = operator(trail), aws.client("iam")
    c = identified(client, old, **claims(aws, name, old))  # no issue time: the cut-off is always renewed
    foreign = {"Sid": "Mine", "Effect": "Deny", "Action": "s3:*", "Resource": "*"}
    late = (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%S.250Z")
    both = {"Version": "2012-10-17", "Statement": [foreign, *_older.document(late)["Statement"]]}
    iam.put_role_policy(RoleName=name, PolicyName=_older.NAME, PolicyDocument=json.dumps(both))
    result = REVOKE.call(client, c)
    assert json.loads(result.notes["former"]) == both
    now = iam.get_role_policy(RoleName=name, PolicyName=_older.NAME)["PolicyDocument"]
    assert now["Statement"][0] == foreign
    assert len(now["Statement"]) == 2
    assert result.notes["cut_off"][:19] == late[:19]


def test_enumerate_finds_the_sessions_that_the_machine_did_not_show(trail, names):
    aws, ada, name = trail.aws, names("ada"), names("work")
    key, other = aws.make_key(aws.make_user(ada)), aws.make_key(aws.make_user(names("bob")))
    role = trail.role(name)
    trail.page = 2
    a, b, c = trail.session(key), trail.assume(key, role, "x1"), trail.assume(other, role, "x2")
    client = operator(trail)

    def listed(*who):
        return list(KIND.enumerate(client, Subject(names=who)))

    assert {r.identifier: r.owner for r in listed(ada)} == {a.id: ada, b.id: ada}
    assert {r.identifier for r in listed(f"role:{name}") if isinstance(r, Known)} == {b.id, c.id}
    assert all(r.owner != f"role:{name}" for r in listed(f"role:{name}")), "who asked for it is known"
    gaps = listed("nobody-here", "role:none-such")
    assert [type(g) for g in gaps] == [Gap, Gap]
    REVOKE.call(client, identified(client, b))
    assert {r.identifier: r.liveness for r in listed(ada)} == {a.id: Liveness.LIVE, b.id: Liveness.DEAD}


def test_an_operator_without_rights_learns_nothing(trail, names):
    aws = trail.aws
    key = aws.make_key(aws.make_user(names("ada")))
    old = trail.assume(key, trail.role(names("r1")), "x1")
    c = identified(operator(trail), old)
    deny = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "iam:*", "Resource": "*"}]}
    client = operator(trail, aws.make_key(aws.make_user(names("powerless"), deny)))
    for fn in (KIND.verify, KIND.control, REVOKE.call):
        with pytest.raises(Denied):
            fn(client, c)
    with pytest.raises(Denied):
        KIND.identify(client, found(old), None)
    assert [type(r) for r in KIND.enumerate(client, Subject(names=(c.owner,)))] == [Gap]
    assert aws.works(*old.value)


def test_two_cuts_of_one_role_at_once_lose_none(trail, names):
    from concurrent.futures import ThreadPoolExecutor

    aws, client = trail.aws, operator(trail)
    key = aws.make_key(aws.make_user(names("ada")))
    role = trail.role(names("busy"))
    sessions = [trail.assume(key, role, f"tool-{n}") for n in range(6)]
    found_all = [identified(client, s) for s in sessions]
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda c: REVOKE.call(client, c), found_all))
    assert [KIND.verify(client, c).liveness for c in found_all] == [Liveness.DEAD] * 6
    assert not any(aws.works(*s.value) for s in sessions)


@pytest.fixture
def line(trail, names, tmp_path):
    """The pipeline's own way: whose is it, may it be ended, end it, prove it. Only waiting is not real."""
    ada = names("ada")
    key = trail.aws.make_key(trail.aws.make_user(ada))
    tenant, values = trail.world.tenant()
    clock = FakeClock()
    tenants = Tenants((tenant,), resolve=lambda ref: values[ref.env], clock=clock, write=True)

    def run(session, mapped=(ada,), **attributes):
        people = People(mapped={"aws": mapped})
        log = open_log(tmp_path / "rescind.db", load_signer(tmp_path), clock)
        context = Context(run="r", tenants=tenants, people=people, log=log, clock=clock)
        c, decision, _ = identify_one(found(session, **attributes), None, tenants, people)
        if decision is not None or c.ownership is not Ownership.CASE:
            return c, decision, None
        step = Step(phase="p", verb=Verb.REVOKE, credential=c.id, tenant=c.tenant, wait_seconds=30)
        return c, decision, act(step, c, context)

    return ada, key, clock, run


def test_the_line_ends_a_proven_session_as_contained(trail, names, line):
    ada, key, clock, run = line
    mfa = trail.session(key)
    _, _, receipt = run(mfa, profile="mfa")
    assert (receipt.end_state, receipt.reversible) == (EndState.CONTAINED, True)
    assert clock.seconds >= KIND.death.seconds, "IAM is eventually consistent: one look is no proof"
    assert receipt.notes["user"] == ada
    assert not trail.aws.works(*mfa.value)
    old = trail.assume(key, trail.role(names("r1")), "x1")
    _, _, receipt = run(old)
    assert receipt.end_state is EndState.CONTAINED


def test_the_line_leaves_to_people_what_it_cannot_prove(trail, names, line):
    _, key, _, run = line
    unseen = trail.session(key, recorded=False)
    _, decision, receipt = run(unseen, profile="mfa")
    assert (decision.end_state, receipt) == (EndState.MANUAL, None)
    assert "CloudTrail" in decision.task
    name = names("claimed")
    role = trail.role(name)
    claimed = trail.assume(key, role, "x1", recorded=False)
    c, decision, receipt = run(claimed, **claims(trail.aws, name, claimed))
    assert (c.ownership, decision, receipt) == (Ownership.OTHER, None, None)  # the plan holds it
    assert trail.aws.works(*claimed.value)
    _, _, receipt = run(claimed, mapped=(f"role:{name}",), **claims(trail.aws, name, claimed))
    assert receipt.end_state is EndState.UNKNOWN
    assert "only the machine says" in receipt.evidence
