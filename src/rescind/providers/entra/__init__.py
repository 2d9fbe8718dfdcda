"""Microsoft Entra ID: people, their sessions and devices, what they consented to, and the credentials of applications."""

from __future__ import annotations

from rescind.models.machine import Machines
from rescind.models.provider import Provider
from rescind.providers.entra._records import AUDITS, SIGN_INS

INTUNE = Machines(
    title="Intune",
    setting="intune",
    verbs={
        "lock": ("DeviceManagementManagedDevices.PrivilegedOperations.All",),
        "retire": ("DeviceManagementManagedDevices.PrivilegedOperations.All",),
        "wipe": ("DeviceManagementManagedDevices.PrivilegedOperations.All",),
    },
    find="rescind.providers.entra._intune:find",
    send="rescind.providers.entra._intune:send",
    look="rescind.providers.entra._intune:look",
    read_permissions=("DeviceManagementManagedDevices.Read.All",),
    reference="https://learn.microsoft.com/en-us/graph/api/resources/intune-devices-manageddevice",
)
PROVIDER = Provider(
    id="entra",
    title="Microsoft Entra ID",
    connect="rescind.providers.entra._connect:connect",
    required=("tenant_id",),
    settings=(
        "tenant_id",
        "cloud",
        "credential",
        "client_id",
        "base_url",
        "authority",
        "instance_discovery",
        "ca_bundle",
        "plaintext",
        "account_id",
        "access_seconds",
        "intune",
    ),
    reference="https://learn.microsoft.com/en-us/graph/api/overview",
    # A user principal name lies in a domain that the tenant has proven to hold, and only its administrators set it.
    controls_email=True,
    eventual=True,
    machines=INTUNE,
    activity=(SIGN_INS, AUDITS),
)
