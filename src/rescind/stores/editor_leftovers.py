"""What editors leave beside a file or in their own folders: swap, undo, backup and unsaved text, long after the file was cleaned."""

from __future__ import annotations

from rescind.models.store import At, Erase, MiB, Root, Store
from rescind.stores._editors import EDITORS
from rescind.stores._free import KINDS, searched
from rescind.stores._lines import strings

_SKIP = ("node_modules", "vendor", "site-packages", ".cache", "target")
_BESIDE = ("*.swp", "*.swo", "*.swn", "*~", "*#", "*.bak", "*.orig", "*.rej", "*.save", "*.old")
_OWN = (
    ".viminfo", ".viminf?.tmp", ".vim/undo/*", ".vim/undodir/*", ".vim/backup/*", ".vim/swap/*",
    ".emacs.d/auto-save-list/*", ".nano/search_history", ".cache/vim/*/*",
)  # fmt: skip
_CODE = tuple(f"{name}/{place}" for name in EDITORS for place in ("Backups/*/*/*", "User/History/*/*"))

STORE = Store(
    id="editor-leftovers",
    title="Editor swap, undo and backup files",
    where=(
        *(At(root=Root.HOME, glob=f"**/{name}", skip=_SKIP) for name in _BESIDE),
        *(At(root=Root.HOME, glob=name) for name in _OWN),
        *(
            At(root=Root.XDG_STATE, glob=g)
            for g in (
                "vim/undo/*",
                "vim/swap/*",
                "vim/backup/*",
                "nvim/undo/*",
                "nvim/swap/*",
                "nvim/shada/*",
                "nano/search_history",
                "emacs/auto-save-list/*",
            )
        ),
        *(At(root=Root.XDG_DATA, glob=g) for g in ("nvim/shada/*.shada", "nvim/swap/*", "nano/search_history")),
        *(At(root=Root.XDG_CONFIG, glob=name) for name in _CODE),
        *(At(root=Root.APPDATA, glob=name) for name in _CODE),
        *(At(root=Root.MAC_SUPPORT, glob=name) for name in _CODE),
        *(At(root=Root.APPDATA, glob=g) for g in ("Notepad++/backup/*", "Sublime Text*/Local/*.sublime_session")),
        At(root=Root.LOCALAPPDATA, glob="Packages/Microsoft.WindowsNotepad_*/LocalState/TabState/*.bin"),
        At(root=Root.MAC_SUPPORT, glob="Sublime Text*/Local/*.sublime_session"),
        At(root=Root.XDG_CONFIG, glob="sublime-text*/Local/*.sublime_session"),
        At(root=Root.XDG_CACHE, glob="JetBrains/*/LocalHistory/*"),
    ),
    yields=KINDS,
    max_bytes=16 * MiB,
    erase=Erase.NONE,
    parse=searched(strings),
    text=strings,
    since="0.1",
    reference="https://github.com/vim/vim/blob/master/runtime/doc/recover.txt",
)
