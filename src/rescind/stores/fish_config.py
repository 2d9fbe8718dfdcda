"""Start-up files and universal variables of fish: `set -Ux` keeps a token for ever, in a file that nobody looks at."""

from __future__ import annotations

from rescind.models.store import At, Erase, MiB, Root, Store
from rescind.stores._free import KINDS, searched
from rescind.stores._lines import fish

STORE = Store(
    id="fish-config",
    title="fish start-up files and universal variables",
    where=(
        *(
            At(root=Root.XDG_CONFIG, glob=g)
            for g in (
                "fish/config.fish",
                "fish/fish_variables",
                "fish/conf.d/*.fish",
                "fish/functions/*.fish",
                "fish/fish_variables.*",
            )
        ),
    ),
    yields=KINDS,
    max_bytes=4 * MiB,
    erase=Erase.NONE,
    parse=searched(fish),
    text=fish,
    since="0.1",
    reference="https://fishshell.com/docs/current/language.html#universal-variables",
)
