"""The entra kinds against a simulator of ours that is held to Graph's own model: requests, permissions, orders, residuals, pages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from rescind import catalogue
from rescind.errors import ConfigError, Denied, NotFound, ProviderError, Rejected, Throttled, Unrecognised
from rescind.models.credential import Credential
from rescind.models.evidence import Gap
from rescind.models.kind import CallStatus, Known, Liveness, Rest, Subject, Verb
from rescind.models.tenant import SecretRef, Tenant
from rescind.pipeline import doctor
from rescind.pipeline.tenants import Connected
from rescind.providers.entra import _connect
from rescind.secret import Secret
from rescind.wire import rest
from rescind.wire.pace import Pacer
from rescind.wire.retry import Retry
from tests.contract.worlds_entra import ADA, BOB, MAKERS
from tests.interop import entra_world
from tests.interop.entra_world import APP, TENANT, Clock, Graph, breaches, model, operation_of
from tests.unit.wire_clock import FakeClock

OURSELVES = {"Application.Read.All", "User.Read.All"}  # who we are and which organisation this is
SUBJECT = Subject(person=ADA, names=(ADA,), workstation="LAPTOP-1")


@pytest.fixture
def graph() -> Graph:
    return Graph(Clock())


@pytest.fixture
def client(graph: Graph) -> Iterator[Any]:
    with entra_world.served(graph) as url:
        yield entra_world.client(url, FakeClock())


def kind(name: str) -> Any:
    return catalogue.kinds()[name]


def listed(client: Any, name: str, subject: Subject = SUBJECT) -> list[Known]:
    found = list(kind(name).enumerate(client, subject))
    assert not [f for f in found if isinstance(f, Gap)], found
    return found


def whole(name: str, known: Known) -> Credential:
    return Credential(
        kind=name, provider="entra", identifier=known.identifier, issuer=known.issuer, subject=known.subject,
        owner=known.owner, attributes=known.attributes, expires_at=known.expires_at, tenant="contoso",
    )  # fmt: skip


def act(client: Any, name: str, verb: Verb, c: Credential) -> Any:
    row = kind(name).actions[verb].call
    if isinstance(row, Rest):
        return rest.call(client.http, row, c, settings=client.tenant.settings, me=client.identity())
    return row(client, c)


def look(client: Any, name: str, c: Credential, verb: Verb | None = None) -> Any:
    return ((kind(name).actions[verb].verify if verb else None) or kind(name).verify)(client, c)


def everything(client: Any, name: str, found: Credential, secret: Secret | None, *, write: bool = True) -> None:
    """Do all that a kind can do to one credential."""
    row = kind(name)
    known = row.identify(client, found, secret)
    c = whole(name, known)
    if row.enumerate:
        assert [k for k in row.enumerate(client, SUBJECT) if isinstance(k, Known)]
    row.control(client, c)
    row.control(client, Credential(kind=name, provider="entra"))
    look(client, name, c)
    for verb in sorted(row.actions, key=lambda v: not row.actions[v].reversible) if write else ():
        made = row.actions[verb]
        before = made.snapshot(client, c) if made.snapshot else {}
        act(client, name, verb, c)
        look(client, name, c, verb)
        if made.restore:
            made.restore(
                client, replace(c, attributes={**c.attributes, **{f"before.{k}": v for k, v in before.items()}})
            )


@pytest.mark.parametrize("name", MAKERS)
def test_every_request_is_one_of_graphs_under_a_permission_that_the_kind_declares(graph, client, name):
    ada, row = graph.user(ADA), kind(name)
    MAKERS[name](graph, ada)  # one more, which stays
    held = MAKERS[name](graph, ada)
    graph.granted = {*OURSELVES, *row.read_permissions, *(p for v in row.actions for p in row.permissions(v))}
    everything(client, name, held.found, held.secret)
    assert graph.seen
    assert not graph.denied, "what is declared is enough, also where a refusal would be taken for `unknown`"
    for method, path, query, body in graph.seen:
        assert not breaches(method, path, query, body), (method, path, query, body)
    # Reading needs no right to write: the declared read permissions are enough for a plan.
    graph.granted = {*OURSELVES, *row.read_permissions}
    other = MAKERS[name](graph, graph.user("eve@contoso.example"))
    graph.seen.clear()
    everything(client, name, other.found, other.secret, write=False)
    assert {method for method, *_ in graph.seen} == {"GET"}
    assert not graph.denied


@pytest.mark.parametrize("name", MAKERS)
def test_no_permission_is_misspelt_or_more_than_needed(graph, client, name):
    row = kind(name)
    declared = {*row.read_permissions, *(p for v in row.actions for p in row.permissions(v))}
    assert declared <= entra_world.every_permission()
    for verb in row.actions:
        c = whole(
            name,
            row.identify(
                client, (held := MAKERS[name](graph, graph.user(f"{verb}@contoso.example"))).found, held.secret
            ),
        )
        graph.granted = set(row.read_permissions)
        with pytest.raises(Denied):
            act(client, name, verb, c)
        graph.granted = entra_world.every_permission()


@pytest.mark.parametrize("segment", sorted(entra_world.METHOD_TYPES))
def test_every_type_of_method_is_deleted_by_its_own_path(graph, client, segment):
    user = graph.user(ADA)
    made = graph.method(user, segment, displayName="laptop-1")
    graph.granted = {*OURSELVES, "UserAuthenticationMethod.ReadWrite.All"}
    (known,) = listed(client, "entra.authentication-method")
    bound = segment in {"windowsHelloForBusinessMethods", "platformCredentialMethods", "microsoftAuthenticatorMethods"}
    assert ("workstation" in known.attributes) == bound
    c = whole("entra.authentication-method", known)
    assert act(client, "entra.authentication-method", Verb.DELETE, c).status is CallStatus.DONE
    assert graph.get(f"methods/{user}", made) is None
    assert look(client, "entra.authentication-method", c).liveness is Liveness.DEAD
    assert act(client, "entra.authentication-method", Verb.DELETE, c).status is CallStatus.ALREADY


def test_a_type_of_method_that_nobody_knows_is_a_gap(graph, client):
    graph.put(f"methods/{graph.user(ADA)}", "x", {"@odata.type": "#microsoft.graph.somethingNewAuthenticationMethod"})
    (gap,) = kind("entra.authentication-method").enumerate(client, SUBJECT)
    assert isinstance(gap, Gap)


# Orders


def test_a_living_account_signs_in_again_after_a_revocation_and_a_disabled_one_does_not(graph, client):
    """The reason for the order: a session made one second after the cut is not cut."""
    user = graph.user(ADA)
    first = graph.sign_in(user)
    graph.clock.pass_(60)
    c = whole("entra.user-sessions", listed(client, "entra.user-sessions")[0])
    graph.clock.pass_(5)
    act(client, "entra.user-sessions", Verb.REVOKE, c)
    graph.clock.pass_(1)
    again = graph.sign_in(user)
    assert (graph.redeem(first), graph.redeem(again)) == (False, True)
    # what a sweep does: a fresh look has a fresh baseline, which only another cut satisfies
    fresh = whole("entra.user-sessions", listed(client, "entra.user-sessions")[0])
    assert look(client, "entra.user-sessions", fresh).liveness is Liveness.LIVE
    act(client, "entra.user", Verb.DEACTIVATE, whole("entra.user", listed(client, "entra.user")[0]))
    graph.clock.pass_(1)
    act(client, "entra.user-sessions", Verb.REVOKE, fresh)
    assert look(client, "entra.user-sessions", fresh).liveness is Liveness.DEAD
    assert not graph.redeem(again)


def test_an_older_revocation_by_somebody_else_proves_nothing_of_ours(graph, client):
    user = graph.user(ADA)
    graph.update("user", user, signInSessionsValidFromDateTime="2026-11-22T00:00:00Z")
    graph.sign_in(user)
    c = whole("entra.user-sessions", listed(client, "entra.user-sessions")[0])
    assert look(client, "entra.user-sessions", c).liveness is Liveness.LIVE
    # a replica that catches up only now: the time moved, but to before our first look
    graph.update("user", user, signInSessionsValidFromDateTime="2026-11-23T08:59:59Z")
    assert look(client, "entra.user-sessions", c).liveness is Liveness.LIVE
    bare = replace(c, attributes={"user_id": user})
    assert look(client, "entra.user-sessions", bare).liveness is Liveness.UNKNOWN


def test_a_disabled_account_alone_has_not_cut_its_sessions(graph, client):
    user = graph.user(ADA)
    session = graph.sign_in(user)
    c = whole("entra.user-sessions", listed(client, "entra.user-sessions")[0])
    graph.update("user", user, accountEnabled=False)
    seen = look(client, "entra.user-sessions", c)
    assert seen.liveness is Liveness.UNKNOWN
    graph.update("user", user, accountEnabled=True)
    assert graph.redeem(session)


def test_one_revocation_serves_every_token_of_a_person(graph, client):
    user = graph.user(ADA)
    tokens = []
    for n in range(5):
        found = Credential(kind="entra.refresh-token", provider="entra", identifier=f"{user}.{TENANT}:app-{n}", issuer=TENANT, attributes={"oid": user, "tid": TENANT})  # fmt: skip
        tokens.append(whole("entra.refresh-token", kind("entra.refresh-token").identify(client, found, None)))
    graph.clock.pass_(10)
    assert [act(client, "entra.refresh-token", Verb.REVOKE, t).status for t in tokens] == [CallStatus.DONE, *[CallStatus.ALREADY] * 4]  # fmt: skip
    assert [m for m, *_ in graph.seen].count("POST") == 1
    assert {look(client, "entra.refresh-token", t).liveness for t in tokens} == {Liveness.DEAD}


def test_a_token_of_another_tenant_or_of_nobody_is_not_ours(graph, client):
    graph.user(ADA)
    row = kind("entra.refresh-token")
    for attributes, issuer in (
        ({"oid": "x", "tid": "9188040d-6c67-4c5b-b112-36a304b66dad"}, ""),
        ({"oid": "x"}, "9188040d-6c67-4c5b-b112-36a304b66dad"),
    ):
        with pytest.raises(NotFound):
            row.identify(
                client,
                Credential(kind=row.id, provider="entra", identifier="t", issuer=issuer, attributes=attributes),
                None,
            )
    with pytest.raises(Rejected):
        row.identify(client, Credential(kind=row.id, provider="entra", identifier="t", issuer=TENANT), None)


@pytest.mark.parametrize(
    "more",
    [
        {"userType": "Guest"},
        {"externalUserState": "Accepted"},
        {"userPrincipalName": "ada_example.com#EXT#@contoso.example"},
    ],
)
def test_sessions_of_a_guest_are_said_to_be_out_of_reach(graph, client, more):
    graph.user(more.pop("userPrincipalName", ADA), **more)
    name = graph.all("user")[0]["userPrincipalName"]
    (known,) = listed(client, "entra.user-sessions", Subject(names=(name,)))
    assert "organisation" in known.irrevocable
    (user,) = listed(client, "entra.user", Subject(names=(name,)))
    assert not user.irrevocable
    assert user.attributes["type"] == "external"


def test_the_master_of_a_synchronised_account_is_named(graph, client):
    user = graph.user(ADA, onPremisesSyncEnabled=True, onPremisesDomainName="corp.contoso.example")
    found = list(kind("entra.user").enumerate(client, SUBJECT))
    assert ["corp.contoso.example" in g.reason for g in found if isinstance(g, Gap)] == [True]
    c = whole("entra.user", next(k for k in found if isinstance(k, Known)))
    act(client, "entra.user", Verb.DEACTIVATE, c)
    assert "corp.contoso.example" in look(client, "entra.user", c).evidence
    graph.update("user", user, accountEnabled=True)  # what a synchronisation does
    assert look(client, "entra.user", c).liveness is Liveness.LIVE


def test_the_identity_provider_of_a_federated_domain_is_named(graph, client):
    graph.user(ADA)
    assert not [f for f in kind("entra.user").enumerate(client, SUBJECT) if isinstance(f, Gap)]
    graph.domain("contoso.example", "Federated")
    client.memo.clear()
    gap, known = kind("entra.user").enumerate(client, SUBJECT)
    assert "contoso.example is federated with" in gap.reason
    assert known.attributes["source_of_authority"] in gap.reason
    graph.granted -= {"Domain.Read.All", "Domain.ReadWrite.All", "Directory.Read.All"}
    client.memo.clear()
    gap, known = kind("entra.user").enumerate(client, SUBJECT)
    assert "could not be told" in gap.reason
    assert "source_of_authority" not in known.attributes


@pytest.mark.parametrize(
    ("sort", "facts", "high"),
    [
        ("directoryRole", {"displayName": "Helpdesk Administrator"}, True),
        ("group", {"displayName": "staff", "isAssignableToRole": False}, False),
        ("group", {"displayName": "admins", "isAssignableToRole": True}, True),
        ("administrativeUnit", {"displayName": "Berlin"}, False),
    ],
)
def test_who_holds_a_role_is_known_before_graph_refuses(graph, client, sort, facts, high):
    user = graph.user(ADA)
    graph.page = 2
    for n in range(5):
        graph.member(user, "group", displayName=f"g{n}", isAssignableToRole=False)
    graph.member(user, sort, **facts)
    (known,) = listed(client, "entra.user")
    assert bool(known.by_hand) == high
    assert (known.attributes.get("roles") == facts["displayName"]) == (sort == "directoryRole")
    c = whole("entra.user", known)
    if high:
        assert (facts["displayName"] in known.by_hand, known.hands) == (True, "privileged operator")
        with pytest.raises(Denied):  # what the task spares everybody
            act(client, "entra.user", Verb.DEACTIVATE, c)
    # once our application is a Privileged Authentication Administrator, it is a step again
    ours = next(p["id"] for p in graph.all("servicePrincipal") if p["appId"] == APP)
    graph.member(ours, "directoryRole", roleTemplateId=entra_world.PRIVILEGED_AUTHENTICATION)
    client.memo.clear()
    (known,) = listed(client, "entra.user")
    assert not known.by_hand
    assert act(client, "entra.user", Verb.DEACTIVATE, c).status is CallStatus.DONE
    assert not high or sort == "group" or facts["displayName"] in look(client, "entra.user", c).evidence


def test_what_we_may_not_see_of_roles_is_left_to_the_step(graph, client):
    user = graph.user(ADA)
    graph.member(user, "group", displayName="admins", isAssignableToRole=True)
    graph.granted = {"User.Read.All", "Application.Read.All"}  # a group is shown by its id only
    (known,) = [f for f in kind("entra.user").enumerate(client, SUBJECT) if isinstance(f, Known)]
    assert not known.by_hand
    graph.granted = {"User.ReadWrite.All", "Application.Read.All"}  # which does not show memberships at all
    (known,) = [f for f in kind("entra.user").enumerate(client, SUBJECT) if isinstance(f, Known)]
    assert not known.by_hand
    graph.granted = entra_world.every_permission()
    client.memo.clear()
    client.tenant = replace(client.tenant, write_refs={"token": SecretRef(env="W")})  # nobody can tell who will act
    (known,) = listed(client, "entra.user")
    assert not known.by_hand


def test_what_a_user_is_in_is_recorded_and_left_alone(graph, client):
    user = graph.user(ADA)
    graph.page = 50
    for n in range(130):
        graph.member(user, "group", displayName=f"g{n:03}")
    graph.member(user, "administrativeUnit", displayName="Berlin")
    graph.assigned(user, "Payroll")
    c = whole("entra.user", listed(client, "entra.user")[0])
    told = kind("entra.user").actions[Verb.DEACTIVATE].snapshot(client, c)
    assert told["groups"].startswith("g000, g001") and told["groups"].endswith("g099 and 30 more")
    assert (told["roles"], told["applications"], told["enabled"]) == ("none", "Payroll", "true")
    act(client, "entra.user", Verb.DEACTIVATE, c)
    assert len(graph.all(f"membership/{user}")) == 131 and graph.all(f"assigned/{user}")
    graph.granted = {"User.ReadWrite.All"}
    told = kind("entra.user").actions[Verb.DEACTIVATE].snapshot(client, c)
    assert {told[n] for n in ("groups", "roles", "applications")} == {"unknown"}
    assert told["enabled"] == "false"


def test_an_administrator_that_we_may_not_touch_is_a_refusal_and_lives(graph, client):
    user = graph.user(ADA)
    graph.forbidden.add(user)
    c = whole("entra.user", listed(client, "entra.user")[0])
    with pytest.raises(Denied):
        act(client, "entra.user", Verb.DEACTIVATE, c)
    assert look(client, "entra.user", c).liveness is Liveness.LIVE


def test_what_was_disabled_before_stays_disabled_after_an_undo(graph, client):
    user = graph.user(ADA, accountEnabled=False)
    device = graph.device(user)
    graph.update("device", device, accountEnabled=False)
    _, _, principal = graph.application(user)
    key, _ = graph.secret("servicePrincipal", principal)
    graph.update("servicePrincipal", principal, accountEnabled=False)
    for name, verb in (
        ("entra.user", Verb.DEACTIVATE),
        ("entra.device", Verb.DEACTIVATE),
        ("entra.client-secret", Verb.DENY),
    ):
        c = whole(name, listed(client, name)[0])
        row = kind(name).actions[verb]
        before = {f"before.{k}": v for k, v in row.snapshot(client, c).items()}
        act(client, name, verb, c)
        result = row.restore(client, replace(c, attributes={**c.attributes, **before}))
        assert (result.status, bool(result.notes["left"])) == (CallStatus.ALREADY, True), name
        assert look(client, name, c, verb).liveness is Liveness.DEAD
    assert key


# Devices


def test_the_two_ids_of_a_device_are_not_confused(graph, client):
    user = graph.user(ADA)
    made = graph.device(user)
    device_id = graph.get("device", made)["deviceId"]
    row = kind("entra.device")
    by_machine = row.identify(
        client, Credential(kind=row.id, provider="entra", attributes={"device_id": device_id}), None
    )
    assert by_machine.identifier == made
    with pytest.raises(NotFound):
        row.identify(client, Credential(kind=row.id, provider="entra", identifier=device_id), None)
    for bad in ("x') or ('1'='1", ""):
        with pytest.raises(Rejected):
            row.identify(client, Credential(kind=row.id, provider="entra", attributes={"device_id": bad}), None)


def test_devices_come_from_the_person_and_from_the_workstation(graph, client):
    ada, bob = graph.user(ADA), graph.user(BOB)
    phone, laptop = graph.device(ada, "phone"), graph.device(ada)
    hybrid = graph.device("", join="ServerAd")  # Windows leaves a hybrid-joined device without owner
    graph.device(bob, "other")
    found = {k.identifier: k for k in listed(client, "entra.device", replace(SUBJECT, workstation="laptop-1"))}
    assert set(found) == {phone, laptop, hybrid}
    assert {i: k.owner for i, k in found.items()} == {phone: ADA, laptop: ADA, hybrid: ""}
    assert {i for i, k in found.items() if "workstation" in k.attributes} == {laptop, hybrid}
    c = whole("entra.device", found[hybrid])
    act(client, "entra.device", Verb.DEACTIVATE, c)
    assert "on premises" in look(client, "entra.device", c).evidence


def test_a_device_is_disabled_never_deleted_and_its_recovery_keys_are_counted(graph, client):
    user = graph.user(ADA)
    made = graph.device(user)
    for _ in range(3):
        graph.put(
            "bitlockerRecoveryKey", entra_world.uuid.uuid4().hex, {"deviceId": graph.get("device", made)["deviceId"]}
        )
    c = whole("entra.device", listed(client, "entra.device")[0])
    row = kind("entra.device")
    assert set(row.actions) == {Verb.DEACTIVATE}
    assert not [o for o in model() if o.startswith("DELETE /devices")], "no request of ours deletes one"
    assert "recovery keys" in row.steps_by_hand
    graph.page = 2
    assert row.actions[Verb.DEACTIVATE].snapshot(client, c)["recovery_keys"] == "3"
    graph.granted = {"Device.ReadWrite.All", "User.Read.All"}
    assert row.actions[Verb.DEACTIVATE].snapshot(client, c)["recovery_keys"] == "unknown"
    session = graph.sign_in(user, device=made)
    act(client, "entra.device", Verb.DEACTIVATE, c)
    assert not graph.redeem(session)
    assert graph.get("device", made) is not None


# Applications


def test_a_bystanders_key_is_never_dropped(graph, client):
    app, _, _ = graph.application(graph.user(ADA))
    keys = [graph.certificate("application", app, f"CN={n}") for n in range(4)]
    before = {k["keyId"]: k for k in graph.get("application", app)["keyCredentials"]}
    row, ended = kind("entra.certificate"), keys[1]
    c = whole("entra.certificate", next(k for k in listed(client, "entra.certificate") if k.identifier.endswith(ended)))
    act(client, "entra.certificate", Verb.REVOKE, c)
    after = {k["keyId"]: k for k in graph.get("application", app)["keyCredentials"]}
    assert after == {k: v for k, v in before.items() if k != ended}, "kept byte for byte"
    assert act(client, "entra.certificate", Verb.REVOKE, c).status is CallStatus.ALREADY
    patches = [b for m, _, _, b in graph.seen if m == "PATCH"]
    assert len(patches) == 1
    # one whose bytes Graph keeps to itself could not be written back: nothing is written
    graph.update(
        "application",
        app,
        keyCredentials=[{**k, "key": None if k["keyId"] == keys[0] else k["key"]} for k in after.values()],
    )
    other = next(k for k in listed(client, "entra.certificate") if k.identifier.endswith(keys[2]))
    with pytest.raises(Rejected, match="drop"):
        row.actions[Verb.REVOKE].call(client, whole("entra.certificate", other))
    assert len(graph.get("application", app)["keyCredentials"]) == 3


def test_a_bystanders_key_that_is_gone_afterwards_is_told(graph, client, monkeypatch):
    app, _, _ = graph.application(graph.user(ADA))
    keys = [graph.certificate("application", app) for _ in range(3)]
    c = whole(
        "entra.certificate", next(k for k in listed(client, "entra.certificate") if k.identifier.endswith(keys[0]))
    )
    plain = graph._patch

    def loses(kind_: str, key: str, body: dict[str, Any]) -> tuple[int, Any]:
        return plain(kind_, key, {"keyCredentials": body["keyCredentials"][:1]})

    monkeypatch.setattr(graph, "_patch", loses)
    with pytest.raises(Unrecognised):
        act(client, "entra.certificate", Verb.REVOKE, c)


def test_secrets_are_told_apart_on_application_and_service_principal(graph, client):
    ada = graph.user(ADA)
    app, client_id, principal = graph.application(ada)
    one, value = graph.secret("application", app)
    two, other = graph.secret("servicePrincipal", principal)
    found = {k.identifier for k in listed(client, "entra.client-secret")}
    assert found == {f"applications/{app}/{one}", f"servicePrincipals/{principal}/{two}"}
    row = kind("entra.client-secret")

    def ask(**more: Any) -> Known:
        attributes = {"tenant": TENANT, "client_id": client_id, **more.pop("attributes", {})}
        return row.identify(client, Credential(kind=row.id, provider="entra", attributes=attributes, **more), None)

    if value[:3] != other[:3]:
        assert ask(attributes={"hint": value[:3]}).identifier == f"applications/{app}/{one}"
    assert ask(attributes={"key_id": two}).identifier == f"servicePrincipals/{principal}/{two}"
    # as Terraform's state names it
    state = Credential(kind=row.id, provider="entra", identifier=one, subject=f"/applications/{app}")
    assert row.identify(client, state, None).identifier == f"applications/{app}/{one}"
    graph.update("application", app, passwordCredentials=[{**graph.get("application", app)["passwordCredentials"][0], "keyId": entra_world.uuid.uuid4().hex, "hint": "abc"} for _ in range(2)])  # fmt: skip
    with pytest.raises(Rejected, match="begin alike"):
        ask(attributes={"hint": "abc"})
    with pytest.raises(NotFound):
        ask(attributes={"tenant": "22222222-2222-3333-4444-555555555555", "hint": "abc"})
    for bad in ("x') or ('1'='1", ""):
        with pytest.raises(Rejected):
            ask(attributes={"client_id": bad, "hint": "abc"})


def test_an_application_of_several_owners_is_nobodys_alone(graph, client):
    app, _, _ = graph.application(graph.user(ADA), graph.user(BOB))
    graph.secret("application", app)
    (known,) = listed(client, "entra.client-secret")
    assert (known.owner, known.attributes["owners"]) == ("", f"{ADA},{BOB}")


def test_our_own_application_is_never_switched_off(graph, client):
    ada = graph.user(ADA)
    ours = next(p for p in graph.all("servicePrincipal") if p["appId"] == APP)
    graph.update("servicePrincipal", ours["id"], owners=[ada])
    graph.secret("servicePrincipal", ours["id"])
    c = whole("entra.client-secret", listed(client, "entra.client-secret")[0])
    with pytest.raises(Rejected, match="work with ourselves"):
        act(client, "entra.client-secret", Verb.DENY, c)
    assert graph.get("servicePrincipal", ours["id"])["accountEnabled"]


# Residuals, to the second


def test_the_residual_of_sessions_is_what_the_tenant_then_enforces(graph, client):
    user = graph.user(ADA)
    session = graph.sign_in(user)
    c = whole("entra.user-sessions", listed(client, "entra.user-sessions")[0])
    graph.clock.pass_(7)
    last = graph.access(session, 5400)  # the longest that a tenant gives by default, in the last moment
    act(client, "entra.user-sessions", Verb.REVOKE, c)
    seen = look(client, "entra.user-sessions", c)
    until = datetime.fromisoformat(seen.residual_until)
    print(f"sessions cut at {graph.clock.now():%H:%M:%S}, residual until {until:%H:%M:%S}")
    graph.clock.at = until - timedelta(seconds=1)
    assert graph.accepts(last)
    graph.clock.at = until
    assert not graph.accepts(last)


@pytest.mark.parametrize(
    ("seconds", "evaluated", "after"), [(4200, False, 4200 - 60), (28 * 3600, True, 900), (600, True, 540)]
)
def test_the_residual_of_an_access_token_is_its_end_or_fifteen_minutes(graph, client, seconds, evaluated, after):
    user = graph.user(ADA)
    token = graph.access(graph.sign_in(user), seconds, evaluated=evaluated)
    # the cache's own word on when it ends is hostile text, and not believed
    found = Credential(kind="entra.access-token", provider="entra", issuer=TENANT, attributes={"oid": user, "tid": TENANT}, expires_at="2026-11-23T09:00:01Z")  # fmt: skip
    c = whole("entra.access-token", kind("entra.access-token").identify(client, found, Secret(token)))
    graph.clock.pass_(60)
    assert act(client, "entra.access-token", Verb.REVOKE, c).status is CallStatus.DONE
    until = datetime.fromisoformat(look(client, "entra.access-token", c).residual_until)
    assert (until - graph.clock.now()).total_seconds() == after
    graph.clock.at = until - timedelta(seconds=1)
    assert graph.accepts(token)
    graph.clock.at = until
    assert not graph.accepts(token)


def test_an_access_token_that_says_nothing_of_itself_is_counted_for_the_longest_time(graph, client):
    user = graph.user(ADA)
    found = Credential(kind="entra.access-token", provider="entra", issuer=TENANT, attributes={"oid": user}, expires_at="2026-11-23T09:00:01Z")  # fmt: skip
    c = whole("entra.access-token", kind("entra.access-token").identify(client, found, Secret("opaque-fake")))
    graph.clock.pass_(1)
    act(client, "entra.access-token", Verb.REVOKE, c)
    until = datetime.fromisoformat(look(client, "entra.access-token", c).residual_until)
    assert (until - graph.clock.now()).total_seconds() == 28 * 3600


# Replicas, throttling, pages


@pytest.mark.parametrize("name", [n for n in MAKERS if kind(n).enumerate])
def test_a_replica_that_has_not_heard_is_never_death_and_then_is(graph, client, name):
    held = MAKERS[name](graph, graph.user(ADA))
    graph.clock.pass_(120)
    c = whole(name, kind(name).identify(client, held.found, None))
    graph.lag = 45
    for verb in sorted(kind(name).actions):
        if kind(name).actions[verb].supports:
            continue
        act(client, name, verb, c)
        assert look(client, name, c, verb).liveness is Liveness.LIVE
        graph.clock.pass_(44)
        assert look(client, name, c, verb).liveness is Liveness.LIVE
        graph.clock.pass_(1)
        assert look(client, name, c, verb).liveness is Liveness.DEAD


@pytest.mark.parametrize("size", [1, 2, 7, 100, 999])
def test_pages_of_every_size_give_the_same(graph, client, size):
    ada = graph.user(ADA)
    graph.page = size
    devices = {graph.device(ada, f"d{n}") for n in range(15)}
    grants = {graph.grant(ada) for _ in range(15)}
    methods = {graph.method(ada, "fido2Methods") for _ in range(15)}
    apps = [graph.application(ada)[0] for _ in range(5)]
    secrets = {graph.secret("application", a)[0] for a in apps}
    assert {k.identifier for k in listed(client, "entra.device")} == devices
    assert {k.identifier for k in listed(client, "entra.oauth-grant")} == grants
    assert {k.identifier.rpartition("/")[2] for k in listed(client, "entra.authentication-method")} == methods
    assert {k.identifier.rpartition("/")[2] for k in listed(client, "entra.client-secret")} == secrets


@pytest.mark.parametrize("name", [n for n in MAKERS if kind(n).enumerate])
def test_a_throttled_or_forbidden_page_is_never_a_short_list(graph, client, name):
    ada = graph.user(ADA)
    for _ in range(4):
        MAKERS[name](graph, ada)
    graph.page = 2
    count = len(graph.seen)
    full = list(kind(name).enumerate(client, SUBJECT))
    for n in range(len(graph.seen) - count):
        graph.throttle = [("\0", 0)]  # never met; the nth request is throttled instead
        plain, left = graph._do, [n]

        def limited(*args: Any, plain: Any = plain, left: list[int] = left) -> Any:
            left[0] -= 1
            if left[0] == -1:
                raise entra_world.Refused(429, "TooManyRequests", wait=10)
            return plain(*args)

        graph._do = limited  # type: ignore[method-assign]
        client.memo.clear()
        with pytest.raises(Throttled) as told:
            list(kind(name).enumerate(client, SUBJECT))
        assert told.value.retry_after == 10
        graph._do = plain  # type: ignore[method-assign]
    graph.throttle = []
    for missing in kind(name).read_permissions:
        graph.granted = set(kind(name).read_permissions) - {missing} | {"User.ReadBasic.All"}
        try:
            shown = list(kind(name).enumerate(client, SUBJECT))
        except ProviderError:
            continue
        assert len(shown) == len(full) or [g for g in shown if isinstance(g, Gap)], missing


def test_five_thousand_users_do_not_hide_one(graph, client):
    for n in range(5000):
        graph._rows.setdefault("user", {})[f"u{n}"] = [(graph.clock.now(), {"id": f"u{n}", "userPrincipalName": f"u{n}@contoso.example", "accountEnabled": True})]  # fmt: skip
    graph.user(ADA)
    graph.seen.clear()
    (known,) = listed(client, "entra.user")
    assert known.owner == ADA
    assert not [p for _, p, *_ in graph.seen if p == "/users"], (
        "a person is asked for by name, not looked for in a list"
    )
    assert len(graph.seen) == 3, "the user, its domain, what it is in"


def test_a_next_page_elsewhere_is_not_followed(graph, client):
    ada = graph.user(ADA)
    graph.grant(ada)
    plain = graph._listing

    def led_away(*args: Any) -> Any:
        return {**plain(*args), "@odata.nextLink": "https://graph.microsoft.com.evil.example/v1.0/x"}

    graph._listing = led_away  # type: ignore[method-assign]
    with pytest.raises(Unrecognised):
        list(kind("entra.oauth-grant").enumerate(client, SUBJECT))


def test_a_name_that_the_tenant_does_not_have_is_a_gap(graph, client):
    for name in (n for n in MAKERS if kind(n).enumerate):
        (gap,) = kind(name).enumerate(client, Subject(names=("nobody@contoso.example",)))
        assert isinstance(gap, Gap), name


# The tenant


def tenant(**settings: Any) -> Tenant:
    facts = {"tenant_id": TENANT, **settings}
    return Tenant(name="contoso", provider="entra", settings=facts, refs={"token": SecretRef(env="T")})


def connect(row: Tenant, *, write: bool = False) -> Any:
    return _connect.connect(row, lambda _: Secret("fake"), Pacer(1000, FakeClock()), write=write)


@pytest.mark.parametrize(("cloud", "host"), [("public", "graph.microsoft.com"), ("usgov", "graph.microsoft.us"), ("usgov-dod", "dod-graph.microsoft.us"), ("china", "microsoftgraph.chinacloudapi.cn")])  # fmt: skip
def test_national_clouds_have_their_own_addresses(cloud, host):
    assert connect(tenant(cloud=cloud)).http.base_url == f"https://{host}/v1.0"
    assert (
        connect(tenant(cloud=cloud, base_url="https://graph.example/v1.0")).http.base_url
        == "https://graph.example/v1.0"
    )


@pytest.mark.parametrize(
    "settings",
    [
        {"tenant_id": "contoso.onmicrosoft.com"},
        {"cloud": "moon"},
        {"client_id": "an app"},
        {"access_seconds": "soon"},
        {"credential": "guess"},
        {"credential": "client-secret"},
        {"credential": "certificate", "client_id": APP},
        {"credential": "workload-identity"},
    ],
)
def test_a_tenant_that_cannot_work_is_refused_before_anything_is_sent(settings):
    with pytest.raises(ConfigError):
        connect(tenant(**settings))


@pytest.mark.parametrize("how", ["default", "client-secret", "azure-cli", "managed-identity"])
def test_sign_in_is_azure_identitys_and_its_refusal_is_typed(how, monkeypatch):
    identity = pytest.importorskip("azure.identity")
    from azure.core.credentials import AccessToken
    from azure.core.exceptions import ClientAuthenticationError, ServiceRequestError

    row = replace(tenant(credential=how, client_id=APP), refs={"client_secret": SecretRef(env="S")})
    name = {"default": "DefaultAzureCredential", "client-secret": "ClientSecretCredential", "azure-cli": "AzureCliCredential", "managed-identity": "ManagedIdentityCredential"}[how]  # fmt: skip
    said: list[Any] = []

    def get_token(self: Any, *scopes: str, **_: Any) -> AccessToken:
        said.append(scopes)
        raise next(told)

    monkeypatch.setattr(getattr(identity, name), "get_token", get_token)
    told = iter([ClientAuthenticationError("AADSTS7000215: no\ndetails"), ServiceRequestError("no route")])
    client = connect(row)
    with pytest.raises(Denied, match="AADSTS7000215"):
        client.identity()
    with pytest.raises(ProviderError, match="no sign-in"):
        client.identity()
    assert said == [("https://graph.microsoft.com/.default",)] * 2


def test_who_we_are_is_the_application_or_the_user(graph):
    with entra_world.served(graph) as url:
        me = entra_world.client(url, FakeClock()).identity()
        ours = next(p["id"] for p in graph.all("servicePrincipal") if p["appId"] == APP)
        assert (me.account, me.principal, me.identifiers) == (TENANT, APP, (ours, APP))
    assert operation_of("GET", "/me")[0] in model()


def test_the_doctor_says_what_could_be_ended_without_doing_it(graph, client):
    row = kind("entra.user")
    wanted = row.permissions(Verb.DEACTIVATE)
    graph.granted = {"User.Read.All", "Application.Read.All"}
    assert client.may(wanted) == {
        "User.EnableDisableAccount.All": False, "User.Read.All": True, "Directory.Read.All": False,
    }  # fmt: skip
    at = Connected(tenant=client.tenant, client=client, identity=client.identity(), retry=Retry(FakeClock()))
    assert doctor._may(row, at) == {
        "writable": "no",
        "missing": ["Directory.Read.All", "User.EnableDisableAccount.All"],
    }
    client._granted = None
    graph.granted |= {"User.ReadWrite.All", "Directory.Read.All"}
    assert doctor._may(row, at)["writable"] == "yes"
    for method, path, query, body in graph.seen:
        assert method == "GET"
        assert not breaches(method, path, query, body)
    # the write identity is asked about by its name, without being loaded
    other = str(entra_world.uuid.uuid4())
    graph.update(
        "servicePrincipal",
        graph.principal(other, owners=()),
        granted=["User.EnableDisableAccount.All", "User.Read.All", "Directory.Read.All"],
    )
    client._granted, client.tenant = None, replace(client.tenant, write={"client_id": other})
    assert set(client.may(wanted).values()) == {True}
    client._granted, client.tenant = None, replace(client.tenant, write={}, write_refs={"token": SecretRef(env="W")})
    assert doctor._may(row, replace(at, client=client)) == {"writable": "unknown", "missing": []}


def test_wider_permissions_are_wider_by_microsofts_map():
    for narrow, wider in _connect.WIDER.items():
        # what it is declared for: a permission to write for the writes, one to read for the reads of it
        named = {
            o: r
            for o, r in model().items()
            if narrow in r["application"]
            and not o.endswith(
                "MemberOf"
            )  # which asks for less than its own wider ones give, and is not looked at without
            and o.startswith("GET") != ("Write" in narrow or "Enable" in narrow or "Revoke" in narrow)
        }
        rows = [r for r in named.values() if narrow in r["least"]] or list(named.values())
        assert rows, narrow
        assert all(w in r["application"] for r in rows for w in wider), narrow


def test_a_sign_in_to_another_tenant_is_refused(graph):
    with entra_world.served(graph) as url, pytest.raises(Denied, match="signed in to tenant"):
        entra_world.client(url, FakeClock(), tenant_id="33333333-2222-3333-4444-555555555555").identity()
