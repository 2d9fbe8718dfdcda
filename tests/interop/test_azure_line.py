"""A lost laptop with Azure's keys on it, and a person who leaves: through the whole line, at a simulator of ours of Azure Resource Manager."""

from __future__ import annotations

import base64
import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from rescind import engine
from rescind.audit.log import open_log
from rescind.audit.signer import load_signer
from rescind.engine import start
from rescind.models.config import Config
from rescind.models.credential import EndState
from rescind.models.plan import Case
from rescind.models.tenant import SecretRef, Tenant
from rescind.pipeline import session
from rescind.providers.azure import _connect
from rescind.schema.playbook import load_playbook
from rescind.secret import Secret
from rescind.wire.http import Http
from tests.contract.test_end_states import JumpClock
from tests.contract.worlds_azure import ADA
from tests.contract.worlds_by_value import served
from tests.interop.azure_world import BUS, COSMOS, SUFFIX, TENANT, TOKEN, Arm, breaches


def _certificate() -> tuple[bytes, bytes]:
    """Return a client certificate as AKS makes one for its local admin, and its key."""
    import datetime

    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "system:masters"), x509.NameAttribute(x509.NameOID.COMMON_NAME, "masterclient")])  # fmt: skip
    start_, end = datetime.datetime(2026, 1, 1), datetime.datetime(2028, 1, 1)
    built = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = built.serial_number(77).not_valid_before(start_).not_valid_after(end).sign(key, hashes.SHA256())
    return made.public_bytes(serialization.Encoding.PEM), key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


class Laptop:
    """Ada's laptop and what it opens in Azure, with everything on one clock that jumps instead of waiting."""

    def __init__(self, folder: Path) -> None:
        self.clock = JumpClock()
        self.arm = arm = Arm(self.clock.now)
        self.account, self.registry = arm.account("stcontosoada"), arm.registry("contosoreg")
        self.token, self.other = arm.token(self.registry, ADA, name="ada-ci"), arm.token(self.registry, "bob@x.example")
        self.cluster = arm.cluster("prod")
        self.certificate = arm.certificate(self.cluster)
        self.namespace = arm.resource(BUS, "contosobus")
        self.rule = arm.rule(self.namespace)
        self.cosmos = arm.resource(COSMOS, "contoso-db")
        self.sas = arm.delegate(self.account)
        self.home, self.state = folder / "home", folder / "state"
        self._home()

    def _home(self) -> None:
        host = f"contosoreg{SUFFIX}"
        admin = self.arm.keys[self.registry]["password"]
        login = lambda user, value: {"auth": base64.b64encode(f"{user}:{value}".encode()).decode()}  # noqa: E731
        docker = {
            host: login("contosoreg", admin),
            f"https://{host}/v2/": login("ada-ci", "fake-token-horse-battery-0001"),
        }
        (self.home / ".docker").mkdir(parents=True)
        (self.home / ".docker" / "config.json").write_text(json.dumps({"auths": {host: docker[host]}}))
        (self.home / ".dockercfg").write_text(json.dumps({host: docker[f"https://{host}/v2/"]}))
        cert, key = map(base64.b64encode, _certificate())
        authority = base64.b64encode(self.arm.authorities[self.cluster].encode()).decode()
        server = f"https://{self.arm.rows[self.cluster]['properties']['fqdn']}:443"
        (self.home / ".kube").mkdir()
        (self.home / ".kube" / "config").write_text(
            f"apiVersion: v1\nkind: Config\nclusters:\n- name: prod\n  cluster: {{certificate-authority-data: {authority}, server: '{server}'}}\n"
            "contexts:\n- name: prod-admin\n  context: {cluster: prod, user: clusterAdmin_rg-1_prod}\nusers:\n- name: clusterAdmin_rg-1_prod\n"
            f"  user: {{client-certificate-data: {cert.decode()}, client-key-data: {key.decode()}}}\n"
        )
        rule, cosmos = self.arm.keys[self.rule]["primaryKey"], self.arm.keys[self.cosmos]["primaryMasterKey"]
        strings = {
            "Storage": f"DefaultEndpointsProtocol=https;AccountName=stcontosoada;AccountKey={self.arm.value(self.account)};EndpointSuffix=core.windows.net",
            "Bus": f"Endpoint=sb://contosobus.servicebus.windows.net/;SharedAccessKeyName=RootManageSharedAccessKey;SharedAccessKey={rule}",
            "Cosmos": f"AccountEndpoint=https://contoso-db.documents.azure.com:443/;AccountKey={cosmos};",
        }
        (self.home / "src" / "app").mkdir(parents=True)
        (self.home / "src" / "app" / "appsettings.json").write_text(json.dumps({"ConnectionStrings": strings}))

    def run(self, url: str, playbook: str, case: Case) -> Any:
        settings = {"tenant_id": TENANT, "base_url": url}
        tenant = Tenant(name="contoso", provider="azure", settings=settings, refs={"token": SecretRef(env="T")}, rate=1000.0)  # fmt: skip
        mapped = (self.account, self.registry, self.cosmos)
        config = Config(tenants=(tenant,), persons={ADA: {"azure": mapped}})
        self.state.mkdir(mode=0o700, exist_ok=True)
        s = session.Session(config=config, resolve=lambda _: Secret(TOKEN), clock=self.clock, state_dir=self.state)
        book = load_playbook(playbook)
        plan = session.survey(s, book, case)
        log = open_log(self.state / "rescind.db", load_signer(self.state), self.clock)
        return plan, start.new(s, plan, book, session.gate(s, plan, book), log)


@pytest.fixture
def laptop(tmp_path, monkeypatch):
    # the clock jumps for everybody at once: no step may be late because another one waited
    monkeypatch.setitem(engine.execute.__kwdefaults__, "concurrency", 1)
    monkeypatch.setattr(_connect, "Http", partial(Http, timeout=86_400.0))
    return Laptop(tmp_path)


def ends(done: Any) -> dict[tuple[str, str], EndState]:
    return {(c.kind, c.identifier): c.end_state for c in done.credentials if c.kind.startswith("azure.")}


def test_a_lost_laptop_ends_what_was_on_it_and_is_hers_and_holds_what_others_use(laptop):
    arm = laptop.arm
    admin = arm.keys[laptop.registry]["password"]
    bus, cosmos = arm.keys[laptop.rule]["primaryKey"], arm.keys[laptop.cosmos]["primaryMasterKey"]
    storage = {slot: arm.value(laptop.account, slot) for slot in ("key1", "key2")}
    with served(arm.answer, clocked=True) as url:
        plan, done = laptop.run(url, "lost-laptop", Case(person=ADA, target=str(laptop.home)))
    found = ends(done)
    told = {
        ("azure.storage-key", f"{laptop.account}/key1"): EndState.DEAD,
        ("azure.acr-admin-credential", f"{laptop.registry}/password"): EndState.RESIDUAL,
        ("azure.acr-token", laptop.token): EndState.RESIDUAL,
        ("azure.cosmos-key", f"{laptop.cosmos}/primaryMasterKey"): EndState.DEAD,
        ("azure.shared-access-key", f"{laptop.rule}/primaryKey"): EndState.HELD,
        ("azure.aks-certificate", f"{laptop.cluster}/localAccounts"): EndState.HELD,
        ("azure.storage-user-delegation-key", f"{laptop.account}/userDelegationKeys"): EndState.HELD,
    }
    assert {k: found.get(k) for k in told} == told
    assert not arm.opens(laptop.account, storage["key1"])
    assert arm.opens(laptop.account, storage["key2"])
    assert not arm.opens(laptop.registry, admin)
    assert not arm.logs_in(laptop.token)
    assert arm.logs_in(laptop.other)
    assert not arm.opens(laptop.cosmos, cosmos)
    assert arm.opens(laptop.rule, bus)
    assert arm.admits(laptop.certificate)
    assert arm.delegated(laptop.sas)
    text = json.dumps([repr(plan), repr(done)])
    assert not [v for v in arm.values if v in text]
    for request in arm.seen:
        assert not breaches(*request), request


def test_whoever_leaves_takes_no_key_of_what_was_theirs_along(laptop):
    arm = laptop.arm
    values = {(r, v) for r in (laptop.registry, laptop.cosmos) for v in arm.keys[r].values()}
    values |= {(laptop.account, arm.value(laptop.account, slot)) for slot in ("key1", "key2")}
    with served(arm.answer, clocked=True) as url:
        _, done = laptop.run(url, "offboard-employee", Case(person=ADA))
    assert not [v for v in values if arm.opens(*v)]
    assert not arm.logs_in(laptop.token)
    assert arm.logs_in(laptop.other)
    assert not arm.delegated(laptop.sas)
    assert arm.admits(laptop.certificate), "nobody is mapped to the cluster"
    sent = [(path, body) for method, path, _, body in arm.seen if path.endswith(("/regenerateKey", "/regenerateKeys"))]
    assert len(sent) == len({repr(s) for s in sent}) == 6, "a successor was ended by a sweep"
    assert set(ends(done).values()) == {EndState.DEAD, EndState.RESIDUAL, EndState.ACKNOWLEDGED}
