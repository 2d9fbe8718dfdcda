"""X.509 client certificates of the operator's own authority: an openssl-style CA kept in files, or a Vault/OpenBao PKI mount."""

from __future__ import annotations

from rescind.models.provider import Provider

PROVIDER = Provider(
    id="x509",
    title="X.509 certificate authority",
    connect="rescind.providers.x509._connect:connect",
    required=("ca",),
    settings=(
        "account_id",
        "ca",
        "ca_cert",
        "ca_key",
        "crl",
        "crl_days",
        "crl_number",
        "index",
        "certs",
        "reload",
        "propagation_seconds",
        "reason",
        "base_url",
        "mount",
        "namespace",
        "tls_ca",
    ),
    reference="https://www.rfc-editor.org/rfc/rfc5280",
    controls_email=True,
)
