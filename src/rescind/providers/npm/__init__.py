"""npm registries: the public one, and private ones that speak its protocol."""

from __future__ import annotations

from rescind.models.provider import Provider

PROVIDER = Provider(
    id="npm",
    title="npm registry",
    connect="rescind.providers.npm._connect:connect",
    required=("base_url",),
    settings=("base_url", "account_id", "registry", "self_revoke", "ca_bundle", "plaintext"),
    reference="https://docs.npmjs.com/revoking-access-tokens",
)
