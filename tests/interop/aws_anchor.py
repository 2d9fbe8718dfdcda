"""A certificate authority that machines show Roles Anywhere certificates of: made in memory, with the list that it publishes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

ARN = "arn:aws:rolesanywhere:us-east-1:111122223333:trust-anchor/00000000-0000-0000-0000-000000000001"


class Anchor:
    """One authority; `file` is where its list is published."""

    def __init__(self, file: Path, name: str = "fleet") -> None:
        self.file, self.key = file, ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.revoked: list[int] = []

    def issue(self, common_name: str) -> tuple[str, int]:
        """Return a certificate in PEM, and its serial."""
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
        now = datetime.now(UTC)
        made = x509.CertificateBuilder(
            self.name, subject, self.key.public_key(), x509.random_serial_number(), now, now + timedelta(days=1)
        ).sign(self.key, hashes.SHA256())
        return made.public_bytes(Encoding.PEM).decode(), made.serial_number

    def publish(self, *revoked: int, back: int = 0) -> bytes:
        """Revoke certificates and publish the list; `back` dates it some seconds earlier."""
        self.revoked += revoked
        now = datetime.now(UTC) - timedelta(seconds=back)
        made = x509.CertificateRevocationListBuilder(self.name, now, now + timedelta(hours=1))
        for serial in self.revoked:
            made = made.add_revoked_certificate(x509.RevokedCertificateBuilder(serial, now).build())
        blob = made.sign(self.key, hashes.SHA256()).public_bytes(Encoding.PEM)
        self.file.write_bytes(blob)
        return blob
