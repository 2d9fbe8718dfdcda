"""Worlds of the kinds behind a simulated Azure Resource Manager."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rescind import catalogue
from rescind.models.credential import Credential
from rescind.models.kind import Subject
from rescind.secret import Secret
from tests.contract.worlds import Held, World
from tests.contract.worlds_by_value import served
from tests.interop import azure_world
from tests.interop.azure_world import AI, BUS, COSMOS, IDENTITY, SITE, SUFFIX, TOKEN, Arm
from tests.unit.wire_clock import FakeClock

ADA = "ada@contoso.example"
Maker = Callable[[Arm, str], tuple[str, str, Secret | None, Callable[[], bool], str, str]]
"""Makes one: its kind, the host it was kept for, its value, whether it lives, the user name, and what a person is mapped to."""


def storage(arm: Arm, _: str) -> Any:
    account = arm.account()
    value = arm.value(account)
    return (
        "azure.storage-key",
        account.rpartition("/")[2],
        Secret(value),
        lambda: arm.opens(account, value),
        "",
        account,
    )


def _slot(kind: str, resource: str, slot: str, host: str, whole: str, arm: Arm) -> Any:
    value = arm.keys[resource][slot]
    return kind, host, Secret(value), lambda: arm.opens(resource, value), "", whole


def admin(arm: Arm, _: str) -> Any:
    registry = arm.registry()
    host = registry.rpartition("/")[2] + SUFFIX
    return _slot("azure.acr-admin-credential", registry, "password", host, registry, arm)


def cosmos(arm: Arm, _: str) -> Any:
    account = arm.resource(COSMOS)
    host = f"{account.rpartition('/')[2]}.documents.azure.com"
    return _slot("azure.cosmos-key", account, "secondaryReadonlyMasterKey", host, account, arm)


def openai(arm: Arm, _: str) -> Any:
    account = arm.resource(AI)
    host = f"https://{account.rpartition('/')[2]}.openai.azure.com/"
    return _slot("azure.openai-key", account, "key2", host, account, arm)


def bus(arm: Arm, _: str) -> Any:
    namespace = arm.resource(BUS)
    arm.rule(namespace, "other")
    rule = arm.rule(namespace)
    host = f"sb://{namespace.rpartition('/')[2]}.servicebus.windows.net/"
    return _slot("azure.shared-access-key", rule, "primaryKey", host, namespace, arm)


def publish(arm: Arm, _: str) -> Any:
    name = f"app{len(arm.rows)}"
    site = arm.resource(SITE, name, enabledHostNames=[f"{name}.azurewebsites.net", f"{name}.scm.azurewebsites.net"])
    return _slot("azure.publish-password", site, "publishingPassword", f"{name}.scm.azurewebsites.net:443", site, arm)


def local_user(arm: Arm, _: str) -> Any:
    account = arm.account()
    arm.child(account, "localUsers", "other", hasSshKey=True)
    user = arm.child(account, "localUsers", hasSshPassword=True, homeDirectory="c")
    return "azure.storage-local-user", f"={user}", None, lambda: user in arm.rows, "", account


def federated(arm: Arm, _: str) -> Any:
    identity = arm.resource(IDENTITY)
    trust = arm.child(identity, "federatedIdentityCredentials", issuer="https://x.example", subject="repo:x", audiences=["a"])  # fmt: skip
    return "azure.identity-federated-credential", f"={trust}", None, lambda: trust in arm.rows, "", identity


def token(arm: Arm, owner: str) -> Any:
    registry = arm.registry()
    ident = arm.token(registry, owner)
    host = registry.rpartition("/")[2] + SUFFIX
    return "azure.acr-token", host, None, lambda: arm.logs_in(ident), ident.rpartition("/")[2], owner


def cluster(arm: Arm, _: str) -> Any:
    ident = arm.cluster()
    held = arm.certificate(ident)
    server = f"https://{arm.rows[ident]['properties']['fqdn']}:443"
    return "azure.aks-certificate", f"{server} {arm.authority(ident)}", None, lambda: arm.admits(held), "", ident


def world(maker: Maker) -> Callable[[Path], Any]:
    """Return the world of what one maker makes. The listing is of what was made first."""

    @contextmanager
    def simulated(_: Path) -> Iterator[World]:
        arm, number = Arm(), iter(range(10**6))
        kind, _, _, _, _, mapped = maker(arm, ADA)

        def make() -> Held:
            n = next(number)
            _, host, value, lives, user, _ = maker(arm, f"ada-{n}@contoso.example")
            host, _, authority = host.partition(" ")
            facts = {"cluster_ca": authority} if authority else {}
            mark = f"hmac-sha256:{n:04x}"
            ident, host = (host[1:], "") if host.startswith("=") else ("", host)  # one that only a listing shows
            found = Credential(
                kind=kind,
                provider="azure",
                fingerprint=mark,
                identifier=ident,
                issuer=host,
                subject=user,
                attributes=facts,
            )
            return Held(found, value, lives)

        def client(through: str) -> Any:
            return azure_world.client(through, FakeClock())

        with served(arm.answer) as url:
            subject = Subject(names=(mapped,))
            yield World(catalogue.kinds()[kind], url, client, make, subject, lambda: {TOKEN, *arm.values})

    return simulated


MAKERS = {
    "azure.storage-key/simulator": storage,
    "azure.acr-admin-credential/simulator": admin,
    "azure.acr-token/simulator": token,
    "azure.aks-certificate/simulator": cluster,
    "azure.cosmos-key/simulator": cosmos,
    "azure.openai-key/simulator": openai,
    "azure.shared-access-key/simulator": bus,
    "azure.publish-password/simulator": publish,
    "azure.storage-local-user/simulator": local_user,
    "azure.identity-federated-credential/simulator": federated,
}
AZURE = {name: world(maker) for name, maker in MAKERS.items()}
_SHARED = {"azure.openai-key", "azure.shared-access-key", "azure.identity-federated-credential"}
ENDS = {n: w for n, w in AZURE.items() if n.partition("/")[0] not in _SHARED}
"""Those whose steps are carried out to an end with every fault: one of the kinds that share their functions is enough."""
WRITES = {
    "azure.storage-key": r"/regenerateKey\?|/storageAccounts/[^/]+\?",
    "azure.acr-admin-credential": r"/regenerateCredential\?|/registries/[^/]+\?",
    "azure.acr-token": r"/tokens/[^/]+\?",
    "azure.aks-certificate": "/rotateClusterCertificates",
    "azure.cosmos-key": "/regenerateKey",
    "azure.publish-password": "/newpassword",
    "azure.storage-local-user": r"/localUsers/[^/]+\?",
}
"""The requests of each kind that change something."""
NO_LOOK = {"azure.storage-user-delegation-key"}
"""Kinds whose end Azure shows nobody: tests/interop/test_azure.py holds them."""
