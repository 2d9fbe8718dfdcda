"""Keys of Azure Cosmos DB accounts: four slots, made anew in the background, which may take hours for a large account.

https://learn.microsoft.com/en-us/azure/cosmos-db/how-to-rotate-keys: the old value is not called dead before the account says that it is done.
"""

from __future__ import annotations

from rescind.models.kind import Act, Death, Kind, Verb
from rescind.providers.azure import _resources, _slots

_DOC = _resources.PRODUCT + "cosmos-db/how-to-rotate-keys"
_SLOTS = _slots.Slots(
    sort="Microsoft.DocumentDB/databaseAccounts",
    version="2024-11-15",
    tell="listKeys",
    anew="regenerateKey",
    member="keyKind",
    names={
        "primaryMasterKey": "primary",
        "secondaryMasterKey": "secondary",
        "primaryReadonlyMasterKey": "primaryReadonly",
        "secondaryReadonlyMasterKey": "secondaryReadonly",
    },
    at=lambda row, host: str(row.get("name")).lower() == host.partition(".")[0],
    long=True,
)
_KEYS = _slots.functions(_SLOTS)

KIND = Kind(
    id="azure.cosmos-key",
    title="Key of an Azure Cosmos DB account",
    provider="azure",
    actions={
        Verb.REVOKE: Act(
            call=_KEYS.regenerate,
            reversible=False,
            idempotent=False,
            permissions=(*_SLOTS.permissions[1:], "Microsoft.DocumentDB/locations/operationsStatus/read"),
            undo="none: hand the new key of the slot to whatever used the old one; let it use the other slot first",
        )
    },
    verify=_KEYS.verify,
    control=_KEYS.control,
    enumerate=_KEYS.enumerate,
    identify=_KEYS.identify,
    read_permissions=_SLOTS.permissions[:2],
    issuer_is_account=True,
    death=Death(negatives=2, seconds=60.0, source=_DOC),
    reference="https://learn.microsoft.com/en-us/rest/api/cosmos-db-resource-provider/database-accounts/regenerate-key",
    since="0.1",
    tested=_resources.TESTED,
    steps_by_hand="Azure portal, the Cosmos DB account, Keys: let its users take the other key, then regenerate this one.",
)
