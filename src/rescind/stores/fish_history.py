"""Histories of fish: they look like YAML and are not; line ends and backslashes are escaped."""

from __future__ import annotations

from rescind.models.store import At, Erase, MiB, Root, Store
from rescind.stores._free import KINDS, searched
from rescind.stores._lines import fish

STORE = Store(
    id="fish-history",
    title="fish history",
    where=(
        *(At(root=Root.XDG_DATA, glob=g) for g in ("fish/*_history", "fish/generated_history")),
        At(root=Root.XDG_CONFIG, glob="fish/fish_history"),
    ),
    yields=KINDS,
    max_bytes=36 * MiB,
    erase=Erase.NONE,
    parse=searched(fish),
    text=fish,
    since="0.1",
    reference="https://fishshell.com/docs/current/cmds/history.html",
)
