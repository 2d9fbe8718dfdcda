"""Devices of Entra: switched off, which ends the primary refresh token and every refresh token on them, and its Windows Hello sign-in.

Never deleted here: the BitLocker recovery keys lie on the device object and would go with it
(https://learn.microsoft.com/en-us/entra/identity/devices/manage-device-identities#delete-an-entra-device). What lies on the disk is not
protected by this: lock or wipe the machine in Intune before its record is touched. A device is addressed by its object id; sign-in logs
and the machine itself show the other one, `deviceId`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from rescind.errors import Denied, NotFound, Rejected
from rescind.models.credential import Credential, EndState
from rescind.models.evidence import Gap
from rescind.models.kind import (
    Act,
    CallResult,
    CallStatus,
    Death,
    Kind,
    Known,
    Liveness,
    Observation,
    Residual,
    Subject,
    Verb,
)
from rescind.models.tenant import AUTHORITY
from rescind.providers.entra import _person, _sessions
from rescind.providers.entra._connect import ACCESS_SECONDS, Entra
from rescind.providers.entra._graph import LAG, Row, pages, read, seen, seg, text, unclear, written
from rescind.secret import Secret
from rescind.wire.http import Answer

_SELECT = "id,deviceId,displayName,accountEnabled,operatingSystem,trustType,approximateLastSignInDateTime,registrationDateTime"

ON_PREMISES = "the on-premises Active Directory that holds its computer account"


def _read(client: Entra, path: str) -> tuple[Row, Answer]:
    row, answer = read(client, path, _SELECT, what="device")
    if not isinstance(row.get("accountEnabled"), bool):
        raise unclear(answer, "device: without accountEnabled")
    return row, answer


def _of(client: Entra, credential: Credential) -> tuple[Row, Answer]:
    row, answer = _read(client, f"/devices/{seg(credential.identifier)}")
    if text(row, "id").lower() != credential.identifier.lower():
        raise unclear(answer, "device: another one was shown")
    return row, answer


def _known(client: Entra, row: Row, workstation: str = "") -> Known:
    owners, _ = pages(client, f"/devices/{seg(text(row, 'id'))}/registeredOwners", what="owners of a device")
    names = sorted(filter(None, (text(o, "userPrincipalName") for o in owners)))
    mine = workstation and text(row, "displayName").casefold() == workstation.casefold()
    facts = {
        "device_id": text(row, "deviceId"),
        "name": text(row, "displayName"),
        "system": text(row, "operatingSystem"),
        "join": text(row, "trustType"),
        "owners": ",".join(names),
        "enabled": str(row["accountEnabled"]).lower(),
        "workstation": workstation if mine else "",
        AUTHORITY: ON_PREMISES if text(row, "trustType") == "ServerAd" else "",
    }
    return Known(
        identifier=text(row, "id"),
        issuer=client.tenant_id,
        subject=text(row, "displayName"),
        owner=names[0] if len(names) == 1 else "",  # of a shared machine, or one without owner, nobody says whose it is
        attributes={k: v for k, v in facts.items() if v},
        created_at=text(row, "registrationDateTime") or None,
        last_used=text(row, "approximateLastSignInDateTime") or None,
        liveness=Liveness.LIVE if row["accountEnabled"] else Liveness.DEAD,
    )


def identify(client: Entra, credential: Credential, secret: Secret | None) -> Known:  # noqa: ARG001  a device has no value
    """Ask for a device by object id, else by the id that the machine itself shows. Raises typed provider errors."""
    shown = credential.attributes.get("device_id", "").lower()
    if not credential.identifier and not re.fullmatch(r"[0-9a-f-]{36}", shown):
        raise Rejected("neither of a device's two ids is known", code="incomplete")
    if credential.identifier:
        return _known(client, _of(client, credential)[0])
    return _known(client, _read(client, f"/devices(deviceId='{shown}')")[0])


def enumerate_(client: Entra, subject: Subject) -> Iterator[Known | Gap]:
    """Show the person's devices, and those that are called like the workstation: a hybrid-joined one often has no owner."""
    ids: dict[str, None] = {}
    for found in _person.people(client, subject):
        if isinstance(found, Gap):
            yield found
            continue
        for what in ("registeredDevices", "ownedDevices"):
            rows, _ = pages(client, f"/users/{seg(text(found[0], 'id'))}/{what}", what=what)
            ids |= dict.fromkeys(
                text(r, "id") for r in rows if text(r, "@odata.type") in {"", "#microsoft.graph.device"}
            )
    if subject.workstation:
        name = subject.workstation.replace("'", "''")
        query = {"$filter": f"displayName eq '{name}'", "$select": "id,displayName"}
        rows, _ = pages(client, "/devices", what="devices by name", query=query)
        ids |= dict.fromkeys(text(r, "id") for r in rows)
    for ident in filter(None, ids):
        try:
            row, _ = _read(client, f"/devices/{seg(ident)}")
        except NotFound:  # deleted since the listing, or a replica that has not heard of it
            yield Gap(source=f"tenant:{client.tenant.name}", reason=f"device {ident} is listed, but is not shown")
            continue
        yield _known(client, row, subject.workstation)


def _set(client: Entra, credential: Credential, *, enabled: bool) -> CallResult:
    answer = client.http.send("PATCH", f"/devices/{seg(credential.identifier)}", json={"accountEnabled": enabled})
    return written(answer, "device update")


def disable(client: Entra, credential: Credential) -> CallResult:
    """Switch the device off, for everybody who signs in on it. Raises typed provider errors."""
    return _set(client, credential, enabled=False)


def enable(client: Entra, credential: Credential) -> CallResult:
    """Switch the device on again, if it was on before the run. Raises typed provider errors."""
    if (credential.attributes.get("before.enabled") or credential.attributes.get("enabled")) != "true":
        return CallResult(status=CallStatus.ALREADY, notes={"left": "the device was not known to be enabled before"})
    return _set(client, credential, enabled=True)


def snapshot(client: Entra, credential: Credential) -> Mapping[str, str]:
    """Return the device as it is, and how many recovery keys lie on it: deleting it would take them away."""
    row, _ = _of(client, credential)
    try:
        query = {"$filter": f"deviceId eq '{text(row, 'deviceId')}'", "$select": "id"}
        keys, _ = pages(client, "/informationProtection/bitlocker/recoveryKeys", what="recovery keys", query=query)
        count = str(len(keys))
    except Denied:
        count = "unknown"
    return {"enabled": str(row["accountEnabled"]).lower(), "recovery_keys": count, "name": text(row, "displayName")}


def verify(client: Entra, credential: Credential) -> Observation:
    """Read `accountEnabled` back. A device that is not there is no proof: `NotFound`. Raises other typed provider errors."""
    row, answer = _of(client, credential)
    if row["accountEnabled"]:
        return seen(answer, Liveness.LIVE, "Graph shows the device as enabled")
    told = "Graph shows the device with accountEnabled false"
    if text(row, "trustType") == "ServerAd":
        told += "; it is hybrid-joined: disable its computer account on premises too, or a synchronisation may enable it again"
    return seen(answer, Liveness.DEAD, told, reversible=True, deaf=client.access_seconds)


def control(client: Entra, credential: Credential) -> Observation:
    """Show that devices can be read in this run: this one, else any. Raises typed provider errors."""
    if credential.identifier:
        row, answer = _of(client, credential)
        return seen(answer, Liveness.LIVE, f"Graph shows device {text(row, 'id')}")
    answer = client.http.send("GET", "/devices", query={"$top": "1", "$select": "id"})
    return _person.control_of(answer, "devices")


KIND = Kind(
    id="entra.device",
    title="Device registered in Microsoft Entra",
    provider="entra",
    actions={
        Verb.DEACTIVATE: Act(
            call=disable,
            reversible=True,
            idempotent=True,
            permissions=("Device.ReadWrite.All", "BitlockerKey.ReadBasic.All"),
            ends=EndState.DEAD,
            undo="PATCH /devices/<id> with accountEnabled true",
            snapshot=snapshot,
            restore=enable,
        )
    },
    verify=verify,
    control=control,
    enumerate=enumerate_,
    identify=identify,
    read_permissions=("Device.Read.All", "User.Read.All"),
    issuer_is_account=True,
    residual=Residual(
        seconds=_sessions.EVALUATED,
        what="access tokens that were issued to the device before; and what its disk shows to whoever knows its PIN, until it is wiped",
        source=_sessions.CONTINUOUS,
        hears=_sessions.BOTH,
        deaf=ACCESS_SECONDS,
    ),
    death=Death(negatives=2, seconds=30.0, source=LAG),
    reference="https://learn.microsoft.com/en-us/graph/api/device-update",
    since="0.2",
    tested=("a simulator of ours, made of Graph's v1.0 CSDL and its permission map; no real tenant",),
    steps_by_hand="Entra admin center, Devices, the device: Disable. Do not delete it: its BitLocker recovery keys would go with it.",
)
