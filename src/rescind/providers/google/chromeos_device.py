"""ChromeOS devices that are enrolled in Workspace: disabled, which locks the screen until they are enabled again.

Never deprovisioned here: a deprovisioned device hears of no policy any more, and of no wipe. A device that is off hears of it when it is
online again (https://support.google.com/chrome/a/answer/3523633).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from rescind.errors import Rejected
from rescind.models.credential import Credential
from rescind.models.evidence import Gap
from rescind.models.kind import CallResult, Death, Kind, Known, Liveness, Subject, Verb
from rescind.providers.google import _devices, _people
from rescind.providers.google._api import Row, called, moment, pages, shown, text, unclear
from rescind.providers.google._apis import scope
from rescind.providers.google._connect import Google
from rescind.secret import Secret

_STATES = {"ACTIVE": Liveness.LIVE, "DISABLED": Liveness.DEAD}
_SORT = _devices.Sort(api="chromeos", key="deviceId", what="ChromeOS device", states=_STATES, cut="DISABLED")


def _owner(row: Row) -> str:
    """Return whose a device is: the user an administrator noted, else the only one who used it."""
    used = row.get("recentUsers")
    mails = {str(u.get("email", "")) for u in used if isinstance(u, dict)} if isinstance(used, list) else set()
    return text(row, "annotatedUser") or (mails.pop() if len(mails) == 1 else "")


def _known(row: Row, workstation: str = "") -> Known:
    more = {"device_id": f"chromeos/{text(row, 'deviceId')}", "asset": text(row, "annotatedAssetId")}
    return Known(
        identifier=text(row, "deviceId"),
        subject=text(row, "serialNumber"),
        owner=_owner(row),
        attributes=_devices.facts(row, workstation, ("annotatedAssetId",), status=text(row, "status"), **more),
        last_used=moment(text(row, "lastSync")),
        liveness=_STATES.get(text(row, "status"), Liveness.UNKNOWN),
    )


def identify(client: Google, credential: Credential, secret: Secret | None) -> Known:  # noqa: ARG001  a device has no value
    """Ask for a device by its id. Raises typed provider errors."""
    return _known(_devices.find(client, credential, _SORT)[0], credential.attributes.get("workstation", ""))


def enumerate_(client: Google, subject: Subject) -> Iterator[Known | Gap]:
    """Show the devices that are noted as the person's or were used by them; of a shared one nobody says whose it is."""
    known: set[str] = set()

    def of_user(user: Row) -> Iterator[Known]:
        mail, rows = text(user, "primaryEmail"), list[Row]()
        for how in ("user", "recent_user"):
            query = {"query": f"{how}:{mail}", "maxResults": "100"}
            rows += pages(client, "chromeos", _SORT.where, "chromeosdevices", what="devices", query=query)[0]
        new = {text(r, "deviceId"): r for r in rows if text(r, "deviceId") and text(r, "deviceId") not in known}
        known.update(new)
        return (_known(r, subject.workstation) for r in new.values())

    return _people.each(client, subject, "ChromeOS devices of {}", of_user)


def _change(client: Google, credential: Credential, action: str) -> CallResult:
    body = {
        "deviceIds": [credential.identifier],
        "changeChromeOsDeviceStatusAction": f"CHANGE_CHROME_OS_DEVICE_STATUS_ACTION_{action}",
    }
    row, answer = shown(
        client.send("chromeos", "POST", f"{_SORT.where}:batchChangeStatus", json=body), what="device status"
    )
    results = row.get("changeChromeOsDeviceStatusResults")
    mine = [r for r in results or () if isinstance(r, dict) and text(r, "deviceId") == credential.identifier]
    if not isinstance(results, list) or len(mine) != 1:
        raise unclear(answer, "device status: an answer without a result")
    if "error" in mine[0]:
        raise Rejected("device status: Google did not change it", code="batch", request_id=answer.request_id)
    return called(answer)


def disable(client: Google, credential: Credential) -> CallResult:
    """Disable the device. Raises typed provider errors."""
    return _change(client, credential, "DISABLE")


def enable(client: Google, credential: Credential) -> CallResult:
    """Enable the device again, if it was active before the run. Raises typed provider errors."""
    return _devices.not_before(credential, "status", "ACTIVE") or _change(client, credential, "REENABLE")


KIND = Kind(
    id="google.chromeos-device",
    title="ChromeOS device enrolled in Google Workspace",
    provider="google",
    actions={
        Verb.DEACTIVATE: _devices.block(
            "chromeos",
            disable,
            snapshot=partial(_devices.snapshot, sort=_SORT),
            undo="enable the device again",
            restore=enable,
        )
    },
    verify=partial(_devices.verify, sort=_SORT),
    control=partial(_devices.control, sort=_SORT),
    enumerate=enumerate_,
    identify=identify,
    read_permissions=(_people.LOOK, scope("chromeos")),
    death=Death(negatives=2, seconds=10.0, source=_people.PROPAGATES),
    steps_by_hand="Admin console, Devices, Chrome, Devices, the device: Disable; a remote powerwash is ordered there too.",
    reference="https://developers.google.com/workspace/admin/directory/reference/rest/v1/customer.devices.chromeos/batchChangeStatus",
    since="0.1",
    tested=(
        "a simulator of ours, made of Google's discovery document admin:directory_v1 (20261104); no real Workspace",
    ),
)
