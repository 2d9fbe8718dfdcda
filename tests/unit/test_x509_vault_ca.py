"""A CA inside Vault: what it says badly is never taken for an answer."""

from __future__ import annotations

import json

import httpx
import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from rescind.errors import ConfigError, Denied, NotFound, Throttled, Unreachable, Unrecognised
from rescind.models.kind import CallStatus, Liveness, Subject
from rescind.models.tenant import SecretRef, Tenant
from rescind.providers.x509 import _connect
from rescind.providers.x509 import client_cert as kind
from rescind.providers.x509._authority import CaClient
from rescind.providers.x509._vault import VaultAuthority, colon
from rescind.secret import Secret
from rescind.wire.http import Http
from rescind.wire.pace import Pacer
from tests.unit._x509 import At, Ca


class Engine:
    """The PKI engine's answers, as OpenBao 2.x gives them; `broken` replaces some."""

    def __init__(self, ca, serial):
        self.ca, self.serial, self.revoked, self.calls, self.broken = ca, serial, False, [], {}
        ca.archive(serial, "ada", ("ada@example.com",))
        self.pem = (ca.folder / "new" / f"{serial:04X}.pem").read_text()

    def __call__(self, request):
        path = request.url.path.removeprefix("/v1/pki/")
        self.calls.append(f"{request.method} {path}")
        if path in self.broken:
            return self.broken[path]
        if path == "ca/pem":
            return httpx.Response(200, content=self.ca.cert.public_bytes(Encoding.PEM))
        if path == "crl/pem":
            crl = self.ca.crl((self.serial,) if self.revoked else ())
            return httpx.Response(200, content=crl.public_bytes(Encoding.PEM))
        if path == f"cert/{colon(f'{self.serial:x}')}":
            at = (
                {"revocation_time": 1, "revocation_time_rfc3339": "2026-11-23T11:00:00Z"}
                if self.revoked
                else {"revocation_time": 0, "revocation_time_rfc3339": ""}
            )
            return httpx.Response(200, json={"data": {"certificate": self.pem, **at}})
        if path == "certs":
            return httpx.Response(200, json={"data": {"keys": [colon(f"{self.serial:x}")]}})
        if path == "revoke":
            assert json.loads(request.content) == {"serial_number": "10:00"}
            self.revoked = True
            return httpx.Response(200, json={"data": {"revocation_time": 1, "state": "revoked"}})
        return httpx.Response(404, json={"errors": []})


@pytest.fixture
def engine(tmp_path):
    return Engine(Ca(tmp_path), 0x1000)


@pytest.fixture
def client(engine):
    clock = At()
    http = Http("http://127.0.0.1:8200", pacer=Pacer(1000, clock), transport=httpx.MockTransport(engine))
    return CaClient(tenant=Tenant(name="pki", provider="x509"), authority=VaultAuthority(http, "pki"), clock=clock)


def test_the_round(engine, client):
    ada = engine.ca.credential(0x1000)
    assert kind.identify(client, ada, None).owner == "ada@example.com"
    assert kind.verify(client, ada).liveness is Liveness.LIVE
    assert kind.revoke(client, ada).status is CallStatus.DONE
    assert kind.verify(client, ada).liveness is Liveness.DEAD
    assert kind.revoke(client, ada).status is CallStatus.ALREADY
    assert engine.calls.count("POST revoke") == 1


FAULTS = {
    "401": (httpx.Response(401, json={"errors": ["x"]}), Denied),
    "403": (httpx.Response(403, json={"errors": ["permission denied"]}), Denied),
    "404": (httpx.Response(404, json={"errors": ["no handler for route"]}), NotFound),
    "429": (httpx.Response(429, headers={"Retry-After": "3"}, json={}), Throttled),
    "500": (httpx.Response(500, json={"errors": []}), Unreachable),
    "503": (httpx.Response(503, json={"errors": ["Vault is sealed"]}), Unreachable),
    "html": (httpx.Response(200, html="<html>login</html>"), Unrecognised),
    "broken": (httpx.Response(200, content=b'{"data": {'), Unrecognised),
    "list": (httpx.Response(200, json=[1]), Unrecognised),
    "empty": (httpx.Response(200), Unrecognised),
    "null": (httpx.Response(200, json={"data": None}), Unrecognised),
}


@pytest.mark.parametrize("path", ["crl/pem", "ca/pem"])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_reading_is_typed_and_never_dead(engine, client, path, fault):
    engine.revoked = True
    engine.broken[path], error = FAULTS[fault]
    with pytest.raises(error):
        kind.verify(client, engine.ca.credential(0x1000))


@pytest.mark.parametrize("path", ["revoke", "cert/10:00", "certs"])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_answer_to_an_action_or_a_record_is_typed(engine, client, path, fault):
    engine.broken[path], error = FAULTS[fault]
    ada = engine.ca.credential(0x1000)
    with pytest.raises(error):
        list(kind.enumerate(client, Subject(names=("ada@example.com",)))) if path == "certs" else kind.revoke(
            client, ada
        )


def test_a_crl_signed_by_somebody_else_is_not_believed(engine, client, tmp_path):
    other = tmp_path / "o"
    other.mkdir()
    forged = engine.ca.crl((0x1000,), key=Ca(other).key)
    engine.broken["crl/pem"] = httpx.Response(200, content=forged.public_bytes(Encoding.PEM))
    with pytest.raises(Unrecognised):
        kind.verify(client, engine.ca.credential(0x1000))


def test_a_record_of_another_issuer_in_the_mount_is_not_ours(engine, client, tmp_path):
    other = tmp_path / "o"
    other.mkdir()
    engine.pem = Engine(Ca(other), 0x1000).pem
    with pytest.raises(NotFound, match="another CA"):
        kind.identify(client, engine.ca.credential(0x1000), None)
    with pytest.raises(NotFound):
        kind.revoke(client, engine.ca.credential(0x1000))
    assert list(kind.enumerate(client, Subject(names=("ada@example.com",)))) == []


def test_an_empty_listing_is_empty_and_a_missing_mount_is_an_error(engine, client):
    engine.broken["certs"] = httpx.Response(404, json={"errors": []})
    assert list(kind.enumerate(client, Subject(names=("ada",)))) == []
    engine.broken["certs"] = httpx.Response(404, json={"errors": ['no handler for route "pki/certs"']})
    with pytest.raises(NotFound):
        list(kind.enumerate(client, Subject(names=("ada",))))


def test_a_crl_that_may_not_be_rotated_is_said_and_stays_live(engine, client):
    engine.broken["crl/pem"] = httpx.Response(200, content=engine.ca.crl().public_bytes(Encoding.PEM))
    engine.broken["crl/rotate"] = httpx.Response(403, json={"errors": ["permission denied"]})
    ada = engine.ca.credential(0x1000)
    assert "may not be rotated" in kind.revoke(client, ada).notes["crl"]
    assert kind.verify(client, ada).liveness is Liveness.LIVE


@pytest.mark.parametrize("serial", ["0", "f", "10", "7fffffffffffffffffffffffffffffffffffffff"])
def test_serials_as_vault_writes_them(serial):
    assert int(colon(serial).replace(":", ""), 16) == int(serial, 16)
    assert all(len(p) == 2 for p in colon(serial).split(":"))


@pytest.mark.parametrize("wrong", [{"base_url": ""}, {"mount": "../sys"}, {"mount": "a//b"}])
def test_settings_that_cannot_be_used(wrong):
    settings = {"ca": "vault", "base_url": "http://127.0.0.1:1", **wrong}
    tenant = Tenant(name="pki", provider="x509", settings=settings, refs={"token": SecretRef(env="T")})
    with pytest.raises(ConfigError):
        _connect.connect(tenant, lambda r: Secret("t"), Pacer(10, At()), write=False)


def test_the_write_token_is_used_only_for_writing():
    tenant = Tenant(
        name="pki",
        provider="x509",
        settings={"ca": "vault", "base_url": "http://127.0.0.1:1"},
        refs={"token": SecretRef(env="R")},
        write_refs={"token": SecretRef(env="W")},
    )
    asked = []

    def resolve(ref):
        asked.append(ref.env)
        return Secret("t")

    for write in (False, True):
        _connect.connect(tenant, resolve, Pacer(10, At()), write=write)
    assert asked == ["R", "W"]
