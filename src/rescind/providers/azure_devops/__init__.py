"""Azure DevOps: personal access tokens and SSH keys of an organisation's users."""

from __future__ import annotations

from rescind.models.provider import Provider

PROVIDER = Provider(
    id="azure-devops",
    title="Azure DevOps",
    connect="rescind.providers.azure_devops._connect:connect",
    required=("organization", "tenant_id"),
    settings=(
        "organization",
        "tenant_id",
        "credential",
        "client_id",
        "base_url",
        "authority",
        "instance_discovery",
        "ca_bundle",
        "plaintext",
        "account_id",
    ),
    reference="https://learn.microsoft.com/en-us/rest/api/azure/devops/tokenadmin",
    # A principal name is the sign-in name of the organisation's own Entra tenant.
    controls_email=True,
)
