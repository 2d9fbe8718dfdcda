"""The aws.access-key row and the connection's settings: every word in it exists in AWS's own model."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import botocore.session
import pytest

from rescind import catalogue
from rescind.errors import ConfigError, Denied
from rescind.models.credential import EndState
from rescind.models.kind import Verb
from rescind.models.tenant import SecretRef, Tenant
from rescind.pipeline.tenants import Tenants
from rescind.providers.aws import PROVIDER, _policy
from rescind.providers.aws._connect import connect
from rescind.providers.aws._iam import account_of
from rescind.providers.aws.access_key import KIND
from rescind.secret import Secret
from tests.unit.made_up import FakeClock

BASE = Tenant(name="prod", provider="aws", settings={"account_id": "123456789012"})


class Pace:
    def wait(self, endpoint_class="default"):
        pass


def never(ref):
    raise AssertionError("no reference should be read")


@pytest.fixture
def clean(monkeypatch, tmp_path):
    for name in (
        "AWS_PROFILE",
        "AWS_DEFAULT_PROFILE",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_ENDPOINT_URL",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    return tmp_path


def test_every_permission_is_an_operation_of_the_iam_model():
    names = set(botocore.session.get_session().get_service_model("iam").operation_names)
    rights = [p for a in KIND.actions.values() for p in a.permissions] + list(KIND.read_permissions)
    assert rights
    assert {p.removeprefix("iam:") for p in rights} <= names
    assert all(p.startswith("iam:") for p in rights)


def test_the_row():
    assert catalogue.kinds()["aws.access-key"] is KIND
    assert catalogue.providers()["aws"] is PROVIDER
    assert set(PROVIDER.required) <= set(PROVIDER.settings)
    deny = KIND.actions[Verb.DENY]
    assert (deny.supports, deny.ends, deny.reversible) == (True, EndState.CONTAINED, True)
    assert KIND.actions[Verb.DEACTIVATE].reversible
    assert not KIND.actions[Verb.DELETE].reversible
    assert KIND.death.negatives == 3
    assert KIND.death.seconds == 10.0
    assert KIND.residual.shortened_by[Verb.DENY] < KIND.residual.seconds


def test_the_residual_bound_follows_from_awss_own_limits():
    sts = botocore.session.get_session().get_service_model("sts")
    longest = {
        name: sts.operation_model(name).input_shape.members["DurationSeconds"].metadata["max"]
        for name in ("GetSessionToken", "GetFederationToken", "AssumeRole")
    }
    role = longest["AssumeRole"] + KIND.death.seconds  # a key is honoured for as long as its death is watched
    assert KIND.residual.seconds == max(longest["GetSessionToken"], longest["GetFederationToken"]) + role
    assert KIND.residual.shortened_by[Verb.DENY] == role


def test_the_deny_is_unconditional():
    (statement,) = _policy.DOCUMENT["Statement"]
    assert (statement["Effect"], statement["Action"], statement["Resource"]) == ("Deny", "*", "*")
    assert "Condition" not in statement


@pytest.mark.parametrize(
    ("key", "account"),
    [
        ("ASIAQNZGKIQY56JQ7WML", "029608264753"),
        ("ASIAY34FZKBOKMUTVV7A", "609629065308"),
        ("AKIAIOSFODNN7EXAMPLE", ""),  # the older form carries none
        ("AKIA6332D5EFB9D34AFC", ""),  # no base32
        ("AROAQNZGKIQY56JQ7WML", ""),
        ("akia", ""),
        ("", ""),
        ("ASIAQNZGKIQY56JQ7WML\n", ""),
    ],
)
def test_account_from_a_key_id(key, account):
    assert account_of(key) == account


def test_importing_the_rows_imports_no_sdk():
    code = "import sys, rescind.catalogue as c; c.kinds(); import rescind.providers.aws._connect; sys.exit(any(m.split('.')[0] in ('boto3','botocore') for m in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        ({"account_id": "12345"}, "12 digits"),
        ({}, "12 digits"),
        ({"account_id": 29608264753}, "12 digits"),
        ({"account_id": "123456789012", "endpoint_url": "http://aws.example.com"}, "https"),
        ({"account_id": "123456789012", "endpoint_url": "file:///etc/passwd"}, "https"),
        ({"account_id": "123456789012", "profile": "missing"}, "no AWS profile"),
    ],
)
def test_settings_that_cannot_be_used(clean, settings, word):
    with pytest.raises(ConfigError, match=word):
        connect(replace(BASE, settings=settings), never, Pace(), write=False)


def test_half_a_key_never_becomes_another_identity(clean):
    with pytest.raises(ConfigError, match="belong together"):
        connect(replace(BASE, refs={"access_key_id": SecretRef(env="x")}), never, Pace(), write=False)


def test_no_login_is_denied_not_a_crash(clean):
    client = connect(BASE, never, Pace(), write=False)
    with pytest.raises(Denied, match="no usable AWS login"):
        client.identity()
    with pytest.raises(Denied):
        connect(
            replace(BASE, settings={**BASE.settings, "role_arn": "arn:aws:iam::123456789012:role/r"}),
            never,
            Pace(),
            write=False,
        )


def key_of(client):
    return client._core.get_credentials().access_key


def test_profiles_and_write_identities(clean):
    (clean / "credentials").write_text(
        "[reader]\naws_access_key_id=AKIAREADER\naws_secret_access_key=a\n[writer]\naws_access_key_id=AKIAWRITER\naws_secret_access_key=b\n"
    )
    tenant = replace(BASE, settings={**BASE.settings, "profile": "reader"}, write={"profile": "writer"})
    assert key_of(connect(tenant, never, Pace(), write=False)) == "AKIAREADER"
    assert key_of(connect(tenant, never, Pace(), write=True)) == "AKIAWRITER"
    refs = {"access_key_id": SecretRef(env="AKIAREF"), "secret_access_key": SecretRef(env="s")}
    tenant = replace(BASE, settings={**BASE.settings, "profile": "reader"}, write_refs=refs)
    assert key_of(connect(tenant, never, Pace(), write=False)) == "AKIAREADER"
    assert key_of(connect(tenant, lambda r: Secret(r.env), Pace(), write=True)) == "AKIAREF"
    tenant = replace(BASE, refs=refs, write={"profile": "writer"})
    assert key_of(connect(tenant, never, Pace(), write=True)) == "AKIAWRITER"


def test_a_profile_that_assumes_a_role_names_the_key_it_stands_on(clean):
    (clean / "credentials").write_text("[base]\naws_access_key_id=AKIABASE\naws_secret_access_key=a\n")
    (clean / "config").write_text(
        "[profile r]\nrole_arn=arn:aws:iam::123456789012:role/r\nsource_profile=mid\n[profile mid]\nsource_profile=base\n"
    )
    from rescind.providers.aws import _connect

    client = connect(replace(BASE, settings={**BASE.settings, "profile": "r"}), never, Pace(), write=False)
    assert _connect._profile_keys(client._core) == ("AKIABASE",)


@pytest.mark.parametrize(
    ("region", "partition"),
    [("us-east-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov"), ("garage", "aws")],
)
def test_the_managed_policy_is_named_in_the_tenants_partition(clean, region, partition):
    client = connect(replace(BASE, settings={**BASE.settings, "region": region}), never, Pace(), write=False)
    assert _policy.managed_arn(client) == f"arn:{partition}:iam::aws:policy/AWSDenyAll"


@pytest.mark.parametrize(("settings", "paced"), [({}, 2.0), ({"endpoint_url": "http://127.0.0.1:1"}, 100.0)])
def test_cloudtrails_own_limit_is_kept_at_aws_and_nowhere_else(monkeypatch, settings, paced):
    given, clock = [], FakeClock()

    def connected(tenant, resolve, pacer, *, write):
        given.append(pacer)
        raise ConfigError("far enough")

    monkeypatch.setattr("rescind.providers.aws._connect.connect", connected)
    tenant = replace(BASE, settings={**BASE.settings, **settings}, rate=100.0)
    with pytest.raises(ConfigError):
        Tenants((tenant,), resolve=never, clock=clock, write=False).get("prod")
    for _ in range(11):
        given[0].wait("aws.cloudtrail")
    assert clock.t == pytest.approx(10 / paced, rel=0.3)
