"""The client of the live machine. What touches disk and keychain is handed in: providers know only this `Protocol`."""

from __future__ import annotations

import getpass
import platform
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from rescind.errors import RefusedError
from rescind.models.kind import Identity
from rescind.models.tenant import SecretRef, Tenant
from rescind.secret import Secret
from rescind.wire.pace import Pacer


class LocalHost(Protocol):
    """A live machine as the kinds of this folder need it. Every method raises a typed `ProviderError`.

    Keychain items are named by the identifier that the scan gave them, and the collection in which they lie.
    """

    def items(self) -> Mapping[str, str]:
        """Return the identifier and the collection of every item that can be listed, read afresh; never a value."""

    def has_item(self, identifier: str, collection: str) -> bool:
        """Tell whether an item is listed. Raises `Denied` when its collection is locked, `NotFound` when that is gone."""

    def erase_item(self, identifier: str, collection: str) -> bool:
        """Delete an item; False when there is none. Sealed first where the operator asked for it."""

    def file_has(self, root: str, path: str, fingerprint: str) -> bool:
        """Tell whether any line of a file holds the value. False for a file that is gone."""

    def erase_file(self, root: str, path: str, line: int | None, fingerprint: str) -> bool:
        """Remove the value from its line; False when it is gone already. Raises `Rejected` when the line changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalClient:
    """The live machine as a tenant. `owner` is whose machine it is according to the case, not according to the machine."""

    host: LocalHost
    tenant: Tenant = field(default_factory=lambda: Tenant(name="local", provider="local"))
    owner: str = ""

    def identity(self) -> Identity:
        """Return the machine's name and the user whose rights are used."""
        try:
            user = getpass.getuser()
        except (KeyError, OSError):
            user = "?"
        node = platform.node()
        return Identity(account=f"local:{node}", principal=f"{user}@{node}")


def local_client(host: LocalHost, *, owner: str = "") -> LocalClient:
    """Return the client of a live machine."""
    return LocalClient(host=host, owner=owner)


def connect(tenant: Tenant, resolve: Callable[[SecretRef], Secret], pacer: Pacer, *, write: bool) -> LocalClient:
    """Refuse: a live machine comes from the case's target (`local_client`), never from the configuration."""
    del tenant, resolve, pacer, write
    raise RefusedError("the local provider needs a live target", hint="give the mounted or live home as --target")
