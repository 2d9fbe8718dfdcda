"""Open shells of Session Manager, in a server made of botocore's model."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from rescind import catalogue
from rescind.errors import Denied, NotFound
from rescind.models.credential import Credential
from rescind.models.evidence import Gap
from rescind.models.kind import CallStatus, Known, Liveness, Subject, Verb
from tests.interop.aws_cloud import ACCOUNT
from tests.interop.aws_model import serve
from tests.interop.aws_shells import KEPT, Shells

KIND = catalogue.kinds()["aws.ssm-session"]


class Now:
    def __init__(self) -> None:
        self.at = datetime(2026, 11, 24, 9, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def aws():
    return Shells(clock=Now())


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


@pytest.mark.parametrize("page", [1, 3, 100])
def test_open_shells_of_a_person_are_listed_by_every_name_and_ended_under_what_is_declared(aws, client, page):
    aws.page = page
    reserved = "AWSReservedSSO_Admins_0123456789abcdef"
    mine = {
        aws.shell("ada"),
        aws.shell("ada", "Disconnected"),
        aws.shell(f"{reserved}/ada@x.example"),
        aws.shell("deploy/ada"),
    }
    others = [
        aws.shell("bob"),
        aws.shell(f"{reserved}/bob@x.example"),
        aws.shell("other/ada"),
        aws.shell("ada", "Terminated"),
    ]
    aws.rights = {"sts:GetCallerIdentity", *KIND.read_permissions}
    names = ("ada", "sso:ada@x.example", "role:deploy")
    found = list(KIND.enumerate(client, Subject(names=names)))
    assert {k.identifier for k in found} == mine
    assert {k.owner for k in found} == set(names)
    act = KIND.actions[Verb.REVOKE]
    for known in found:
        c = whole(known)
        assert KIND.identify(client, c, None).owner == known.owner
        assert KIND.verify(client, c).liveness is KIND.control(client, c).liveness is Liveness.LIVE
        with pytest.raises(Denied):
            act.call(client, c)
        aws.rights |= set(act.permissions)
        assert [act.call(client, c).status for _ in range(2)] == [CallStatus.DONE] * 2
        assert KIND.verify(client, c).liveness is Liveness.DEAD
        assert not aws.open(c.identifier)
        aws.rights -= set(act.permissions)
    assert [aws.open(o) for o in others] == [True, True, True, False]


def test_a_shell_that_is_closing_is_not_closed_and_one_that_is_forgotten_proves_nothing(aws, client):
    aws.closing = timedelta(seconds=20)
    (known,) = KIND.enumerate(client, Subject(names=("ada", aws.shell("ada"))))
    c = whole(known)
    KIND.actions[Verb.REVOKE].call(client, c)
    assert KIND.verify(client, c).liveness is Liveness.UNKNOWN
    assert aws.open(c.identifier)
    aws.clock.at += aws.closing
    assert not aws.open(c.identifier)
    assert KIND.verify(client, c).liveness is Liveness.DEAD
    aws.clock.at += KEPT
    assert KIND.verify(client, c).liveness is Liveness.UNKNOWN
    with pytest.raises(NotFound):
        KIND.identify(client, c, None)


def test_a_region_that_may_not_be_read_is_a_gap_and_a_stranger_is_whoever_the_arn_names(aws, client):
    aws.shell("ada")
    aws.rights = {"sts:GetCallerIdentity"}
    (gap,) = KIND.enumerate(client, Subject(names=("ada",)))
    assert isinstance(gap, Gap)
    assert "could not be read" in gap.reason
    aws.rights = None
    ident = aws.shell("ada")
    aws.shells[ident]["Owner"] = f"arn:aws:iam::{int(ACCOUNT) + 1}:user/ada"
    stranger: Any = KIND.identify(client, Credential(kind=KIND.id, provider="aws", identifier=ident, attributes={"region": "us-east-1"}), None)  # fmt: skip
    assert stranger.owner == aws.shells[ident]["Owner"]
