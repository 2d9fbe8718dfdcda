"""Histories of zsh: time stamps before the commands, and bytes that zsh masks, which would hide a secret from a plain search."""

from __future__ import annotations

from rescind.models.store import At, Erase, MiB, Root, Store
from rescind.stores._free import KINDS, searched
from rescind.stores._lines import zsh

STORE = Store(
    id="zsh-history",
    title="zsh history",
    where=(
        *(
            At(root=Root.HOME, glob=g)
            for g in (
                ".zsh_history",
                "*.zsh_history",
                ".zhistory",
                ".histfile",
                ".zsh_sessions/*.history",
                ".zsh_sessions/*.historynew",
            )
        ),
        At(root=Root.HOME, glob=".zsh_history", env="ZDOTDIR"),
        At(root=Root.HOME, glob=".zhistory", env="ZDOTDIR"),
        *(At(root=Root.XDG_STATE, glob=g) for g in ("zsh/history", "zsh/.zsh_history")),
        *(At(root=Root.XDG_DATA, glob=g) for g in ("zsh/history", "zsh/.zsh_history")),
        At(root=Root.XDG_CONFIG, glob="zsh/.zsh_history"),
        At(root=Root.XDG_CACHE, glob="zsh/history"),
    ),
    yields=KINDS,
    max_bytes=36 * MiB,
    erase=Erase.NONE,
    parse=searched(zsh),
    text=zsh,
    since="0.1",
    reference="https://zsh.sourceforge.io/Doc/Release/Options.html#History",
)
