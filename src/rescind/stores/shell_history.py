"""Histories of bash, ksh, tcsh and their like: commands with passwords in them, kept for years.

A secret that was typed once is in there, and so is what was pasted. The file is a list of lines; time stamps do not disturb.
"""

from __future__ import annotations

from rescind.models.store import At, Erase, MiB, Root, Store
from rescind.stores._free import KINDS, searched
from rescind.stores._lines import plain

_NAMES = (
    *(
        ".sh_history",
        ".ksh_history",
        ".mksh_history",
        ".history",
        ".tcsh_history",
        ".csh_history",
        ".ash_history",
        ".bash_eternal_history",
    ),
    *(".bash_history-*.tmp", ".bash_history.*", ".bash_history-*", ".hstr_favorites"),
)

STORE = Store(
    id="shell-history",
    title="Shell histories (bash, ksh, tcsh, ash)",
    where=(
        At(root=Root.HOME, glob=".bash_history", env="HISTFILE"),
        *(At(root=Root.HOME, glob=name) for name in _NAMES),
        At(root=Root.HOME, glob=".bash_sessions/*.history*", os=("macos",)),
        At(root=Root.LOCALAPPDATA, glob="clink/.history", os=("windows",)),
        At(root=Root.LOCALAPPDATA, glob="clink/clink_history", os=("windows",)),
        At(root=Root.XDG_STATE, glob="shell/history"),
    ),
    yields=KINDS,
    max_bytes=36 * MiB,
    erase=Erase.NONE,
    parse=searched(plain),
    text=plain,
    since="0.1",
    reference="https://www.gnu.org/software/bash/manual/html_node/Bash-History-Facilities.html",
)
