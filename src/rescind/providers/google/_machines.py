"""Google's endpoint management: the organisation's data taken off a machine (`retire`), or everything (`wipe`), once it is online.

A user's own phone is retired at most; the machines of the company, and ChromeOS devices, can be wiped. A ChromeOS device that is wiped loses
its enrolment unless it is forced to enrol again, and a retired one keeps it; Google shows a command to it only to who knows the
command's id, so after the run's own process nobody can look at it
(https://developers.google.com/workspace/admin/directory/reference/rest/v1/customer.devices.chromeos/issueCommand).
"""

from __future__ import annotations

from collections.abc import Sequence

from rescind.errors import NotFound, Rejected
from rescind.models.machine import Machine, Order, Standing
from rescind.providers.google._api import Row, by_name, read, seg, shown, text, unclear
from rescind.providers.google._connect import Google
from rescind.providers.google._devices import MINE, OF_CUSTOMER, status
from rescind.wire.http import Answer, raise_for

_PHONE = {"retire": "admin_account_wipe", "wipe": "admin_remote_wipe"}
_CHROME = {"retire": "WIPE_USERS", "wipe": "REMOTE_POWERWASH"}
_NAMES = ("serialNumber", "imei", "meid", "deviceId", "hostname", "assetTag", "annotatedAssetId")
_STANDS = {
    "WIPING": Standing.ORDERED,
    "ACCOUNT_WIPING": Standing.ORDERED,
    "WIPED": Standing.DONE,
    "ACCOUNT_WIPED": Standing.DONE,
}
_COMMANDS = {
    "PENDING": Standing.ORDERED,
    "SENT_TO_CLIENT": Standing.ORDERED,
    "ACKED_BY_CLIENT": Standing.ORDERED,
    "EXPIRED": Standing.REFUSED,
    "CANCELLED": Standing.REFUSED,
}


def find(client: Google, workstation: str, devices: Sequence[str]) -> list[Machine]:
    """Return those of the case's devices that Google still shows under the name of the machine. Raises typed provider errors."""
    found: dict[str, Machine] = {}
    for device in devices:
        row, _ = _row(client, device)
        names = {text(row, k).casefold() for k in _NAMES} - {""}
        if workstation.casefold() in names:
            found[device] = _machine(device, row)
    return list(found.values())


def _row(client: Google, device: str) -> tuple[Row, Answer]:
    sort, _, name = device.partition("/")
    match sort:
        case "mobile":
            return read(client, "mobile", f"{OF_CUSTOMER}/mobile/{seg(name)}", "resourceId", what="mobile device")
        case "chromeos":
            return read(client, "chromeos", f"{OF_CUSTOMER}/chromeos/{seg(name)}", "deviceId", what="ChromeOS device")
        case "devices":
            where = f"/v1/devices/{seg(name.partition('/')[0])}"
            return read(client, "cloudidentity", where, "name", what="device", query=MINE)
    raise Rejected("that is no device of Google's", code="incomplete")


def _machine(device: str, row: Row) -> Machine:
    facts = {
        "": text(row, "hostname") or text(row, "model"),
        "serial number ": text(row, "serialNumber"),
        "runs ": text(row, "os") or text(row, "deviceType").lower() or text(row, "osVersion"),
        "last online ": text(row, "lastSync") or text(row, "lastSyncTime"),
    }
    told = ", ".join(f"{word}{value}" for word, value in facts.items() if value)
    ours = device.startswith("chromeos/") or text(row, "ownerType") == "COMPANY"
    return Machine(identifier=device, device=device, told=told or device, personal=not ours)


def send(client: Google, identifier: str, verb: str) -> str:
    """Order a machine to do something, once. Raises typed provider errors; the answer says only that the order was taken."""
    if verb not in _PHONE:
        raise Rejected(f"Google is not asked to {verb} anything", code="verb")
    sort, _, name = identifier.partition("/")
    if sort == "mobile":
        body = {"action": _PHONE[verb]}
        answer = client.send("mobile", "POST", f"{OF_CUSTOMER}/mobile/{seg(name)}/action", json=body)
        raise_for(answer, what=f"device {verb}")
    elif sort == "chromeos":
        command = {"commandType": _CHROME[verb]}
        row, answer = shown(
            client.send("chromeos", "POST", f"{OF_CUSTOMER}/chromeos/{seg(name)}:issueCommand", json=command),
            "commandId",
            what=f"device {verb}",
        )
        client.commands[identifier, verb] = text(row, "commandId")
    else:
        parts = identifier.split("/")
        where = by_name("v1", identifier if verb == "retire" else "/".join(parts[:2]), ":wipe")
        row, answer = shown(client.send("cloudidentity", "POST", where, json=MINE), what=f"device {verb}")
        if "error" in row:
            raise unclear(answer, f"device {verb}: Google says that it failed")
    return answer.request_id


def look(client: Google, identifier: str, verb: str, since: str) -> Order:
    """Return what Google shows of an order. Raises typed provider errors. A machine that is not shown has not shown that it was wiped."""
    try:
        return _look(client, identifier, verb, since)
    except NotFound as error:
        told = "Google does not show the machine any more, as after a wipe, and when somebody removed it"
        return Order(standing=Standing.NONE, evidence=told, request_id=error.request_id)


def _look(client: Google, identifier: str, verb: str, since: str) -> Order:
    if identifier.startswith("chromeos/"):
        return _command(client, identifier, verb, since)
    if identifier.startswith("devices/") and verb == "retire":
        where = by_name("v1", identifier)
        row, answer = read(client, "cloudidentity", where, "name", what="user of a device", query=MINE)
    else:
        row, answer = _row(client, identifier)
    state = text(row, "managementState") or status(row)
    # what took the organisation's data off a phone did not wipe it
    standing = Standing.NONE if verb == "wipe" and state.startswith("ACCOUNT_") else _STANDS.get(state, Standing.NONE)
    told = {
        Standing.NONE: f"Google shows the machine as {state}, and no {verb}",
        Standing.ORDERED: f"Google shows it as {state}: the machine has not been online for it",
        Standing.DONE: f"Google shows it as {state}",
    }[standing]
    return Order(standing=standing, evidence=told, request_id=answer.request_id, provider_time=answer.provider_time)


def _command(client: Google, identifier: str, verb: str, since: str) -> Order:
    number = client.commands.get((identifier, verb), "")
    if not number:
        told = f"a command to a ChromeOS device is shown only by its id, which is not known any more: look in the Admin console for {verb} since {since}"
        return Order(standing=Standing.NONE, evidence=told)
    where = f"{OF_CUSTOMER}/chromeos/{seg(identifier.partition('/')[2])}/commands/{seg(number)}"
    row, answer = read(client, "chromeos", where, "state", what="command to a device")
    state, result = text(row, "state"), row.get("commandResult")
    ended = text(result if isinstance(result, dict) else {}, "result")
    standing = _COMMANDS.get(state, Standing.NONE)
    if state == "EXECUTED_BY_CLIENT":
        standing = Standing.DONE if ended == "SUCCESS" else Standing.REFUSED
    told = f"Google shows command {number} as {state} {ended}".strip()
    return Order(standing=standing, evidence=told, request_id=answer.request_id, provider_time=answer.provider_time)
