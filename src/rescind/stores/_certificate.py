"""Facts of an X.509 certificate that name it at its authority and say what it is good for."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import ExtendedKeyUsageOID as Usage

from rescind.errors import Unparsable
from rescind.models.clock import rfc3339
from rescind.models.evidence import Finding, Location, State
from rescind.stores._pem import blocks
from rescind.stores._pkcs12 import is_pkcs12, open_pkcs12
from rescind.stores._sighting import sighting
from rescind.stores._text import decode

_SPKI = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
_CLIENT = {Usage.CLIENT_AUTH, Usage.SMARTCARD_LOGON}


@dataclass(frozen=True, slots=True)
class Held:
    """A certificate in a file, the line it begins at, and its private key in the same file: `yes`, `no` or `encrypted`."""

    certificate: x509.Certificate
    line: int
    has_key: str
    key: bytes = field(default=b"", repr=False)

    @property
    def authority(self) -> bool:
        """Whether the certificate may sign others."""
        return is_authority(self.certificate)


def read(body: bytes) -> x509.Certificate:
    """Return the certificate that DER bytes hold. Raises `Unparsable`."""
    try:
        certificate = x509.load_der_x509_certificate(body)
        _ = certificate.extensions, certificate.issuer, certificate.subject, certificate.not_valid_after_utc
    except (ValueError, TypeError, OverflowError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType) as e:
        raise Unparsable("a certificate cannot be read") from e
    return certificate


def public_half(key: bytes) -> str:
    """Return the SHA-256 (hex) of the public half of an unencrypted private key in DER, "" where it cannot be read."""
    try:
        private = serialization.load_der_private_key(key, None, unsafe_skip_rsa_key_validation=True)
        return hashlib.sha256(private.public_key().public_bytes(*_SPKI)).hexdigest()
    except (ValueError, TypeError, AttributeError, UnsupportedAlgorithm):
        return ""


def spki(certificate: x509.Certificate) -> str:
    """Return the SHA-256 (hex) of the certificate's public key, "" for an algorithm this build does not know."""
    try:
        return hashlib.sha256(certificate.public_key().public_bytes(*_SPKI)).hexdigest()
    except (ValueError, UnsupportedAlgorithm):
        return ""


def ssh_fingerprint(certificate: x509.Certificate) -> str:
    """Return what OpenSSH calls the certificate's key (`SHA256:…`), "" for an algorithm that SSH does not have."""
    try:
        key = certificate.public_key()
        line = key.public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
        digest = hashlib.sha256(base64.b64decode(line.split()[1])).digest()
        return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")
    except (ValueError, TypeError, AttributeError, UnsupportedAlgorithm):
        return ""


def identifier(certificate: x509.Certificate) -> str:
    """Return `<serial>@<issuer>`: lower-case hex serial without leading zeros, first 16 hex digits of SHA-256(issuer DN, DER).

    A serial names a certificate only within its authority (RFC 5280 §4.1.2.2), so both are needed to be unique.
    """
    issuer = hashlib.sha256(certificate.issuer.public_bytes()).hexdigest()[:16]
    return f"{certificate.serial_number:x}@{issuer}"


def is_authority(certificate: x509.Certificate) -> bool:
    """Tell whether the certificate may sign others."""
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def usage(certificate: x509.Certificate) -> str:
    """Return what the certificate authenticates: `client`, `any` (it does not say), `server`, or `other`."""
    try:
        allowed = set(certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)
    except x509.ExtensionNotFound:
        return "any"
    if allowed & _CLIENT:
        return "client"
    if Usage.ANY_EXTENDED_KEY_USAGE in allowed:
        return "any"
    return "server" if Usage.SERVER_AUTH in allowed else "other"


def facts(certificate: x509.Certificate) -> dict[str, str]:
    """Return serial, digests, key identifiers, names and dates as text; what a certificate lacks is empty."""
    out = {"serial": f"{certificate.serial_number:x}", "not_before": rfc3339(certificate.not_valid_before_utc)}
    out["sha256"] = hashlib.sha256(certificate.public_bytes(serialization.Encoding.DER)).hexdigest()
    out["spki_sha256"] = spki(certificate)
    out["key_fingerprint"] = ssh_fingerprint(certificate)
    for extension in certificate.extensions:
        match extension.value:
            case x509.SubjectKeyIdentifier() as v:
                out["ski"] = v.digest.hex()
            case x509.AuthorityKeyIdentifier() as v:
                out["aki"] = (v.key_identifier or b"").hex()
            case x509.SubjectAlternativeName() as v:
                names = [*v.get_values_for_type(x509.RFC822Name), *v.get_values_for_type(x509.DNSName)]
                out["san"] = ",".join(names[:20])
            case _:
                pass
    return out


def finding(held: Held, at: Location) -> Finding:
    """Return the `x509.client-cert` that a certificate and its key make."""
    certificate, own = held.certificate, {"has_key": held.has_key, "key_usage": usage(held.certificate)}
    return sighting(
        "x509.client-cert",
        at,
        line=held.line,
        identifier=identifier(certificate),
        issuer=certificate.issuer.rfc4514_string(),
        subject=certificate.subject.rfc4514_string(),
        secret=held.key,
        attributes={**facts(certificate), **own, "authority": "yes" if held.authority else ""},
        expires_at=rfc3339(certificate.not_valid_after_utc),
        state=State.PUBLIC_ONLY if held.has_key == "no" else State.LIVE_UNVERIFIED,
    )


def contents(blob: bytes, *, container: bool) -> tuple[list[Held], str]:
    """Return the certificates of a PEM, DER or PKCS#12 file with their keys, and what could not be read ("" where all could).

    `container` says that the file must be DER or PKCS#12 by its name. Raises `Unparsable` where nothing can be said.
    """
    if is_pkcs12(blob):
        key, chain = open_pkcs12(blob)
        return _paired([(c, 1) for c in chain], [key] if key else [], encrypted=False), ""
    if (container and blob) or blob[:2] == b"\x30\x82":
        return _paired([(read(blob), 1)], [], encrypted=False), ""
    certificates: list[tuple[x509.Certificate, int]] = []
    keys: list[bytes] = []
    encrypted, trouble = False, ""
    for block in blocks(decode(blob)):
        try:
            if block.label in {"CERTIFICATE", "X509 CERTIFICATE"}:
                certificates.append((read(block.body()), block.line))
            elif block.label.endswith("PRIVATE KEY") and block.encrypted:
                encrypted = True
            elif block.label.endswith("PRIVATE KEY"):
                keys.append(block.body())
        except Unparsable as e:
            trouble = trouble or e.message
    return _paired(certificates, keys, encrypted=encrypted), trouble if certificates or not keys else ""


def _paired(certificates: list[tuple[x509.Certificate, int]], keys: list[bytes], *, encrypted: bool) -> list[Held]:
    """Join certificates and keys by public half; an encrypted key goes to the first leaf that has none in clear."""
    by_half = {half: key for key in keys[:50] if (half := public_half(key))}
    out: list[Held] = []
    for certificate, line in certificates:
        key = by_half.get(spki(certificate), b"")
        sealed = encrypted and not key and not is_authority(certificate)
        encrypted = encrypted and not sealed
        out.append(Held(certificate, line, "yes" if key else "encrypted" if sealed else "no", key))
    return out
