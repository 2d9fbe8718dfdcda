"""Made-up SSH keys and a small installation in files, for the unit tests of the ssh provider. No ssh-keygen is asked."""

from __future__ import annotations

import base64
from dataclasses import replace

from rescind.models.clock import SystemClock
from rescind.models.credential import Credential
from rescind.models.tenant import Tenant
from rescind.providers.ssh import _connect, _krl
from rescind.providers.ssh._blob import fingerprint, packed
from rescind.secret import Secret
from rescind.wire.pace import Pacer


def blob(n: int) -> bytes:
    return packed(b"ssh-ed25519") + packed(bytes([n]) * 32)


def line(n: int, comment: str = "") -> bytes:
    return b"ssh-ed25519 " + base64.b64encode(blob(n)) + (f" {comment}".encode() if comment else b"") + b"\n"


def key(n: int) -> Credential:
    return Credential(kind="ssh.user-key", provider="ssh", identifier=fingerprint(blob(n)))


def cert(name: object, ca: int = 9) -> Credential:
    return Credential(kind="ssh.user-cert", provider="ssh", identifier=f"{name}@{fingerprint(blob(ca))}")


def krl(body: bytes = b"", *, version: int = 1, date: int = 0, comment: bytes = b"", reserved: bytes = b"") -> bytes:
    head = _krl.MAGIC + (1).to_bytes(4, "big") + version.to_bytes(8, "big") + date.to_bytes(8, "big") + bytes(8)
    return head + packed(reserved) + packed(comment) + body


def section(kind: int, data: bytes) -> bytes:
    return bytes([kind]) + packed(data)


def certificates(*parts: bytes, ca: bytes | None = None) -> bytes:
    return section(1, packed(blob(9) if ca is None else ca) + packed(b"") + b"".join(parts))


class Hosts:
    """Two homes below `hosts`, a KRL, a CA and a registry."""

    def __init__(self, folder) -> None:
        self.d = folder
        for home in ("ada", "bob"):
            (folder / "hosts" / home / ".ssh").mkdir(parents=True)
        self.ada, self.bob = (folder / "hosts" / h / ".ssh" / "authorized_keys" for h in ("ada", "bob"))
        self.ada.write_bytes(line(1, "ada@lt-042") + line(2))
        self.bob.write_bytes(b"# bob\r\n" + line(2) + b"no-pty " + line(1))
        self.krl, self.registry = folder / "revoked.krl", folder / "registry"
        self.krl.write_bytes(krl(comment=b"ops"))
        (folder / "ca.pub").write_bytes(line(9))
        self.registry.write_bytes(b"ada " + line(1) + b"bob " + line(2))

    def client(self, *, keygen: str | None = None, write: bool = True, **more: object):
        settings = {
            "authorized_keys": (f"{self.d}/hosts/*/.ssh/authorized_keys",),
            "cas": (f"{self.d}/ca.pub",),
            "krl": str(self.krl),
            "registry": str(self.registry),
            **more,
        }
        tenant = Tenant(name="h", provider="ssh", settings={k: v for k, v in settings.items() if v is not None})
        made = _connect.connect(tenant, lambda r: Secret(""), Pacer(1000, SystemClock()), write=write)
        return replace(made, keygen=keygen)

    def published(self) -> _krl.Krl:
        return _krl.parse(self.krl.read_bytes())
