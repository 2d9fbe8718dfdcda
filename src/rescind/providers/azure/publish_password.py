"""The password that an App Service or function app is published with: one for the whole app, made anew.

It is what a publish profile holds, for every way to publish (https://learn.microsoft.com/en-us/azure/app-service/deploy-configure-credentials).
Passwords of a deployment user, which a person sets for all of their apps, are not this one.
"""

from __future__ import annotations

from rescind.models.kind import Act, Death, Kind, Verb
from rescind.providers.azure import _resources, _slots
from rescind.providers.azure._connect import Row

_DOC = _resources.PRODUCT + "app-service/deploy-configure-credentials"


def _named(row: Row, host: str) -> bool:
    names = _resources.inner(row, "properties", "enabledHostNames")
    hosts = {str(n).lower() for n in names} if isinstance(names, list) else set()
    return host in hosts or host.partition(".")[0] == str(row.get("name")).lower()


_SLOTS = _slots.Slots(
    sort="Microsoft.Web/sites",
    version="2023-12-01",
    tell="config/publishingcredentials/list",
    anew="newpassword",
    member="",
    names={"publishingPassword": ""},
    at=_named,
    rights=("config/list/action", "newpassword/action"),
)
_KEYS = _slots.functions(_SLOTS)

KIND = Kind(
    id="azure.publish-password",
    title="Publishing password of an App Service app",
    provider="azure",
    actions={
        Verb.REVOKE: Act(
            call=_KEYS.regenerate,
            reversible=False,
            idempotent=False,
            permissions=_SLOTS.permissions[1:],
            undo="none: hand the new publish profile to whatever publishes the app",
        )
    },
    verify=_KEYS.verify,
    control=_KEYS.control,
    enumerate=_KEYS.enumerate,
    identify=_KEYS.identify,
    read_permissions=_SLOTS.permissions[:2],
    issuer_is_account=True,
    death=Death(negatives=2, seconds=30.0, source=_DOC),
    reference="https://learn.microsoft.com/en-us/rest/api/appservice/web-apps/generate-new-site-publishing-password",
    since="0.1",
    tested=_resources.TESTED,
    steps_by_hand="Azure portal, the app, Overview: Reset publish profile; better, switch basic authentication off under Configuration.",
)
