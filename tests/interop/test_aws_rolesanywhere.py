"""Certificates of Roles Anywhere: found by their machine, shut out by the authority's own list, and never by one that lacks them."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from pathlib import Path

import pytest

from rescind.errors import ProviderError, Rejected, Throttled, Unreachable
from rescind.models.credential import Credential
from rescind.models.evidence import Gap
from rescind.models.kind import CallStatus, Known, Liveness, Subject, Verb
from rescind.providers.aws.rolesanywhere_certificate import KIND
from tests.contract.faults import FAULTS, FaultServer, Rule
from tests.interop.aws_anchor import ARN, Anchor
from tests.interop.aws_cloud import FakeAws
from tests.interop.aws_model import serve

ACT = KIND.actions[Verb.REVOKE]


def found(known: Known) -> Credential:
    return Credential(
        kind=KIND.id, provider="aws", identifier=known.identifier, owner=known.owner, attributes=known.attributes
    )


def test_a_machine_is_shut_out_by_the_authoritys_list(tmp_path: Path) -> None:
    cloud, anchor = FakeAws(page=1), Anchor(tmp_path / "fleet.crl.pem")
    (pem, serial), (other, _) = anchor.issue("ada-laptop"), anchor.issue("bob-laptop")
    cloud.subject("ada-laptop", pem)
    cloud.subject("bob-laptop", other)
    cloud.rights = {*KIND.read_permissions, *ACT.permissions}
    with serve(cloud) as url:
        client = cloud.client(url, rolesanywhere_crl=str(anchor.file), rolesanywhere_trust_anchor=ARN)
        (mine,), (his,) = (
            list(KIND.enumerate(client, Subject(names=("ada", f"cert:{who}-laptop")))) for who in ("ada", "bob")
        )
        c = found(mine)
        assert (c.owner, mine.identifier.rpartition("/")[2]) == ("cert:ada-laptop", str(serial))
        assert KIND.verify(client, c).liveness is Liveness.LIVE
        assert KIND.control(client, c).liveness is Liveness.LIVE
        anchor.publish(back=60)
        for refused in (ACT.call, ACT.call):
            with pytest.raises(Rejected, match="does not hold the certificate"):
                refused(client, c)
        assert "crls" not in cloud.tables

        cloud.rolesanywhere_ImportCrl({"name": "old", "crlData": anchor.file.read_bytes(), "trustAnchorArn": ARN})
        anchor.publish(serial)
        assert [ACT.call(client, c).status for _ in range(2)] == [CallStatus.DONE, CallStatus.ALREADY]
        (crl,) = cloud.tables["crls"].values()
        assert (crl["enabled"], crl["name"]) == (True, "old"), "brought up to date and switched on: off, it is inert"
        assert KIND.verify(client, c).liveness is Liveness.DEAD
        assert KIND.identify(client, c, None).liveness is Liveness.DEAD
        assert KIND.verify(client, found(his)).liveness is Liveness.LIVE
        crl["enabled"] = False
        assert KIND.verify(client, c).liveness is Liveness.LIVE
        anchor.publish(back=30)
        crl["enabled"] = True
        with pytest.raises(Rejected, match="newer list"):
            ACT.call(client, c)


def test_a_list_of_another_authority_or_past_its_time_shuts_nobody_out(tmp_path: Path) -> None:
    cloud, anchor, other = FakeAws(), Anchor(tmp_path / "a.pem"), Anchor(tmp_path / "b.pem", "other")
    pem, serial = anchor.issue("ada-laptop")
    cloud.subject("ada-laptop", pem)
    with serve(cloud) as url:
        client = cloud.client(url, rolesanywhere_crl=str(other.file), rolesanywhere_trust_anchor=ARN)
        (mine,) = list(KIND.enumerate(client, Subject(names=("cert:ada-laptop",))))
        with pytest.raises(Rejected, match="could not be read"):
            ACT.call(client, found(mine))
        other.publish(serial)
        with pytest.raises(Rejected, match="does not hold"):
            ACT.call(client, found(mine))
        for blob in (other.file.read_bytes(), anchor.publish(serial, back=7200), b"no list"):
            cloud.tables["crls"] = {
                "x" * 36: {"crlId": "x" * 36, "enabled": True, "crlData": blob, "trustAnchorArn": ARN}
            }
            assert KIND.verify(client, found(mine)).liveness is Liveness.LIVE
        with pytest.raises(Rejected, match="names no list"):
            ACT.call(replace_tenant(client), found(mine))
        cloud.rights = set()
        assert [type(r) for r in KIND.enumerate(client, Subject(names=("cert:ada-laptop",)))] == [Gap]


@pytest.mark.parametrize("fault", FAULTS)
def test_no_fault_makes_a_living_certificate_dead_or_a_write_twice_wrong(tmp_path: Path, fault: str) -> None:
    cloud, anchor = FakeAws(), Anchor(tmp_path / "a.pem")
    pem, serial = anchor.issue("ada-laptop")
    cloud.subject("ada-laptop", pem)
    subject = Subject(names=("cert:ada-laptop",))
    with serve(cloud) as url, FaultServer(url) as server:
        client = cloud.client(server.url, rolesanywhere_crl=str(anchor.file), rolesanywhere_trust_anchor=ARN)
        (mine,) = list(KIND.enumerate(client, subject))
        c = found(mine)
        with server.faults(Rule(fault=fault)):
            for look in (KIND.verify, KIND.control, lambda *_: KIND.identify(client, c, None)):
                with pytest.raises(ProviderError):
                    look(client, c)
            try:
                rows = list(KIND.enumerate(client, subject))
                assert any(isinstance(row, Gap) for row in rows)
            except (Throttled, Unreachable):
                pass
        anchor.publish(serial)
        for skip in (0, 1):
            with server.faults(Rule(fault=fault, skip=skip, times=1)), contextlib.suppress(ProviderError):
                assert ACT.call(client, c).status is not CallStatus.NOTHING
        ACT.call(client, c)
        assert KIND.verify(client, c).liveness is Liveness.DEAD
        assert len({crl["crlData"] for crl in cloud.tables["crls"].values()}) == 1


def replace_tenant(client):
    settings = {k: v for k, v in client.tenant.settings.items() if not k.startswith("rolesanywhere")}
    client.tenant = replace(client.tenant, settings=settings)
    return client
