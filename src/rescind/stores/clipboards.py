"""Clipboard histories and sticky notes: what was copied or jotted down once, and stays on the disk."""

from __future__ import annotations

import base64
import re
import zlib

from rescind.models.store import At, Erase, MiB, Root, Store
from rescind.stores._free import KINDS, searched
from rescind.stores._lines import strings
from rescind.stores._sqlite import rows

_MOST, _LONGEST = 100_000, 4 * MiB
_TABLES = (  # a table, and its columns that hold what was copied or written
    ("ZHISTORYITEM", ("ZTITLE", "ZNOTE")),  # Maccy
    ("ZHISTORYITEMCONTENT", ("ZVALUE",)),
    ("Main", ("mText",)),  # Ditto
    ("Note", ("Text",)),  # Sticky Notes
    ("Activity", ("ClipboardPayload", "Payload")),  # Windows' timeline
    ("ZICCLOUDSYNCINGOBJECT", ("ZTITLE1", "ZTITLE", "ZSNIPPET")),  # Notes of macOS
    ("ZICNOTEDATA", ("ZDATA",)),
)
_CONTENT = re.compile(r"\"content\":\"([A-Za-z0-9+/=]{4,100000})\"")


def _text(blob: bytes) -> str:
    if not blob.startswith(b"SQLite format 3\0"):
        return strings(blob)
    found = [
        value for table, columns in _TABLES for row in rows(blob, table, columns, most=_MOST) or () for value in row
    ]
    return "\n".join(dict.fromkeys(_shown(value) for value in found if value))


def _shown(value: str) -> str:
    """Return what a cell says: packed as Notes does, in base64 as the timeline does, or plain. One cell stays one line."""
    if value.startswith("\x1f") and len(value) > 2:
        try:
            unpacked = zlib.decompressobj(31).decompress(value.encode("utf-8", "surrogateescape"), _LONGEST)
        except zlib.error:
            return ""
        value = strings(unpacked)
    for inner in _CONTENT.findall(value):
        try:
            value += " " + base64.b64decode(inner).decode("utf-8", "replace")
        except ValueError:
            continue
    return value.replace("\n", "\r")


STORE = Store(
    id="clipboards",
    title="Clipboard histories and sticky notes",
    where=(
        *(At(root=Root.XDG_CONFIG, glob=g, os=("linux",)) for g in ("copyq/*.dat", "copyq/copyq_tab_*")),
        *(
            At(root=Root.XDG_DATA, glob=g, os=("linux",))
            for g in ("klipper/*.lst", "klipper/*.sqlite", "gpaste/*.xml", "clipman.json", "copyq/*.dat")
        ),
        At(root=Root.XDG_CACHE, glob="cliphist/db", os=("linux",)),
        *(At(root=Root.MAC_SUPPORT, glob=g, os=("macos",)) for g in ("Maccy/Storage.sqlite", "copyq/*.dat")),
        At(root=Root.HOME, glob="NoteStore.sqlite", os=("macos",)),
        *(At(root=Root.APPDATA, glob=g, os=("windows",)) for g in ("Ditto/Ditto.db", "copyq/*.dat")),
        At(
            root=Root.LOCALAPPDATA,
            glob="Packages/Microsoft.MicrosoftStickyNotes_*/LocalState/plum.sqlite",
            os=("windows",),
        ),
        At(root=Root.LOCALAPPDATA, glob="ConnectedDevicesPlatform/*/ActivitiesCache.db", os=("windows",)),
    ),
    yields=KINDS,
    max_bytes=64 * MiB,
    erase=Erase.NONE,
    parse=searched(_text),
    text=_text,
    since="0.1",
    reference="https://github.com/p0deje/Maccy/blob/master/Maccy/Storage.swift",
)
