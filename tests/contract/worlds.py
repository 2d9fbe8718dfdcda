"""For each kind behind HTTP, a provider to break: how a credential is made there, and whether it still lives."""

from __future__ import annotations

import functools
import json
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from rescind import catalogue
from rescind.models.credential import Credential
from rescind.models.kind import Kind, Known, Subject
from rescind.models.tenant import SecretRef, Tenant
from rescind.secret import Secret
from rescind.wire.pace import Pacer
from tests.interop import aws_trail, aws_world, bao_world, center_cloud, sso_world
from tests.interop.aws_cloud import ACCOUNT, MANAGEMENT, FakeAws
from tests.interop.aws_model import serve
from tests.interop.center_cloud import Center
from tests.interop.rotation_world import bao_role, logs_in, secret_id
from tests.unit.wire_clock import FakeClock


@dataclass(frozen=True)
class Held:
    """One living credential: as found on the machine, with its value where it has one, and a question put to the provider itself."""

    found: Credential
    secret: Secret | None
    lives: Callable[[], bool]


@dataclass(frozen=True)
class World:
    """A provider. `connect(url)` gives a client that goes through `url`; `secrets` must never show up anywhere."""

    kind: Kind
    target: str
    connect: Callable[[str], Any]
    make: Callable[[], Held]
    subject: Subject
    secrets: Callable[[], set[str]]
    alone: bool = False
    """There is only ever one, so none is a bystander."""


class ScriptedVault:
    """Ours: answers the token endpoints as OpenBao 2.7.2 was seen to. The interop tests hold the two together."""

    def __init__(self) -> None:
        self.tokens: dict[str, dict[str, Any]] = {}
        self._lock = threading.Lock()
        self.root = self.make("auth/token/create")

    def make(self, path: str, entity: str = "") -> dict[str, Any]:
        accessor = secrets.token_urlsafe(18)
        made = {
            "accessor": accessor, "creation_time": 1795442407, "display_name": "token", "entity_id": entity, "expire_time": "2026-12-25T14:00:08.644990542Z",
            "id": "s." + secrets.token_urlsafe(18), "issue_time": "2026-11-23T14:00:08.644996453Z", "meta": None, "orphan": True, "path": path, "policies": ["default"], "type": "service",
        }  # fmt: skip
        with self._lock:
            self.tokens[accessor] = made
        return made

    def answer(self, token: str, method: str, path: str, body: dict[str, Any]) -> tuple[int, Any]:
        with self._lock:
            by_value = {t["id"]: t for t in self.tokens.values()}
            if path == "/v1/sys/health?standbyok=true&perfstandbyok=true":
                return 200, {"cluster_id": "cluster-1", "cluster_name": "scripted"}
            if token not in by_value:
                return 403, {"errors": ["permission denied"]}
            return self._for_known(by_value, token, path, body)

    def _for_known(self, by_value: dict[str, Any], token: str, path: str, body: dict[str, Any]) -> tuple[int, Any]:
        invalid = 400, {"errors": ["1 error occurred:\n\t* invalid accessor\n\n"]}
        shown = self.tokens.get(body.get("accessor", ""))
        match path.removeprefix("/v1/auth/token/"):
            case "lookup-self":
                return 200, {"data": by_value[token]}
            case "lookup":
                known = by_value.get(body["token"] or token)
                return (200, {"data": known}) if known else (403, {"errors": ["bad token"]})
            case "lookup-accessor":
                return (200, {"data": {**shown, "id": ""}}) if shown else invalid
            case "revoke-accessor":
                gone = self.tokens.pop(body["accessor"], None)
                return (204, None) if gone else (200, {"data": None, "warnings": ["No token found with this accessor"]})
            case "accessors?list=true":
                return 200, {"data": {"keys": list(self.tokens)}, "warnings": None}
        if path.startswith("/v1/identity/entity/id/"):
            name = path.rpartition("-")[2]
            return 200, {"data": {"name": "entity_0a1b2c3d", "aliases": [{"name": name}]}}
        return 404, {"errors": []}


@contextmanager
def scripted_vault(_: Path) -> Iterator[World]:
    """The scripted server behind HTTP."""
    vault = ScriptedVault()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, answer = vault.answer(
                self.headers.get("X-Vault-Token", ""), self.command, self.path, json.loads(body or b"{}")
            )
            raw = b"" if answer is None else json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        do_GET = do_POST

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    url = f"http://127.0.0.1:{server.server_address[1]}"

    def make() -> Held:
        token = vault.make("auth/userpass/login/ada", "ent-ada")
        found = Credential(kind="vault.token", provider="vault", fingerprint="hmac-sha256:00")
        return Held(found, Secret(token["id"]), lambda: token["accessor"] in vault.tokens)

    def client(through: str) -> Any:
        return bao_world.Bao(through, Path()).client(token=vault.root["id"], clock=FakeClock())

    vault.make("auth/userpass/login/bob", "ent-bob")
    yield World(
        catalogue.kinds()["vault.token"],
        url,
        client,
        make,
        Subject(names=("ada",)),
        lambda: {t["id"] for t in vault.tokens.values()},
    )
    server.shutdown()
    server.server_close()


@contextmanager
def real_openbao(home: Path) -> Iterator[World]:
    """The real server, for the same kind."""
    with bao_world.start(home) as bao:
        bao.ask("POST", "sys/auth/userpass", {"type": "userpass"})
        for name in ("ada", "bob"):
            bao.ask("POST", f"auth/userpass/users/{name}", {"password": "pw-fake", "token_policies": "default"})
        bao.ask("POST", "auth/userpass/login/bob", {"password": "pw-fake"})
        given: set[str] = set()

        def make() -> Held:
            _, answer = bao.ask("POST", "auth/userpass/login/ada", {"password": "pw-fake"})
            token = answer["auth"]["client_token"]
            given.add(token)
            found = Credential(kind="vault.token", provider="vault", fingerprint="hmac-sha256:00")
            return Held(found, Secret(token), lambda: bao.works(token))

        def client(through: str) -> Any:
            return bao_world.Bao(through, bao.log).client(clock=FakeClock())

        yield World(catalogue.kinds()["vault.token"], bao.url, client, make, Subject(names=("ada",)), lambda: given)


@contextmanager
def openbao_pki(home: Path) -> Iterator[World]:
    """Client certificates of the real server's PKI engine."""
    from cryptography import x509

    from rescind.providers.x509._authority import issuer_tag
    from rescind.providers.x509._connect import connect

    with bao_world.start(home) as bao:
        bao.ask("POST", "sys/mounts/pki", {"type": "pki"})
        bao.ask("POST", "pki/root/generate/internal", {"common_name": "Test root", "ttl": "24h"})
        bao.ask(
            "POST",
            "pki/roles/r",
            {"allow_any_name": True, "enforce_hostnames": False, "client_flag": True, "ttl": "1h", "max_ttl": "2h"},
        )
        bao.ask("POST", "pki/issue/r", {"common_name": "bob"})
        made: set[str] = {bao.new()["client_token"]}
        operator = bao.new(policies=["root"])["client_token"]
        made.add(operator)

        def make() -> Held:
            _, answer = bao.ask("POST", "pki/issue/r", {"common_name": "ada"})
            cert = x509.load_pem_x509_certificate(answer["data"]["certificate"].encode())
            serial = answer["data"]["serial_number"]
            found = Credential(
                kind="x509.client-cert",
                provider="x509",
                identifier=f"{cert.serial_number:x}@{issuer_tag(cert.issuer)}",
                owner="ada",
            )
            return Held(found, None, lambda: not bao.ask("GET", f"pki/cert/{serial}")[1]["data"]["revocation_time"])

        def client(through: str) -> Any:
            tenant = Tenant(
                name="pki",
                provider="x509",
                settings={"ca": "vault", "base_url": through},
                refs={"token": SecretRef(env="T")},
            )
            return connect(tenant, lambda _: Secret(operator), Pacer(1000, FakeClock()), write=True)

        yield World(catalogue.kinds()["x509.client-cert"], bao.url, client, make, Subject(names=("ada",)), lambda: made)


@contextmanager
def ministack(_: Path) -> Iterator[World]:
    """Access keys in an AWS double that enforces."""
    from rescind.providers.aws._connect import connect

    aws = aws_world.start()
    try:
        given: set[str] = set()
        users = iter(range(10**6))
        aws.make_user("ada")
        standing = aws.make_key("ada")
        aws.make_key(aws.make_user("bob"))
        given.add(standing[1])

        def make() -> Held:
            key, secret = aws.make_key(aws.make_user(f"ada-{next(users)}"))
            given.add(secret)
            user = aws.client("iam").get_access_key_last_used(AccessKeyId=key)["UserName"]
            found = Credential(kind="aws.access-key", provider="aws", identifier=key, owner=user)
            return Held(found, Secret(secret), lambda: aws.works(key, secret))

        def client(through: str) -> Any:
            tenant, values = replace(aws, endpoint=through).tenant()
            return connect(tenant, lambda ref: values[ref.env], Pacer(1000, FakeClock()), write=True)

        yield World(
            catalogue.kinds()["aws.access-key"], aws.endpoint, client, make, Subject(names=("ada",)), lambda: given
        )
    finally:
        aws.stop()


@contextmanager
def ministack_sessions(_: Path) -> Iterator[World]:
    """Sessions of roles in the same double; what CloudTrail says of them is ours, behind the same address."""
    from rescind.providers.aws._connect import connect

    aws = aws_world.start()
    try:
        with aws_trail.front(aws) as trail:
            given: set[str] = set()
            roles = iter(range(10**6))
            ada, bob = (aws.make_key(aws.make_user(name)) for name in ("ada", "bob"))
            trail.assume(bob, trail.role("bobs"), "bob")

            def make() -> Held:
                session = trail.assume(ada, trail.role(f"role-{next(roles)}"), "ada")
                given.update(session.value[1:])
                found = Credential(kind="aws.role-session", provider="aws", identifier=session.id)
                return Held(found, Secret(session.token), lambda: aws.works(*session.value))

            def client(through: str) -> Any:
                tenant, values = replace(aws, endpoint=through).tenant()
                return connect(tenant, lambda ref: values[ref.env], Pacer(1000, FakeClock()), write=True)

            yield World(
                catalogue.kinds()["aws.role-session"], trail.url, client, make, Subject(names=("ada",)), lambda: given
            )
    finally:
        aws.stop()


@contextmanager
def ministack_users(_: Path) -> Iterator[World]:
    """IAM users as a whole in the same double; each lives as long as its key opens something."""
    from rescind.providers.aws._connect import connect

    aws = aws_world.start()
    try:
        given: set[str] = set()
        users = iter(range(10**6))
        aws.make_user("ada")
        aws.make_user("bob")

        def make() -> Held:
            user = aws.make_user(f"ada-{next(users)}")
            key, secret = aws.make_key(user)
            given.add(secret)
            arn = aws.client("iam").get_user(UserName=user)["User"]["Arn"]
            found = Credential(kind="aws.user", provider="aws", identifier=arn, owner=user)
            return Held(found, None, lambda: aws.works(key, secret))

        def client(through: str) -> Any:
            tenant, values = replace(aws, endpoint=through).tenant()
            return connect(tenant, lambda ref: values[ref.env], Pacer(1000, FakeClock()), write=True)

        yield World(catalogue.kinds()["aws.user"], aws.endpoint, client, make, Subject(names=("ada",)), lambda: given)
    finally:
        aws.stop()


@contextmanager
def identity_center(_: Path) -> Iterator[World]:
    """Users of moto's IAM Identity Center; each lives as long as a permission set of theirs does not deny them in effect."""
    from rescind.providers.aws._connect import connect

    aws = aws_world.start_moto()
    try:
        with sso_world.front(aws) as center:
            users = iter(range(10**6))
            shared = center.permission_set("shared", sso_world.ALLOW)
            _, store = center.instance()
            center.assign(center.user("ada"), shared)
            center.assign(center.user("bob"), shared)

            def make() -> Held:
                name = f"ada-{next(users)}"
                user_id = center.user(name)
                center.assign(user_id, shared)
                found = Credential(
                    kind="aws.sso-session", provider="aws", identifier=f"{store}/{user_id}", owner=f"sso:{name}"
                )
                return Held(found, None, lambda: not center.cut(user_id, shared))

            def client(through: str) -> Any:
                tenant, values = replace(aws, endpoint=through).tenant()
                return connect(tenant, lambda ref: values[ref.env], Pacer(1000, FakeClock()), write=True)

            yield World(
                catalogue.kinds()["aws.sso-session"],
                center.url,
                client,
                make,
                Subject(names=("sso:ada",)),
                lambda: set(),
            )
    finally:
        aws.stop()


@contextmanager
def openbao_entities(home: Path) -> Iterator[World]:
    """Entities of the real server, each with a living token."""
    with bao_world.start(home) as bao:
        bao.ask("POST", "sys/auth/userpass", {"type": "userpass"})
        given: set[str] = set()
        users = iter(range(10**6))

        def make(name: str = "") -> Held:
            name = name or f"ada-{next(users)}"
            bao.ask("POST", f"auth/userpass/users/{name}", {"password": "pw-fake", "token_policies": "default"})
            _, answer = bao.ask("POST", f"auth/userpass/login/{name}", {"password": "pw-fake"})
            token, entity = answer["auth"]["client_token"], answer["auth"]["entity_id"]
            given.add(token)
            found = Credential(kind="vault.entity", provider="vault", identifier=entity)
            return Held(found, None, lambda: bao.works(token))

        def client(through: str) -> Any:
            return bao_world.Bao(through, bao.log).client(clock=FakeClock())

        make("ada")
        yield World(catalogue.kinds()["vault.entity"], bao.url, client, make, Subject(names=("ada",)), lambda: given)


@contextmanager
def openbao_approle(home: Path) -> Iterator[World]:
    """Secret ids of an AppRole of the real server."""
    with bao_world.start(home) as bao:
        role_id = bao_role(bao, "ada")
        secret_id(bao, "ada")
        given: set[str] = set()

        def make() -> Held:
            _, value = secret_id(bao, "ada")
            given.add(value)
            found = Credential(kind="vault.approle-secret-id", provider="vault", subject="approle/ada")
            return Held(found, Secret(value), lambda: logs_in(bao, role_id, value))

        def client(through: str) -> Any:
            return bao_world.Bao(through, bao.log).client(clock=FakeClock())

        subject = Subject(names=("ada", "approle/ada"))
        yield World(catalogue.kinds()["vault.approle-secret-id"], bao.url, client, make, subject, lambda: given)


def modelled(kind: str, sort: str, prefix: str, **facts: str) -> Callable[[Path], Any]:
    """What IAM users have beside keys, in a server of ours made of botocore's model; each of a user of its own."""

    @contextmanager
    def world(_: Path) -> Iterator[World]:
        aws = FakeAws()
        users = iter(range(10**6))

        def give(name: str) -> str:
            if sort:
                return aws.hold(name, sort, prefix, **facts)
            aws.user(name).password = aws.now()
            return f"password:{aws.users[name].arn}"

        def make() -> Held:
            name = f"ada-{next(users)}"
            found = Credential(kind=kind, provider="aws", identifier=give(name), owner=name)

            def lives() -> bool:
                user = aws.users[name]
                there = user.held[sort].get(found.identifier) if sort else user.password
                ended = isinstance(there, dict) and there.get("Status") == "Inactive"
                return bool(there) and not ended and not aws.denied(name)

            return Held(found, None, lives)

        give("ada")
        give("bob")
        with serve(aws) as url:
            yield World(catalogue.kinds()[kind], url, aws.client, make, Subject(names=("ada",)), lambda: set())

    return world


@contextmanager
def root_users(folder: Path) -> Iterator[World]:
    """The root user of an account, in the same server; the profile that may assume it is in a file of its own."""
    aws, file = FakeAws(), folder / "management"
    file.write_text(f"[management]\naws_access_key_id = {MANAGEMENT}\naws_secret_access_key = fake-{'x' * 35}\n")
    kind = catalogue.kinds()["aws.root-user"]

    def make() -> Held:
        aws.root_has(AccessKey=False, SigningCertificate=False)  # one request ends it, which a fault can then strike
        name = f"root:{ACCOUNT}"
        held = Credential(kind=kind.id, provider="aws", identifier=name, owner=name)
        return Held(held, None, lambda: bool(aws.root.password or any(aws.root.held.values())))

    make()
    with pytest.MonkeyPatch.context() as patch, serve(aws) as url:
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
        client = functools.partial(aws.client, root_profile="management")
        yield World(kind, url, client, make, Subject(names=(f"root:{ACCOUNT}",)), lambda: set(), alone=True)


@contextmanager
def sign_ins(_: Path) -> Iterator[World]:
    """Sign-ins of `aws login`, as CloudTrail shows them, in the same server."""
    aws = FakeAws()
    users = iter(range(10**6))

    def make(name: str = "") -> Held:
        name = name or f"ada-{next(users)}"
        aws.tell("CreateOAuth2Token", aws.as_user(name), source="signin.amazonaws.com")
        found = Credential(
            kind="aws.login-session", provider="aws", identifier=f"login:{aws.users[name].arn}", owner=name
        )
        return Held(found, None, lambda: not aws.users[name].policies)

    make("ada")
    make("bob")
    with serve(aws) as url:
        row = catalogue.kinds()["aws.login-session"]
        yield World(row, url, aws.client, make, Subject(names=("ada",)), lambda: set())


@contextmanager
def eks_entries(_: Path) -> Iterator[World]:
    """Access entries of one cluster in the same server, each of a user of its own."""
    aws = FakeAws()
    users = iter(range(10**6))

    def make(name: str = "") -> Held:
        name = name or f"ada-{next(users)}"
        arn = aws.user(name).arn
        found = Credential(
            kind="aws.eks-access-entry", provider="aws", identifier=aws.admit("prod", arn), owner=name, subject=arn,
            attributes={"region": "us-east-1", "cluster": "prod"},
        )  # fmt: skip
        return Held(found, None, lambda: arn in aws.tables["eks"]["prod"]["entries"])

    make("ada")
    make("bob")
    with serve(aws) as url:
        row = catalogue.kinds()["aws.eks-access-entry"]
        yield World(row, url, aws.client, make, Subject(names=("ada",)), lambda: set())


@contextmanager
def things(_: Path) -> Iterator[World]:
    """Certificates of things in the same server, each of a thing of its own."""
    aws = FakeAws()
    numbers = iter(range(10**6))

    def make(name: str = "") -> Held:
        name = name or f"probe-{next(numbers)}"
        found = Credential(
            kind="aws.iot-certificate", provider="aws", identifier=aws.thing(name), owner=f"thing:{name}",
            attributes={"region": "us-east-1"},
        )  # fmt: skip
        return Held(found, None, lambda: aws.tables["certificates"][found.identifier] == "ACTIVE")

    make("ada")
    make("bob")
    with serve(aws) as url:
        row = catalogue.kinds()["aws.iot-certificate"]
        yield World(row, url, aws.client, make, Subject(names=("thing:ada",)), lambda: set())


def centered(kind: str) -> Callable[[Path], Any]:
    """Return a world of one kind of IAM Identity Center, in a server made of botocore's models."""

    @contextmanager
    def world(_: Path) -> Iterator[World]:
        aws = Center(tables={"aam": True})
        people = iter(range(10**6))
        shared, other = aws.permission_set("shared", inline=sso_world.ALLOW), aws.permission_set("other")
        team = aws.group("team")
        if kind == "aws.sso-group-membership":  # else one request ends it, which a fault can then strike
            aws.assign(team, other, kind="GROUP")

        def make(name: str = "") -> Held:
            name = name or f"ada-{next(people)}"
            user = aws.person(name)
            aws.assign(user, shared, "222233334444")
            aws.members[team, user] = center_cloud.uid(f"member {name}")
            granted = aws.entitle("deploy", userId=user)
            first = aws.mint(user, "222233334444", shared)
            rest, lives = {
                "aws.sso-user": ("", lambda: aws.works(first)),
                "aws.sso-assignment": (
                    f"/{shared.rpartition('/')[2]}",
                    lambda: (first.account, shared) in aws.holds(user),
                ),
                "aws.sso-group-membership": (f"/{team}", lambda: (team, user) in aws.members),
                "aws.account-access-entitlement": (f"/{granted}", lambda: granted in aws.entitled),
            }[kind]
            identifier = f"{center_cloud.STORE}/{user}{rest}"
            return Held(Credential(kind=kind, provider="aws", identifier=identifier, owner=f"sso:{name}"), None, lives)

        make("ada")
        make("bob")
        with serve(aws) as url:
            row = catalogue.kinds()[kind]
            yield World(row, url, aws.client, make, Subject(names=("sso:ada",)), lambda: set())

    return world


WORLDS: dict[str, Callable[[Path], Any]] = {
    "vault.token/scripted": scripted_vault,
    "vault.token/openbao": real_openbao,
    "x509.client-cert/openbao": openbao_pki,
    "aws.access-key/ministack": ministack,
    "aws.role-session/ministack": ministack_sessions,
    "aws.user/ministack": ministack_users,
    "aws.sso-session/moto": identity_center,
    "aws.sso-user/model": centered("aws.sso-user"),
    "aws.sso-assignment/model": centered("aws.sso-assignment"),
    "aws.sso-group-membership/model": centered("aws.sso-group-membership"),
    "aws.account-access-entitlement/model": centered("aws.account-access-entitlement"),
    "aws.login-session/model": sign_ins,
    "aws.eks-access-entry/model": eks_entries,
    "aws.iot-certificate/model": things,
    "aws.login-profile/model": modelled("aws.login-profile", "", ""),
    "aws.root-user/model": root_users,
    "aws.ssh-public-key/model": modelled("aws.ssh-public-key", "SSHPublicKey", "APKA"),
    "aws.service-specific-credential/model": modelled(
        "aws.service-specific-credential", "ServiceSpecificCredential", "ACCA", ServiceName="bedrock.amazonaws.com"
    ),
    "aws.mfa-device/model": modelled("aws.mfa-device", "MFADevice", "arn:aws:iam::111122223333:mfa/"),
    "aws.signing-certificate/model": modelled(
        "aws.signing-certificate", "SigningCertificate", "ASCA", CertificateBody="-----BEGIN CERTIFICATE----- fake"
    ),
    "vault.entity/openbao": openbao_entities,
    "vault.approle-secret-id/openbao": openbao_approle,
}
NOT_HTTP = {"keychain.item", "file.secret", "ssh.user-key", "ssh.user-cert", "aws.ecr-token", "aws.codeartifact-token",
            "aws.rolesanywhere-certificate", "aws.account-access-group-role"}  # fmt: skip
"""Kinds of this machine, and those that nothing ends or shows: no wire, no faults on it. A list of revoked certificates ends all that
are in it, so none of them is a bystander: its faults are in tests/interop/test_aws_rolesanywhere.py."""


def identifiers(items: list[Any]) -> set[str]:
    """Return the identifiers that a listing gave."""
    return {i.identifier for i in items if isinstance(i, Known)}
