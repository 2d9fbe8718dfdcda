"""Every request that a kind of AWS can make is one of botocore's model, and the permissions that it declares are those: none missing, none to spare."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rescind import catalogue
from rescind.errors import ProviderError
from rescind.models.credential import Credential
from rescind.models.kind import Known, Subject
from tests.interop.aws_anchor import ARN, Anchor
from tests.interop.aws_cloud import ACCOUNT, MANAGEMENT, ROOT_MAY, FakeAws, key_id
from tests.interop.aws_model import Fault, permission, serve

UNASKED = {
    "account:ListRegions",  # where a tenant has no endpoint of its own
    "iam:SimulatePrincipalPolicy",  # `rescind doctor` only
}
FREE = {"sts:GetCallerIdentity"}  # AWS asks no permission for it
UNDO = {
    "iam:DeleteUserPolicy",
    "iam:DeleteRolePolicy",
    "iam:DetachUserPolicy",
    "eks:CreateAccessEntry",
    "eks:AssociateAccessPolicy",
}
"""What only taking a step back needs: the undo of each act names it."""


class Full(FakeAws):
    """An account whose user `full` has no room for another inline policy."""

    def iam_PutUserPolicy(self, given: Any) -> None:
        if given.get("UserName") == "full":
            raise Fault("LimitExceeded", 409)
        super().iam_PutUserPolicy(given)

    iam_PutRolePolicy = iam_PutUserPolicy


def held(sort: str, prefix: str, **facts: str) -> Callable[[Full, Anchor], None]:
    def make(cloud: Full, anchor: Anchor) -> None:
        for user in ("ada", "full"):
            cloud.hold(user, sort, prefix, **facts)

    return make


def key(cloud: Full, anchor: Anchor) -> None:
    held("AccessKey", "AKIA")(cloud, anchor)


def password(cloud: Full, anchor: Anchor) -> None:
    for user in ("ada", "full"):
        cloud.user(user).password = cloud.now()


def users(cloud: Full, anchor: Anchor) -> None:
    cloud.user("ada")
    cloud.user("full")
    cloud.tables["scp"] = {"content": '{"Statement": []}', "targets": ["r"]}


def sessions(cloud: Full, anchor: Anchor) -> None:
    made, asia = cloud.hold("ada", "AccessKey", "AKIA"), cloud.number("ASIA")
    cloud.assume(cloud.as_user("ada", made), "deploy", "ada")
    out = {"credentials": {"accessKeyId": asia}}
    cloud.tell("GetSessionToken", cloud.as_user("ada", made), out=out, resources=[{"ARN": asia}])


def logins(cloud: Full, anchor: Anchor) -> None:
    for who in (cloud.as_user("ada"), cloud.as_role("deploy", "ada")):
        cloud.tell("CreateOAuth2Token", who, source="signin.amazonaws.com")


def tokens(cloud: Full, anchor: Anchor) -> None:
    for source in ("ecr.amazonaws.com", "codeartifact.amazonaws.com"):
        cloud.tell("GetAuthorizationToken", cloud.as_user("ada", "AKIAADA"), source=source)


def entry(cloud: Full, anchor: Anchor) -> None:
    for arn in (cloud.user("ada").arn, cloud.role("deploy").arn):
        cloud.admit("prod", arn)


def thing(cloud: Full, anchor: Anchor) -> None:
    for _ in range(2):
        cloud.thing("probe")


def machine(cloud: Full, anchor: Anchor) -> None:
    serials = []
    for _ in range(3):
        pem, serial = anchor.issue("laptop")
        cloud.subject("laptop", pem)
        serials.append(serial)
    anchor.publish(*serials, back=60)


def root(cloud: Full, anchor: Anchor) -> None:
    cloud.root_has()


WALKS = {
    "aws.access-key": key,
    "aws.login-profile": password,
    "aws.user": users,
    "aws.mfa-device": held("MFADevice", "arn:aws:iam::111122223333:mfa/"),
    "aws.ssh-public-key": held("SSHPublicKey", "APKA"),
    "aws.signing-certificate": held("SigningCertificate", "ASCA", CertificateBody="-----BEGIN CERTIFICATE----- fake"),
    "aws.service-specific-credential": held("ServiceSpecificCredential", "ACCA", ServiceName="bedrock.amazonaws.com"),
    "aws.role-session": sessions,
    "aws.login-session": logins,
    "aws.ecr-token": tokens,
    "aws.codeartifact-token": tokens,
    "aws.eks-access-entry": entry,
    "aws.iot-certificate": thing,
    "aws.rolesanywhere-certificate": machine,
    "aws.root-user": root,
}
NAMES = ("ada", "full", "role:deploy", "thing:probe", "cert:laptop", f"root:{ACCOUNT}")


def walk(kind: str, client: Any) -> None:
    """Do everything that the kind can do with each credential of the person."""
    row = catalogue.kinds()[kind]
    rows = [k for k in row.enumerate(client, Subject(names=NAMES)) if isinstance(k, Known)]  # type: ignore[misc]
    assert rows
    for k in rows if row.actions else ():
        c = Credential(kind=kind, provider="aws", identifier=k.identifier, owner=k.owner, attributes=k.attributes, issuer=k.issuer, subject=k.subject)  # fmt: skip
        if row.identify:
            row.identify(client, c, None)
            row.identify(client, replace(c, owner=""), None) if kind.endswith(
                ("mfa-device", "specific-credential")
            ) else None
        row.control(client, c)  # type: ignore[operator,misc]
        for act in row.actions.values():
            facts = {f"before.{n}": v for n, v in act.snapshot(client, c).items()} if act.snapshot else {}
            done = act.call(client, c)  # type: ignore[operator,call-arg]
            facts |= {f"did.{n}": v for n, v in done.notes.items()}
            for look in filter(None, (act.verify, row.verify)):
                look(client, c)  # type: ignore[operator,misc]
            if act.restore:
                act.restore(client, replace(c, attributes={**c.attributes, **facts}))  # type: ignore[operator,call-arg]
    row.control(client, Credential(kind=kind, provider="aws", owner="ada"))  # type: ignore[operator,misc]


@pytest.mark.parametrize("kind", WALKS)
def test_a_kind_asks_what_it_declares_and_declares_what_it_asks(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud, row, anchor = Full(), catalogue.kinds()[kind], Anchor(tmp_path / "fleet.pem")
    WALKS[kind](cloud, anchor)
    management = tmp_path / "management"
    management.write_text(f"[management]\naws_access_key_id={MANAGEMENT}\naws_secret_access_key=fake-{'x' * 35}\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(management))
    settings = {
        "rolesanywhere_crl": str(tmp_path / "fleet.pem"),
        "rolesanywhere_trust_anchor": ARN,
        "root_profile": "management",
    }
    if kind == "aws.user":
        settings["scp_policy_id"] = "p-rescind1"
    with serve(cloud) as url:
        client = cloud.client(url, **settings)
        walk(kind, client)
        if kind == "aws.rolesanywhere-certificate":  # the list that is there is older, and off
            next(iter(cloud.tables["crls"].values()))["enabled"] = False
            anchor.publish()
            walk(kind, client)
        if kind == "aws.login-profile":  # as a downloaded table names one
            cloud.tables["aliases"] = ["example"]
            password(cloud, anchor)
            shown = Credential(
                kind=kind, provider="aws", subject="ada", issuer="https://example.signin.aws.amazon.com/console"
            )
            assert row.identify(client, shown, None).owner == "ada"  # type: ignore[misc]
        if kind == "aws.access-key":  # one that IAM names no user for
            shown = Credential(kind=kind, provider="aws", identifier=key_id(ACCOUNT))
            with pytest.raises(ProviderError):
                row.identify(client, shown, None)  # type: ignore[misc]
        if kind == "aws.login-session":  # as the cache of a machine names one
            shown = Credential(
                kind=kind, provider="aws", identifier=cloud.number("ASIA"), subject=cloud.user("ada").arn
            )
            row.identify(client, shown, None)  # type: ignore[misc]
    asked = {permission(*name.split(":")) for name, _ in cloud.asked} - FREE - UNDO
    if kind == "aws.root-user":
        asked -= ROOT_MAY  # of the session that AssumeRoot gave, which the task's own policy allows
    declared = {*row.read_permissions, *(p for verb in row.actions for p in row.permissions(verb))} - UNASKED
    assert (asked - declared, declared - asked) == (set(), set())
