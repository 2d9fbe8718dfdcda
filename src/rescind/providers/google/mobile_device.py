"""Phones and tablets that a Workspace user manages mail with: blocked, or wiped, which are different things.

A block keeps the device from Workspace and can be taken back. Two wipes are apart from it, and no playbook orders one without an approval:
`erase-local` removes the work account with its data, `delete` resets the device and with it what is private. Neither is done before
the device is online: Google shows it as being wiped until then, and that is no proof. The directory lists what users own; a
company's phones are shown by Cloud Identity (`google.device`), which shows these too
(https://developers.google.com/workspace/admin/directory/reference/rest/v1/mobiledevices/list).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from rescind.models.credential import Credential
from rescind.models.evidence import Gap
from rescind.models.kind import CallResult, CallStatus, Death, Kind, Known, Liveness, Observation, Subject, Verb
from rescind.providers.google import _devices, _people
from rescind.providers.google._api import Row, called, moment, pages, seg, text, texts, unclear
from rescind.providers.google._apis import scope
from rescind.providers.google._connect import Google
from rescind.secret import Secret
from rescind.wire.http import raise_for

# a wipe that waits for the device has cut nothing off yet: neither list has it
_LIVE, _CUT = ("APPROVED", "PENDING", "UNPROVISIONED"), ("BLOCKED", "WIPED", "ACCOUNT_WIPED")
_STATES = {**dict.fromkeys(_LIVE, Liveness.LIVE), **dict.fromkeys(_CUT, Liveness.DEAD)}
_SORT = _devices.Sort(api="mobile", key="resourceId", what="mobile device", states=_STATES, cut="BLOCKED")
_NAMES = ("imei", "meid", "deviceId")


def _known(row: Row, workstation: str = "") -> Known:
    mails, status = texts(row, "email"), _devices.status(row)
    more = {"device_type": text(row, "type").lower(), "device_id": f"mobile/{text(row, 'resourceId')}"}
    return Known(
        identifier=text(row, "resourceId"),
        subject=text(row, "serialNumber") or text(row, "deviceId"),
        owner=mails[0] if len(mails) == 1 else "",  # of a shared one nobody says whose it is
        attributes=_devices.facts(row, workstation, _NAMES, status=status, **more),
        created_at=moment(text(row, "firstSync")),
        last_used=moment(text(row, "lastSync")),
        liveness=_STATES.get(status, Liveness.UNKNOWN),
    )


def identify(client: Google, credential: Credential, secret: Secret | None) -> Known:  # noqa: ARG001  a device has no value
    """Ask for a device by its id. Raises typed provider errors."""
    return _known(_devices.find(client, credential, _SORT)[0], credential.attributes.get("workstation", ""))


def enumerate_(client: Google, subject: Subject) -> Iterator[Known | Gap]:
    """Show the devices that the person's users manage. What could not be listed whole is a `Gap`."""

    def of_user(user: Row) -> Iterator[Known]:
        mail = text(user, "primaryEmail")
        query = {"query": f"email:{mail}", "maxResults": "100"}
        rows, answer = pages(client, "mobile", _SORT.where, "mobiledevices", what="mobile devices", query=query)
        if not all(text(r, "resourceId") for r in rows):
            raise unclear(answer, "a device without an id")
        # the search finds similar addresses too
        mine = (r for r in rows if mail.casefold() in {m.casefold() for m in texts(r, "email")})
        return (_known(r, subject.workstation) for r in mine)

    return _people.each(client, subject, "mobile devices of {}", of_user)


def _act(client: Google, credential: Credential, action: str) -> CallResult:
    where = f"{_SORT.where}/{seg(credential.identifier)}/action"
    answer = client.send("mobile", "POST", where, json={"action": action})
    raise_for(answer, what=f"device {action}")
    if answer.status not in {200, 204} or answer.json not in (None, {}):
        raise unclear(answer, f"device {action}: an answer that nobody documented")
    return called(answer, CallStatus.ACCEPTED)  # the device has to be online for it


def approve(client: Google, credential: Credential) -> CallResult:
    """Approve the device again, if it was approved before the run. Raises typed provider errors."""
    return _devices.not_before(credential, "status", "APPROVED") or _act(client, credential, "approve")


def wiped(client: Google, credential: Credential, *, whole: bool) -> Observation:
    """Read whether the `whole` device was wiped, or the account on it: an order that waits proves nothing. Raises typed provider errors."""
    row, answer = _devices.find(client, credential, _SORT)
    return _devices.wiped(answer, _devices.status(row), whole=whole)


snapshot = partial(_devices.snapshot, sort=_SORT)
_wipe = partial(_devices.wipe, "mobile", snapshot=snapshot)
KIND = Kind(
    id="google.mobile-device",
    title="Phone or tablet of a Google Workspace user",
    provider="google",
    actions={
        Verb.DEACTIVATE: _devices.block(
            "mobile", partial(_act, action="block"), snapshot=snapshot, undo="approve the device", restore=approve
        ),
        Verb.ERASE_LOCAL: _wipe(
            partial(_act, action="admin_account_wipe"),
            verify=partial(wiped, whole=False),
            undo="none: the user adds the account again",
        ),
        Verb.DELETE: _wipe(
            partial(_act, action="admin_remote_wipe"),
            verify=partial(wiped, whole=True),
            undo="cancel_remote_wipe_then_block, as long as the device was not online",
        ),
    },
    verify=partial(_devices.verify, sort=_SORT),
    control=partial(_devices.control, sort=_SORT),
    enumerate=enumerate_,
    identify=identify,
    read_permissions=(_people.LOOK, scope("mobile")),
    death=Death(negatives=2, seconds=10.0, source=_people.PROPAGATES),
    steps_by_hand="Admin console, Devices, Mobile and endpoints, the device: Block device; Wipe account or Wipe device there.",
    reference="https://developers.google.com/workspace/admin/directory/reference/rest/v1/mobiledevices/action",
    since="0.1",
    tested=(
        "a simulator of ours, made of Google's discovery document admin:directory_v1 (20261104); no real Workspace",
    ),
)
