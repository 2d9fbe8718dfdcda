"""Keys of Azure OpenAI and the other AI services (Cognitive Services accounts): two slots, each made anew by itself."""

from __future__ import annotations

from rescind.models.kind import Act, Death, Kind, Verb
from rescind.providers.azure import _resources, _slots

_DOC = _resources.PRODUCT + "ai-services/rotate-keys"
_SLOTS = _slots.Slots(
    sort="Microsoft.CognitiveServices/accounts",
    version="2024-10-01",
    tell="listKeys",
    anew="regenerateKey",
    member="keyName",
    names={"key1": "Key1", "key2": "Key2"},
    at=lambda row, host: (
        host.partition(".")[0]
        in {str(row.get("name")).lower(), str(_resources.inner(row, "properties", "customSubDomainName")).lower()}
    ),
)
_KEYS = _slots.functions(_SLOTS)

KIND = Kind(
    id="azure.openai-key",
    title="Key of an Azure OpenAI or AI services account",
    provider="azure",
    actions={
        Verb.REVOKE: Act(
            call=_KEYS.regenerate,
            reversible=False,
            idempotent=False,
            permissions=_SLOTS.permissions[1:],
            undo="none: hand the new key of the slot to whatever used the old one; let it use the other slot first",
        )
    },
    verify=_KEYS.verify,
    control=_KEYS.control,
    enumerate=_KEYS.enumerate,
    identify=_KEYS.identify,
    read_permissions=_SLOTS.permissions[:2],
    issuer_is_account=True,
    death=Death(negatives=2, seconds=30.0, source=_DOC),
    reference="https://learn.microsoft.com/en-us/rest/api/aiservices/accountmanagement/accounts/regenerate-key",
    since="0.1",
    tested=_resources.TESTED,
    steps_by_hand="Azure portal, the resource, Keys and Endpoint: let its users take the other key, then regenerate this one.",
)
