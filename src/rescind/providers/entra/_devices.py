"""Devices as they are found and listed: by the person, by the name of the workstation, and by either of a device's two ids."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rescind.errors import NotFound, Rejected
from rescind.models.credential import Credential
from rescind.models.evidence import Gap
from rescind.models.kind import Known, Liveness, Subject
from rescind.models.tenant import AUTHORITY
from rescind.providers.entra import _person
from rescind.providers.entra._connect import Entra
from rescind.providers.entra._graph import Row, gap, pages, quoted, read, seg, text, unclear
from rescind.secret import Secret
from rescind.wire.http import Answer

_SELECT = "id,deviceId,displayName,accountEnabled,operatingSystem,trustType,approximateLastSignInDateTime,registrationDateTime"

ON_PREMISES = "the on-premises Active Directory that holds its computer account"


def _read(client: Entra, path: str) -> tuple[Row, Answer]:
    row, answer = read(client, path, _SELECT, what="device")
    if not isinstance(row.get("accountEnabled"), bool):
        raise unclear(answer, "device: without accountEnabled")
    return row, answer


def of(client: Entra, credential: Credential) -> tuple[Row, Answer]:
    """Return the device of a credential by object id. Raises typed provider errors."""
    row, answer = _read(client, f"/devices/{seg(credential.identifier)}")
    if text(row, "id").lower() != credential.identifier.lower():
        raise unclear(answer, "device: another one was shown")
    return row, answer


def _known(client: Entra, row: Row, workstation: str = "") -> Known:
    owners, _ = pages(client, f"/devices/{seg(text(row, 'id'))}/registeredOwners", what="owners of a device")
    names = sorted(filter(None, (text(o, "userPrincipalName") for o in owners)))
    mine = workstation and text(row, "displayName").casefold() == workstation.casefold()
    facts = {
        "device_id": text(row, "deviceId"),
        "name": text(row, "displayName"),
        "system": text(row, "operatingSystem"),
        "join": text(row, "trustType"),
        "owners": ",".join(names),
        "enabled": str(row["accountEnabled"]).lower(),
        "workstation": workstation if mine else "",
        AUTHORITY: ON_PREMISES if text(row, "trustType") == "ServerAd" else "",
    }
    return Known(
        identifier=text(row, "id"),
        issuer=client.tenant_id,
        subject=text(row, "displayName"),
        owner=names[0] if len(names) == 1 else "",  # of a shared machine, or one without owner, nobody says whose it is
        attributes={k: v for k, v in facts.items() if v},
        created_at=text(row, "registrationDateTime") or None,
        last_used=text(row, "approximateLastSignInDateTime") or None,
        liveness=Liveness.LIVE if row["accountEnabled"] else Liveness.DEAD,
    )


def identify(client: Entra, credential: Credential, secret: Secret | None) -> Known:  # noqa: ARG001  a device has no value
    """Ask for a device by object id, else by the id that the machine itself shows. Raises typed provider errors."""
    shown = credential.attributes.get("device_id", "").lower()
    if not credential.identifier and not re.fullmatch(r"[0-9a-f-]{36}", shown):
        raise Rejected("neither of a device's two ids is known", code="incomplete")
    if credential.identifier:
        return _known(client, of(client, credential)[0])
    return _known(client, _read(client, f"/devices(deviceId='{shown}')")[0])


def enumerate_(client: Entra, subject: Subject) -> Iterator[Known | Gap]:
    """Show the person's devices, and those that are called like the workstation: a hybrid-joined one often has no owner."""
    ids: dict[str, None] = {}
    for found in _person.people(client, subject):
        if isinstance(found, Gap):
            yield found
            continue
        for what in ("registeredDevices", "ownedDevices"):
            rows, _ = pages(client, f"/users/{seg(text(found[0], 'id'))}/{what}", what=what)
            ids |= dict.fromkeys(
                text(r, "id") for r in rows if text(r, "@odata.type") in {"", "#microsoft.graph.device"}
            )
    if subject.workstation:
        query = {"$filter": f"displayName eq '{quoted(subject.workstation)}'", "$select": "id,displayName"}
        rows, _ = pages(client, "/devices", what="devices by name", query=query)
        ids |= dict.fromkeys(text(r, "id") for r in rows)
    for ident in filter(None, ids):
        try:
            row, _ = _read(client, f"/devices/{seg(ident)}")
        except NotFound:  # deleted since the listing, or a replica that has not heard of it
            yield gap(client, f"device {ident} is listed, but is not shown")
            continue
        yield _known(client, row, subject.workstation)
