"""Intune: remote lock, retire and wipe of managed devices. 204 says that Intune will tell the machine when it is online, nothing more.

What became of an order is in `deviceActionResults` (https://learn.microsoft.com/en-us/graph/api/resources/intune-devices-deviceactionresult). A
machine is told by the device id of Entra that it carries (`azureADDeviceId`), never by its name alone, which anybody may give to another one.
"""

from __future__ import annotations

from collections.abc import Sequence

from rescind.errors import NotFound, Rejected
from rescind.models.clock import parse_rfc3339
from rescind.models.machine import Machine, Order, Standing
from rescind.providers.entra._connect import Entra
from rescind.providers.entra._graph import Row, pages, quoted, read, seg, text, unclear, written

_ACTIONS = {"lock": "remoteLock", "retire": "retire", "wipe": "wipe"}
_SHOWN_AS = {
    "lock": {"remotelock", "lock"},
    "retire": {"retire", "removecompanydata"},
    "wipe": {"wipe", "factoryreset", "factoryresetkeepenrollmentdata"},
}
"""How a result may name an action: its type is plain text, and Intune's own list of actions has other names than its paths
(https://learn.microsoft.com/en-us/graph/api/resources/intune-devices-remoteactionaudit). One by yet another name counts as none."""
_BODIES = {"wipe": {"keepEnrollmentData": False, "keepUserData": False}}
_SELECT = "id,azureADDeviceId,deviceName,serialNumber,operatingSystem,managedDeviceOwnerType,lastSyncDateTime"
_RESULTS = "id,deviceActionResults,managementState,lastSyncDateTime"
_STANDS = {
    "none": Standing.ORDERED,
    "pending": Standing.ORDERED,
    "active": Standing.ORDERED,
    "done": Standing.DONE,
    "failed": Standing.REFUSED,
    "notSupported": Standing.REFUSED,
    "canceled": Standing.REFUSED,
}
_PATH = "/deviceManagement/managedDevices"
_SKEW = 120.0
"""By how many seconds Intune's clock and ours may differ."""


def find(client: Entra, workstation: str, devices: Sequence[str]) -> list[Machine]:
    """Return the managed devices that carry the id of one of the case's devices in Entra. Raises typed provider errors."""
    found: dict[str, Machine] = {}
    for device in devices:
        query = {"$filter": f"azureADDeviceId eq '{quoted(device)}'", "$select": _SELECT}
        rows, answer = pages(client, _PATH, what="managed devices", query=query)
        for row in rows:
            if text(row, "azureADDeviceId").lower() != device.lower() or not text(row, "id"):
                raise unclear(answer, "managed devices: one that was not asked for")
            if text(row, "deviceName").casefold() == workstation.casefold():
                found[text(row, "id")] = _machine(row)
    return list(found.values())


def _machine(row: Row) -> Machine:
    facts = {
        "": text(row, "deviceName"),
        "serial number ": text(row, "serialNumber"),
        "runs ": text(row, "operatingSystem"),
        "last online ": text(row, "lastSyncDateTime"),
        "Entra device ": text(row, "azureADDeviceId"),
    }
    told = ", ".join(f"{word}{value}" for word, value in facts.items() if value)
    # what nobody says of is treated as a person's own: taking the organisation's data off it is then the most that is done
    device = text(row, "azureADDeviceId")
    return Machine(
        identifier=text(row, "id"), device=device, told=told, personal=text(row, "managedDeviceOwnerType") != "company"
    )


def send(client: Entra, identifier: str, verb: str) -> str:
    """Order a machine to do something, once. Raises typed provider errors; the answer says only that the order was taken."""
    if verb not in _ACTIONS:
        raise Rejected(f"Intune is not asked to {verb} anything", code="verb")
    answer = client.http.send("POST", f"{_PATH}/{seg(identifier)}/{_ACTIONS[verb]}", json=_BODIES.get(verb))
    return written(answer, f"Intune {verb}").request_id


def look(client: Entra, identifier: str, verb: str, since: str) -> Order:
    """Return what Intune shows of an order that was given no earlier than `since`. Raises typed provider errors.

    A machine that is gone from Intune has not shown that it was wiped: somebody may have removed it.
    """
    try:
        row, answer = read(client, f"{_PATH}/{seg(identifier)}", _RESULTS, what="managed device")
    except NotFound as error:
        told = "Intune does not show the machine any more, which it does after a retire or wipe, and when somebody removed it"
        return Order(standing=Standing.NONE, evidence=told, request_id=error.request_id)
    results = row.get("deviceActionResults")
    if not isinstance(results, list) or not all(isinstance(r, dict) for r in results):
        raise unclear(answer, "managed device: no results of actions")
    # an older order of the same sort was given by somebody else
    named = [r for r in results if text(r, "actionName").lower() in _SHOWN_AS[verb]]
    mine = [r for r in named if _after(text(r, "startDateTime"), since)]
    base = {"request_id": answer.request_id, "provider_time": answer.provider_time}
    if not mine:
        return Order(standing=Standing.NONE, evidence=f"Intune shows no {verb} since {since}", **base)
    last = max(mine, key=lambda r: text(r, "startDateTime"))
    state, at = text(last, "actionState"), text(last, "lastUpdatedDateTime")
    if state not in _STANDS:
        raise unclear(answer, f"managed device: {state[:40]!r} is no state of an action")
    standing = _STANDS[state]
    told = f"Intune shows {text(last, 'actionName')} as {state} at {at}"
    if standing is Standing.ORDERED:
        told += f": the machine, last online {text(row, 'lastSyncDateTime') or 'at an unknown time'}, has not done it"
    return Order(standing=standing, evidence=told, **base)


def _after(started: str, since: str) -> bool:
    try:
        return (parse_rfc3339(started) - parse_rfc3339(since)).total_seconds() > -_SKEW
    except ValueError:
        return False
