"""AWS kinds against a server made of botocore's models: every request is one of AWS's, with the permission that the kind declares."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from rescind import catalogue
from rescind.errors import Denied, NotFound, ProviderError, Rejected
from rescind.models.credential import Credential
from rescind.models.evidence import Gap
from rescind.models.kind import BY_HAND, CallStatus, Kind, Known, Liveness, Subject, Verb
from rescind.providers.aws._connect import connect
from tests.interop import aws_model, aws_world, sso_world
from tests.interop.aws_cloud import ACCOUNT, MANAGEMENT, FakeAws, NoPace, key_id
from tests.interop.aws_model import model, serve
from tests.interop.aws_shells import Shells

ADA = Subject(person="ada@example.com", names=("ada",))
SORTS = {
    "aws.ssh-public-key": ("SSHPublicKey", "APKA", {}),
    "aws.signing-certificate": ("SigningCertificate", "ASCA", {"CertificateBody": "-----BEGIN CERTIFICATE----- fake"}),
    "aws.service-specific-credential": ("ServiceSpecificCredential", "ACCA", {"ServiceName": "bedrock.amazonaws.com"}),
    "aws.mfa-device": ("MFADevice", "arn:aws:iam::111122223333:mfa/", {}),
}


@pytest.fixture
def cloud() -> FakeAws:
    return Shells()


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


def test_an_operation_that_is_not_there_is_a_gap_also_at_an_endpoint_of_ones_own(cloud, client, monkeypatch):
    cloud.user("ada")
    monkeypatch.setattr(cloud, "_iam", lambda *_: (_ for _ in ()).throw(aws_model.Fault("InvalidAction")))
    assert client.tenant.text("endpoint_url")
    (gap,) = listed("aws.ssh-public-key", client)
    assert "SSH public keys of IAM user ada could not be listed" in gap.reason
    client.tenant = replace(client.tenant, settings={"account_id": "111122223333"})
    assert [type(r) for r in listed("aws.ssh-public-key", client)] == [Gap]


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
    assert 43_200 < row.residual.shortened_by[Verb.DENY] < row.residual.seconds, "roles assumed before live on"


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


def signed_in(cloud: FakeAws, who: Any) -> None:
    cloud.tell("CreateOAuth2Token", who, source="signin.amazonaws.com")


def test_a_sign_in_of_aws_login_is_denied_its_next_token(cloud, client):
    row = kind("aws.login-session")
    signed_in(cloud, cloud.as_user("ada"))
    signed_in(cloud, cloud.as_user("bob"))
    signed_in(cloud, cloud.as_role("deployers", "ada"))
    signed_in(cloud, {**cloud.as_user("ada"), "accountId": "999999999999", "userName": "eve"})
    only_declared(cloud, row.id, Verb.DENY)
    rows = listed(row.id, client, Subject(names=("ada", "role:deployers", "eve", "carl", "sso:ada")))
    assert [(r.owner, r.parent) for r in rows] == [
        ("ada", f"password:{cloud.user('ada').arn}"),
        ("role:deployers", ""),
    ]
    act = row.actions[Verb.DENY]
    for one, holder in zip(rows, (cloud.users["ada"], cloud.roles["deployers"]), strict=True):
        c = whole(row.id, client, one.identifier, one.owner)
        c = replace(c, attributes={**c.attributes, **{f"before.{k}": v for k, v in act.snapshot(client, c).items()}})
        assert row.verify(client, c).liveness is Liveness.LIVE
        assert [act.call(client, c).status for _ in range(2)] == [CallStatus.DONE] * 2
        assert "signin:CreateOAuth2Token" in holder.policies["RescindDenySignIn"]
        seen = row.verify(client, c)
        assert (seen.liveness, seen.reversible) == (Liveness.DEAD, True)
        assert row.identify(client, c, None).liveness is Liveness.DEAD
        cloud.rights = None
        assert [act.restore(client, c).status for _ in range(2)] == [CallStatus.DONE, CallStatus.ALREADY]
        assert holder.policies == {}
        only_declared(cloud, row.id, Verb.DENY)
    assert cloud.users["bob"].policies == {}


def test_a_sign_in_from_a_machine_is_bound_by_cloudtrail_or_stays_unknown(cloud, client):
    row = kind("aws.login-session")
    cloud.user("ada")
    cloud.tell("ListBuckets", cloud.as_role("deployers", "ada", "ASIAQQQQQQQQQQQQQQQQ"), source="s3.amazonaws.com")
    c = whole(row.id, client, "ASIAQQQQQQQQQQQQQQQQ", "")
    assert (c.owner, c.attributes["only"].partition(":")[2]) == ("role:deployers", "ada")
    row.actions[Verb.DENY].call(client, c)
    assert list(cloud.roles["deployers"].policies) == ["RescindDenySignIn-ada"], "one session name, not everybody's"
    assert row.verify(client, c).liveness is Liveness.DEAD

    claimed = Credential(kind=row.id, provider="aws", identifier="ASIARRRRRRRRRRRRRRRR", subject=cloud.users["ada"].arn)
    known = row.identify(client, claimed, None)
    c = replace(claimed, owner=known.owner, attributes=known.attributes)
    row.actions[Verb.DENY].call(client, c)
    assert row.verify(client, c).liveness is Liveness.UNKNOWN, "a file can be written by anybody"
    cloud.tell("ListBuckets", {"type": "Root", "accessKeyId": "ASIASSSSSSSSSSSSSSSS"}, source="s3.amazonaws.com")
    root = replace(claimed, identifier="ASIASSSSSSSSSSSSSSSS", subject="")
    assert "no policy reaches it" in row.identify(client, root, None).irrevocable
    with pytest.raises(NotFound):
        row.identify(client, replace(claimed, subject=""), None)


def test_everything_denied_to_the_user_ends_the_sign_in_too(cloud, client):
    row = kind("aws.login-session")
    signed_in(cloud, cloud.as_user("ada"))
    c = whole(row.id, client, f"login:{cloud.users['ada'].arn}")
    kind("aws.login-profile").actions[Verb.DENY].call(client, replace(c, attributes={}))
    assert row.verify(client, c).liveness is Liveness.DEAD


def test_an_entry_to_a_cluster_is_found_deleted_and_put_back_as_it_was(cloud, client):
    row, act, ada = kind("aws.eks-access-entry"), kind("aws.eks-access-entry").actions[Verb.REVOKE], cloud.user("ada")
    cloud.page = 1
    for cluster in ("prod", "test"):
        cloud.admit(cluster, cloud.user("bob").arn)
        cloud.admit(cluster, ada.arn, "viewers")
        cloud.admit(cluster, cloud.role("deployers").arn)
    cloud.cluster("old", "CONFIG_MAP")
    cloud.cluster("both", "API_AND_CONFIG_MAP")
    only_declared(cloud, row.id, Verb.REVOKE)
    rows = listed(row.id, client, Subject(names=("ada", "role:deployers", "nobody")))
    found = [r for r in rows if isinstance(r, Known)]
    assert [(r.owner, r.attributes["cluster"]) for r in found] == [
        (who, cluster) for cluster in ("prod", "test") for who in ("role:deployers", "ada")
    ]
    gaps = " ".join(r.reason for r in rows if isinstance(r, Gap))
    assert all(word in gaps for word in ("cluster old", "cluster both", "aws-auth", "nobody does not exist"))

    mine = next(r for r in found if r.owner == "ada")
    c = Credential(
        kind=row.id, provider="aws", identifier=mine.identifier, owner="ada", subject=mine.subject, attributes=mine.attributes
    )  # fmt: skip
    before = cloud.tables["eks"]["prod"]["entries"][ada.arn]
    c = replace(c, attributes={**c.attributes, **{f"before.{k}": v for k, v in act.snapshot(client, c).items()}})
    assert row.verify(client, c).liveness is Liveness.LIVE
    assert [act.call(client, c).status for _ in range(2)] == [CallStatus.DONE, CallStatus.ALREADY]
    seen = row.verify(client, c)
    assert (seen.liveness, "DescribeCluster shows prod" in seen.evidence) == (Liveness.DEAD, True)
    assert row.control(client, c).liveness is Liveness.LIVE
    assert cloud.user("bob").arn in cloud.tables["eks"]["prod"]["entries"]
    cloud.rights = None
    assert act.restore(client, c).status is CallStatus.DONE
    after = cloud.tables["eks"]["prod"]["entries"][ada.arn]
    assert (after["policies"], after["entry"]["kubernetesGroups"]) == (before["policies"], ["viewers"])
    with pytest.raises(NotFound, match="made anew"):
        row.identify(client, c, None)
    del cloud.tables["eks"]["prod"]
    with pytest.raises(NotFound):
        row.verify(client, c)  # no cluster, no word on its entries


def test_a_things_certificate_is_switched_off_and_revoked(cloud, client):
    row, c, cloud.page = kind("aws.iot-certificate"), None, 1
    mine, his = [cloud.thing("ada-probe") for _ in range(2)], cloud.thing("bob-probe")
    only_declared(cloud, row.id, *row.actions)
    rows = listed(row.id, client, Subject(names=("ada", "thing:ada-probe", "thing:none")))
    found = [r for r in rows if isinstance(r, Known)]
    assert [(r.identifier, r.owner, r.liveness) for r in found] == [(m, "thing:ada-probe", Liveness.LIVE) for m in mine]
    assert [r.reason for r in rows if isinstance(r, Gap)] == ["no region that was looked at has a thing none"]
    for one, (verb, act) in zip(found, row.actions.items(), strict=True):
        c = Credential(
            kind=row.id, provider="aws", identifier=one.identifier, owner=one.owner, attributes=one.attributes
        )
        assert row.verify(client, c).liveness is row.control(client, c).liveness is Liveness.LIVE
        assert [act.call(client, c).status for _ in range(2)] == [CallStatus.DONE] * 2, verb
        seen = row.verify(client, c)
        assert (seen.liveness, seen.reversible) == (Liveness.DEAD, act.reversible)
        if act.restore:
            assert act.restore(client, c).status is CallStatus.DONE
            assert row.verify(client, c).liveness is Liveness.LIVE
    cloud.tables["certificates"][mine[0]] = "PENDING_TRANSFER"
    assert row.verify(client, replace(c, identifier=mine[0])).liveness is Liveness.UNKNOWN
    cloud.tables["things"]["ada-probe"].clear()
    with pytest.raises(NotFound, match="no more"):
        row.identify(client, c, None)
    assert cloud.tables["certificates"][his] == "ACTIVE"


def test_the_root_user_is_counted_by_iam_and_emptied_from_the_management_account(cloud, client, monkeypatch, tmp_path):
    row, me = kind("aws.root-user"), f"root:{ACCOUNT}"
    cloud.root_has()
    bob = cloud.hold("bob", "AccessKey", "AKIA")
    only_declared(cloud, row.id)
    assert listed(row.id, client, Subject(names=("ada", "root:999999999999"))) == []
    (one,) = listed(row.id, client, Subject(names=("ada", me)))
    assert (one.identifier, one.owner, one.liveness) == (me, me, Liveness.LIVE)
    assert "access keys, signing certificates, a password" in one.by_hand
    c = whole(row.id, client, me, me)
    with pytest.raises(Rejected) as refused:
        row.actions[Verb.DELETE].call(client, c)
    assert refused.value.code == "NoProfile"

    file = tmp_path / "credentials"
    file.write_text(f"[management]\naws_access_key_id={MANAGEMENT}\naws_secret_access_key=fake-{'x' * 35}\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    client.tenant = replace(client.tenant, settings={**client.tenant.settings, "root_profile": "management"})
    assert row.identify(client, c, None).by_hand == ""
    result = row.actions[Verb.DELETE].call(client, c)
    assert (result.status, result.notes) == (
        CallStatus.DONE, {"access_keys": "1", "signing_certificates": "1", "passwords": "1"}
    )  # fmt: skip
    (asked,) = [given for name, given in cloud.asked if name == "sts:AssumeRoot"]
    assert asked["TaskPolicyArn"]["arn"].endswith("root-task/IAMDeleteRootUserCredentials")
    seen = row.verify(client, c)
    assert (seen.liveness, "none of access keys" in seen.evidence) == (Liveness.DEAD, True)
    assert row.actions[Verb.DELETE].call(client, c).status is CallStatus.ALREADY
    assert bob in cloud.users["bob"].held["AccessKey"]
    cloud.root_has(AccessKey=False, SigningCertificate=False)
    assert row.verify(client, c).liveness is Liveness.LIVE, "a password alone is enough"
    cloud.rights = set()
    assert [type(r) for r in listed(row.id, client, Subject(names=(me,)))] == [Gap]


def test_a_session_of_the_root_user_is_irrevocable_until_it_ends_by_aws_own_word(cloud, client):
    identify = kind("aws.role-session").identify
    told, used = cloud.number("ASIA"), cloud.number("ASIA")
    out = {"credentials": {"accessKeyId": told, "expiration": "Nov 24, 2026, 01:00:00 PM"}}
    cloud.tell("GetSessionToken", {"type": "Root"}, out=out, resources=[{"ARN": told}])
    began = {"sessionContext": {"attributes": {"creationDate": "2026-11-24T12:00:00Z"}}}
    cloud.tell("ListBuckets", {"type": "Root", "accessKeyId": used, **began}, source="s3.amazonaws.com")
    for key, until in ((told, "2026-11-24T13:00:00Z"), (used, "2026-11-25T00:00:00Z")):
        known = identify(client, Credential(kind="aws.role-session", provider="aws", identifier=key), None)
        assert (known.owner, known.expires_at, "no policy of the account" in known.irrevocable) == ("root", until, True)


def test_a_key_that_no_user_has_may_be_the_root_users_and_the_plan_says_so(cloud, client):
    found = Credential(kind="aws.access-key", provider="aws", identifier=key_id(ACCOUNT))
    identify = kind("aws.access-key").identify
    with pytest.raises(Denied):  # AWS does not say which ids it does not have
        identify(client, found, None)
    cloud.root_has()
    with pytest.raises(NotFound, match="whose root user has access keys") as told:
        identify(client, found, None)
    assert told.value.code == BY_HAND
    assert identify(client, replace(found, identifier=key_id("999999999999")), None).issuer == "999999999999"
    cloud.rights = {"iam:GetAccessKeyLastUsed"}
    with pytest.raises(Denied):
        identify(client, found, None)


def test_a_password_of_a_downloaded_table_is_the_users_own(cloud, client):
    cloud.user("ada").password = cloud.now()
    cloud.tables["aliases"] = ["example"]
    identify = kind("aws.login-profile").identify
    for page in (f"https://{ACCOUNT}.signin.aws.amazon.com/console", "https://example.signin.aws.amazon.com/console"):
        shown = Credential(kind="aws.login-profile", provider="aws", subject="ada", issuer=page, fingerprint="f")
        known = identify(client, shown, None)
        assert (known.identifier, known.owner, known.issuer) == (f"password:{cloud.users['ada'].arn}", "ada", ACCOUNT)
    away = "https://999999999999.signin.aws.amazon.com/console"
    assert identify(client, replace(shown, issuer=away), None).issuer == "999999999999"
    for page in ("https://other.signin.aws.amazon.com/console", "https://evil.example/console", ""):
        with pytest.raises(NotFound):
            identify(client, replace(shown, issuer=page), None)
    with pytest.raises(NotFound):
        identify(client, replace(shown, subject="nobody"), None)


@pytest.mark.parametrize(
    ("service", "source"), [("codeartifact", "codeartifact.amazonaws.com"), ("ecr", "ecr.amazonaws.com")]
)
def test_a_services_token_is_a_child_that_runs_out(cloud, client, service, source):
    name, key = f"aws.{service}-token", cloud.hold("ada", "AccessKey", "AKIA")
    now = cloud.now()
    cloud.clock = lambda: now
    for back in (900, 300, 13 * 3600):
        asked = (now - timedelta(seconds=back)).strftime("%Y-%m-%dT%H:%M:%SZ")
        cloud.tell("GetAuthorizationToken", cloud.as_user("ada", key), source=source, eventTime=asked)
    cloud.tell("GetAuthorizationToken", cloud.as_user("bob", "AKIABOB"), source=source)
    cloud.tell("GetAuthorizationToken", cloud.as_user("ada", "AKIAOTHER"), source="elsewhere.amazonaws.com")
    cloud.events.sort(key=lambda e: e["eventTime"], reverse=True)
    only_declared(cloud, name)
    (one,) = listed(name, client, Subject(names=("ada", "sso:ada")))
    until = (now - timedelta(seconds=300) + timedelta(hours=12)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert (one.identifier, one.parent, one.expires_at) == (f"{service}:{key}", key, until)
    assert "no API ends a token" in one.irrevocable
    with pytest.raises(NotFound):
        kind(name).identify(client, Credential(kind=name, provider="aws", identifier=""), None)
    cloud.rights = set()
    assert [type(r) for r in listed(name, client)] == [Gap]


AWS_KINDS = sorted(k for k in catalogue.kinds() if k.startswith("aws."))


@pytest.mark.parametrize("name", AWS_KINDS)
def test_every_permission_is_an_operation_of_its_services_own_model(name):
    row = kind(name)
    rights = {*row.read_permissions, *(p for a in row.actions.values() for p in a.permissions)}
    if row.rotation:
        rights |= set(row.rotation.permissions)
    assert rights
    for right in rights:
        service, operation = right.split(":")
        shown = model({"sso": "sso-admin"}.get(service, service))
        assert operation in shown.operation_names, right
        assert shown.signing_name == service, right


ANSWERED = {"account", "cloudtrail", "eks", "iam", "iot", "organizations", "rolesanywhere", "ssm", "sts"}
"""The services that this cloud plays; kinds of others are tried in clouds of their own."""


@pytest.mark.parametrize(
    "name",
    [k for k in AWS_KINDS if kind(k).control and {p.split(":")[0] for p in kind(k).read_permissions} <= ANSWERED],
)
def test_doctor_learns_whether_a_kind_can_be_read_with_what_the_kind_declares(cloud, client, name):
    row = kind(name)
    cloud.rights = set(row.read_permissions)
    cloud.user("operator")
    probe = Credential(kind=name, provider="aws", tenant="prod-aws", owner="operator")
    assert row.control(client, probe).liveness is Liveness.LIVE
    cloud.rights = set()
    with pytest.raises(Denied):
        row.control(client, probe)


def test_the_simulator_says_what_the_acting_identity_may(cloud, client):
    cloud.page, cloud.tables["grants"] = 2, {"iam:UpdateAccessKey", "iam:DeleteAccessKey"}
    wanted = ["iam:UpdateAccessKey", "iam:DeleteAccessKey", "iam:PutUserPolicy", "organizations:UpdatePolicy"]
    assert client.may(wanted) == dict(zip(wanted, (True, True, False, True), strict=True))
    assert [g["PolicySourceArn"] for n, g in cloud.asked if n == "iam:SimulatePrincipalPolicy"][-1].endswith(
        "user/operator"
    )
    tenant = client.tenant
    client.tenant = replace(tenant, write={"role_arn": "arn:aws:iam::111122223333:role/responder"})
    client.may(wanted)
    assert cloud.asked[-1][1]["PolicySourceArn"].endswith("role/responder"), "who acts, not who looks"
    client.tenant = replace(tenant, write={"profile": "writer"})
    assert client.may(wanted) == {}, "another identity, whose name is not known"
    client.tenant = replace(tenant, settings={**tenant.settings, "scp_policy_id": "p-rescind1"})
    assert client.may(wanted)["organizations:UpdatePolicy"] is False
    cloud.rights = set()
    with pytest.raises(Denied):
        client.may(wanted)


def test_keys_users_and_sessions_ask_only_what_they_declare(cloud, client):
    key = cloud.hold("ada", "AccessKey", "AKIA")
    old = cloud.assume(cloud.as_user("ada", key), "deployers", "ada")
    for name, identifier in (("aws.access-key", key), ("aws.user", cloud.users["ada"].arn), ("aws.role-session", old)):
        row = kind(name)
        for verb, act in row.actions.items():
            cloud.rights = {*row.read_permissions, "sts:GetCallerIdentity"}
            assert identifier in [r.identifier for r in listed(name, client)]
            c = whole(name, client, identifier)
            assert row.verify(client, c).liveness is not Liveness.UNKNOWN
            assert row.control(client, c).liveness is Liveness.LIVE
            only_declared(cloud, name, verb)
            if act.snapshot:
                act.snapshot(client, c)
            assert act.call(client, c).status in {CallStatus.DONE, CallStatus.ALREADY}
            if verb is Verb.DELETE:
                continue
            look = act.verify or row.verify
            assert look(client, c).liveness is Liveness.DEAD, (name, verb)
            cloud.users["ada"].policies.clear()


def test_identity_center_asks_only_what_it_declares():
    row, aws = kind("aws.sso-session"), aws_world.start_moto()
    try:
        with sso_world.front(aws) as center:
            center.assign(center.user("ada"), center.permission_set("shared", sso_world.ALLOW))
            tenant, values = replace(aws, endpoint=center.url).tenant()
            client = connect(tenant, lambda ref: values[ref.env], NoPace(), write=True)
            (one,) = listed(row.id, client, Subject(names=("sso:ada",)))
            act, c = row.actions[Verb.DENY], whole(row.id, client, one.identifier, "sso:ada")
            c = replace(
                c, attributes={**c.attributes, **{f"before.{k}": v for k, v in act.snapshot(client, c).items()}}
            )
            for work in (row.control, row.verify, act.call, row.verify, act.restore):
                work(client, c)
            declared = {p.split(":")[1] for p in (*row.read_permissions, *row.permissions(Verb.DENY))}
            spare = {"ListPermissionSets", "DeleteInlinePolicyFromPermissionSet", "ListPermissionSetProvisioningStatus",
                     "DescribePermissionSetProvisioningStatus"}  # fmt: skip
            above = {"DescribePolicy", "ListTargetsForPolicy", "UpdatePolicy"}  # the tenant names no such policy
            assert set(center.asked) - {""} == declared - spare - above
    finally:
        aws.stop()


SCP_OTHERS = {
    "Sid": "NoRoot",
    "Effect": "Deny",
    "Action": "*",
    "Resource": "*",
    "Condition": {"ArnLike": {"aws:PrincipalArn": "*:root"}},
}


@pytest.mark.parametrize("others", [[], [SCP_OTHERS]])
def test_the_organisation_denies_first_and_is_taken_back_last(cloud, others):
    row, act = kind("aws.user"), kind("aws.user").actions[Verb.DENY]
    ada, bob = cloud.user("ada"), cloud.user("bob")
    start = {
        "Version": "2012-10-17",
        "Statement": [*others, _denylist("arn:aws:iam::000000000000:user/nobody", bob.arn)],
    }
    cloud.tables["scp"] = {"content": json.dumps(start), "targets": ["111122223333"]}
    only_declared(cloud, row.id, Verb.DENY)
    with serve(cloud) as url:
        client = cloud.client(url, scp_policy_id="p-rescind1")
        c = whole(row.id, client, ada.arn)
        before = act.snapshot(client, c)
        cloud.asked.clear()
        assert act.call(client, c).notes["scp_wrote"] == "yes"
        writes = [name for name, _ in cloud.asked if name.split(":")[1].startswith(("Put", "Update"))]
        assert writes == ["organizations:UpdatePolicy", "iam:PutUserPolicy"], "from outside the account first"
        assert json.loads(cloud.tables["scp"]["content"])["Statement"][:-1] == others
        assert {ada.arn, bob.arn} <= set(
            json.loads(cloud.tables["scp"]["content"])["Statement"][-1]["Condition"]["ArnEquals"]["aws:PrincipalArn"]
        )
        assert row.verify(client, c).liveness is Liveness.DEAD
        assert act.call(client, c).notes["scp_wrote"] == "no"

        ours = cloud.tables["scp"]["content"]
        cloud.tables["scp"]["content"] = json.dumps(start)
        assert row.verify(client, c).liveness is Liveness.LIVE, "a deny in IAM alone can be taken off by who is inside"
        cloud.tables["scp"]["content"] = ours
        cloud.rights = None
        c = replace(c, attributes={**c.attributes, **{f"before.{k}": v for k, v in before.items()}})
        act.restore(client, c)
        assert json.loads(cloud.tables["scp"]["content"]) == start
        assert not cloud.denied("ada")


def _denylist(*arns: str) -> dict[str, Any]:
    condition = {"ArnEquals": {"aws:PrincipalArn": list(arns)}}
    return {"Sid": "RescindDenyList", "Effect": "Deny", "Action": "*", "Resource": "*", "Condition": condition}


def test_an_organisations_policy_without_room_or_effect_is_said_and_iam_denies_all_the_same(cloud):
    row, ada = kind("aws.user"), cloud.user("ada")
    full = {"Version": "2012-10-17", "Statement": [_denylist(*(f"arn:aws:iam::1:user/{n:040d}" for n in range(90)))]}
    with serve(cloud) as url:
        client = cloud.client(url, scp_policy_id="p-rescind1")
        for content, targets, code in ((full, ["r"], "LimitExceeded"), ({**full, "Statement": []}, [], "NotAttached")):
            cloud.tables["scp"] = {"content": json.dumps(content), "targets": targets}
            c = whole(row.id, client, ada.arn)
            with pytest.raises(Rejected) as refused:
                row.actions[Verb.DENY].call(client, c)
            assert refused.value.code == code
            assert cloud.denied("ada")
            assert row.verify(client, c).liveness is Liveness.LIVE
            cloud.users["ada"].policies.clear()
        cloud.tables["scp"] = {"content": json.dumps({**full, "Statement": []}), "targets": ["r"]}
        row.actions[Verb.DENY].call(client, c)
        from rescind.providers.aws import _scp

        assert _scp.change(client, ada.arn, deny=False)
        assert _scp.denied(_scp.read(client)[0]) == ["arn:aws:iam::000000000000:user/nobody"]


def test_regions_are_the_accounts_own_or_said_to_be_unknown(cloud, monkeypatch):
    from rescind.providers.aws import _regions

    class Client:
        tenant = cloud.client("http://127.0.0.1:1").tenant

        def service(self, name):
            return self

        def list_regions(self, **given):
            raise AssertionError

    client = Client()
    assert _regions.regions(client) == (["us-east-1"], "")
    client.tenant = replace(client.tenant, settings={"regions": "eu-west-1, us-east-2"})
    assert _regions.regions(client) == (["eu-west-1", "us-east-2"], "")
    client.tenant = replace(client.tenant, settings={"region": "eu-west-1"})
    monkeypatch.setattr(
        _regions, "everything", lambda *_, **__: ([{"RegionName": r} for r in ("us-b-1", "eu-a-1")], None)
    )
    assert _regions.regions(client) == (["eu-a-1", "us-b-1"], "")

    def denied(*_, **__):
        raise Denied("ListRegions answered 403")

    client = Client()
    client.tenant = replace(client.tenant, settings={"region": "eu-west-1"})
    monkeypatch.setattr(_regions, "everything", denied)
    places, doubt = _regions.regions(client)
    assert (places, "could not be listed" in doubt) == (["eu-west-1"], True)


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
