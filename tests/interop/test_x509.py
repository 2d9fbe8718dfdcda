"""Real nginx, real openssl and a real OpenBao PKI judge what the x509 provider does."""

from __future__ import annotations

import json
import os
import subprocess
import threading
import urllib.request

import pytest
from cryptography import x509

from rescind.errors import Denied, NotFound, Rejected, Unreachable
from rescind.models.clock import SystemClock
from rescind.models.credential import Credential
from rescind.models.kind import CallStatus, Liveness, Subject
from rescind.models.tenant import SecretRef, Tenant
from rescind.providers.x509 import _connect
from rescind.providers.x509 import client_cert as kind
from rescind.secret import Secret
from rescind.wire.pace import Pacer
from tests.counterparts import free_port, require, wait_url
from tests.interop import ca_world
from tests.interop.ca_world import OpensslCa, credential, openssl, status, until


@pytest.fixture
def ca(tmp_path):
    require("openssl")
    return OpensslCa(tmp_path)


@pytest.fixture
def nginx(ca):
    with ca_world.nginx(ca) as running:
        yield running


def test_nginx_refuses_the_revoked_client_after_the_reload_and_keeps_the_other(nginx):
    alice, bob = nginx.credential("alice"), nginx.credential("bob")
    assert (status(nginx, "alice"), status(nginx, "bob")) == (200, 200)
    client = nginx.client(reload=nginx.reload, propagation_seconds=5)
    assert kind.identify(client, alice, None).owner == "alice@example.com"
    assert kind.revoke(client, alice).status is CallStatus.DONE
    assert until(nginx, "alice", 400) == 400
    assert status(nginx, "bob") == 200
    assert kind.verify(client, alice).liveness is Liveness.DEAD
    assert kind.verify(client, bob).liveness is Liveness.LIVE
    assert nginx.refused("alice")
    assert not nginx.refused("bob")
    text = openssl("crl", "-in", "ca.crl", "-noout", "-text", "-CAfile", "ca.crt", cwd=nginx.d)
    assert "verify OK" in text.stderr
    assert "Key Compromise" in text.stdout
    assert f"{int(alice.attributes['serial'], 16):X}" in text.stdout
    blob = (nginx.d / "ca.crl").read_bytes()
    assert kind.revoke(client, alice).status is CallStatus.ALREADY
    assert (nginx.d / "ca.crl").read_bytes() == blob
    assert list(kind.enumerate(client, Subject(names=("alice@example.com",)))) == []


def test_a_failed_reload_is_not_called_dead_while_nginx_still_accepts(nginx):
    alice = nginx.credential("alice")
    broken = nginx.client(reload=("/bin/sh", "-c", "exit 7"), propagation_seconds=0)
    with pytest.raises(Unreachable, match="ended with 7"):
        kind.revoke(broken, alice)
    assert status(nginx, "alice") == 200
    assert kind.verify(broken, alice).liveness is Liveness.UNKNOWN


def test_openssl_goes_on_from_our_crl_and_index_without_unrevoking(ca):
    client = ca.client()
    kind.revoke(client, ca.credential("alice"))
    ours = x509.load_pem_x509_crl((ca.d / "ca.crl").read_bytes())
    openssl("ca", "-config", "ca.cnf", "-gencrl", "-out", "ca.crl", cwd=ca.d)
    theirs = x509.load_pem_x509_crl((ca.d / "ca.crl").read_bytes())
    numbers = [c.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number for c in (ours, theirs)]
    assert numbers[1] == numbers[0] + 1
    assert ca.refused("alice")
    assert kind.verify(client, ca.credential("alice")).liveness is Liveness.DEAD
    again = openssl("ca", "-config", "ca.cnf", "-revoke", "alice.crt", cwd=ca.d, check=False)
    assert "Already revoked" in again.stderr


def test_twenty_at_once_are_all_listed_and_openssl_agrees(ca):
    names = [f"user{i}" for i in range(20)]
    for cn in names:
        ca.issue(cn)
    failed = []

    def one(cn):
        try:
            kind.revoke(ca.client(), ca.credential(cn))
        except Exception as e:
            failed.append(e)

    threads = [threading.Thread(target=one, args=(cn,)) for cn in names]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert failed == []
    assert [cn for cn in names if not ca.refused(cn)] == []
    assert not ca.refused("bob")
    assert (ca.d / "index.txt").read_text().count("keyCompromise") == 20


def test_a_corrupt_crl_is_never_overwritten(ca):
    path = ca.d / "ca.crl"
    path.write_bytes(path.read_bytes()[:-60] + b"\n-----END X509 CRL-----\n")
    blob = path.read_bytes()
    with pytest.raises(Rejected):
        kind.revoke(ca.client(), ca.credential("alice"))
    with pytest.raises(Rejected):
        kind.verify(ca.client(), ca.credential("alice"))
    assert path.read_bytes() == blob


class Bao:
    def __init__(self, port, folder):
        self.url, self.d = f"http://127.0.0.1:{port}", folder

    def api(self, method, path, body=None, token="root"):
        data = json.dumps(body).encode() if body is not None else None
        req = urllib.request.Request(f"{self.url}/v1/{path}", data, {"X-Vault-Token": token}, method=method)
        with urllib.request.urlopen(req, timeout=10) as r:
            raw = r.read()
        return json.loads(raw) if raw else {}

    def issue(self, cn):
        data = self.api("POST", "pki/issue/r", {"common_name": cn})["data"]
        (self.d / f"{cn}.crt").write_text(data["certificate"])
        return credential(x509.load_pem_x509_certificate(data["certificate"].encode()))

    def client(self, token="root", **more):
        tenant = Tenant(
            name="pki",
            provider="x509",
            settings={"ca": "vault", "base_url": self.url, **more},
            refs={"token": SecretRef(env="T")},
        )
        return _connect.connect(tenant, lambda r: Secret(token), Pacer(1000, SystemClock()), write=True)

    def refused(self, cn):
        for file, path in (("ca.crt", "pki/ca/pem"), ("ca.crl", "pki/crl/pem")):
            (self.d / file).write_bytes(urllib.request.urlopen(f"{self.url}/v1/{path}", timeout=5).read())
        out = openssl(*f"verify -crl_check -CAfile ca.crt -CRLfile ca.crl {cn}.crt".split(), cwd=self.d, check=False)
        return "certificate revoked" in out.stderr if out.returncode else False


@pytest.fixture(scope="module")
def bao(tmp_path_factory):
    program, port, folder = require("bao"), free_port(), tmp_path_factory.mktemp("bao")
    env = {k: v for k, v in os.environ.items() if k not in {"VAULT_ADDR", "BAO_ADDR"}}
    process = subprocess.Popen(
        [
            program,
            "server",
            "-dev",
            "-dev-root-token-id=root",
            "-dev-no-store-token",
            f"-dev-listen-address=127.0.0.1:{port}",
        ],
        env={**env, "HOME": str(folder)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_url(f"http://127.0.0.1:{port}/v1/sys/health", process)
        made = Bao(port, folder)
        made.api("POST", "sys/mounts/pki", {"type": "pki"})
        made.api("POST", "pki/root/generate/internal", {"common_name": "Bao root", "ttl": "24h"})
        made.api(
            "POST",
            "pki/roles/r",
            {"allow_any_name": True, "enforce_hostnames": False, "client_flag": True, "ttl": "1h", "max_ttl": "2h"},
        )
        made.api(
            "PUT",
            "sys/policies/acl/reader",
            {"policy": 'path "pki/cert/*" { capabilities = ["read"] }\npath "pki/certs" { capabilities = ["list"] }'},
        )
        yield made
    finally:
        process.terminate()
        process.wait(10)


def test_openbao_revokes_and_its_crl_convinces_openssl(bao):
    ada, bob = bao.issue("ada@example.com"), bao.issue("bob")
    client = bao.client(propagation_seconds=0)
    assert client.identity().principal == "CN=Bao root"
    known = kind.identify(client, ada, None)
    assert (known.owner, known.identifier, known.liveness) == ("ada@example.com", ada.identifier, Liveness.LIVE)
    assert kind.verify(client, ada).liveness is Liveness.LIVE
    assert [k.identifier for k in kind.enumerate(client, Subject(names=("ada@example.com",)))] == [ada.identifier]
    assert kind.revoke(client, ada).status is CallStatus.DONE
    assert kind.verify(client, ada).liveness is Liveness.DEAD
    assert kind.verify(client, bob).liveness is Liveness.LIVE
    assert bao.refused("ada@example.com")
    assert not bao.refused("bob")
    assert kind.revoke(client, ada).status is CallStatus.ALREADY
    assert list(kind.enumerate(client, Subject(names=("ada@example.com",)))) == []


def test_openbao_crl_that_is_not_built_at_once_is_asked_for(bao):
    bao.api("POST", "pki/config/crl", {"auto_rebuild": True, "auto_rebuild_grace_period": "12h"})
    try:
        carol = bao.issue("carol")
        kind.revoke(bao.client(), carol)
        assert kind.verify(bao.client(), carol).liveness is Liveness.DEAD
    finally:
        bao.api("POST", "pki/config/crl", {"auto_rebuild": False})


def test_openbao_denied_is_denied_and_never_dead(bao):
    dave = bao.issue("dave")
    reader = bao.api("POST", "auth/token/create", {"policies": ["reader"]})["auth"]["client_token"]
    with pytest.raises(Denied):
        kind.revoke(bao.client(reader), dave)
    assert kind.verify(bao.client(reader), dave).liveness is Liveness.LIVE
    nobody = bao.client("hvs.not-a-token")  # reading one certificate and the CRL needs no token at all
    for fn in (kind.revoke, lambda c, _: list(kind.enumerate(c, Subject(names=("dave",))))):
        with pytest.raises(Denied):
            fn(nobody, dave)
    assert kind.verify(nobody, dave).liveness is Liveness.LIVE
    assert not bao.refused("dave")


def test_openbao_unknown_serial_and_wrong_mount_are_not_found(bao):
    erin = bao.issue("erin")
    ghost = Credential(kind=erin.kind, provider="x509", identifier="1234abcd@" + erin.identifier.split("@")[1])
    with pytest.raises(NotFound):
        kind.revoke(bao.client(), ghost)
    with pytest.raises(NotFound):
        kind.verify(bao.client(mount="nowhere"), erin)
