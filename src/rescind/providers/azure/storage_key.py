"""Access keys of storage accounts: made anew in their slot, which ends the old value and every signature (SAS) that was made with it.

Making one anew is not idempotent: a second time would end the successor that somebody uses by then. So the slot's `creationTime` is kept when we
first look; a slot whose time has moved is left alone, and that move is the evidence
(https://learn.microsoft.com/en-us/rest/api/storagerp/storage-accounts/list-keys). Which of the slots a found value is, is told by comparing it
with them; neither is kept. Whose a key is Azure does not say: its owner is its account, which `[person]` or an approval has to name.

`deny` keeps every key of the account, and every signature made with one, from opening anything, and can be taken back; what signs in with Entra goes on
(https://learn.microsoft.com/en-us/azure/storage/common/shared-key-authorization-prevent).
"""

from __future__ import annotations

import functools
import hmac
from collections.abc import Iterator

from rescind.errors import NotFound, Rejected
from rescind.models.credential import Credential, EndState
from rescind.models.evidence import Gap
from rescind.models.kind import Act, Death, Kind, Known, Observation, Subject, Verb
from rescind.providers.azure import _resources, _storage_keys, _switches
from rescind.providers.azure._connect import Azure
from rescind.secret import Secret

SORT, VERSION = _storage_keys.SORT, _storage_keys.VERSION
# an account that was never asked to refuse its keys says nothing or null, which means that it takes them
_SHARED = _switches.Switch(
    sort=SORT, version=VERSION, member="allowSharedKeyAccess", fact="shared", title="the use of its keys", unset=True
)


def identify(client: Azure, credential: Credential, secret: Secret | None) -> Known:
    """Find the account, and the slot whose value is the found one. Raises `NotFound` when no slot has it, other typed errors."""
    held = credential.attributes.get("slot_created")
    if not secret and held is not None:  # one that was found here before
        account, slot = _storage_keys.split(credential)
        rows, _ = _storage_keys.rows(client, account)
        row = next((r for r in rows if r["keyName"] == slot), None)
        if row is None:
            raise NotFound("the storage account has no such key")
        return _storage_keys.known(client, account, row, held)
    if not secret:
        raise Rejected("which of an account's keys it is can only be told by its value", code="incomplete")
    account = _storage_keys.account_of(client, credential)
    rows, answer = _storage_keys.rows(client, account)
    value = secret.reveal().strip().encode()
    row = next((r for r in rows if hmac.compare_digest(str(r["value"]).encode(), value)), None)
    if row is None:
        raise NotFound("no key of the account has this value any more", request_id=answer.request_id)
    return _storage_keys.known(client, account, row)


def enumerate_(client: Azure, subject: Subject) -> Iterator[Known | Gap]:
    """Show the keys of every account that the person is mapped to. What could not be read is a `Gap`."""
    for row in _resources.mapped(client, subject, SORT, VERSION):
        if isinstance(row, Gap):
            yield row
            continue
        account = str(row["id"])
        look = functools.partial(_storage_keys.rows, client, account)
        found = _resources.tried(client, look, f"keys of {account} could not be listed")
        yield from (found,) if isinstance(found, Gap) else (_storage_keys.known(client, account, r) for r in found[0])


def control(client: Azure, credential: Credential) -> Observation:
    """Show that storage accounts can be read in this run: this one, else all that we see. Raises typed provider errors."""
    account = credential.identifier and _storage_keys.split(credential)[0]
    return _resources.control(client, account, SORT, VERSION)


KIND = Kind(
    id="azure.storage-key",
    title="Access key of an Azure storage account",
    provider="azure",
    actions={
        Verb.REVOKE: Act(
            call=_storage_keys.regenerate,
            reversible=False,
            idempotent=False,
            permissions=(f"{SORT}/regenerateKey/action", f"{SORT}/listKeys/action"),
            undo="none: hand the new key of the slot to whatever used the old one; let it use the other slot first",
        ),
        Verb.DENY: Act(
            call=_SHARED.off,
            reversible=True,
            idempotent=True,
            permissions=(f"{SORT}/write", f"{SORT}/read"),
            ends=EndState.CONTAINED,
            verify=_SHARED.denied,
            undo="let the account take its keys again (allowSharedKeyAccess)",
            snapshot=_SHARED.snapshot,
            restore=_SHARED.on,
        ),
    },
    verify=_storage_keys.verify,
    control=control,
    enumerate=enumerate_,
    identify=identify,
    read_permissions=(f"{SORT}/read", f"{SORT}/listKeys/action"),
    issuer_is_account=True,
    death=Death(
        negatives=2,
        seconds=30.0,
        source="https://learn.microsoft.com/en-us/azure/storage/common/storage-account-keys-manage",
    ),
    reference="https://learn.microsoft.com/en-us/rest/api/storagerp/storage-accounts/regenerate-key",
    since="0.1",
    tested=_resources.TESTED,
    steps_by_hand=(
        "Azure portal, the storage account, Access keys: let its users take the other key, then Rotate key. Shared access signatures that "
        "were made with the old one end with it."
    ),
)
