"""Microsoft Azure: keys of its resources, through Azure Resource Manager."""

from __future__ import annotations

from rescind.models.provider import Provider

PROVIDER = Provider(
    id="azure",
    title="Microsoft Azure",
    connect="rescind.providers.azure._connect:connect",
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
    ),
    reference="https://learn.microsoft.com/en-us/rest/api/azure/",
    # Who made something is told by the name that they sign in with at the tenant; resource ids are compared without case.
    controls_email=True,
)
