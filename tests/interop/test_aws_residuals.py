"""Of every kind of AWS: until when the report says that something still works is to the second until when AWS lets it in.

An intruder takes, at each second of the run, the longest-lived thing that can be had, and assumes what can be assumed at its last moment. One
second before the report's moment something works; at that moment nothing does. Each line is printed (-s).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from rescind import catalogue
from rescind.models.clock import parse_rfc3339
from rescind.models.credential import EndState
from rescind.models.kind import Verb
from tests.interop.aws_anchor import ARN, Anchor
from tests.interop.aws_children import CHAINED, HOUR, ROLE, SESSION, TOKEN, Child, Enforced
from tests.interop.aws_cloud import ACCOUNT, MANAGEMENT, ROOT_MAY
from tests.interop.aws_line import BOOK, START, Clock, Run
from tests.interop.aws_model import serve

BY_USER = {"user:ada": ("role:deploy", ROLE)}
BY_ROLE = {"role:deploy": ("role:hop", CHAINED)}


@dataclass
class Case:
    """One way to end one kind: the verbs, what there is, what the intruder takes, and what can be made of that."""

    kind: str
    verbs: tuple[str, ...]
    make: Callable[[Enforced, Any], str]
    take: Callable[[Enforced, str], None]
    onward: dict[str, tuple[str, timedelta]] = field(default_factory=dict)
    state: EndState = EndState.RESIDUAL
    names: tuple[str, ...] = ("ada",)
    own: bool = False  # what is cut still authenticates until it expires

    @property
    def id(self) -> str:
        return f"{self.kind.removeprefix('aws.')}-{'-'.join(self.verbs)}-{self.make.__name__}"


def key(cloud: Enforced, anchor: Any) -> str:
    return cloud.hold("ada", "AccessKey", "AKIA")


def password(cloud: Enforced, anchor: Any) -> str:
    cloud.user("ada").password = cloud.now()
    return "password:ada"


def console(cloud: Enforced, name: str) -> None:
    if cloud.lives(name, there=cloud.users["ada"].password is not None):
        cloud.derive(12 * HOUR, "user:ada")


def login_of_user(cloud: Enforced, anchor: Any) -> str:
    cloud.tell("CreateOAuth2Token", cloud.as_user("ada"), source="signin.amazonaws.com")
    return "user:ada"


def login_of_role(cloud: Enforced, anchor: Any) -> str:
    cloud.tell("CreateOAuth2Token", cloud.as_role("deploy", "ada"), source="signin.amazonaws.com")
    return "role:deploy"


def token(cloud: Enforced, holder: str) -> None:
    if cloud.may(holder, "signin:CreateOAuth2Token"):
        cloud.derive(TOKEN, holder)


def session_of_user(cloud: Enforced, anchor: Any) -> str:
    made = cloud.number("ASIA")
    out = {"credentials": {"accessKeyId": made, "expiration": (cloud.now() + 2 * HOUR).strftime("%b %d, %Y, %I:%M:%S %p")}}  # fmt: skip
    cloud.tell("GetSessionToken", cloud.as_user("ada", key(cloud, anchor)), out=out, resources=[{"ARN": made}])
    cloud.children.append(Child("user:ada", cloud.now(), cloud.now() + 2 * HOUR))
    return made


def _session(cloud: Enforced, seconds: int) -> str:
    made = cloud.assume(cloud.as_user("ada", key(cloud, None)), "deploy", "ada", seconds)
    userid = f"{cloud.role('deploy').id}:ada"
    cloud.children.append(Child("role:deploy", cloud.now(), cloud.now() + timedelta(seconds=seconds), userid))
    return made


def session_of_role(cloud: Enforced, anchor: Any) -> str:
    return _session(cloud, 900)


def long_session_of_role(cloud: Enforced, anchor: Any) -> str:
    return _session(cloud, 43_200)


def hop(cloud: Enforced, _: str) -> None:
    mine = cloud.children[0]
    if cloud.works(mine):
        cloud.derive(ROLE if mine.holder.startswith("user:") else CHAINED, "role:hop")


def user(cloud: Enforced, anchor: Any) -> str:
    key(cloud, anchor)
    return "user:ada"


def by_user(cloud: Enforced, holder: str) -> None:
    if cloud.may(holder):
        cloud.derive(SESSION, holder)
        cloud.derive(ROLE, "role:deploy")


def entry(cloud: Enforced, anchor: Any) -> str:
    cloud.admit("prod", cloud.user("ada").arn)
    return cloud.users["ada"].arn


def accepted(cloud: Enforced, arn: str) -> None:
    if cloud.lives(arn, there=arn in cloud.tables["eks"]["prod"]["entries"]):
        cloud.derive(TOKEN)


def root(cloud: Enforced, anchor: Any) -> str:
    cloud.root_has()
    return "password:root"


def console_of_root(cloud: Enforced, name: str) -> None:
    if cloud.lives(name, there=cloud.root.password is not None):
        cloud.derive(12 * HOUR)


def thing(cloud: Enforced, anchor: Any) -> str:
    return cloud.thing("probe")


def role_alias(cloud: Enforced, certificate: str) -> None:
    if cloud.lives(certificate, there=cloud.tables["certificates"][certificate] == "ACTIVE"):
        cloud.derive(ROLE, "role:deploy")


def machine(cloud: Enforced, anchor: Anchor) -> str:
    pem, serial = anchor.issue("laptop")
    cloud.subject("laptop", pem)
    anchor.publish(serial, back=int((datetime.now(UTC) - START).total_seconds()))
    return "crl"


def anywhere(cloud: Enforced, name: str) -> None:
    if cloud.lives(name, there=name not in cloud.honoured):
        cloud.derive(ROLE, "role:deploy")


def _registry(source: str) -> Callable[[Enforced, Any], str]:
    def asked(cloud: Enforced, anchor: Any) -> str:
        made = key(cloud, anchor)
        cloud.tell("GetAuthorizationToken", cloud.as_user("ada", made), source=source)
        cloud.derive(12 * HOUR)
        return made

    return asked


CASES = [
    Case("aws.access-key", ("deactivate",), key, Enforced.by_key, BY_USER),
    Case("aws.access-key", ("delete",), key, Enforced.by_key, BY_USER),
    Case("aws.access-key", ("deny", "deactivate"), key, Enforced.by_key, BY_USER),
    Case("aws.access-key", ("deactivate", "deny"), key, Enforced.by_key, BY_USER),
    Case("aws.access-key", ("deny",), key, Enforced.by_key, BY_USER, EndState.CONTAINED),
    Case("aws.login-profile", ("revoke",), password, console, BY_USER),
    Case(
        "aws.login-profile",
        ("deny", "revoke"),
        password,
        lambda c, n: (console(c, n), by_user(c, "user:ada"))[0],
        BY_USER,
    ),  # fmt: skip
    Case("aws.login-session", ("deny",), login_of_user, token, BY_USER, EndState.CONTAINED),
    Case("aws.login-session", ("deny",), login_of_role, token, BY_ROLE, EndState.CONTAINED, ("role:deploy",)),
    Case("aws.role-session", ("revoke",), session_of_user, hop, {}, EndState.CONTAINED),
    Case("aws.role-session", ("revoke",), session_of_role, hop, {}, EndState.CONTAINED),
    Case("aws.role-session", ("revoke",), long_session_of_role, hop, {}, EndState.CONTAINED, own=True),
    Case("aws.user", ("deny",), user, by_user, BY_USER, EndState.CONTAINED),
    Case("aws.eks-access-entry", ("revoke",), entry, accepted),
    Case("aws.iot-certificate", ("deactivate",), thing, role_alias, names=("thing:probe",)),
    Case("aws.iot-certificate", ("revoke",), thing, role_alias, names=("thing:probe",)),
    Case("aws.rolesanywhere-certificate", ("revoke",), machine, anywhere, names=("cert:laptop",)),
    Case("aws.root-user", ("delete",), root, console_of_root, names=(f"root:{ACCOUNT}",)),
    Case("aws.ecr-token", (), _registry("ecr.amazonaws.com"), lambda *_: None, {}, EndState.IRREVOCABLE),
    Case(
        "aws.codeartifact-token", (), _registry("codeartifact.amazonaws.com"), lambda *_: None, {}, EndState.IRREVOCABLE
    ),  # fmt: skip
]
CHILDLESS = {
    "aws.ssh-public-key": ("SSHPublicKey", "APKA", {}),
    "aws.signing-certificate": ("SigningCertificate", "ASCA", {"CertificateBody": "-----BEGIN CERTIFICATE----- fake"}),
    "aws.service-specific-credential": ("ServiceSpecificCredential", "ACCA", {"ServiceName": "bedrock.amazonaws.com"}),
    "aws.mfa-device": ("MFADevice", "arn:aws:iam::111122223333:mfa/", {}),
}


def phases(kind: str, verbs: tuple[str, ...]) -> str:
    return "".join(
        f"  - {{name: p{n}, steps: [{{select: 'credential.kind == \"{kind}\"', verbs: [{verb}], wait: 60s}}]}}\n"
        for n, verb in enumerate(verbs)
    ) or "  - {name: p, steps: [{select: 'false', verbs: [revoke], wait: 1s}]}\n"  # fmt: skip


def run(cloud: Enforced, clock: Clock, folder: Path, kind: str, verbs: tuple[str, ...], names: tuple[str, ...]) -> Any:
    anchor = folder / "fleet.pem"
    more = {"rolesanywhere_crl": str(anchor), "rolesanywhere_trust_anchor": ARN} if anchor.exists() else {}
    if kind == "aws.root-user":
        more = {"root_profile": "management"}
    with serve(cloud) as url:
        book = BOOK.format(kinds=kind, after="[]", phases=phases(kind, verbs))
        return Run(cloud, url, folder, clock, book, names, **more).all()


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.id)
def test_the_report_says_to_the_second_until_when_something_works(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    management = tmp_path / "management"
    management.write_text(f"[management]\naws_access_key_id={MANAGEMENT}\naws_secret_access_key=fake-{'x' * 35}\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(management))
    clock = Clock()
    clock.step = 0.05
    cloud = Enforced(clock=clock.now, lag=timedelta(seconds=catalogue.kinds()[case.kind].death.seconds))
    for role in ("deploy", "hop"):
        cloud.role(role)
    what = case.make(cloud, Anchor(tmp_path / "fleet.pem"))
    clock.intruder = lambda: case.take(cloud, what)
    clock.sleep(1)
    row = catalogue.kinds()[case.kind]
    declared = {*row.read_permissions, *(p for v in case.verbs for p in row.permissions(Verb(v)))}
    cloud.rights = {*declared, "sts:GetCallerIdentity"}
    done = run(cloud, clock, tmp_path, case.kind, case.verbs, case.names)
    (one,) = done.credentials
    assert one.end_state is case.state, one.reason
    # each request was one of botocore's model, else the server had refused it
    assert {name.replace("sso-admin", "sso") for name, _ in cloud.asked} <= {*cloud.rights, *ROOT_MAY}
    cloud.stretch(clock, case.onward)
    until = parse_rfc3339(one.residual_until)

    def alive() -> bool:
        return any(map(cloud.works, cloud.children)) or (case.own and cloud.now() < cloud.children[0].ends)

    lives = {}
    for seconds in (-1, 0):
        clock.t = (until - START).total_seconds() + seconds
        lives[seconds] = alive()
    print(f"{case.id}: {one.end_state} until {one.residual_until} ({(until - START) / HOUR:.4f} h), works {lives}")
    assert lives == {-1: True, 0: False}


@pytest.mark.parametrize("kind", CHILDLESS)
def test_what_leaves_nothing_behind_is_dead_at_once(kind: str, tmp_path: Path) -> None:
    clock, (sort, prefix, facts) = Clock(), CHILDLESS[kind]
    cloud = Enforced(clock=clock.now, lag=timedelta(seconds=10))
    held = cloud.hold("ada", sort, prefix, **facts)
    (one,) = run(cloud, clock, tmp_path, kind, ("deactivate",), ("ada",)).credentials
    assert (one.end_state, one.residual_until) == (EndState.DEAD, "")
    assert cloud.now() >= cloud.honoured[held] + cloud.lag, "not before AWS refuses it everywhere"


def test_every_kind_that_iam_and_sts_stand_behind_is_in_the_table() -> None:
    named = {c.kind for c in CASES} | set(CHILDLESS)
    assert named <= set(catalogue.kinds())
    ours = {
        k.id
        for k in catalogue.kinds().values()
        if {"iam", "sts", "cloudtrail"} & {p.split(":")[0] for p in k.read_permissions}
    }
    # those of Identity Center are tried in a directory of theirs
    assert {k for k in ours if not k.startswith(("aws.sso-", "aws.account-", "aws.ssm-"))} <= named
