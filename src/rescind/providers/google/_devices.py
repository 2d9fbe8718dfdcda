"""Devices as Google manages them: read by id, told to be the lost one by what they are called, and given back no more than was taken."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from rescind.errors import Rejected
from rescind.models.credential import Credential, EndState
from rescind.models.kind import Act, CallFn, CallResult, Liveness, LookFn, Observation, SnapshotFn
from rescind.providers.google._api import Row, left, read, same, seen, seg, text
from rescind.providers.google._apis import scope
from rescind.providers.google._connect import Google
from rescind.wire.http import Answer

OF_CUSTOMER = "/admin/directory/v1/customer/my_customer/devices"
"""Where the directory has the devices of the Workspace, by sort."""
MINE: Mapping[str, str] = {"customer": "customers/my_customer"}
"""What Cloud Identity wants to be told with every request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sort:
    """One sort of device of the directory: its API, where its id stands, what it is called, what its states mean, and which is taken back."""

    api: str
    key: str
    what: str
    states: Mapping[str, Liveness]
    cut: str

    @property
    def where(self) -> str:
        """The path of all devices of this sort."""
        return f"{OF_CUSTOMER}/{self.api}"


def find(client: Google, credential: Credential, sort: Sort) -> tuple[Row, Answer]:
    """Return a device of the directory by its id. Raises typed provider errors."""
    if not credential.identifier:
        raise Rejected("nothing is known of which device it is", code="incomplete")
    where = f"{sort.where}/{seg(credential.identifier)}"
    row, answer = read(client, sort.api, where, sort.key, "status", what=sort.what)
    return same(row, answer, sort.key, credential.identifier, sort.what)


def status(row: Row) -> str:
    """Return the state of a device of the directory, in one spelling."""
    return text(row, "status").upper().replace(" ", "_")


def snapshot(client: Google, credential: Credential, *, sort: Sort) -> Mapping[str, str]:
    """Return the status before the device is touched. Raises typed provider errors."""
    return {"status": status(find(client, credential, sort)[0])}


def verify(client: Google, credential: Credential, *, sort: Sort) -> Observation:
    """Read the status of the device. One that is not shown is no proof: `NotFound`. Raises other typed provider errors."""
    row, answer = find(client, credential, sort)
    state = status(row)
    liveness, told = sort.states.get(state, Liveness.UNKNOWN), f"Google shows the device as {state}"
    return seen(answer, liveness, told, reversible=state == sort.cut)


def control(client: Google, credential: Credential, *, sort: Sort) -> Observation:  # noqa: ARG001  any device will do
    """Show that devices of the directory can be read in this run. Raises typed provider errors."""
    _, answer = read(client, sort.api, sort.where, "kind", what=f"{sort.what}s", query={"maxResults": "1"})
    return seen(answer, Liveness.LIVE, f"the directory lists {sort.what}s")


def facts(row: Row, workstation: str, names: Iterable[str], **more: str) -> Mapping[str, str]:
    """Return what is worth keeping of a device; that it is the workstation, where one of its `names` says so."""
    called = {text(row, k).casefold() for k in ("serialNumber", *names)} - {""}
    kept = {
        "model": text(row, "model"),
        "serial": text(row, "serialNumber"),
        "workstation": workstation if workstation.casefold() in called else "",
        **more,
    }
    return {k: v for k, v in kept.items() if v}


def not_before(credential: Credential, key: str, wanted: str) -> CallResult | None:
    """Return that a device is left as it is where it was not as `wanted` before the run, None where it was."""
    was = credential.attributes.get(f"before.{key}") or credential.attributes.get(key, "")
    return None if was == wanted else left(f"the device was {was or f'not known to be {wanted}'} before the run")


def wiped(answer: Answer, state: str, *, whole: bool = False) -> Observation:
    """Return whether a wipe was carried out, of the `whole` device or of the account on it: an order that waits for the device proves nothing."""
    if whole and state.startswith("ACCOUNT_"):
        return seen(answer, Liveness.UNKNOWN, f"Google shows the device as {state}, which is no wipe of all of it")
    if state in {"WIPED", "ACCOUNT_WIPED"}:
        return seen(answer, Liveness.DEAD, f"Google shows the device as {state}")
    if state in {"WIPING", "ACCOUNT_WIPING"}:
        return seen(answer, Liveness.UNKNOWN, f"the wipe is ordered and waits until the device is online: {state}")
    return seen(answer, Liveness.LIVE, f"Google shows the device as {state}, and no wipe of it")


def block(api: str, call: CallFn, *, snapshot: SnapshotFn, undo: str, restore: CallFn) -> Act:
    """Return how access is cut from a device, until it is given back."""
    return Act(
        call=call,
        reversible=True,
        idempotent=True,
        permissions=(scope(api, act=True),),
        ends=EndState.CONTAINED,
        undo=undo,
        snapshot=snapshot,
        restore=restore,
    )


def wipe(api: str, call: CallFn, *, snapshot: SnapshotFn, verify: LookFn, undo: str) -> Act:
    """Return how a device is wiped, or the account on it."""
    return Act(
        call=call,
        reversible=False,
        idempotent=True,
        permissions=(scope(api, act=True),),
        ends=EndState.CONTAINED,
        approval=True,
        verify=verify,
        snapshot=snapshot,
        undo=undo,
    )
