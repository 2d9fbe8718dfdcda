"""AWS kinds against a server made of botocore's models: every request is one of AWS's, with the permission that the kind declares."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from rescind import catalogue
from rescind.errors import Denied, NotFound, ProviderError, Rejected
from rescind.models.credential import Credential
from rescind.models.evidence import Gap
from rescind.models.kind import CallStatus, Kind, Known, Liveness, Subject, Verb
from tests.interop.aws_cloud import FakeAws
from tests.interop.aws_model import serve

ADA = Subject(person="ada@example.com", names=("ada",))
SORTS = {
    "aws.ssh-public-key": ("SSHPublicKey", "APKA", {}),
    "aws.signing-certificate": ("SigningCertificate", "ASCA", {"CertificateBody": "-----BEGIN CERTIFICATE----- fake"}),
    "aws.service-specific-credential": ("ServiceSpecificCredential", "ACCA", {"ServiceName": "bedrock.amazonaws.com"}),
    "aws.mfa-device": ("MFADevice", "arn:aws:iam::111122223333:mfa/", {}),
}


@pytest.fixture
def cloud() -> FakeAws:
    return FakeAws()


@pytest.fixture
def client(cloud: FakeAws) -> Iterator[Any]:
    with serve(cloud) as url:
        yield cloud.client(url)


def kind(name: str) -> Kind:
    return catalogue.kinds()[name]


def listed(name: str, client: Any, subject: Subject = ADA) -> list[Any]:
    return list(kind(name).enumerate(client, subject))


def whole(name: str, client: Any, identifier: str, owner: str = "ada") -> Credential:
    found = Credential(kind=name, provider="aws", identifier=identifier, owner=owner)
    known = kind(name).identify(client, found, None)
    return replace(
        found, identifier=known.identifier, issuer=known.issuer, subject=known.subject, owner=known.owner,
        attributes=known.attributes, tenant="prod-aws",
    )  # fmt: skip


def only_declared(cloud: FakeAws, name: str, *verbs: Verb) -> None:
    """From here on the operator has exactly what the kind declares."""
    row = kind(name)
    cloud.rights = {*row.read_permissions, *(p for v in verbs for p in row.permissions(v)), "sts:GetCallerIdentity"}


@pytest.mark.parametrize("name", SORTS)
def test_what_a_user_has_is_listed_over_every_page_and_ended(cloud, client, name):
    sort, prefix, facts = SORTS[name]
    cloud.page = 2
    mine = [cloud.hold("ada", sort, prefix, **facts) for _ in range(5)]
    his = cloud.hold("bob", sort, prefix, **facts)
    row = kind(name)
    only_declared(cloud, name, *row.actions)
    rows = listed(name, client, replace(ADA, names=("ada", "nobody", "role:x", "sso:ada")))
    assert [r.identifier for r in rows if isinstance(r, Known)] == mine
    assert all(r.owner == "ada" and r.liveness is Liveness.LIVE and r.created_at for r in rows if isinstance(r, Known))
    assert [g.reason for g in rows if isinstance(g, Gap)] == ["mapped IAM user nobody does not exist"]

    for verb, act in row.actions.items():
        c = whole(name, client, mine.pop())
        assert row.verify(client, c).liveness is Liveness.LIVE
        assert row.control(client, c).liveness is Liveness.LIVE
        result = act.call(client, c)
        assert result.status is CallStatus.DONE
        assert result.provider_time.endswith("Z")
        seen = row.verify(client, c)
        assert (seen.liveness, seen.reversible) == (Liveness.DEAD, act.reversible), verb
        assert act.call(client, c).status in {CallStatus.DONE, CallStatus.ALREADY}
        if act.reversible:
            assert act.restore(client, c).status is CallStatus.DONE
            assert row.verify(client, c).liveness is Liveness.LIVE
            left = act.restore(client, replace(c, attributes={**c.attributes, "status": "Inactive"}))
            assert (left.status, "was Inactive" in left.notes["left"]) == (CallStatus.ALREADY, True)
    assert his in cloud.users["bob"].held[sort]
    assert "UserName" in cloud.asked[-1][1], "IAM takes a missing name for the caller"


@pytest.mark.parametrize("name", [*SORTS, "aws.login-profile"])
def test_absence_counts_only_beside_the_same_user_and_denied_is_unknown(cloud, client, name):
    sort, prefix, facts = SORTS.get(name, ("", "", {}))
    if sort:
        held = cloud.hold("ada", sort, prefix, **facts)
    else:
        cloud.user("ada").password, held = cloud.now(), f"password:{cloud.user('ada').arn}"
    row, c = kind(name), whole(name, client, held)
    (cloud.users["ada"].held[sort].clear() if sort else setattr(cloud.users["ada"], "password", None))
    assert row.verify(client, c).liveness is Liveness.DEAD
    assert row.verify(client, replace(c, attributes={})).liveness is Liveness.UNKNOWN
    cloud.users["ada"].id = "AIDASOMEBODYELSE00001"
    seen = row.verify(client, c)
    assert (seen.liveness, "given to another" in seen.evidence) == (Liveness.UNKNOWN, True)
    del cloud.users["ada"]
    with pytest.raises(NotFound):
        row.verify(client, c)
    with pytest.raises(NotFound):
        row.identify(client, replace(c, owner=""), None)
    cloud.user("ada")
    cloud.rights = set()
    for work in (row.verify, row.control, *(a.call for a in row.actions.values())):
        with pytest.raises(Denied):
            work(client, c)
    assert [type(r) for r in listed(name, client)] == [Gap]


def test_a_console_password_is_deleted_and_stays_dead(cloud, client):
    cloud.user("ada").password = cloud.now()
    cloud.user("bob").password = cloud.now()
    cloud.user("no-password")
    row = kind("aws.login-profile")
    only_declared(cloud, row.id, Verb.REVOKE, Verb.DENY)
    (one,) = listed(row.id, client, Subject(names=("ada", "no-password")))
    c = whole(row.id, client, one.identifier)
    assert row.verify(client, c).liveness is Liveness.LIVE
    assert row.actions[Verb.DENY].call(client, c).status is CallStatus.DONE
    assert cloud.denied("ada")
    assert row.actions[Verb.DENY].verify(client, c).liveness is Liveness.DEAD
    assert [row.actions[Verb.REVOKE].call(client, c).status for _ in range(2)] == [CallStatus.DONE, CallStatus.ALREADY]
    assert row.verify(client, c).liveness is Liveness.DEAD
    assert cloud.users["bob"].password
    assert row.residual.shortened_by[Verb.DENY] == 0 < row.residual.seconds


def test_a_second_factor_goes_last(cloud, client):
    row, user = kind("aws.mfa-device"), cloud.user("ada")
    device = cloud.hold("ada", "MFADevice", "arn:aws:iam::111122223333:mfa/")
    key = cloud.hold("ada", "AccessKey", "AKIA")
    user.password = cloud.now()
    c, act = whole(row.id, client, device, owner=""), row.actions[Verb.DEACTIVATE].call
    for what, end in (
        ("a password", lambda: setattr(user, "password", None)),
        (key, lambda: user.held["AccessKey"][key].update(Status="Inactive")),
    ):
        with pytest.raises(Rejected, match=what) as refused:
            act(client, c)
        assert refused.value.code == "Order"
        assert device in user.held["MFADevice"]
        end()
    assert act(client, c).status is CallStatus.DONE
    assert row.verify(client, c).liveness is Liveness.DEAD


def test_the_owner_of_a_service_credential_is_found_in_the_whole_account(cloud, client):
    cloud.page = 1
    cloud.hold("bob", "ServiceSpecificCredential", "ACCA", ServiceName="codecommit.amazonaws.com")
    mine = cloud.hold("ada", "ServiceSpecificCredential", "ACCA", ServiceName="codecommit.amazonaws.com")
    c = whole("aws.service-specific-credential", client, mine, owner="")
    assert (c.owner, c.attributes["service"]) == ("ada", "codecommit.amazonaws.com")


@pytest.mark.parametrize(
    ("service", "method", "given"),
    [
        ("iam", "update_ssh_public_key", {"UserName": "ada", "SSHPublicKeyId": "short", "Status": "Active"}),
        ("iam", "list_access_keys", {"UserName": "ada", "Marker": ""}),
    ],
)
def test_the_server_refuses_what_the_model_does_not_allow(cloud, client, service, method, given):
    from rescind.providers.aws._connect import call

    cloud.user("ada")
    with pytest.raises(ProviderError):
        call(getattr(client.service(service), method), **given)
