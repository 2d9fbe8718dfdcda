"""Where a Workspace user is signed in, as Cloud Identity sees it: phones, laptops with Endpoint Verification, Chrome. Blocked, not wiped.

A block keeps the device from the user's Workspace data, on Windows, macOS and Linux by context-aware access. What lies on the disk is
not protected by it (https://cloud.google.com/identity/docs/how-to/block-device-user). `erase-local` is apart from it, and no playbook orders it
without an approval: it takes the user's work account and its data off a managed device; one that only reports to Endpoint Verification
does nothing of the kind. The state that Google shows counts, not the operation that was accepted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

from rescind.models.credential import Credential
from rescind.models.evidence import Gap
from rescind.models.kind import CallResult, Death, Kind, Known, Liveness, Observation, Subject, Verb
from rescind.providers.google import _device_users, _devices, _people
from rescind.providers.google._api import Row, moment, read, seen, seg, text
from rescind.providers.google._apis import scope
from rescind.providers.google._connect import Google
from rescind.secret import Secret

_LIVENESS = {"BLOCKED": Liveness.DEAD, "WIPED": Liveness.DEAD, "WIPING": Liveness.UNKNOWN}
"""A wipe that waits for the device has cut nothing off yet; every other state is one of access."""


def _known(client: Google, user: Row, workstation: str = "") -> Known:
    name, state = text(user, "name"), text(user, "managementState")
    where = f"/v1/devices/{seg(name.split('/')[1])}"
    device, _ = read(client, "cloudidentity", where, "name", what="device", query=_devices.MINE)
    more = {"name": text(device, "hostname"), "belongs_to": text(device, "ownerType").lower(), "device_id": name}
    more |= {"state": state, "device_type": text(device, "deviceType").lower()}
    return Known(
        identifier=name,
        subject=text(user, "userEmail"),
        owner=text(user, "userEmail"),
        attributes=_devices.facts(device, workstation, ("hostname", "assetTag"), **more),
        created_at=moment(text(user, "createTime")),
        last_used=moment(text(user, "lastSyncTime")),
        liveness=_LIVENESS.get(state, Liveness.LIVE),
    )


def identify(client: Google, credential: Credential, secret: Secret | None) -> Known:  # noqa: ARG001  a device has no value
    """Ask for the user of a device and for the device. Raises typed provider errors."""
    return _known(client, _device_users.find(client, credential)[0], credential.attributes.get("workstation", ""))


def enumerate_(client: Google, subject: Subject) -> Iterator[Known | Gap]:
    """Show where the person's users are signed in; a device that is called like the workstation says so."""

    def of_user(user: Row) -> Iterator[Known]:
        rows = _device_users.listed(client, text(user, "primaryEmail"))
        return (_known(client, r, subject.workstation) for r in rows)

    return _people.each(client, subject, "devices of {}", of_user)


def approve(client: Google, credential: Credential) -> CallResult:
    """Approve the user on the device again, if that was so before the run. Raises typed provider errors."""
    return _devices.not_before(credential, "state", "APPROVED") or _device_users.order(client, credential, "approve")


def snapshot(client: Google, credential: Credential) -> Mapping[str, str]:
    """Return the state before the block. Raises typed provider errors."""
    return {"state": text(_device_users.find(client, credential)[0], "managementState")}


def verify(client: Google, credential: Credential) -> Observation:
    """Read the state that Google manages the user of the device in. One that is not shown is no proof. Raises typed errors."""
    row, answer = _device_users.find(client, credential)
    state = text(row, "managementState")
    told = f"Cloud Identity shows the user of the device as {state}"
    return seen(answer, _LIVENESS.get(state, Liveness.LIVE), told, reversible=state == "BLOCKED")


def wiped(client: Google, credential: Credential) -> Observation:
    """Read whether the account was wiped: an order that waits for the device proves nothing. Raises typed errors."""
    row, answer = _device_users.find(client, credential)
    return _devices.wiped(answer, text(row, "managementState"))


KIND = Kind(
    id="google.device",
    title="Device on which a Google Workspace user is signed in",
    provider="google",
    actions={
        Verb.DEACTIVATE: _devices.block(
            "cloudidentity",
            partial(_device_users.order, verb="block"),
            snapshot=snapshot,
            undo="approve the user of the device",
            restore=approve,
        ),
        Verb.ERASE_LOCAL: _devices.wipe(
            "cloudidentity",
            partial(_device_users.order, verb="wipe"),
            snapshot=snapshot,
            verify=wiped,
            undo="cancelWipe, as long as the device was not online",
        ),
    },
    verify=verify,
    control=_device_users.control,
    enumerate=enumerate_,
    identify=identify,
    read_permissions=(_people.LOOK, scope("cloudidentity")),
    death=Death(negatives=2, seconds=10.0, source=_people.PROPAGATES),
    steps_by_hand="Admin console, Devices, Mobile and endpoints, the device: Block device; wipe the account or the device there.",
    reference="https://cloud.google.com/identity/docs/reference/rest/v1/devices.deviceUsers/block",
    since="0.1",
    tested=("a simulator of ours, made of Google's discovery document cloudidentity:v1 (20261019); no real Workspace",),
)
