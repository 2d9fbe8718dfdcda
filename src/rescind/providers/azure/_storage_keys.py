"""The keys of a storage account, in slots that Azure tells the times of: found, told apart, and made anew one at a time."""

from __future__ import annotations

import re

from rescind.errors import Rejected, Unrecognised
from rescind.models.clock import parse_rfc3339
from rescind.models.credential import Credential
from rescind.models.kind import CallResult, CallStatus, Known, Liveness, Observation
from rescind.providers.azure import _resources
from rescind.providers.azure._connect import Azure, Row, rows_of
from rescind.wire.http import Answer

SORT, VERSION = "Microsoft.Storage/storageAccounts", "2023-05-01"
_NAME = re.compile(r"[a-z0-9]{3,24}")


def split(credential: Credential) -> tuple[str, str]:
    """Return account and slot of a key, out of its identifier. Raises `Rejected` for one that does not say."""
    account, _, slot = credential.identifier.rpartition("/")
    if not _resources.is_of(account, SORT) or not slot:
        raise Rejected("a storage key is named <account>/<slot>", code="incomplete")
    return account, slot


def rows(client: Azure, account: str) -> tuple[list[Row], Answer]:
    """Return the keys of an account, values included. Raises typed errors."""
    where = f"{_resources.path(account, SORT)}/listKeys"
    answer = client.http.send("POST", where, query={"api-version": VERSION})
    found = rows_of(answer, "keys", "keys of a storage account")
    if not found or not all(isinstance(r.get("keyName"), str) and isinstance(r.get("value"), str) for r in found):
        raise Unrecognised("keys of a storage account: without name or value", status=answer.status)
    return found, answer


def account_of(client: Azure, credential: Credential) -> str:
    """Return the account that evidence names, by its id or by its name, which is unique in all of Azure. Raises typed errors."""
    if _resources.is_of(credential.identifier, SORT):
        return credential.identifier
    names = (credential.attributes.get("account"), credential.subject, credential.issuer, credential.identifier)
    name = next((n.lower() for n in names if n and _NAME.fullmatch(n.lower())), "")
    if not name:
        raise Rejected("the evidence does not say of which storage account it is", code="incomplete")
    match = lambda row: str(row.get("name", "")).lower() == name  # noqa: E731
    return str(_resources.look(client, SORT, VERSION, match)["id"])


def known(client: Azure, account: str, row: Row, before: str | None = None) -> Known:
    """Return what is known of the key in a slot, `before` being the slot's time at the first look. Raises `Unrecognised`."""
    now = str(row.get("creationTime") or "")
    moved = before is not None and _later(now, before)
    return Known(
        identifier=f"{account}/{row['keyName']}",
        issuer=client.tenant_id,
        subject=account.rpartition("/")[2],
        owner=account,
        attributes={"slot": str(row["keyName"]), "slot_created": now if before is None else before},
        created_at=now or None,
        liveness=Liveness.DEAD if moved else Liveness.LIVE,
    )


def _later(now: str, before: str) -> bool:
    """Tell whether a slot's time moved. An account of old shows none until its key is made anew for the first time."""
    try:
        return bool(now) and (not before or parse_rfc3339(now) > parse_rfc3339(before))
    except ValueError:
        raise Unrecognised("keys of a storage account: a time that is none") from None


def regenerate(client: Azure, credential: Credential) -> CallResult:
    """Make the slot's key anew, unless that was done since we first looked. Raises typed provider errors."""
    seen = verify(client, credential)
    if seen.liveness is Liveness.DEAD:
        return CallResult(status=CallStatus.ALREADY, request_id=seen.request_id, provider_time=seen.provider_time)
    account, slot = split(credential)
    where = f"{_resources.path(account, SORT)}/regenerateKey"
    answer = client.http.send("POST", where, query={"api-version": VERSION}, json={"keyName": slot})
    rows_of(answer, "keys", "regenerateKey")
    return _resources.called(answer, CallStatus.DONE)


def verify(client: Azure, credential: Credential) -> Observation:
    """See whether the slot holds a newer key than the one found. Raises typed provider errors."""
    account, slot = split(credential)
    before = credential.attributes.get("slot_created")
    found, answer = rows(client, account)
    row = next((r for r in found if r["keyName"] == slot), None)
    if before is None or row is None:
        told = f"{slot} is not shown" if row is None else "nothing is known of the time before"
        return _resources.seen(answer, Liveness.UNKNOWN, f"listKeys: {told}")
    now = str(row.get("creationTime") or "")
    told = f"listKeys shows {slot} as made at {now or 'no time'}"
    if _later(now, before):
        return _resources.seen(answer, Liveness.DEAD, f"{told}, after the one found ({before or 'no time'})")
    return _resources.seen(answer, Liveness.LIVE, told)
