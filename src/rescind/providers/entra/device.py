"""Devices of Entra: switched off, which ends the primary refresh token and every refresh token on them, and its Windows Hello sign-in.

Never deleted here: the BitLocker recovery keys lie on the device object and would go with it
(https://learn.microsoft.com/en-us/entra/identity/devices/manage-device-identities#delete-an-entra-device). What lies on the disk is not
protected by this: lock or wipe the machine in Intune before its record is touched. A device is addressed by its object id; sign-in logs
and the machine itself show the other one, `deviceId`.
"""

from __future__ import annotations

from collections.abc import Mapping

from rescind.errors import Denied
from rescind.models.credential import Credential, EndState
from rescind.models.kind import Act, CallResult, CallStatus, Kind, Liveness, Observation, Residual, Verb
from rescind.providers.entra import _devices, _person, _sessions
from rescind.providers.entra._connect import ACCESS_SECONDS, Entra
from rescind.providers.entra._graph import DEATH, TESTED, pages, seen, seg, switched, text


def disable(client: Entra, credential: Credential) -> CallResult:
    """Switch the device off, for everybody who signs in on it. Raises typed provider errors."""
    return switched(client, f"/devices/{seg(credential.identifier)}", "device", on=False)


def enable(client: Entra, credential: Credential) -> CallResult:
    """Switch the device on again, if it was on before the run. Raises typed provider errors."""
    if (credential.attributes.get("before.enabled") or credential.attributes.get("enabled")) != "true":
        return CallResult(status=CallStatus.ALREADY, notes={"left": "the device was not known to be enabled before"})
    return switched(client, f"/devices/{seg(credential.identifier)}", "device", on=True)


def snapshot(client: Entra, credential: Credential) -> Mapping[str, str]:
    """Return the device as it is, and how many recovery keys lie on it: deleting it would take them away."""
    row, _ = _devices.of(client, credential)
    try:
        query = {"$filter": f"deviceId eq '{text(row, 'deviceId')}'", "$select": "id"}
        keys, _ = pages(client, "/informationProtection/bitlocker/recoveryKeys", what="recovery keys", query=query)
        count = str(len(keys))
    except Denied:
        count = "unknown"
    return {"enabled": str(row["accountEnabled"]).lower(), "recovery_keys": count, "name": text(row, "displayName")}


def verify(client: Entra, credential: Credential) -> Observation:
    """Read `accountEnabled` back. A device that is not there is no proof: `NotFound`. Raises other typed provider errors."""
    row, answer = _devices.of(client, credential)
    if row["accountEnabled"]:
        return seen(answer, Liveness.LIVE, "Graph shows the device as enabled")
    told = "Graph shows the device with accountEnabled false"
    if text(row, "trustType") == "ServerAd":
        told += "; it is hybrid-joined: disable its computer account on premises too, or a synchronisation may enable it again"
    return seen(answer, Liveness.DEAD, told, reversible=True, deaf=client.access_seconds)


def control(client: Entra, credential: Credential) -> Observation:
    """Show that devices can be read in this run: this one, else any. Raises typed provider errors."""
    if credential.identifier:
        row, answer = _devices.of(client, credential)
        return seen(answer, Liveness.LIVE, f"Graph shows device {text(row, 'id')}")
    return _person.control_of(client, "/devices", "devices")


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
    enumerate=_devices.enumerate_,
    identify=_devices.identify,
    read_permissions=("Device.Read.All", "User.Read.All"),
    issuer_is_account=True,
    residual=Residual(
        seconds=_sessions.EVALUATED,
        what="access tokens that were issued to the device before; and what its disk shows to whoever knows its PIN, until it is wiped",
        source=_sessions.CONTINUOUS,
        hears=_sessions.BOTH,
        deaf=ACCESS_SECONDS,
    ),
    death=DEATH,
    reference="https://learn.microsoft.com/en-us/graph/api/device-update",
    since="0.1",
    tested=TESTED,
    steps_by_hand="Entra admin center, Devices, the device: Disable. Do not delete it: its BitLocker recovery keys would go with it.",
)
