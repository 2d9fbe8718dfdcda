"""Open an x509 tenant: read what it is configured with, load the CA key only for `apply`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from rescind.errors import ConfigError, ProviderError
from rescind.models.clock import Clock, SystemClock
from rescind.models.tenant import SecretRef, Tenant
from rescind.providers.x509._authority import Authority, CaClient
from rescind.providers.x509._file import FileAuthority, read
from rescind.providers.x509._vault import VaultAuthority
from rescind.secret import Secret
from rescind.wire.http import Http
from rescind.wire.pace import Pacer

_NOT_FINAL = {"certificateHold", "removeFromCRL"}
_SIGNERS = (
    rsa.RSAPrivateKey,
    dsa.DSAPrivateKey,
    ec.EllipticCurvePrivateKey,
    ed25519.Ed25519PrivateKey,
    ed448.Ed448PrivateKey,
)


def connect(
    tenant: Tenant, resolve: Callable[[SecretRef], Secret], pacer: Pacer, *, write: bool, clock: Clock | None = None
) -> CaClient:
    """Return the client of one CA. Raises `ConfigError` for settings that cannot be used."""
    clock = clock or SystemClock()
    name = f"[tenant.{tenant.name}]"
    match tenant.text("ca"):
        case "file":
            authority: Authority = _file(tenant, resolve, clock, write=write)
        case "vault":
            authority = _vault(tenant, resolve, pacer, write=write)
        case other:
            raise ConfigError(f'{name} ca = "{other}" is not known', hint='ca is "file" or "vault"')
    return CaClient(
        tenant=tenant, authority=authority, reason=_reason(tenant), propagation=_propagation(tenant), clock=clock
    )


def _reason(tenant: Tenant) -> str:
    reason = tenant.text("reason", "keyCompromise")
    allowed = sorted({r.value for r in x509.ReasonFlags} - _NOT_FINAL)
    if reason not in allowed:
        raise ConfigError(
            f'[tenant.{tenant.name}] reason = "{reason}" cannot end a certificate', hint=f"one of {', '.join(allowed)}"
        )
    return reason


def _number(tenant: Tenant, key: str) -> float | None:
    value = tenant.settings.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise ConfigError(f"[tenant.{tenant.name}] {key} must be a number, not negative")
    return float(value)


def _propagation(tenant: Tenant) -> float | None:
    return _number(tenant, "propagation_seconds")


def _needed(tenant: Tenant, key: str) -> Path:
    path = _path(tenant, key)
    if path is None:
        raise ConfigError(f'[tenant.{tenant.name}] ca = "file" needs {key}')
    return path


def _path(tenant: Tenant, key: str) -> Path | None:
    text = tenant.text(key)
    if not text:
        return None
    path = Path(text).expanduser()
    if not path.is_absolute():
        raise ConfigError(f"[tenant.{tenant.name}] {key} must be an absolute path")
    return path


def _file(tenant: Tenant, resolve: Callable[[SecretRef], Secret], clock: Clock, *, write: bool) -> FileAuthority:
    reload = tenant.settings.get("reload", ())
    if not isinstance(reload, tuple):
        raise ConfigError(f'[tenant.{tenant.name}] reload must be a list of words, as in ["nginx", "-s", "reload"]')
    days = _number(tenant, "crl_days")
    if days == 0:
        raise ConfigError(f"[tenant.{tenant.name}] crl_days must be above 0")
    ca = _certificate(tenant, _needed(tenant, "ca_cert"))
    return FileAuthority(
        ca=ca,
        crl_path=_needed(tenant, "crl"),
        now=clock.now,
        key=_key(tenant, resolve, ca) if write else None,
        days=days,
        index=_path(tenant, "index"),
        certs=_path(tenant, "certs"),
        number=_path(tenant, "crl_number"),
        reload=reload,
    )


def _certificate(tenant: Tenant, path: Path) -> x509.Certificate:
    try:
        blob = read(path, "the CA certificate")
        pem = b"-----BEGIN" in blob
        cert = x509.load_pem_x509_certificate(blob) if pem else x509.load_der_x509_certificate(blob)
        usage = cert.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return cert
    except ValueError:
        raise ConfigError(f"[tenant.{tenant.name}] ca_cert is not a readable certificate") from None
    except ProviderError as e:
        raise ConfigError(f"[tenant.{tenant.name}] {e.message}") from None
    if not usage.crl_sign:
        raise ConfigError(
            f"[tenant.{tenant.name}] the CA certificate's key usage does not allow it to sign a CRL",
            hint="https://www.rfc-editor.org/rfc/rfc5280#section-4.2.1.3",
        )
    return cert


def _key(
    tenant: Tenant, resolve: Callable[[SecretRef], Secret], ca: x509.Certificate
) -> CertificateIssuerPrivateKeyTypes:
    ref = tenant.write_refs.get("ca_key") or tenant.refs.get("ca_key")
    password = tenant.write_refs.get("ca_key_password") or tenant.refs.get("ca_key_password")
    path = tenant.write.get("ca_key") or tenant.text("ca_key")
    if ref is None and not path:
        raise ConfigError(f"[tenant.{tenant.name}] needs ca_key to revoke")
    try:
        pem = resolve(ref) if ref is not None else Secret(read(Path(path).expanduser(), "the CA key"))
        key = load_pem_private_key(pem.reveal_bytes(), resolve(password).reveal_bytes() if password else None)
    except ProviderError as e:
        raise ConfigError(f"[tenant.{tenant.name}] {e.message}") from None
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ConfigError(
            f"[tenant.{tenant.name}] the CA key cannot be loaded", hint="PEM; a passphrase goes to ca_key_password"
        ) from None
    if not isinstance(key, _SIGNERS):
        raise ConfigError(f"[tenant.{tenant.name}] the CA key is of a type that cannot sign a CRL")
    spki = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if key.public_key().public_bytes(*spki) != ca.public_key().public_bytes(*spki):
        raise ConfigError(f"[tenant.{tenant.name}] ca_key is not the key of ca_cert")
    return key


def _vault(tenant: Tenant, resolve: Callable[[SecretRef], Secret], pacer: Pacer, *, write: bool) -> VaultAuthority:
    ref = (tenant.write_refs.get("token") if write else None) or tenant.refs.get("token")
    if not tenant.text("base_url") or ref is None:
        raise ConfigError(f'[tenant.{tenant.name}] ca = "vault" needs base_url and token')
    mount = tenant.text("mount", "pki").strip("/")
    if not mount or any(part in {"", ".", ".."} for part in mount.split("/")):
        raise ConfigError(f"[tenant.{tenant.name}] mount is not a path of the PKI engine")
    token, space = resolve(ref), tenant.text("namespace")

    def auth() -> dict[str, str]:
        return {"X-Vault-Token": token.reveal().strip()}

    headers = {"X-Vault-Namespace": space} if space else {}
    http = Http(tenant.text("base_url"), pacer=pacer, headers=headers, auth=auth, verify=tenant.text("tls_ca") or True)
    return VaultAuthority(http, mount)
