"""Histories of xonsh: JSON per session, with the output of commands where it was asked for."""

from __future__ import annotations

from rescind.models.store import At, Erase, MiB, Root, Store
from rescind.stores._free import KINDS, searched
from rescind.stores._lines import unescaped

STORE = Store(
    id="xonsh-history",
    title="xonsh history",
    where=(
        *(At(root=Root.XDG_DATA, glob=g) for g in ("xonsh/history_json/*.json", "xonsh/xonsh-*.json")),
        At(root=Root.XDG_CACHE, glob="xonsh/history_json/*.json"),
    ),
    yields=KINDS,
    max_bytes=16 * MiB,
    erase=Erase.NONE,
    parse=searched(unescaped),
    text=unescaped,
    since="0.1",
    reference="https://github.com/xonsh/xonsh/blob/main/docs/tutorial_hist.rst#the-history-files",
)
