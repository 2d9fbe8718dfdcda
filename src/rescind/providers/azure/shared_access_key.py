"""Keys of the authorization rules of Service Bus and Event Hubs namespaces (`SharedAccessKey=` in connection strings).

Which rule of the namespace a value is of, is told by comparing it with all of them. Every token (SAS) that was signed with the key ends with it
(https://learn.microsoft.com/en-us/azure/service-bus-messaging/service-bus-sas). Rules of one queue, topic or hub are not looked at.
"""

from __future__ import annotations

from rescind.models.kind import Act, Death, Kind, Verb
from rescind.providers.azure import _resources, _slots
from rescind.providers.azure._connect import Row

_DOC = _resources.PRODUCT + "service-bus-messaging/service-bus-sas"


def _named(row: Row, host: str) -> bool:
    return str(row.get("name")).lower() == host.partition(".")[0]


def _of(provider: str, rules: str) -> _slots.Slots:
    return _slots.Slots(
        sort=f"{provider}/namespaces/{rules}",
        parent=f"{provider}/namespaces",
        version="2024-01-01",
        tell="listKeys",
        anew="regenerateKeys",
        member="keyType",
        names={"primaryKey": "PrimaryKey", "secondaryKey": "SecondaryKey"},
        at=_named,
    )


_BOTH = (_of("Microsoft.ServiceBus", "AuthorizationRules"), _of("Microsoft.EventHub", "authorizationRules"))
_KEYS = _slots.functions(*_BOTH)

KIND = Kind(
    id="azure.shared-access-key",
    title="Shared access key of a Service Bus or Event Hubs namespace",
    provider="azure",
    actions={
        Verb.REVOKE: Act(
            call=_KEYS.regenerate,
            reversible=False,
            idempotent=False,
            permissions=tuple(p for s in _BOTH for p in s.permissions[1:]),
            undo="none: hand the new key of the slot to whatever used the old one; let it use the other slot first",
        )
    },
    verify=_KEYS.verify,
    control=_KEYS.control,
    enumerate=_KEYS.enumerate,
    identify=_KEYS.identify,
    read_permissions=tuple(p for s in _BOTH for p in (f"{s.parent}/read", *s.permissions[:2])),
    issuer_is_account=True,
    death=Death(negatives=2, seconds=30.0, source=_DOC),
    reference="https://learn.microsoft.com/en-us/rest/api/servicebus/namespaces-authorization-rules/regenerate-keys",
    since="0.1",
    tested=_resources.TESTED,
    steps_by_hand=(
        "Azure portal, the namespace (for other hosts: the IoT hub or notification hub), Shared access policies, the policy: let its users "
        "take the other key, then regenerate this one. Rules of a single queue, topic or hub are found there, under Shared access policies."
    ),
)
