"""A certificate with its private key, as one PEM text: made for an application, told by its thumbprint, and used to sign in once.

The text is what Microsoft's libraries read
(https://learn.microsoft.com/en-us/python/api/azure-identity/azure.identity.certificatecredential), the assertion what Entra asks for
(https://learn.microsoft.com/en-us/entra/identity-platform/certificate-credentials).
"""

from __future__ import annotations

import base64
import json
import uuid
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

from rescind.secret import Secret

_LIVES = timedelta(minutes=10)


def made(name: str, start: datetime, end: datetime) -> Secret:
    """Return a new key of 2048 bits with a certificate that it signed itself."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])
    builder = x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number(), start, end)
    signed = builder.sign(key, hashes.SHA256())
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return Secret((private + signed.public_bytes(serialization.Encoding.PEM)).strip())


def parts(pair: Secret) -> tuple[rsa.RSAPrivateKey, x509.Certificate]:
    """Return the key and the certificate in a text. Raises `ValueError` unless both are there and belong together."""
    raw = pair.reveal_bytes()
    try:
        # Whether its primes are primes is not asked at every look: that its public half is the certificate's is what counts here.
        key = serialization.load_pem_private_key(raw, None, unsafe_skip_rsa_key_validation=True)
        certificate = x509.load_pem_x509_certificate(raw)
    except (TypeError, ValueError):
        raise ValueError("no private key with a certificate") from None
    if not isinstance(key, rsa.RSAPrivateKey) or key.public_key() != certificate.public_key():
        raise ValueError("no private key with its certificate")
    return key, certificate


def thumbprint(pair: Secret) -> str:
    """Return the SHA-1 of a certificate as Graph shows it (`customKeyIdentifier`), empty for a text that holds none."""
    try:
        _, certificate = parts(pair)
    except ValueError:
        return ""
    return certificate.fingerprint(hashes.SHA1()).hex().upper()  # noqa: S303  a name that Graph gives, nothing is proven by it


def public(pair: Secret) -> str:
    """Return the certificate as Graph takes it. Raises `ValueError`."""
    return base64.b64encode(parts(pair)[1].public_bytes(serialization.Encoding.DER)).decode()


def assertion(pair: Secret, app: str, audience: str) -> Secret:
    """Return a signed statement that whoever holds the key is the application. Raises `ValueError`."""
    key, certificate = parts(pair)
    now = datetime.now(UTC)
    header = {"alg": "PS256", "typ": "JWT", "x5t#S256": _text(certificate.fingerprint(hashes.SHA256()))}
    claims = {
        **dict.fromkeys(("iss", "sub"), app),
        "aud": audience,
        "jti": str(uuid.uuid4()),
        "nbf": int((now - _LIVES).timestamp()),
        "exp": int((now + _LIVES).timestamp()),
    }
    signed = ".".join(_text(json.dumps(part).encode()) for part in (header, claims))
    salted = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH)
    return Secret(f"{signed}.{_text(key.sign(signed.encode(), salted, hashes.SHA256()))}")


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
