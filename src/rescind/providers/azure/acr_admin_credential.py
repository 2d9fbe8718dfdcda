"""The admin account of a container registry: one user, two passwords, each made anew by itself; or switched off as a whole.

Switched off, neither password opens anything until it is switched on again, and then both do. Its name is the registry's.

How long an access token lives that was got with a password no page of Microsoft's says: `acr_token` has what they say, and why it is 3 hours here.
"""

from __future__ import annotations

from rescind.models.credential import Credential
from rescind.models.kind import Act, Death, Kind, Known, Liveness, Observation, Verb
from rescind.providers.azure import _acr_tokens, _resources, _slots, _switches
from rescind.providers.azure._connect import Azure
from rescind.secret import Secret

SORT, VERSION = "Microsoft.ContainerRegistry/registries", "2023-07-01"
_DOC = _resources.PRODUCT + "container-registry/container-registry-authentication#admin-account"
_SLOTS = _slots.Slots(
    sort=SORT,
    version=VERSION,
    tell="listCredentials",
    anew="regenerateCredential",
    member="name",
    names={"password": "password", "password2": "password2"},
    at=lambda row, host: str(_resources.inner(row, "properties", "loginServer")).lower() == host,
)
_KEYS = _slots.functions(_SLOTS)
_ADMIN = _switches.Switch(
    sort=SORT, version=VERSION, member="adminUserEnabled", fact="admin", title="the admin account"
)
_OPERATION = "Microsoft.ContainerRegistry/locations/operationResults/read"


def identify(client: Azure, credential: Credential, secret: Secret | None) -> Known:
    """Find which of the two passwords a value is. Raises `NotFound` when it is none, other typed errors."""
    if credential.attributes.get("slot_mark") and _ADMIN.denied(client, credential).liveness is Liveness.DEAD:
        # its passwords are not shown while it is off; it is the registry's nevertheless
        registry = credential.identifier.rpartition("/")[0]
        return Known(
            identifier=credential.identifier,
            issuer=client.tenant_id,
            subject=registry.rpartition("/")[2],
            owner=registry,
            attributes={k: v for k, v in credential.attributes.items() if k in {"slot", "slot_mark"}},
            liveness=Liveness.DEAD,
        )
    return _KEYS.identify(client, credential, secret)


def verify(client: Azure, credential: Credential) -> Observation:
    """See whether the account is off, or the slot holds another password than the one found. Raises typed errors."""
    seen = _ADMIN.denied(client, credential)
    return _KEYS.verify(client, credential) if seen.liveness is Liveness.LIVE else seen


KIND = Kind(
    id="azure.acr-admin-credential",
    title="Admin password of an Azure container registry",
    provider="azure",
    actions={
        Verb.DEACTIVATE: Act(
            call=_ADMIN.off,
            reversible=True,
            idempotent=True,
            permissions=(f"{SORT}/write", f"{SORT}/operationStatuses/read", _OPERATION),
            undo="switch the admin account on again (adminUserEnabled); both passwords then work again",
            snapshot=_ADMIN.snapshot,
            restore=_ADMIN.on,
        ),
        Verb.REVOKE: Act(
            call=_KEYS.regenerate,
            reversible=False,
            idempotent=False,
            permissions=_SLOTS.permissions[1:],
            undo="none: hand the new password to whatever used the old one; let it use the other one first",
        ),
    },
    verify=verify,
    control=_KEYS.control,
    enumerate=_KEYS.enumerate,
    identify=identify,
    read_permissions=_SLOTS.permissions[:2],
    issuer_is_account=True,
    residual=_acr_tokens.RESIDUAL,
    death=Death(negatives=2, seconds=60.0, source=_DOC),
    reference="https://learn.microsoft.com/en-us/rest/api/containerregistry/registries/regenerate-credential",
    since="0.1",
    tested=_resources.TESTED,
    steps_by_hand="Azure portal, the registry, Access keys: regenerate the password, or switch Admin user off.",
)
