"""Histories that are SQLite databases: atuin, nushell, IPython, mcfly, Warp; what was deleted there is often only marked as such."""

from __future__ import annotations

from rescind.models.store import At, Erase, MiB, Root, Store
from rescind.stores._free import KINDS, searched
from rescind.stores._sqlite import rows

_MOST = 400_000
_TABLES = (  # a table, and its columns that people type
    ("history", ("command", "command_line", "source", "source_raw")),
    ("commands", ("cmd", "command")),
    ("output_history", ("output",)),
    ("blocks", ("stylized_command", "stylized_output")),
)


def _text(blob: bytes) -> str:
    if not blob:
        return ""
    found = [row for table, columns in _TABLES for row in rows(blob, table, columns, most=_MOST) or ()]
    return "\n".join(dict.fromkeys(value.replace("\n", "\r") for row in found for value in row if value))


STORE = Store(
    id="history-databases",
    title="Histories of atuin, nushell, IPython, mcfly and Warp",
    where=(
        *(At(root=Root.XDG_DATA, glob=g) for g in ("atuin/*.db", "mcfly/history.db", "nushell/history.sqlite3")),
        *(At(root=Root.XDG_STATE, glob=g) for g in ("warp-terminal/warp.sqlite", "nushell/history.sqlite3")),
        At(root=Root.XDG_CONFIG, glob="nushell/history.sqlite3"),
        At(root=Root.APPDATA, glob="nushell/history.sqlite3"),
        *(At(root=Root.MAC_SUPPORT, glob=g) for g in ("nushell/history.sqlite3", "dev.warp.Warp-*/warp.sqlite")),
        At(root=Root.HOME, glob=".mcfly/history.db"),
        At(root=Root.HOME, glob=".ipython/profile_*/history.sqlite", env="IPYTHONDIR"),
    ),
    yields=KINDS,
    max_bytes=64 * MiB,
    erase=Erase.NONE,
    parse=searched(_text),
    text=_text,
    since="0.1",
    reference="https://docs.atuin.sh/configuration/config/#db_path",
)
