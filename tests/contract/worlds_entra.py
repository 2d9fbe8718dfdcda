"""Worlds of the entra kinds: one simulated tenant each, made of Graph's own model (tests/interop/entra_world.py)."""

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
from tests.interop import devops_world, entra_world
from tests.interop.entra_world import TENANT, TOKEN, Graph
from tests.unit.wire_clock import FakeClock

ADA, BOB = "ada@contoso.example", "bob@contoso.example"
FIRST = {"tid": TENANT, "seen_at": "2026-06-01T00:00:00Z", "valid_from": "2026-01-01T00:00:00Z"}
"""What an earlier look had shown of a user's sessions."""
Maker = Callable[[Graph, str], Held]


def _of(kind: str, identifier: str = "", **more: Any) -> Credential:
    return Credential(kind=kind, provider="entra", identifier=identifier, issuer=TENANT, **more)


def user(graph: Graph, owner: str) -> Held:
    return Held(_of("entra.user", owner), None, lambda: bool((graph.get("user", owner) or {})["accountEnabled"]))


def sessions(graph: Graph, owner: str) -> Held:
    session = graph.sign_in(owner)
    found = _of("entra.user-sessions", f"sessions:{owner}", attributes={**FIRST, "user_id": owner})
    return Held(found, None, lambda: graph.redeem(session))


def refresh_token(graph: Graph, owner: str) -> Held:
    session = graph.sign_in(owner)
    name = f"{owner}.{TENANT}:04b07795-8ddb-461a-bbee-02f9e1bf7b46"
    found = _of("entra.refresh-token", name, attributes={**FIRST, "oid": owner})
    return Held(found, Secret(session.token), lambda: graph.redeem(session))


def access_token(graph: Graph, owner: str) -> Held:
    session = graph.sign_in(owner)
    token = graph.access(session, 4200)
    found = _of("entra.access-token", fingerprint=f"hmac-sha256:{owner}", attributes={**FIRST, "oid": owner})
    # It goes on by itself, as its end state says; what ends is what it was made from.
    return Held(found, Secret(token), lambda: graph.redeem(session))


def device(graph: Graph, owner: str) -> Held:
    made = graph.device(owner)
    session = graph.sign_in(owner, device=made)
    return Held(_of("entra.device", made), None, lambda: graph.redeem(session))


def method(graph: Graph, owner: str) -> Held:
    made = graph.method(owner, "fido2Methods", displayName="a key")
    found = _of("entra.authentication-method", f"{owner}/fido2Methods/{made}")
    return Held(found, None, lambda: graph.get(f"methods/{owner}", made) is not None)


def grant(graph: Graph, owner: str) -> Held:
    made = graph.grant(owner)
    return Held(_of("entra.oauth-grant", made), None, lambda: graph.get("oAuth2PermissionGrant", made) is not None)


def _enabled(graph: Graph, principal: str) -> bool:
    return bool((graph.get("servicePrincipal", principal) or {})["accountEnabled"])


def client_secret(graph: Graph, owner: str) -> Held:
    made, app, principal = graph.application(owner)
    key, value = graph.secret("application", made)
    graph.secret("application", made, name="another")
    more = {"tenant": TENANT, "client_id": app, "hint": value[:3], "key_id": key}

    def lives() -> bool:
        held = (graph.get("application", made) or {})["passwordCredentials"]
        return key in {c["keyId"] for c in held} and _enabled(graph, principal)

    found = _of("entra.client-secret", f"{TENANT}/{app}", subject=app, attributes=more)
    return Held(found, Secret(value), lives)


def certificate(graph: Graph, owner: str) -> Held:
    made, _, principal = graph.application(owner)
    key, other = graph.certificate("application", made), graph.certificate("application", made, "CN=another")

    def lives() -> bool:
        held = {c["keyId"] for c in (graph.get("application", made) or {})["keyCredentials"]}
        assert other in held, "a bystander's key was dropped"
        return key in held and _enabled(graph, principal)

    return Held(_of("entra.certificate", f"applications/{made}/{key}"), None, lives)


def federated(graph: Graph, owner: str) -> Held:
    made, _, principal = graph.application(owner)
    key = graph.federated(made)
    found = _of("entra.federated-credential", f"applications/{made}/{key}")
    return Held(found, None, lambda: graph.get(f"federated/{made}", key) is not None and _enabled(graph, principal))


def world(kind: str, make_for: Maker) -> Callable[[Path], Any]:
    """Return the world of one kind: `make_for(graph, user id)` gives a living credential of that user."""

    @contextmanager
    def simulated(_: Path) -> Iterator[World]:
        graph, values = Graph(), {TOKEN}
        make_for(graph, graph.user(BOB))
        number = iter(range(10**6))
        make_for(graph, graph.user(ADA))

        def make() -> Held:
            held = make_for(graph, graph.user(f"ada-{next(number)}@contoso.example"))
            values.update({held.secret.reveal()} if held.secret else ())
            return held

        def client(through: str) -> Any:
            return entra_world.client(through, FakeClock())

        with entra_world.served(graph) as url:
            row = catalogue.kinds()[kind]
            yield World(row, url, client, make, Subject(names=(ADA,), workstation=""), lambda: values)

    return simulated


MAKERS: dict[str, Maker] = {
    "entra.user": user,
    "entra.user-sessions": sessions,
    "entra.refresh-token": refresh_token,
    "entra.access-token": access_token,
    "entra.device": device,
    "entra.authentication-method": method,
    "entra.oauth-grant": grant,
    "entra.client-secret": client_secret,
    "entra.certificate": certificate,
    "entra.federated-credential": federated,
}


@contextmanager
def tokens(_: Path) -> Iterator[World]:
    """Personal access tokens of a simulated Azure DevOps organisation."""
    devops = devops_world.DevOps()
    devops.token(devops.user(ADA))
    devops.token(devops.user(BOB))
    number = iter(range(10**6))

    def make() -> Held:
        owner = devops.user(f"ada-{next(number)}@contoso.example")
        made = devops.token(owner)
        facts = {"descriptor": owner, "public": "false"}
        found = Credential(kind="azure-devops.token", provider="azure-devops", identifier=made, attributes=facts)
        return Held(found, None, lambda: made in devops.tokens)

    def client(through: str) -> Any:
        return devops_world.client(through, FakeClock())

    with served(devops.answer) as url:
        row = catalogue.kinds()["azure-devops.token"]
        yield World(row, url, client, make, Subject(names=(ADA,)), lambda: {devops_world.TOKEN})


ENTRA = {f"{kind}/simulator": world(kind, maker) for kind, maker in MAKERS.items()}
ENTRA["azure-devops.token/simulator"] = tokens
WRITES = {
    "azure-devops.token": "/revocations",
    "entra.user": "/users/[^/]+$",
    "entra.user-sessions": "revokeSignInSessions",
    "entra.refresh-token": "revokeSignInSessions",
    "entra.access-token": "revokeSignInSessions",
    "entra.device": "/devices/[^/]+$",
    "entra.authentication-method": "/fido2Methods/",
    "entra.oauth-grant": "/oauth2PermissionGrants/[^/]+$",
    "entra.client-secret": "/removePassword$|/servicePrincipals/[^/()]+$",
    "entra.certificate": "/applications/[^/?]+$|/servicePrincipals/[^/()]+$",
    "entra.federated-credential": "/federatedIdentityCredentials/|/servicePrincipals/[^/()]+$",
}
"""The requests of each kind that change something."""
