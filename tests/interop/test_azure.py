"""Storage keys against a simulator of ours that is held to Microsoft's own clients."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from rescind import catalogue
from rescind.errors import ConfigError, Denied, NotFound, Rejected, Unrecognised
from rescind.models.credential import Credential
from rescind.models.kind import CallStatus, Liveness, Verb
from rescind.models.tenant import SecretRef, Tenant
from rescind.pipeline.enumerate import _FIRST_HAND
from rescind.providers.azure import _connect
from rescind.secret import Secret
from rescind.wire.pace import Pacer
from tests.contract.worlds_by_value import served
from tests.interop import azure_world
from tests.interop.azure_world import ACTIONS, TENANT, Arm, breaches
from tests.unit.wire_clock import FakeClock

KIND = catalogue.kinds()["azure.storage-key"]


class Now:
    def __init__(self) -> None:
        self.at = datetime(2026, 11, 23, 9, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def arm():
    return Arm(Now())


@pytest.fixture
def client(arm):
    with served(arm.answer) as url:
        yield azure_world.client(url, FakeClock())


def found(**more: Any) -> Credential:
    return Credential(kind=KIND.id, provider="azure", fingerprint="hmac-sha256:00", **more)


def known(client: Any, arm: Arm, account: str, slot: str = "key1") -> Credential:
    value = arm.value(account, slot)
    shown = KIND.identify(client, found(issuer=account.rpartition("/")[2]), Secret(value))
    return replace(
        found(), identifier=shown.identifier, owner=shown.owner, attributes=shown.attributes, issuer=shown.issuer
    )


def test_every_request_is_one_of_microsofts_under_the_action_that_is_declared(arm, client):
    arm.page = 1
    account = [arm.account() for _ in range(3)][-1]
    arm.may = {*KIND.read_permissions} & set(ACTIONS.values()) | {ACTIONS["listKeys"]}
    c = known(client, arm, account)
    assert (c.identifier, c.owner) == (f"{account}/key1", account)
    assert KIND.verify(client, c).liveness is Liveness.LIVE
    assert KIND.control(client, c).liveness is KIND.control(client, found()).liveness is Liveness.LIVE
    act = KIND.actions[Verb.REVOKE]
    with pytest.raises(Denied):
        act.call(client, c)
    arm.may = set(act.permissions)
    assert act.call(client, c).status is CallStatus.DONE
    assert set(act.permissions) | set(KIND.read_permissions) == set(ACTIONS.values())
    for request in arm.seen:
        assert not breaches(*request), request


@pytest.mark.parametrize("dated", [True, False])
def test_the_slot_is_made_anew_once_and_the_other_one_lives(arm, client, dated):
    arm.dated = dated
    account = arm.account()
    old, other = arm.value(account), arm.value(account, "key2")
    c = known(client, arm, account)
    arm.now.at += timedelta(seconds=5)
    act = KIND.actions[Verb.REVOKE]
    assert not act.idempotent
    assert act.call(client, c).status is CallStatus.DONE
    successor = arm.value(account)
    # a run that lost the answer, or another one later, does not end the successor
    assert act.call(client, c).status is CallStatus.ALREADY
    assert arm.value(account) == successor
    assert KIND.verify(client, c).liveness is Liveness.DEAD
    assert not arm.opens(account, old)
    assert arm.opens(account, other)
    with pytest.raises(NotFound):
        KIND.identify(client, found(issuer=c.identifier.split("/")[-2]), Secret(old))


def test_both_slots_are_told_apart_by_value_and_no_value_is_kept(arm, client):
    account = arm.account()
    for slot in ("key1", "key2"):
        c = known(client, arm, account, slot)
        assert c.identifier.endswith(slot)
        assert arm.value(account, slot) not in repr(c)
    with pytest.raises(Rejected):
        KIND.identify(client, found(issuer="stsomething"), None)
    for bad in ("", "x", "../../evil"):
        with pytest.raises(Rejected):
            KIND.identify(client, found(issuer=bad), Secret("fake"))
    with pytest.raises(NotFound):
        KIND.identify(client, found(issuer="stsomething"), Secret("fake"))
    assert "slot_created" in _FIRST_HAND, "a machine could else claim that a slot was older than it is"


def test_nothing_known_of_before_proves_nothing(arm, client):
    c = known(client, arm, arm.account())
    assert KIND.verify(client, replace(c, attributes={})).liveness is Liveness.UNKNOWN
    assert (
        KIND.verify(client, replace(c, identifier=c.identifier.replace("key1", "kerb1"))).liveness is Liveness.UNKNOWN
    )
    del arm.accounts[c.identifier.rpartition("/")[0]]
    for look in (KIND.verify, KIND.control):
        with pytest.raises(NotFound):
            look(client, c)


def test_the_tenant_is_the_one_of_the_subscriptions(arm):
    with served(arm.answer) as url:
        assert azure_world.client(url, FakeClock()).identity().account == TENANT
        other = azure_world.client(url, FakeClock(), tenant_id="99999999-2222-3333-4444-555555555555")
        with pytest.raises(Unrecognised):
            other.identity()


@pytest.mark.parametrize(("cloud", "host"), [("public", "management.azure.com"), ("usgov", "management.usgovcloudapi.net"), ("china", "management.chinacloudapi.cn")])  # fmt: skip
def test_national_clouds_have_their_own_addresses(cloud, host):
    def made(**more: Any) -> Any:
        row = Tenant(
            name="c", provider="azure", settings={"tenant_id": TENANT, **more}, refs={"token": SecretRef(env="T")}
        )
        return _connect.connect(row, lambda _: Secret("fake"), Pacer(1, FakeClock()), write=False)

    assert made(cloud=cloud).http.base_url == f"https://{host}"
    for bad in ({"cloud": "moon"}, {"tenant_id": "contoso"}):
        with pytest.raises(ConfigError):
            made(**bad)
