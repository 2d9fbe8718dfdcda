"""Where a Workspace user is signed in, as Cloud Identity sees it: phones, laptops with Endpoint Verification, Chrome. Blocked, not wiped.

A block keeps the device from the user's Workspace data, on Windows, macOS and Linux by context-aware access. What lies on the disk is
not protected by it (https://cloud.google.com/identity/docs/how-to/block-device-user). `erase-local` is apart from it, and no playbook orders it
without an approval: it takes the user's work account and its data off a managed device; one that only reports to Endpoint Verification
does nothing of the kind. The state that Google shows counts, not the operation that was accepted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import partial

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
from rescind.providers.google._apis import APIS
from rescind.providers.google._connect import Google
from rescind.secret import Secret
from rescind.wire.http import Answer

_NAME = re.compile(r"devices/[^/]+/deviceUsers/[^/]+")
_CUT = {"BLOCKED", "WIPING", "WIPED"}
_MINE = {"customer": "customers/my_customer"}
_LOOK, _ACT = (
    f"https://www.googleapis.com/auth/{s[0]}" for s in (APIS["cloudidentity"].look, APIS["cloudidentity"].act)
)


def _path(name: str, rest: str = "") -> str:
    if not _NAME.fullmatch(name):
        raise Rejected("nothing is known of which device of which user it is", code="incomplete")
    return "/v1/" + "/".join(map(seg, name.split("/"))) + rest


def _read(client: Google, name: str) -> tuple[Row, Answer]:
    answer = client.send("cloudidentity", "GET", _path(name), query=_MINE)
    row, _ = shown(answer, "name", "userEmail", "managementState", what="user of a device")
    if text(row, "name") != name:
        raise unclear(answer, "another user of a device than the one asked for was shown")
    return row, answer


def _known(client: Google, user: Row, workstation: str = "") -> Known:
    name = text(user, "name")
    answer = client.send("cloudidentity", "GET", f"/v1/devices/{seg(name.split('/')[1])}", query=_MINE)
    device, _ = shown(answer, "name", what="device")
    called_ = {text(device, k).casefold() for k in ("hostname", "serialNumber", "assetTag")} - {""}
    facts = {
        "state": text(user, "managementState"),
        "device_type": text(device, "deviceType").lower(),
        "model": text(device, "model"),
        "serial": text(device, "serialNumber"),
        "device_id": name,
        "name": text(device, "hostname"),
        "belongs_to": text(device, "ownerType").lower(),
        "workstation": workstation if workstation.casefold() in called_ else "",
    }
    state = text(user, "managementState")
    return Known(
        identifier=name,
        subject=text(user, "userEmail"),
        owner=text(user, "userEmail"),
        attributes={k: v for k, v in facts.items() if v},
        created_at=moment(text(user, "createTime")),
        last_used=moment(text(user, "lastSyncTime")),
        liveness=Liveness.DEAD if state in _CUT else Liveness.LIVE,
    )


def identify(client: Google, credential: Credential, secret: Secret | None) -> Known:  # noqa: ARG001  a device has no value
    """Ask for the user of a device and for the device. Raises typed provider errors."""
    return _known(client, _read(client, credential.identifier)[0], credential.attributes.get("workstation", ""))


def enumerate_(client: Google, subject: Subject) -> Iterator[Known | Gap]:
    """Show where the person's users are signed in; a device that is called like the workstation says so."""
    for found in _people.people(client, subject):
        if isinstance(found, Gap):
            yield found
            continue
        mail = text(found[0], "primaryEmail")
        query = {**_MINE, "filter": f"email:{mail}", "pageSize": "20"}
        try:
            rows, _ = pages(
                client, "cloudidentity", "/v1/devices/-/deviceUsers", "deviceUsers", what="devices", query=query
            )
            mine = [r for r in rows if text(r, "userEmail").casefold() == mail.casefold()]
            shown_here = [_known(client, r, subject.workstation) for r in mine]
        except (Throttled, Unreachable):
            raise
        except ProviderError as error:
            why = f"devices of {mail} could not be listed: {error.message}"
            yield Gap(source=f"tenant:{client.tenant.name}", reason=why)
        else:
            yield from shown_here


def _operation(client: Google, credential: Credential, verb: str) -> CallResult:
    row, answer = shown(
        client.send("cloudidentity", "POST", _path(credential.identifier, f":{verb}"), json=_MINE),
        what=f"device {verb}",
    )
    if "error" in row or not (text(row, "name") or row.get("done") is True):
        raise unclear(answer, f"device {verb}: Google says that it failed")
    return called(answer, CallStatus.DONE if row.get("done") is True else CallStatus.ACCEPTED)


def block(client: Google, credential: Credential) -> CallResult:
    """Block the user on the device. Raises typed provider errors."""
    return _operation(client, credential, "block")


def approve(client: Google, credential: Credential) -> CallResult:
    """Approve the user on the device again, if that was so before the run. Raises typed provider errors."""
    was = credential.attributes.get("before.state") or credential.attributes.get("state", "")
    if was != "APPROVED":
        left = f"the device was {was or 'not known to be APPROVED'} before the run"
        return CallResult(status=CallStatus.ALREADY, notes={"left": left})
    return _operation(client, credential, "approve")


def snapshot(client: Google, credential: Credential) -> Mapping[str, str]:
    """Return the state before the block. Raises typed provider errors."""
    return {"state": text(_read(client, credential.identifier)[0], "managementState")}


def verify(client: Google, credential: Credential) -> Observation:
    """Read the state that Google manages the user of the device in. One that is not shown is no proof. Raises typed errors."""
    row, answer = _read(client, credential.identifier)
    state = text(row, "managementState")
    liveness = Liveness.DEAD if state in _CUT else Liveness.LIVE
    return seen(
        answer, liveness, f"Cloud Identity shows the user of the device as {state}", reversible=state == "BLOCKED"
    )


def wiped(client: Google, credential: Credential) -> Observation:
    """Read whether the account was wiped: an order that waits for the device proves nothing. Raises typed errors."""
    row, answer = _read(client, credential.identifier)
    state = text(row, "managementState")
    if state == "WIPED":
        return seen(answer, Liveness.DEAD, "Cloud Identity shows the user's account as wiped from the device")
    if state == "WIPING":
        return seen(answer, Liveness.UNKNOWN, "the wipe is ordered and waits until the device is online")
    return seen(answer, Liveness.LIVE, f"Cloud Identity shows the user of the device as {state}, and no wipe")


def control(client: Google, credential: Credential) -> Observation:  # noqa: ARG001  any device will do
    """Show that devices can be read in this run. Raises typed errors."""
    answer = client.send("cloudidentity", "GET", "/v1/devices/-/deviceUsers", query={**_MINE, "pageSize": "1"})
    row, _ = shown(answer, what="devices")
    if set(row) - {"deviceUsers", "nextPageToken"}:
        raise unclear(answer, "devices: no list")
    return seen(answer, Liveness.LIVE, "Cloud Identity lists devices and their users")


KIND = Kind(
    id="google.device",
    title="Device on which a Google Workspace user is signed in",
    provider="google",
    actions={
        Verb.DEACTIVATE: Act(
            call=block,
            reversible=True,
            idempotent=True,
            permissions=(_ACT,),
            ends=EndState.CONTAINED,
            undo="approve the user of the device",
            snapshot=snapshot,
            restore=approve,
        ),
        Verb.ERASE_LOCAL: Act(
            call=partial(_operation, verb="wipe"),
            reversible=False,
            idempotent=True,
            permissions=(_ACT,),
            ends=EndState.CONTAINED,
            verify=wiped,
            snapshot=snapshot,
            undo="cancelWipe, as long as the device was not online",
        ),
    },
    verify=verify,
    control=control,
    enumerate=enumerate_,
    identify=identify,
    read_permissions=(_people.LOOK, _LOOK),
    death=Death(negatives=2, seconds=10.0, source=_people.PROPAGATES),
    steps_by_hand="Admin console, Devices, Mobile and endpoints, the device: Block device; wipe the account or the device there.",
    reference="https://cloud.google.com/identity/docs/reference/rest/v1/devices.deviceUsers/block",
    since="0.2",
    tested=("a simulator of ours, made of Google's discovery document cloudidentity:v1 (20261019); no real Workspace",),
)
