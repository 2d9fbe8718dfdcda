"""What a certificate authority can be asked, and the client that every x509 tenant gives."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from rescind.models.clock import Clock, SystemClock
from rescind.models.kind import CallResult, Identity
from rescind.models.tenant import Tenant
from rescind.providers.x509 import _crl


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """One certificate as the authority's own record has it. Times are RFC 3339 UTC; `revoked_at` is "" for a valid one.

    `names` are the common names of the subject; `emails` those of the subject alternative name.
    """

    serial_hex: str
    subject: str
    names: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    not_after: str = ""
    revoked_at: str = ""

    @property
    def owner(self) -> str:
        """The one e-mail, otherwise the one common name; "" when the record is not clear about it."""
        said = self.emails or self.names
        return said[0] if len(said) == 1 else ""


class Authority(Protocol):
    """One CA, wherever its key is kept. Every method raises a typed `ProviderError`."""

    def certificate(self) -> x509.Certificate:
        """Return the CA's own certificate."""

    def keeps_records(self) -> bool:
        """Tell whether the CA can say what it issued (a file CA without an index cannot)."""

    def issued(self) -> Iterator[Issued]:
        """List what the CA issued. Raises `Rejected` when it keeps no record."""

    def record(self, serial_hex: str) -> Issued:
        """Return the CA's own record of one serial. Raises `NotFound` when it has none."""

    def revoke(self, serial_hex: str, reason: str) -> CallResult:
        """Put a serial on the CRL, publish it, and have relying parties read it. Repeatable."""

    def announced(self, serial_hex: str) -> bool:
        """Tell whether relying parties were made to read a CRL that lists the serial, where it is on us to make them."""

    def crl(self) -> _crl.Crl:
        """Return the CRL as it is published now, parsed but not judged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaClient:
    """An x509 tenant: its authority, the reason its revocations state, and how fast its relying parties enforce a CRL."""

    tenant: Tenant
    authority: Authority
    reason: str = "keyCompromise"
    propagation: float | None = None
    clock: Clock = field(default_factory=SystemClock)

    def identity(self) -> Identity:
        """Return which CA this is: `ca:` and 16 hex digits of its certificate's SHA-256."""
        ca = self.authority.certificate()
        digest = hashlib.sha256(ca.public_bytes(Encoding.DER)).hexdigest()[:16]
        return Identity(account=f"ca:{digest}", principal=ca.subject.rfc4514_string())


def issuer_tag(name: x509.Name) -> str:
    """Return the 16 hex digits that stand for an issuer name in a certificate's identifier."""
    return hashlib.sha256(name.public_bytes()).hexdigest()[:16]


def described(cert: x509.Certificate, *, revoked_at: str = "") -> Issued:
    """Return the record that a certificate of the CA's own archive stands for."""
    try:
        san = cert.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        emails = tuple(san.get_values_for_type(x509.RFC822Name))
    except (x509.ExtensionNotFound, ValueError):
        emails = ()
    names = tuple(str(a.value) for a in cert.subject.get_attributes_for_oid(NameOID.COMMON_NAME))
    return Issued(
        serial_hex=f"{cert.serial_number:x}",
        subject=cert.subject.rfc4514_string(),
        names=names,
        emails=emails,
        not_after=cert.not_valid_after_utc.strftime("%Y-%m-%dT%H:%M:%SZ"),
        revoked_at=revoked_at,
    )
