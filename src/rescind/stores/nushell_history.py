"""Histories of nushell as text, and its start-up files, in which `$env.NAME = '…'` keeps tokens."""

from __future__ import annotations

from rescind.models.store import At, Erase, MiB, Root, Store
from rescind.stores._free import KINDS, searched
from rescind.stores._lines import plain

_NAMES = ("history.txt", "config.nu", "env.nu", "autoload/*.nu")
STORE = Store(
    id="nushell-history",
    title="nushell history and start-up files",
    where=tuple(
        At(root=root, glob=f"nushell/{name}")
        for root in (Root.XDG_CONFIG, Root.APPDATA, Root.MAC_SUPPORT)
        for name in _NAMES
    ),
    yields=KINDS,
    max_bytes=36 * MiB,
    erase=Erase.NONE,
    parse=searched(plain),
    text=plain,
    since="0.1",
    reference="https://www.nushell.sh/book/configuration.html#configuration-overview",
)
