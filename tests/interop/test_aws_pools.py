"""Users of Cognito user pools, in a server made of botocore's model."""

from __future__ import annotations

import pytest

from rescind import catalogue
from rescind.errors import Denied, NotFound, Rejected
from rescind.models.credential import Credential
from rescind.models.evidence import Gap
from rescind.models.kind import CallStatus, Known, Liveness, Subject, Verb
from tests.interop.aws_model import serve
from tests.interop.aws_pools import Pools

KIND = catalogue.kinds()["aws.cognito-user"]
ACT = KIND.actions[Verb.DEACTIVATE]


@pytest.fixture
def aws():
    return Pools()


@pytest.fixture
def client(aws):
    with serve(aws) as url:
        client = aws.client(url)
        client.identity()
        yield client


def whole(known: Known) -> Credential:
    return Credential(
        kind=KIND.id, provider="aws", identifier=known.identifier, owner=known.owner, attributes=known.attributes
    )


@pytest.mark.parametrize("page", [1, 2, 60])
def test_users_of_a_person_are_found_in_every_pool_and_disabled_with_their_tokens(aws, client, page):
    aws.page = page
    pools = [aws.pool() for _ in range(3)]
    mine = [aws.member(pools[0], "3f1c", "ada@x.example"), aws.member(pools[2], "ada@x.example")]
    his = aws.sign_in(aws.member(pools[0], "bob"))
    held = {ident: aws.sign_in(ident) for ident in mine}
    aws.rights = {"sts:GetCallerIdentity", *KIND.read_permissions}
    found = list(KIND.enumerate(client, Subject(names=("cognito:ada@x.example", "cognito:nobody", "ada"))))
    known = [k for k in found if isinstance(k, Known)]
    assert [k.identifier for k in known] == mine
    assert [g.reason for g in found if isinstance(g, Gap)] == ["no user pool that was read has a user nobody"]
    for one in known:
        c = whole(one)
        assert KIND.verify(client, c).liveness is KIND.control(client, c).liveness is Liveness.LIVE
        with pytest.raises(Denied):
            ACT.call(client, c)
        aws.rights |= set(ACT.permissions)
        assert [ACT.call(client, c).status for _ in range(2)] == [CallStatus.DONE] * 2
        seen = KIND.verify(client, c)
        assert (seen.liveness, seen.reversible) == (Liveness.DEAD, True)
        assert not aws.refreshes(held[one.identifier])
        aws.rights |= {"cognito-idp:AdminEnableUser"}
        assert ACT.restore(client, c).status is CallStatus.DONE
        assert KIND.verify(client, c).liveness is Liveness.LIVE
        assert not aws.refreshes(held[one.identifier]), "what was signed out stays signed out"
        aws.rights -= {*ACT.permissions, "cognito-idp:AdminEnableUser"}
    assert aws.refreshes(his)


def test_whoever_was_off_stays_off_and_one_that_is_gone_proves_nothing(aws, client):
    ident = aws.member(aws.pool(), "ada", enabled=False)
    (known,) = KIND.enumerate(client, Subject(names=("cognito:ada",)))
    c = whole(known)
    assert known.liveness is Liveness.DEAD
    assert ACT.restore(client, c).status is CallStatus.ALREADY
    del aws.pools[ident.partition("/")[0]]["ada"]
    for look in (KIND.verify, lambda a, b: KIND.identify(a, b, None)):
        with pytest.raises(NotFound):
            look(client, c)
    with pytest.raises(Rejected):
        KIND.verify(client, Credential(kind=KIND.id, provider="aws", identifier="x/y", attributes={"region": "z"}))


def test_pools_that_may_not_be_read_are_a_gap(aws, client):
    aws.member(aws.pool(), "ada")
    aws.rights = {"sts:GetCallerIdentity"}
    gaps = list(KIND.enumerate(client, Subject(names=("cognito:ada",))))
    assert all(isinstance(g, Gap) for g in gaps)
    assert "could not be read" in gaps[0].reason
