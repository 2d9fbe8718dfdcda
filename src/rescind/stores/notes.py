"""What people write down for themselves: notes on the desktop, in documents and downloads, and what a server printed when it was set up.

`vault operator init` prints unseal keys and a root token once; they end in such a file.
"""

from __future__ import annotations

from rescind.models.store import At, Erase, MiB, Root, Store
from rescind.stores._free import KINDS, searched
from rescind.stores._lines import plain

_ENDS = ("txt", "md", "org", "log", "out")
_FOLDERS = (
    "",
    "Desktop/",
    "Documents/",
    "Downloads/",
    "Notes/",
    "notes/",
    "Documents/*/",
    "Documents/*/*/",
    "Desktop/*/",
)

STORE = Store(
    id="notes",
    title="Notes on the desktop, in documents and downloads",
    where=tuple(At(root=Root.HOME, glob=f"{folder}*.{end}") for folder in _FOLDERS for end in _ENDS),
    yields=KINDS,
    max_bytes=4 * MiB,
    erase=Erase.NONE,
    parse=searched(plain),
    text=plain,
    since="0.1",
    reference="https://developer.hashicorp.com/vault/docs/commands/operator/init",
)
