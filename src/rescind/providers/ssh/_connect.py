"""Open an ssh tenant: check its settings, read the CA keys. No credential is needed, only rights on the files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from rescind.errors import ConfigError, ProviderError
from rescind.models.clock import Clock, SystemClock
from rescind.models.tenant import SecretRef, Tenant
from rescind.providers.ssh import _authorized, _keygen
from rescind.providers.ssh._blob import fingerprint
from rescind.providers.ssh._installation import SshClient
from rescind.secret import Secret
from rescind.wire.pace import Pacer


def connect(
    tenant: Tenant, resolve: Callable[[SecretRef], Secret], pacer: Pacer, *, write: bool, clock: Clock | None = None
) -> SshClient:
    """Return the client of one installation. Raises `ConfigError` for settings that cannot be used."""
    del resolve, pacer
    patterns = tuple(str(_absolute(tenant, "authorized_keys", p)) for p in _list(tenant, "authorized_keys"))
    if any("**" in p or ".." in Path(p).parts for p in patterns):
        raise ConfigError(f'[tenant.{tenant.name}] authorized_keys takes neither "**" nor ".."')
    krl = _path(tenant, "krl")
    if not patterns and krl is None:
        raise ConfigError(f"[tenant.{tenant.name}] needs authorized_keys, krl, or both")
    return SshClient(
        tenant=tenant,
        patterns=patterns,
        krl=krl,
        cas=_cas(tenant),
        registry=_path(tenant, "registry"),
        session=_seconds(tenant, "session_seconds"),
        propagation=_seconds(tenant, "propagation_seconds") or 0.0,
        keygen=_keygen.find(),
        write=write,
        clock=clock or SystemClock(),
    )


def _list(tenant: Tenant, key: str) -> tuple[str, ...]:
    value = tenant.settings.get(key, ())
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, tuple):
        raise ConfigError(f"[tenant.{tenant.name}] {key} must be a list of paths")
    return value


def _absolute(tenant: Tenant, key: str, text: str) -> Path:
    path = Path(text).expanduser()
    if not path.is_absolute() or path == Path("/"):
        raise ConfigError(f"[tenant.{tenant.name}] {key} must name files by absolute paths")
    return path


def _path(tenant: Tenant, key: str) -> Path | None:
    text = tenant.text(key)
    return _absolute(tenant, key, text) if text else None


def _seconds(tenant: Tenant, key: str) -> float | None:
    value = tenant.settings.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < float("inf"):
        raise ConfigError(f"[tenant.{tenant.name}] {key} must be a number of seconds, not negative")
    return float(value)


def _cas(tenant: Tenant) -> dict[str, bytes]:
    """Read the CA keys, from files as `TrustedUserCAKeys` takes them (one key a line)."""
    found: dict[str, bytes] = {}
    for text in _list(tenant, "cas"):
        path = _absolute(tenant, "cas", text)
        try:
            keys = list(_authorized.entries(_authorized.read(path, f"the CA key {path.name}")))
        except ProviderError as e:
            raise ConfigError(f"[tenant.{tenant.name}] {e.message}") from None
        if not keys:
            raise ConfigError(f"[tenant.{tenant.name}] {path} holds no public key")
        found |= {fingerprint(k.blob): k.blob for k in keys}
    return found
