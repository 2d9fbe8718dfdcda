"""aws.access-key against ministack (which enforces) and moto (which knows quotas and missing users)."""

from __future__ import annotations

import json
import urllib.request
from dataclasses import replace

import pytest
from botocore.exceptions import ClientError

from rescind.errors import Denied, NotFound, Rejected
from rescind.models.credential import Credential
from rescind.models.evidence import Gap
from rescind.models.kind import CallStatus, Known, Liveness, Subject, Verb
from rescind.providers.aws._connect import connect
from rescind.providers.aws.access_key import KIND
from tests.interop.aws_world import World, ministack, moto  # noqa: F401  fixtures

NOBODYS = "AKIAIOSFODNN7EXAMPLE"


class NoPace:
    def __init__(self):
        self.waited = []

    def wait(self, endpoint_class="default"):
        self.waited.append(endpoint_class)


def operator(world: World, key=None, *, write=False, pace=None, **settings):
    tenant, values = world.tenant(key, **settings)
    return connect(tenant, lambda ref: values[ref.env], pace or NoPace(), write=write)


def found(key_id: str) -> Credential:
    return Credential(kind="aws.access-key", provider="aws", identifier=key_id)


def owned(client, key_id: str) -> Credential:
    known = KIND.identify(client, found(key_id), None)
    return replace(
        found(key_id),
        issuer=known.issuer,
        subject=known.subject,
        owner=known.owner,
        attributes=known.attributes,
        tenant="prod-aws",
    )


def act(client, verb, credential):
    return KIND.actions[verb].call(client, credential)


def looks(client, credential, verb=None):
    row = KIND.actions[verb].verify if verb else None
    return (row or KIND.verify)(client, credential)


@pytest.fixture
def aws(ministack):  # noqa: F811
    """A live control first: a refusal means nothing where everything, or nothing, is refused."""
    ministack.client("iam").get_user  # the client builds
    assert ministack.works(*ministack.root)
    assert not ministack.works("AKIAIOSFODNN7EXAMPLE", "x" * 40)
    return ministack


def test_identity_is_asked_and_paced(aws):
    pace = NoPace()
    aws.make_user("olga")
    key = aws.make_key("olga")
    me = operator(aws, key, pace=pace).identity()
    assert me.account == aws.account
    assert me.principal.endswith(":user/olga")
    assert {key[0], me.principal} <= set(me.identifiers)
    assert pace.waited == ["aws.sts"]


def test_a_key_is_identified_deactivated_and_deleted_and_each_is_proven(aws):
    client = operator(aws)
    aws.make_user("ada")
    aws.make_user("bystander")
    key, secret = aws.make_key("ada")
    other = aws.make_key("bystander")
    assert aws.works(key, secret)
    assert aws.works(*other)
    aws.client("sts", key, secret).get_caller_identity()

    known = KIND.identify(client, found(key), None)
    assert (known.owner, known.issuer, known.liveness) == ("ada", aws.account, Liveness.LIVE)
    assert known.subject.endswith(":user/ada")
    assert known.created_at.endswith("Z")
    c = owned(client, key)
    assert looks(client, c).liveness is Liveness.LIVE
    assert KIND.control(client, c).liveness is Liveness.LIVE

    for _ in range(2):  # twice: the same state and an answer both times
        result = act(client, Verb.DEACTIVATE, c)
        assert result.status is CallStatus.DONE
        assert result.request_id
        assert result.provider_time.endswith("Z")
    assert not aws.works(key, secret)
    with pytest.raises(ClientError, match="InvalidClientTokenId"):
        aws.client("sts", key, secret).get_caller_identity()
    seen = looks(client, c)
    assert (seen.liveness, seen.reversible) == (Liveness.DEAD, True)
    assert "Inactive" in seen.evidence
    assert KIND.identify(client, c, None).liveness is Liveness.DEAD

    assert act(client, Verb.DELETE, c).status is CallStatus.DONE
    assert act(client, Verb.DELETE, c).status is CallStatus.ALREADY
    assert not aws.works(key, secret)
    seen = looks(client, c)
    assert (seen.liveness, seen.reversible) == (Liveness.DEAD, False)
    with pytest.raises(NotFound):
        KIND.identify(client, c, None)
    assert aws.works(*other), "the bystander still gets in"
    assert looks(client, owned(client, other[0])).liveness is Liveness.LIVE


def test_deactivation_can_be_undone(aws):
    client = operator(aws)
    aws.make_user("undone")
    key, secret = aws.make_key("undone")
    c = owned(client, key)
    act(client, Verb.DEACTIVATE, c)
    aws.client("iam").update_access_key(UserName="undone", AccessKeyId=key, Status="Active")
    assert looks(client, c).liveness is Liveness.LIVE
    assert aws.works(key, secret)


def test_deny_ends_a_session_that_deleting_the_key_leaves_alive(aws):
    client = operator(aws)
    aws.make_user("eve")
    aws.make_user("eves-colleague")
    key, secret = aws.make_key("eve")
    session = aws.make_session(key, secret)
    other = aws.make_key("eves-colleague")
    c = owned(client, key)
    act(client, Verb.DELETE, c)
    assert looks(client, c).liveness is Liveness.DEAD
    assert not aws.works(key, secret)
    assert aws.works(*session), "the session outlives its key: that is the residual"

    assert looks(client, c, Verb.DENY).liveness is Liveness.LIVE
    for _ in range(2):
        result = act(client, Verb.DENY, c)
        assert (result.status, result.notes["policy"]) == (CallStatus.DONE, "RescindDenyAll")
    seen = looks(client, c, Verb.DENY)
    assert (seen.liveness, seen.reversible) == (Liveness.DEAD, True)
    assert not aws.works(*session)
    assert aws.works(*other), "only eve is denied"


def test_a_deny_with_other_content_is_not_ours(aws):
    client = operator(aws)
    aws.make_user("weak")
    c = owned(client, aws.make_key("weak")[0])
    act(client, Verb.DENY, c)
    weak = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "s3:*", "Resource": "*"}]}
    aws.client("iam").put_user_policy(UserName="weak", PolicyName="RescindDenyAll", PolicyDocument=json.dumps(weak))
    seen = looks(client, c, Verb.DENY)
    assert seen.liveness is Liveness.LIVE
    assert "other content" in seen.evidence
    aws.client("iam").attach_user_policy(UserName="weak", PolicyArn="arn:aws:iam::aws:policy/AWSDenyAll")
    assert looks(client, c, Verb.DENY).liveness is Liveness.DEAD


def test_enumerate_finds_the_key_that_the_machine_did_not_show(aws):
    client = operator(aws)
    aws.make_user("carl")
    first, second = aws.make_key("carl")[0], aws.make_key("carl")[0]
    aws.client("iam").update_access_key(UserName="carl", AccessKeyId=second, Status="Inactive")
    rows = list(KIND.enumerate(client, Subject(person="carl@example.com", names=("carl", "nobody-here"))))
    assert {(r.identifier, r.liveness, r.owner) for r in rows if isinstance(r, Known)} == {
        (first, Liveness.LIVE, "carl"),
        (second, Liveness.DEAD, "carl"),
    }
    gaps = [r for r in rows if isinstance(r, Gap)]
    assert [g.source for g in gaps] == ["tenant:prod-aws"]
    assert "nobody-here does not exist" in gaps[0].reason


def test_unknown_keys_and_users_are_not_dead(aws):
    client = operator(aws)
    with pytest.raises(NotFound):
        KIND.identify(client, found(NOBODYS), None)
    ghost = replace(found(NOBODYS), owner="nobody-here")
    # ministack lists no keys, with 200, for a user that does not exist: that must not read as "gone".
    assert aws.client("iam").list_access_keys(UserName="nobody-here")["AccessKeyMetadata"] == []
    for look in (KIND.verify, KIND.control, KIND.actions[Verb.DENY].call):
        with pytest.raises(NotFound):
            look(client, ghost)


def test_a_key_of_another_user_is_not_dead_because_this_user_lacks_it(aws):
    client = operator(aws)
    aws.make_user("innocent")
    aws.make_user("real-owner")
    key, _ = aws.make_key("real-owner")
    seen = looks(client, replace(found(key), owner="innocent"))
    assert seen.liveness is Liveness.LIVE
    assert "real-owner" in seen.evidence


def test_an_operator_without_rights_learns_nothing(aws):
    aws.make_user("dora")
    key, secret = aws.make_key("dora")
    c = owned(operator(aws), key)
    nothing = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "iam:*", "Resource": "*"}]}
    aws.make_user("powerless", nothing)
    client = operator(aws, aws.make_key("powerless"))
    client.identity()
    for fn in (KIND.verify, KIND.control, KIND.actions[Verb.DENY].verify, *(a.call for a in KIND.actions.values())):
        with pytest.raises(Denied):
            fn(client, c)
    with pytest.raises(Denied):
        KIND.identify(client, c, None)
    rows = list(KIND.enumerate(client, Subject(names=("dora",))))
    assert [type(r) for r in rows] == [Gap]
    assert aws.works(key, secret)

    act(operator(aws), Verb.DELETE, c)  # dead in truth, and still nothing that this operator could know
    with pytest.raises(Denied):
        looks(client, c)


def test_a_dead_operator_key_is_denied_not_dead(aws):
    aws.make_user("op")
    key = aws.make_key("op")
    client = operator(aws, key)
    aws.make_user("finn")
    c = owned(client, aws.make_key("finn")[0])
    aws.client("iam").delete_access_key(UserName="op", AccessKeyId=key[0])
    with pytest.raises(Denied):
        looks(client, c)


def test_a_role_is_assumed_and_the_key_behind_it_is_named(aws):
    trust = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
    }
    role = aws.client("iam").create_role(RoleName="responder", AssumeRolePolicyDocument=json.dumps(trust))["Role"][
        "Arn"
    ]
    rights = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "iam:*", "Resource": "*"}]}
    aws.client("iam").put_role_policy(RoleName="responder", PolicyName="rights", PolicyDocument=json.dumps(rights))
    aws.make_user("rita")
    key = aws.make_key("rita")
    client = operator(aws, key, role_arn=role)
    me = client.identity()
    assert ":assumed-role/responder/rescind" in me.principal
    assert key[0] in me.identifiers
    aws.make_user("gina")
    assert KIND.identify(client, found(aws.make_key("gina")[0]), None).owner == "gina"

    tenant, values = aws.tenant(key)
    tenant = replace(tenant, write={"role_arn": role})
    principals = [
        connect(tenant, lambda r: values[r.env], NoPace(), write=w).identity().principal for w in (False, True)
    ]
    assert principals[0].endswith(":user/rita")
    assert ":assumed-role/responder/" in principals[1]


# moto: another implementation, with quotas and missing users.


@pytest.fixture
def other_aws(moto):  # noqa: F811
    return moto


def reset_auth(world, count):
    request = urllib.request.Request(
        world.endpoint + "/moto-api/reset-auth",
        data=count.encode(),
        method="POST",
        headers={"Content-Type": "text/plain"},
    )
    urllib.request.urlopen(request).read()


def test_moto_the_whole_life_of_a_key(other_aws):
    client = operator(other_aws)
    other_aws.make_user("ada")
    other_aws.make_user("bystander")
    (key, secret), (second, _) = other_aws.make_key("ada"), other_aws.make_key("ada")
    other = other_aws.make_key("bystander")
    with pytest.raises(ClientError, match="LimitExceeded"):
        other_aws.make_key("ada")
    rows = list(KIND.enumerate(client, Subject(names=("ada", "nobody"))))
    assert {r.identifier for r in rows if isinstance(r, Known)} == {key, second}
    assert "nobody does not exist" in rows[-1].reason
    c = owned(client, key)
    try:
        reset_auth(other_aws, "0")  # from here on only real keys work
        root = operator(other_aws, other)
        assert other_aws.works(key, secret)
        assert not other_aws.works("AKIAIOSFODNN7EXAMPLE", "x" * 40)
        act(root, Verb.DEACTIVATE, c)
        assert looks(root, c).reversible
        assert act(root, Verb.DELETE, c).status is CallStatus.DONE
        assert act(root, Verb.DELETE, c).status is CallStatus.ALREADY
        assert looks(root, c).liveness is Liveness.DEAD
        assert not other_aws.works(key, secret)
        assert other_aws.works(*other)
        with pytest.raises(Denied):
            looks(operator(other_aws, (key, secret)), c)
    finally:
        reset_auth(other_aws, "inf")


def test_moto_missing_users_are_not_found(other_aws):
    client = operator(other_aws)
    ghost = replace(found(NOBODYS), owner="nobody-here")
    for fn in (
        KIND.verify,
        KIND.control,
        KIND.actions[Verb.DENY].verify,
        KIND.actions[Verb.DENY].call,
        KIND.actions[Verb.DEACTIVATE].call,
    ):
        with pytest.raises(NotFound):
            fn(client, ghost)


def test_moto_reads_the_deny_back(other_aws):
    client = operator(other_aws)
    other_aws.make_user("hans")
    c = owned(client, other_aws.make_key("hans")[0])
    act(client, Verb.DENY, c)
    assert looks(client, c, Verb.DENY).liveness is Liveness.DEAD


def test_nothing_is_done_without_an_owner(other_aws):
    client = operator(other_aws)
    for row in KIND.actions.values():
        with pytest.raises(Rejected, match="owner is not known"):
            row.call(client, found(NOBODYS))
    with pytest.raises(Rejected, match="another account"):
        KIND.verify(client, replace(found(NOBODYS), owner="ada", issuer="999999999999"))
