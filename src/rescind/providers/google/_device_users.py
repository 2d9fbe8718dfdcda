"""Users of devices, as Cloud Identity has them: each is one user on one device, `devices/<id>/deviceUsers/<id>`, read and ordered about."""

from __future__ import annotations

import re

from rescind.errors import Rejected
from rescind.models.credential import Credential
from rescind.models.kind import CallResult, Liveness, Observation
from rescind.providers.google._api import Row, by_name, operation, pages, read, same, seen, shown, text, unclear
from rescind.providers.google._connect import Google
from rescind.providers.google._devices import MINE
from rescind.wire.http import Answer

_LIST = "/v1/devices/-/deviceUsers"
_NAME = re.compile(r"devices/[^/]+/deviceUsers/[^/]+")


def _path(name: str, rest: str = "") -> str:
    if not _NAME.fullmatch(name):
        raise Rejected("nothing is known of which device of which user it is", code="incomplete")
    return by_name("v1", name, rest)


def find(client: Google, credential: Credential) -> tuple[Row, Answer]:
    """Return the user of a device that a credential names. Raises typed provider errors."""
    name, what = credential.identifier, "user of a device"
    needs = ("name", "userEmail", "managementState")
    return same(*read(client, "cloudidentity", _path(name), *needs, what=what, query=MINE), "name", name, what)


def listed(client: Google, mail: str) -> list[Row]:
    """Return where a user is signed in. Raises typed provider errors."""
    query = {**MINE, "filter": f"email:{mail}", "pageSize": "20"}
    rows, answer = pages(client, "cloudidentity", _LIST, "deviceUsers", what="devices", query=query)
    if not all(_NAME.fullmatch(text(r, "name")) for r in rows):
        raise unclear(answer, "a user of a device without a name")
    return [r for r in rows if text(r, "userEmail").casefold() == mail.casefold()]


def order(client: Google, credential: Credential, verb: str) -> CallResult:
    """Order something of a user of a device, and return what Google makes of it. Raises typed provider errors."""
    where, what = _path(credential.identifier, f":{verb}"), f"device {verb}"
    answer = client.send("cloudidentity", "POST", where, json=MINE)
    row, _ = shown(answer, what=what)
    return operation(answer, *(() if row.get("done") is True else ("name",)), what=what)


def control(client: Google, credential: Credential) -> Observation:  # noqa: ARG001  any device will do
    """Show that devices can be read in this run. Raises typed errors."""
    row, answer = read(client, "cloudidentity", _LIST, what="devices", query={**MINE, "pageSize": "1"})
    if set(row) - {"deviceUsers", "nextPageToken"}:
        raise unclear(answer, "devices: no list")
    return seen(answer, Liveness.LIVE, "Cloud Identity lists devices and their users")
