"""Exoscale CLI: API keys of each account, by their id."""

from __future__ import annotations

from collections.abc import Iterator

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._json import member, text
from rescind.stores._token import token
from rescind.stores._toml import read


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield a finding per account, then raise `Unparsable` where the file is broken."""
    document, trouble = read(blob)
    accounts = member(document, "accounts")
    for n, account in enumerate(accounts if isinstance(accounts, list) else ()):
        own = {"account": text(account, "account"), "name": text(account, "name"), "zone": text(account, "defaultZone")}
        key, secret, pointer = text(account, "key"), text(account, "secret"), f"/accounts/{n}/secret"
        yield from token("exoscale.api-key", secret, at, pointer, identifier=key, issuer=own["account"], more=own)
    if trouble:
        raise Unparsable(trouble)


STORE = Store(
    id="exoscale",
    title="Exoscale CLI",
    where=(
        At(root=Root.XDG_CONFIG, glob="exoscale/exoscale.toml", env="EXOSCALE_CONFIG"),
        At(root=Root.MAC_SUPPORT, glob="exoscale/exoscale.toml", os=("macos",)),
        At(root=Root.APPDATA, glob="exoscale/exoscale.toml", os=("windows",)),
        At(root=Root.HOME, glob=".exoscale/exoscale.toml"),
    ),
    yields=("exoscale.api-key", "github.token"),
    max_bytes=64 * KiB,
    parse=parse,
    since="0.1",
    reference="https://github.com/exoscale/cli/blob/master/pkg/account/account.go",
)
