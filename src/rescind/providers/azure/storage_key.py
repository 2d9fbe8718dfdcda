"""Access keys of storage accounts: made anew in their slot, which ends the old value and every signature (SAS) that was made with it.

Making one anew is not idempotent: a second time would end the successor that somebody uses by then. So the slot's `creationTime` is kept when we
first look; a slot whose time has moved is left alone, and that move is the evidence
(https://learn.microsoft.com/en-us/rest/api/storagerp/storage-accounts/list-keys). Which of the slots a found value is, is told by comparing it
with them; neither is kept. Whose a key is Azure does not say: its owner is its account, which `[person]` or an approval has to name.

`deny` keeps every key of the account, and every signature made with one, from opening anything, and can be taken back; what signs in with Entra goes on
(https://learn.microsoft.com/en-us/azure/storage/common/shared-key-authorization-prevent).
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from rescind.errors import NotFound, ProviderError, Rejected, Throttled, Unreachable, Unrecognised
from rescind.models.clock import parse_rfc3339
from rescind.models.credential import Credential, EndState
from rescind.models.evidence import Gap
from rescind.models.kind import Act, CallResult, CallStatus, Death, Kind, Known, Liveness, Observation, Subject, Verb
from rescind.providers.azure import _resources
from rescind.providers.azure._connect import Azure, rows_of
from rescind.secret import Secret
from rescind.wire.http import Answer

SORT, VERSION = "Microsoft.Storage/storageAccounts", "2023-05-01"
_ACCOUNT = re.compile(
    r"/subscriptions/[0-9a-f-]{36}/resourceGroups/[^/]{1,90}/providers/Microsoft\.Storage/storageAccounts/[a-z0-9]{3,24}",
    re.IGNORECASE,
)
_NAME = re.compile(r"[a-z0-9]{3,24}")


def _path(account: str) -> str:
    if not _ACCOUNT.fullmatch(account):
        raise Rejected("no storage account is named by this", code="incomplete")
    return quote(account, safe="/")


def _split(credential: Credential) -> tuple[str, str]:
    account, _, slot = credential.identifier.rpartition("/")
    if not _ACCOUNT.fullmatch(account) or not slot:
        raise Rejected("a storage key is named <account>/<slot>", code="incomplete")
    return account, slot


def _keys(client: Azure, account: str) -> tuple[list[Mapping[str, Any]], Answer]:
    answer = client.http.send("POST", f"{_path(account)}/listKeys", query={"api-version": VERSION})
    rows = rows_of(answer, "keys", "keys of a storage account")
    if not rows or not all(isinstance(r.get("keyName"), str) and isinstance(r.get("value"), str) for r in rows):
        raise Unrecognised("keys of a storage account: without name or value", status=answer.status)
    return rows, answer


def _find(client: Azure, credential: Credential) -> str:
    """Return the account that evidence names, by its id or by its name, which is unique in all of Azure."""
    names = (credential.attributes.get("account"), credential.subject, credential.issuer, credential.identifier)
    name = next((n.lower() for n in names if n and _NAME.fullmatch(n.lower())), "")
    if _ACCOUNT.fullmatch(credential.identifier):
        return credential.identifier
    if not name:
        raise Rejected("the evidence does not say of which storage account it is", code="incomplete")
    match = lambda row: str(row.get("name", "")).lower() == name  # noqa: E731
    return str(_resources.look(client, SORT, VERSION, match)["id"])


def identify(client: Azure, credential: Credential, secret: Secret | None) -> Known:
    """Find the account, and the slot whose value is the found one. Raises `NotFound` when no slot has it, other typed errors."""
    held = credential.attributes.get("slot_created")
    if not secret and held is not None:  # one that was found here before
        account, slot = _split(credential)
        rows, _ = _keys(client, account)
        row = next((r for r in rows if r["keyName"] == slot), None)
        if row is None:
            raise NotFound("the storage account has no such key")
        return _known(client, account, row, held)
    if not secret:
        raise Rejected("which of an account's keys it is can only be told by its value", code="incomplete")
    account = _find(client, credential)
    rows, answer = _keys(client, account)
    value = secret.reveal().strip().encode()
    row = next((r for r in rows if hmac.compare_digest(str(r["value"]).encode(), value)), None)
    if row is None:
        raise NotFound("no key of the account has this value any more", request_id=answer.request_id)
    return _known(client, account, row, None)


def _known(client: Azure, account: str, row: Mapping[str, Any], before: str | None) -> Known:
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


def enumerate_(client: Azure, subject: Subject) -> Iterator[Known | Gap]:
    """Show the keys of every account that the person is mapped to. What could not be read is a `Gap`."""
    for found in _resources.mapped(client, subject, SORT, VERSION):
        if isinstance(found, Gap):
            yield found
            continue
        account = str(found["id"])
        try:
            rows, _ = _keys(client, account)
        except (Throttled, Unreachable):
            raise
        except ProviderError as error:
            why = f"keys of {account} could not be listed: {error.message}"
            yield Gap(source=f"tenant:{client.tenant.name}", reason=why)
        else:
            yield from (_known(client, account, row, None) for row in rows)


def _shared(client: Azure, account: str) -> tuple[bool, Answer]:
    row, answer = _resources.read(client, account, SORT, VERSION)
    # an account that was never asked to refuse them says nothing or null, which means that it takes them
    return _resources.inner(row, "properties", "allowSharedKeyAccess") is not False, answer


def _allow(client: Azure, credential: Credential, *, on: bool) -> CallResult:
    account, _ = _split(credential)
    body = {"properties": {"allowSharedKeyAccess": on}}
    answer = client.http.send("PATCH", _path(account), query={"api-version": VERSION}, json=body)
    done = lambda row: _resources.inner(row, "properties", "allowSharedKeyAccess") is on  # noqa: E731
    return _resources.updated(client, answer, account, "storage account update", done)


def deny(client: Azure, credential: Credential) -> CallResult:
    """Let the account take none of its keys. Raises typed provider errors."""
    return _allow(client, credential, on=False)


def snapshot(client: Azure, credential: Credential) -> dict[str, str]:
    """Tell whether the account took its keys. Raises typed provider errors."""
    return {"shared": "on" if _shared(client, _split(credential)[0])[0] else "off"}


def allow(client: Azure, credential: Credential) -> CallResult:
    """Let the account take its keys again, if it did before the run. Raises typed provider errors."""
    if credential.attributes.get("before.shared") != "on":
        told = "the account was not known to take its keys before the run"
        return CallResult(status=CallStatus.ALREADY, notes={"left": told})
    return _allow(client, credential, on=True)


def denied(client: Azure, credential: Credential) -> Observation:
    """See whether the account takes its keys. Raises typed provider errors."""
    shared, answer = _shared(client, _split(credential)[0])
    return Observation(
        liveness=Liveness.LIVE if shared else Liveness.DEAD,
        evidence=f"Azure shows the account with allowSharedKeyAccess {'true' if shared else 'false'}",
        request_id=answer.request_id,
        provider_time=answer.provider_time,
        reversible=not shared,
    )


def regenerate(client: Azure, credential: Credential) -> CallResult:
    """Make the slot's key anew, unless that was done since we first looked. Raises typed provider errors."""
    seen = verify(client, credential)
    if seen.liveness is Liveness.DEAD:
        return CallResult(status=CallStatus.ALREADY, request_id=seen.request_id, provider_time=seen.provider_time)
    account, slot = _split(credential)
    answer = client.http.send(
        "POST", f"{_path(account)}/regenerateKey", query={"api-version": VERSION}, json={"keyName": slot}
    )
    rows_of(answer, "keys", "regenerateKey")
    return CallResult(
        status=CallStatus.DONE,
        request_id=answer.request_id,
        provider_time=answer.provider_time,
        http_status=answer.status,
    )


def verify(client: Azure, credential: Credential) -> Observation:
    """See whether the slot holds a newer key than the one found. Raises typed provider errors."""
    account, slot = _split(credential)
    before = credential.attributes.get("slot_created")
    rows, answer = _keys(client, account)
    row = next((r for r in rows if r["keyName"] == slot), None)
    facts: dict[str, Any] = {"request_id": answer.request_id, "provider_time": answer.provider_time}
    if before is None or row is None:
        told = f"{slot} is not shown" if row is None else "nothing is known of the time before"
        return Observation(liveness=Liveness.UNKNOWN, evidence=f"listKeys: {told}", **facts)
    now = str(row.get("creationTime") or "")
    if _later(now, before):
        told = f"listKeys shows {slot} as made at {now}, after the one found ({before or 'no time'})"
        return Observation(liveness=Liveness.DEAD, evidence=told, **facts)
    return Observation(liveness=Liveness.LIVE, evidence=f"listKeys shows {slot} as made at {now or 'no time'}", **facts)


def control(client: Azure, credential: Credential) -> Observation:
    """Show that storage accounts can be read in this run: this one, else all that we see. Raises typed provider errors."""
    if not credential.identifier:
        return _resources.sees(client, SORT, VERSION)
    account, _ = _split(credential)
    _, answer = _resources.read(client, account, SORT, VERSION)
    return _resources.shows(answer, f"Azure shows the storage account {account.rpartition('/')[2]}")


KIND = Kind(
    id="azure.storage-key",
    title="Access key of an Azure storage account",
    provider="azure",
    actions={
        Verb.REVOKE: Act(
            call=regenerate,
            reversible=False,
            idempotent=False,
            permissions=(
                "Microsoft.Storage/storageAccounts/regenerateKey/action",
                "Microsoft.Storage/storageAccounts/listKeys/action",
            ),
            undo="none: hand the new key of the slot to whatever used the old one; let it use the other slot first",
        ),
        Verb.DENY: Act(
            call=deny,
            reversible=True,
            idempotent=True,
            permissions=("Microsoft.Storage/storageAccounts/write", "Microsoft.Storage/storageAccounts/read"),
            ends=EndState.CONTAINED,
            verify=denied,
            undo="let the account take its keys again (allowSharedKeyAccess)",
            snapshot=snapshot,
            restore=allow,
        ),
    },
    verify=verify,
    control=control,
    enumerate=enumerate_,
    identify=identify,
    read_permissions=("Microsoft.Storage/storageAccounts/read", "Microsoft.Storage/storageAccounts/listKeys/action"),
    issuer_is_account=True,
    death=Death(
        negatives=2,
        seconds=30.0,
        source="https://learn.microsoft.com/en-us/azure/storage/common/storage-account-keys-manage",
    ),
    reference="https://learn.microsoft.com/en-us/rest/api/storagerp/storage-accounts/regenerate-key",
    since="0.2",
    tested=("a simulator of ours, held to Microsoft's own clients; no real subscription",),
    steps_by_hand=(
        "Azure portal, the storage account, Access keys: let its users take the other key, then Rotate key. Shared access signatures that "
        "were made with the old one end with it."
    ),
)
