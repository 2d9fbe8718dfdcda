"""Never the branch that we sit on: no act of an AWS kind cuts the user or the session that the run works with, or who is protected."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from rescind import catalogue
from rescind.errors import Rejected
from rescind.models.credential import Credential, Ownership
from rescind.models.kind import Identity, Known, Liveness, Verb
from rescind.pipeline.people import People, ownership
from tests.interop.aws_cloud import ACCOUNT, OPERATOR, FakeAws
from tests.interop.aws_model import serve

KINDS = catalogue.kinds()
DENIES = ("aws.access-key", "aws.login-profile", "aws.user")


@pytest.fixture
def cloud() -> FakeAws:
    return FakeAws()


@pytest.fixture
def client(cloud: FakeAws) -> Iterator[Any]:
    with serve(cloud) as url:
        yield cloud.client(url)


def made(cloud: FakeAws, kind: str, user: str) -> Credential:
    who = cloud.user(user)
    who.password = cloud.now()
    ids = {
        "aws.access-key": cloud.hold(user, "AccessKey", "AKIA"),
        "aws.login-profile": f"password:{who.arn}",
        "aws.user": who.arn,
    }
    return Credential(kind=kind, provider="aws", identifier=ids[kind], issuer=ACCOUNT, owner=user, attributes={"user_id": who.id})  # fmt: skip


@pytest.mark.parametrize("kind", DENIES)
def test_everything_is_denied_to_anybody_but_the_user_who_acts(cloud: FakeAws, client: Any, kind: str) -> None:
    act = KINDS[kind].actions[Verb.DENY].call
    with pytest.raises(Rejected) as refused:
        act(client, made(cloud, kind, "operator"))  # type: ignore[operator,call-arg]
    assert refused.value.code == "OwnIdentity"
    # a role that this run assumed with a key of carl: without carl it could not be assumed again
    base = made(cloud, kind, "carl")
    cloud.users["carl"].held["AccessKey"][OPERATOR] = {"UserName": "carl", "AccessKeyId": OPERATOR, "Status": "Active", "CreateDate": cloud.now()}  # fmt: skip
    with pytest.raises(Rejected) as refused:
        act(client, base)  # type: ignore[operator,call-arg]
    assert refused.value.code == "OwnIdentity"
    assert not any(u.policies or u.attached for u in cloud.users.values())
    assert not [n for n, _ in cloud.asked if n.split(":")[1].startswith(("Put", "Attach", "Update", "Delete"))]
    act(client, made(cloud, kind, "ada"))  # type: ignore[operator,call-arg]
    assert cloud.denied("ada")


@pytest.mark.parametrize("kind", DENIES)
def test_the_organisations_policy_is_not_written_either(cloud: FakeAws, kind: str) -> None:
    cloud.tables["scp"] = {"content": '{"Statement": []}', "targets": ["r"]}
    with serve(cloud) as url, pytest.raises(Rejected, match="this run itself"):
        KINDS[kind].actions[Verb.DENY].call(  # type: ignore[operator,call-arg]
            cloud.client(url, scp_policy_id="p-rescind1"), made(cloud, kind, "operator")
        )
    assert cloud.tables["scp"]["content"] == '{"Statement": []}'


ME = Identity(
    account=ACCOUNT,
    principal=f"arn:aws:sts::{ACCOUNT}:assumed-role/responder/rescind",
    identifiers=("ASIAOURS", "AKIAOURS", f"arn:aws:sts::{ACCOUNT}:assumed-role/responder/rescind", "AROAOURS:rescind"),
)
GUARDED = ("arn:aws:iam::111122223333:user/break-glass", "arn:aws:iam::111122223333:role/responder", "glass-device")


@pytest.mark.parametrize(("kind", "verb"), [("aws.login-session", Verb.DENY), ("aws.role-session", Verb.REVOKE)])
def test_sessions_of_the_role_that_acts_are_not_cut(
    cloud: FakeAws, client: Any, monkeypatch: pytest.MonkeyPatch, kind: str, verb: Verb
) -> None:
    monkeypatch.setattr(client, "identity", lambda: ME)
    act = KINDS[kind].actions[verb].call
    for role in ("responder", "deploy"):
        arn = cloud.role(role).arn
        facts = {"principal": f"role:{role}", "cut": f"role:{role}", "unique": cloud.role(role).id, "only": ""}
        c = Credential(kind=kind, provider="aws", identifier="ASIAQQQQQQQQQQQQQQQQ", owner=f"role:{role}", subject=arn, attributes=facts)  # fmt: skip
        if role == "deploy":
            act(client, c)  # type: ignore[operator,call-arg]
            continue
        with pytest.raises(Rejected) as refused:
            act(client, c)  # type: ignore[operator,call-arg]
        assert refused.value.code == "OwnSession"
    assert not cloud.roles["responder"].policies
    assert cloud.roles["deploy"].policies


def test_the_second_factor_of_the_user_who_acts_stays(cloud: FakeAws, client: Any) -> None:
    act = KINDS["aws.mfa-device"].actions[Verb.DEACTIVATE].call
    for user in ("operator", "ada"):
        who, device = cloud.user(user), cloud.hold(user, "MFADevice", f"arn:aws:iam::{ACCOUNT}:mfa/")
        c = Credential(kind="aws.mfa-device", provider="aws", identifier=device, issuer=ACCOUNT, owner=user, attributes={"user_id": who.id})  # fmt: skip
        if user == "ada":
            act(client, c)  # type: ignore[operator,call-arg]
            continue
        with pytest.raises(Rejected) as refused:
            act(client, c)  # type: ignore[operator,call-arg]
        assert refused.value.code == "OwnIdentity"
    assert cloud.users["operator"].held["MFADevice"]
    assert not cloud.users["ada"].held["MFADevice"]


def test_the_entry_of_who_acts_stays_in_the_cluster(
    cloud: FakeAws, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    act = KINDS["aws.eks-access-entry"].actions[Verb.REVOKE].call

    def revoke(arn: str) -> str:
        entry = cloud.admit("prod", arn)
        facts = {"region": "us-east-1", "cluster": "prod", "type": "STANDARD"}
        c = Credential(kind="aws.eks-access-entry", provider="aws", identifier=entry, owner="x", subject=arn, attributes=facts)  # fmt: skip
        try:
            act(client, c)  # type: ignore[operator,call-arg]
        except Rejected as refused:
            assert arn in cloud.tables["eks"]["prod"]["entries"]
            return refused.code
        assert arn not in cloud.tables["eks"]["prod"]["entries"]
        return ""

    assert revoke(cloud.user("operator").arn) == "OwnIdentity"
    gone, elsewhere = (f"arn:aws:iam::{a}:user/{u}" for a, u in ((ACCOUNT, "deleted"), ("999900001111", "operator")))
    assert [revoke(arn) for arn in (cloud.user("ada").arn, gone, elsewhere)] == ["", "", ""]
    monkeypatch.setattr(client, "identity", lambda: ME)
    responder = f"arn:aws:iam::{ACCOUNT}:role/incident/responder"
    assert [revoke(arn) for arn in (responder, cloud.role("deploy").arn)] == ["OwnSession", ""]


def test_what_the_run_stands_on_and_who_is_protected_is_nobodys_to_end() -> None:
    people = People(person="ada@example.com", mapped={"aws": ("ada", "break-glass")}, protected=GUARDED)
    known = Known(identifier="X", owner="ada", subject=f"arn:aws:iam::{ACCOUNT}:user/ada", liveness=Liveness.LIVE)
    assert ownership(known, people, "aws", ME) is Ownership.CASE
    for ours in ME.identifiers:
        assert ownership(replace(known, identifier=ours), people, "aws", ME) is Ownership.OPERATOR
    for facts in ({"subject": GUARDED[0]}, {"subject": GUARDED[1]}, {"identifier": GUARDED[2]}, {"owner": GUARDED[0]}):
        assert ownership(replace(known, **facts), people, "aws", ME) is Ownership.PROTECTED  # type: ignore[arg-type]
