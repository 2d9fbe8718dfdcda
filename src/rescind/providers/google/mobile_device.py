"""Phones and tablets that a Workspace user manages mail with: blocked, or wiped, which are different things.

A block keeps the device from Workspace and can be taken back. Two wipes are apart from it, and no playbook orders one without an approval:
`erase-local` removes the work account with its data, `delete` resets the device and with it what is private. Neither is done before
the device is online: Google shows it as being wiped until then, and that is no proof. The directory lists what users own; a
company's phones are shown by Cloud Identity (`google.device`), which shows these too
(https://developers.google.com/workspace/admin/directory/reference/rest/v1/mobiledevices/list).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

from rescind.errors import ProviderError, Rejected, Throttled, Unreachable
from rescind.models.credential import Credential, EndState
from rescind.models.evidence import Gap
from rescind.models.kind import Act, CallResult, CallStatus, Death, Kind, Known, Liveness, Observation, Subject, Verb
from rescind.providers.google import _people
from rescind.providers.google._api import Row, called, moment, pages, seen, seg, shown, text, texts, unclear
from rescind.providers.google._apis import scope
from rescind.providers.google._connect import Google
from rescind.secret import Secret
from rescind.wire.http import Answer, raise_for

_WHERE = "/admin/directory/v1/customer/my_customer/devices/mobile"
_LIVE = {"APPROVED", "PENDING", "UNPROVISIONED"}
_WIPES = {"WIPING", "ACCOUNT_WIPING"}
_WIPED = {"WIPED", "ACCOUNT_WIPED"}
_CUT = {"BLOCKED", *_WIPES, *_WIPED}


def _read(client: Google, credential: Credential) -> tuple[Row, Answer]:
    if not credential.identifier:
        raise Rejected("nothing is known of which device it is", code="incomplete")
    answer = client.send("mobile", "GET", f"{_WHERE}/{seg(credential.identifier)}")
    row, _ = shown(answer, "resourceId", "status", what="mobile device")
    if text(row, "resourceId") != credential.identifier:
        raise unclear(answer, "another device than the one asked for was shown")
    return row, answer


def _status(row: Row) -> str:
    return text(row, "status").upper().replace(" ", "_")


def _known(row: Row, workstation: str = "") -> Known:
    mails, status = texts(row, "email"), _status(row)
    names = {text(row, k).casefold() for k in ("serialNumber", "imei", "meid", "deviceId")} - {""}
    facts = {
        "status": status,
        "device_type": text(row, "type").lower(),
        "model": text(row, "model"),
        "serial": text(row, "serialNumber"),
        "device_id": f"mobile/{text(row, 'resourceId')}",
        "workstation": workstation if workstation.casefold() in names else "",
    }
    living = Liveness.LIVE if status in _LIVE else Liveness.UNKNOWN
    return Known(
        identifier=text(row, "resourceId"),
        subject=text(row, "serialNumber") or text(row, "deviceId"),
        owner=mails[0] if len(mails) == 1 else "",  # of a shared one nobody says whose it is
        attributes={k: v for k, v in facts.items() if v},
        created_at=moment(text(row, "firstSync")),
        last_used=moment(text(row, "lastSync")),
        liveness=Liveness.DEAD if status in _CUT else living,
    )


def identify(client: Google, credential: Credential, secret: Secret | None) -> Known:  # noqa: ARG001  a device has no value
    """Ask for a device by its id. Raises typed provider errors."""
    return _known(_read(client, credential)[0], credential.attributes.get("workstation", ""))


def enumerate_(client: Google, subject: Subject) -> Iterator[Known | Gap]:
    """Show the devices that the person's users manage. What could not be listed whole is a `Gap`."""
    for found in _people.people(client, subject):
        if isinstance(found, Gap):
            yield found
            continue
        mail = text(found[0], "primaryEmail")
        query = {"query": f"email:{mail}", "maxResults": "100"}
        try:
            rows, answer = pages(client, "mobile", _WHERE, "mobiledevices", what="mobile devices", query=query)
            if not all(text(r, "resourceId") for r in rows):
                raise unclear(answer, "a device without an id")
        except (Throttled, Unreachable):
            raise
        except ProviderError as error:
            why = f"mobile devices of {mail} could not be listed: {error.message}"
            yield Gap(source=f"tenant:{client.tenant.name}", reason=why)
        else:  # the search finds similar addresses too
            mine = [r for r in rows if mail.casefold() in {m.casefold() for m in texts(r, "email")}]
            yield from (_known(r, subject.workstation) for r in mine)


def _act(client: Google, credential: Credential, action: str) -> CallResult:
    where = f"{_WHERE}/{seg(credential.identifier)}/action"
    answer = client.send("mobile", "POST", where, json={"action": action})
    raise_for(answer, what=f"device {action}")
    if answer.status not in {200, 204} or answer.json not in (None, {}):
        raise unclear(answer, f"device {action}: an answer that nobody documented")
    return called(answer, CallStatus.ACCEPTED)  # the device has to be online for it


def approve(client: Google, credential: Credential) -> CallResult:
    """Approve the device again, if it was approved before the run. Raises typed provider errors."""
    was = credential.attributes.get("before.status") or credential.attributes.get("status", "")
    if was != "APPROVED":
        left = f"the device was {was or 'not known to be APPROVED'} before the run"
        return CallResult(status=CallStatus.ALREADY, notes={"left": left})
    return _act(client, credential, "approve")


def snapshot(client: Google, credential: Credential) -> Mapping[str, str]:
    """Return the status before the device is touched. Raises typed provider errors."""
    return {"status": _status(_read(client, credential)[0])}


def verify(client: Google, credential: Credential) -> Observation:
    """Read the status of the device. One that is not shown is no proof: `NotFound`. Raises other typed provider errors."""
    row, answer = _read(client, credential)
    status = _status(row)
    liveness = Liveness.DEAD if status in _CUT else Liveness.LIVE if status in _LIVE else Liveness.UNKNOWN
    return seen(answer, liveness, f"Google shows the device as {status}", reversible=status == "BLOCKED")


def wiped(client: Google, credential: Credential) -> Observation:
    """Read whether a wipe was carried out: an order that waits for the device proves nothing. Raises typed provider errors."""
    row, answer = _read(client, credential)
    status = _status(row)
    if status in _WIPED:
        return seen(answer, Liveness.DEAD, f"Google shows the device as {status}")
    if status in _WIPES:
        return seen(answer, Liveness.UNKNOWN, f"the wipe is ordered and waits until the device is online: {status}")
    return seen(answer, Liveness.LIVE, f"Google shows the device as {status}, and no wipe of it")


def control(client: Google, credential: Credential) -> Observation:  # noqa: ARG001  any device will do
    """Show that devices can be read in this run. Raises typed provider errors."""
    shown_here = shown(client.send("mobile", "GET", _WHERE, query={"maxResults": "1"}), "kind", what="mobile devices")
    return seen(shown_here[1], Liveness.LIVE, "the directory lists mobile devices")


def _wipe(action: str, undo: str) -> Act:
    return Act(
        call=partial(_act, action=action),
        reversible=False,
        idempotent=True,
        permissions=(scope("mobile", act=True),),
        ends=EndState.CONTAINED,
        verify=wiped,
        snapshot=snapshot,
        undo=undo,
    )


KIND = Kind(
    id="google.mobile-device",
    title="Phone or tablet of a Google Workspace user",
    provider="google",
    actions={
        Verb.DEACTIVATE: Act(
            call=partial(_act, action="block"),
            reversible=True,
            idempotent=True,
            permissions=(scope("mobile", act=True),),
            ends=EndState.CONTAINED,
            undo="approve the device",
            snapshot=snapshot,
            restore=approve,
        ),
        Verb.ERASE_LOCAL: _wipe("admin_account_wipe", "none: the user adds the account again"),
        Verb.DELETE: _wipe("admin_remote_wipe", "cancel_remote_wipe_then_block, as long as the device was not online"),
    },
    verify=verify,
    control=control,
    enumerate=enumerate_,
    identify=identify,
    read_permissions=(_people.LOOK, scope("mobile")),
    death=Death(negatives=2, seconds=10.0, source=_people.PROPAGATES),
    steps_by_hand="Admin console, Devices, Mobile and endpoints, the device: Block device; Wipe account or Wipe device there.",
    reference="https://developers.google.com/workspace/admin/directory/reference/rest/v1/mobiledevices/action",
    since="0.2",
    tested=(
        "a simulator of ours, made of Google's discovery document admin:directory_v1 (20261104); no real Workspace",
    ),
)
