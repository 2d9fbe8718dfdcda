"""Any OAuth 2.0 authorization server that speaks RFC 7009 (revocation) and RFC 7662 (introspection)."""

from __future__ import annotations

from rescind.models.provider import Provider

PROVIDER = Provider(
    id="oauth",
    title="OAuth 2.0 / OpenID Connect server",
    connect="rescind.providers.oauth._connect:connect",
    required=("base_url", "client_id"),
    settings=(
        "base_url",
        "client_id",
        "account_id",
        "issuer",
        "auth_method",
        "endpoints_origins",
        "public_clients",
        "access_seconds",
        "ca_bundle",
        "plaintext",
    ),
    reference="https://www.rfc-editor.org/rfc/rfc7009",
)
