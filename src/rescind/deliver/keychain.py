"""An item of the operator's keychain, under `service/user`: whoever looks it up reads the new value from then on.

An access key is kept as the JSON that `credential_process` wants, so that a profile may say
`credential_process = secret-tool lookup service SERVICE username USER`.
https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rescind.errors import ConfigError, Denied, Rejected
from rescind.models.rotation import Keyring, Rotation, TargetRow, Value


@dataclass(frozen=True, slots=True, kw_only=True)
class KeychainItem:
    """One item."""

    name: str
    rotation: Rotation
    keyring: Keyring

    @property
    def place(self) -> str:
        """Return the item's name."""
        return f"keychain {self.name}"

    def check(self) -> None:
        """Raise unless the item is there and can be read: a keychain that is locked would not take another value either."""
        if self.read() is None:
            raise Rejected(f"the keychain has no item {self.name}: a first value is put there by hand")

    def read(self) -> Value | None:
        """Return the item's value; None when there is no such item."""
        try:
            held = self.keyring.get(self.name)
        except ConfigError as error:
            raise Denied(error.message) from None
        if not held:
            return None
        try:
            return self.rotation.unpack(held)
        except ValueError:
            raise Rejected(f"the keychain item {self.name} does not hold one value of this kind") from None

    def write(self, value: Value) -> None:
        """Replace the item's value."""
        try:
            self.keyring.set(self.name, self.rotation.pack(value))
        except ConfigError as error:
            raise Denied(error.message) from None


def open_target(row: Mapping[str, str], rotation: Rotation, keyring: Keyring) -> KeychainItem:
    """Return the item that a configuration names."""
    return KeychainItem(name=row["keychain"], rotation=rotation, keyring=keyring)


TARGET = TargetRow(id="keychain", title="an item of the operating system's keychain", open=open_target)
