"""ChromeOS devices that are enrolled in Workspace: disabled, which locks the screen until they are enabled again.

Never deprovisioned here: a deprovisioned device hears of no policy any more, and of no wipe. A device that is off hears of it when it is
online again (https://support.google.com/chrome/a/answer/3523633).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rescind.errors import ProviderError, Rejected, Throttled, Unreachable
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
    Subject,
    Verb,
)
from rescind.providers.google import _people
from rescind.providers.google._api import Row, called, moment, pages, seen, seg, shown, text, unclear
from rescind.providers.google._apis import APIS, AUTH
from rescind.providers.google._connect import Google
from rescind.secret import Secret
from rescind.wire.http import Answer

_WHERE = "/admin/directory/v1/customer/my_customer/devices/chromeos"
_LOOK, _ACT = (AUTH + scopes[0] for scopes in (APIS["chromeos"].look, APIS["chromeos"].act))
_LIVENESS = {"ACTIVE": Liveness.LIVE, "DISABLED": Liveness.DEAD}


def _read(client: Google, credential: Credential) -> tuple[Row, Answer]:
    if not credential.identifier:
        raise Rejected("nothing is known of which device it is", code="incomplete")
    answer = client.send("chromeos", "GET", f"{_WHERE}/{seg(credential.identifier)}")
    row, _ = shown(answer, "deviceId", "status", what="ChromeOS device")
    if text(row, "deviceId") != credential.identifier:
        raise unclear(answer, "another device than the one asked for was shown")
    return row, answer


def _owner(row: Row) -> str:
    """Return whose a device is: the user an administrator noted, else the only one who used it."""
    used = row.get("recentUsers")
    mails = {str(u.get("email", "")) for u in used if isinstance(u, dict)} if isinstance(used, list) else set()
    return text(row, "annotatedUser") or (mails.pop() if len(mails) == 1 else "")


def _known(row: Row, workstation: str = "") -> Known:
    names = {text(row, k).casefold() for k in ("serialNumber", "annotatedAssetId")} - {""}
    facts = {
        "status": text(row, "status"),
        "serial": text(row, "serialNumber"),
        "device_id": f"chromeos/{text(row, 'deviceId')}",
        "model": text(row, "model"),
        "asset": text(row, "annotatedAssetId"),
        "workstation": workstation if workstation.casefold() in names else "",
    }
    return Known(
        identifier=text(row, "deviceId"),
        subject=text(row, "serialNumber"),
        owner=_owner(row),
        attributes={k: v for k, v in facts.items() if v},
        last_used=moment(text(row, "lastSync")),
        liveness=_LIVENESS.get(text(row, "status"), Liveness.UNKNOWN),
    )


def identify(client: Google, credential: Credential, secret: Secret | None) -> Known:  # noqa: ARG001  a device has no value
    """Ask for a device by its id. Raises typed provider errors."""
    return _known(_read(client, credential)[0], credential.attributes.get("workstation", ""))


def enumerate_(client: Google, subject: Subject) -> Iterator[Known | Gap]:
    """Show the devices that are noted as the person's or were used by them; of a shared one nobody says whose it is."""
    known: set[str] = set()
    for found in _people.people(client, subject):
        if isinstance(found, Gap):
            yield found
            continue
        mail = text(found[0], "primaryEmail")
        try:
            queries = [{"query": f"{how}:{mail}", "maxResults": "100"} for how in ("user", "recent_user")]
            rows = [
                r
                for q in queries
                for r in pages(client, "chromeos", _WHERE, "chromeosdevices", what="devices", query=q)[0]
            ]
        except (Throttled, Unreachable):
            raise
        except ProviderError as error:
            why = f"ChromeOS devices of {mail} could not be listed: {error.message}"
            yield Gap(source=f"tenant:{client.tenant.name}", reason=why)
            continue
        new = {text(r, "deviceId"): r for r in rows if text(r, "deviceId") and text(r, "deviceId") not in known}
        known |= set(new)
        yield from (_known(r, subject.workstation) for r in new.values())


def _change(client: Google, credential: Credential, action: str) -> CallResult:
    body = {
        "deviceIds": [credential.identifier],
        "changeChromeOsDeviceStatusAction": f"CHANGE_CHROME_OS_DEVICE_STATUS_ACTION_{action}",
    }
    row, answer = shown(client.send("chromeos", "POST", f"{_WHERE}:batchChangeStatus", json=body), what="device status")
    results = row.get("changeChromeOsDeviceStatusResults")
    mine = [r for r in results or () if isinstance(r, dict) and text(r, "deviceId") == credential.identifier]
    if not isinstance(results, list) or len(mine) != 1:
        raise unclear(answer, "device status: an answer without a result")
    if "error" in mine[0]:
        raise Rejected("device status: Google did not change it", code="batch", request_id=answer.request_id)
    return called(answer, CallStatus.DONE)


def disable(client: Google, credential: Credential) -> CallResult:
    """Disable the device. Raises typed provider errors."""
    return _change(client, credential, "DISABLE")


def enable(client: Google, credential: Credential) -> CallResult:
    """Enable the device again, if it was active before the run. Raises typed provider errors."""
    was = credential.attributes.get("before.status") or credential.attributes.get("status", "")
    if was != "ACTIVE":
        left = f"the device was {was or 'not known to be ACTIVE'} before the run"
        return CallResult(status=CallStatus.ALREADY, notes={"left": left})
    return _change(client, credential, "REENABLE")


def snapshot(client: Google, credential: Credential) -> Mapping[str, str]:
    """Return the status before the device is disabled. Raises typed provider errors."""
    return {"status": text(_read(client, credential)[0], "status")}


def verify(client: Google, credential: Credential) -> Observation:
    """Read the status of the device. One that is not shown is no proof: `NotFound`. Raises other typed provider errors."""
    row, answer = _read(client, credential)
    status = text(row, "status")
    told = f"Google shows the device as {status}"
    return seen(answer, _LIVENESS.get(status, Liveness.UNKNOWN), told, reversible=status == "DISABLED")


def control(client: Google, credential: Credential) -> Observation:  # noqa: ARG001  any device will do
    """Show that devices can be read in this run. Raises typed provider errors."""
    answer = client.send("chromeos", "GET", _WHERE, query={"maxResults": "1"})
    shown(answer, "kind", what="ChromeOS devices")
    return seen(answer, Liveness.LIVE, "the directory lists ChromeOS devices")


KIND = Kind(
    id="google.chromeos-device",
    title="ChromeOS device enrolled in Google Workspace",
    provider="google",
    actions={
        Verb.DEACTIVATE: Act(
            call=disable,
            reversible=True,
            idempotent=True,
            permissions=(_ACT,),
            ends=EndState.CONTAINED,
            undo="enable the device again",
            snapshot=snapshot,
            restore=enable,
        )
    },
    verify=verify,
    control=control,
    enumerate=enumerate_,
    identify=identify,
    read_permissions=(_people.LOOK, _LOOK),
    death=Death(negatives=2, seconds=10.0, source=_people.PROPAGATES),
    steps_by_hand="Admin console, Devices, Chrome, Devices, the device: Disable; a remote powerwash is ordered there too.",
    reference="https://developers.google.com/workspace/admin/directory/reference/rest/v1/customer.devices.chromeos/batchChangeStatus",
    since="0.2",
    tested=(
        "a simulator of ours, made of Google's discovery document admin:directory_v1 (20261104); no real Workspace",
    ),
)
