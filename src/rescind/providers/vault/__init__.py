"""OpenBao and HashiCorp Vault: tokens, ended by their accessor and never by their value."""

from __future__ import annotations

from rescind.models.provider import Provider

PROVIDER = Provider(
    id="vault",
    title="OpenBao / HashiCorp Vault",
    connect="rescind.providers.vault._connect:connect",
    required=("base_url",),
    settings=("base_url", "account_id", "namespace", "ca_bundle", "plaintext"),
    reference="https://openbao.org/api-docs/auth/token/",
)
