"""Local users of a storage account, who sign in over SFTP with a password or an SSH key of the account's own: deleted, with all of both."""

from __future__ import annotations

from rescind.models.kind import Act, Death, Kind, Verb
from rescind.providers.azure import _children, _resources
from rescind.providers.azure._connect import Row

_DOC = "https://learn.microsoft.com/en-us/azure/storage/blobs/secure-file-transfer-protocol-support-authorize-access"
_WAYS = {"hasSshPassword": "password", "hasSshKey": "SSH key", "hasSharedKey": "shared key"}


def _facts(row: Row) -> dict[str, str]:
    ways = [word for key, word in _WAYS.items() if _resources.inner(row, "properties", key) is True]
    return {
        "signs_in_with": ", ".join(ways),
        "home": str(_resources.inner(row, "properties", "homeDirectory") or ""),
        "collateral": "everybody who signs in as this user",
    }


_CHILD = _children.Child(sort="Microsoft.Storage/storageAccounts/localUsers", version="2023-05-01", facts=_facts)
_USERS = _children.functions(_CHILD)

KIND = Kind(
    id="azure.storage-local-user",
    title="Local (SFTP) user of an Azure storage account",
    provider="azure",
    actions={
        Verb.DELETE: Act(
            call=_USERS.delete,
            reversible=False,
            idempotent=True,
            permissions=(f"{_CHILD.sort}/delete", f"{_CHILD.sort}/read"),
            undo="none: make the user again, with a new password or key",
        )
    },
    verify=_USERS.verify,
    control=_USERS.control,
    enumerate=_USERS.enumerate,
    identify=_USERS.identify,
    read_permissions=(f"{_CHILD.parent}/read", f"{_CHILD.sort}/read"),
    issuer_is_account=True,
    death=Death(negatives=2, seconds=30.0, source=_DOC),
    reference="https://learn.microsoft.com/en-us/rest/api/storagerp/local-users/delete",
    since="0.1",
    tested=_resources.TESTED,
    steps_by_hand="Azure portal, the storage account, SFTP, the local user: delete it, or reset its password and remove its SSH keys.",
)
