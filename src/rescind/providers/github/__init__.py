"""GitHub: github.com and its data-residency hosts."""

from __future__ import annotations

from rescind.models.provider import Provider

PROVIDER = Provider(
    id="github",
    title="GitHub",
    connect="rescind.providers.github._connect:connect",
    required=("base_url", "org"),
    settings=("base_url", "org", "account_id", "host", "saml", "probe", "ca_bundle", "plaintext"),
    reference="https://docs.github.com/en/rest/credentials/revoke",
)
