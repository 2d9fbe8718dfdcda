"""Azure DevOps tokens against a simulator of ours that is held to the vendor's own OpenAPI description."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from rescind import catalogue
from rescind.audit.log import open_log
from rescind.audit.signer import load_signer
from rescind.errors import ConfigError, Denied, NotFound, Rejected
from rescind.models.clock import parse_rfc3339
from rescind.models.credential import Credential, EndState, Ownership
from rescind.models.evidence import Gap
from rescind.models.kind import BY_HAND, CallStatus, Liveness, Subject, Verb
from rescind.models.plan import Step
from rescind.models.tenant import SecretRef, Tenant
from rescind.pipeline import execute
from rescind.pipeline.people import People
from rescind.pipeline.tenants import Tenants
from rescind.providers.azure_devops import _connect
from rescind.secret import Secret
from rescind.wire.pace import Pacer
from tests.contract.worlds_by_value import served
from tests.contract.worlds_entra import ADA, BOB
from tests.interop import devops_world
from tests.interop.devops_world import DevOps, breaches
from tests.unit.wire_clock import FakeClock

KIND = catalogue.kinds()["azure-devops.token"]


@pytest.fixture
def devops():
    return DevOps()


@pytest.fixture
def client(devops):
    with served(devops.answer) as url:
        yield devops_world.client(url, FakeClock())


def whole(known: Any) -> Credential:
    return Credential(
        kind=KIND.id,
        provider="azure-devops",
        identifier=known.identifier,
        owner=known.owner,
        attributes=known.attributes,
    )


@pytest.mark.parametrize("page", [1, 2, 100])
def test_tokens_and_ssh_keys_of_a_person_are_listed_to_the_last_page_and_ended(devops, client, page):
    devops.page = page
    for n in range(3):
        devops.user(f"u{n}@contoso.example")
    ada, bob = devops.user(ADA), devops.user(BOB)
    mine = {devops.token(ada, public=public) for public in (False, True) for _ in range(3)}
    his = devops.token(bob)
    devops.token(ada, valid=False)
    found = list(KIND.enumerate(client, Subject(names=(ADA.upper(),))))
    assert {k.identifier for k in found} == mine
    assert {k.attributes["type"] for k in found} == {"personal access token", "SSH key"}
    for known in found:
        c = whole(known)
        assert KIND.identify(client, c, None).owner == ADA
        assert KIND.verify(client, c).liveness is KIND.control(client, c).liveness is Liveness.LIVE
        assert KIND.actions[Verb.REVOKE].call(client, c).status is CallStatus.DONE
        assert KIND.verify(client, c).liveness is Liveness.DEAD
    assert his in devops.tokens
    for request in devops.seen:
        assert not breaches(*request), request


def test_residual_is_the_last_second_at_which_a_revoked_token_is_taken(tmp_path):
    clock = FakeClock()
    devops = DevOps(clock.now)
    ident = devops.token(devops.user(ADA))
    with served(devops.answer, clocked=True) as url:
        client = devops_world.client(url, clock)
        (known,) = KIND.enumerate(client, Subject(names=(ADA,)))
        c = replace(whole(known), tenant="devops", issuer=known.issuer, ownership=Ownership.CASE)
        row = replace(client.tenant, rate=1000.0)
        tenants = Tenants((row,), resolve=lambda _: Secret(devops_world.TOKEN), clock=clock, write=True)
        log = open_log(tmp_path / "rescind.db", load_signer(tmp_path), clock)
        people = People(mapped={"azure-devops": (ADA,)})
        ctx = execute.Context(run="run-1", tenants=tenants, people=people, log=log, clock=clock)
        step = Step(phase="revoke", verb=Verb.REVOKE, credential=c.id, tenant="devops", wait_seconds=60.0)
        receipt = execute.act(step, c, ctx)
    assert receipt.end_state is EndState.RESIDUAL
    assert "itself" in receipt.residual_what
    until = parse_rfc3339(receipt.residual_until)
    clock.sleep((until - clock.now()).total_seconds() - 1)
    assert devops.works(ident)
    clock.sleep(1.5)  # what the provider's clock says is cut to a second
    assert not devops.works(ident)


def test_a_value_alone_is_said_to_be_one_of_its_owners(client):
    with pytest.raises(NotFound) as told:
        KIND.identify(client, Credential(kind=KIND.id, provider="azure-devops"), Secret("fake"))
    assert told.value.code == BY_HAND
    with pytest.raises(Rejected):
        KIND.identify(client, Credential(kind=KIND.id, provider="azure-devops", identifier="x"), None)


def test_who_may_not_administrate_tokens_is_denied_and_a_stranger_is_a_gap(devops, client):
    ada = devops.user(ADA)
    devops.token(ada)
    (known,) = KIND.enumerate(client, Subject(names=(ADA,)))
    (gap,) = KIND.enumerate(client, Subject(names=("nobody@contoso.example",)))
    assert isinstance(gap, Gap)
    devops.scopes = {"vso.graph"}
    c = whole(known)
    for work in (KIND.verify, KIND.actions[Verb.REVOKE].call):
        with pytest.raises(Denied):
            work(client, c)
    with pytest.raises(Denied):
        list(KIND.enumerate(client, Subject(names=(ADA,))))
    del devops.users[ada]
    devops.scopes |= {"vso.tokenadministration"}
    for look in (KIND.verify, KIND.control):  # gone from the organisation is no proof that the token is
        with pytest.raises(NotFound):
            look(client, c)
    assert replace(c, attributes={}).identifier


@pytest.mark.parametrize("organization", ["", "a/b", "..", "x y"])
def test_an_organisation_that_is_none_is_refused(organization):
    row = Tenant(
        name="d",
        provider="azure-devops",
        settings={"organization": organization, "tenant_id": devops_world.TENANT},
        refs={"token": SecretRef(env="T")},
    )
    with pytest.raises(ConfigError):
        _connect.connect(row, lambda _: Secret("fake"), Pacer(1, FakeClock()), write=False)
