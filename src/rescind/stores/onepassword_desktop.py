"""1Password's desktop program: that a locked copy of a person's vaults is on the machine. Only the account itself says which."""

from __future__ import annotations

from collections.abc import Iterator

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.models.store import At, MiB, Root, Store
from rescind.stores._locked import locked
from rescind.stores._sqlite import rows


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield the locked vault of each account. Raises `Unparsable` for what is no database of 1Password."""
    accounts = rows(blob, "accounts", ("id", "account_uuid", "user_uuid"))
    if accounts is None and rows(blob, "objects_associated", ("key_name",)) is None:
        raise Unparsable("the database has no table that 1Password makes")
    if accounts is None:
        yield locked("onepassword.vault", at, "passphrase")  # newer versions name no account in clear
    for number, account, user in accounts or ():
        own = {"account": account, "user_id": user}
        yield locked("onepassword.vault", at, "passphrase", f"accounts/{number}", identifier=user or account, more=own)


_NAME = "1[Pp]assword.sqlite"
STORE = Store(
    id="onepassword-desktop",
    title="1Password vaults",
    where=(
        At(root=Root.XDG_CONFIG, glob=f"1Password/{_NAME}"),
        At(root=Root.MAC_LIBRARY, glob=f"Group Containers/2BUA8C4S2C.com.1password/**/{_NAME}", os=("macos",)),
        At(root=Root.LOCALAPPDATA, glob=f"1Password/data/{_NAME}", os=("windows",)),
    ),
    yields=("onepassword.vault",),
    max_bytes=128 * MiB,
    parse=parse,
    since="0.1",
    reference="https://support.1password.com/1password-security/#protecting-your-data",
)
