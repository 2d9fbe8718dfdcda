"""Secrets in the folders for temporary files, and in downloads: what a script wrote down for a moment and forgot."""

from __future__ import annotations

from rescind.models.store import At, Erase, MiB, Root, Store
from rescind.stores._free import KINDS, searched
from rescind.stores._lines import strings

_WORDS = (
    "*token",
    "*tokens",
    "*token-*",
    "*token_*",
    "*cred*",
    "*secret*",
    "*passw*",
    "*apikey*",
    "*api_key*",
    "*api-key*",
)
_ENDS = ("txt", "md", "json", "csv", "log", "sh", "env", "y*ml")
_NAMES = (*(f"{word}.{end}" for word in _WORDS for end in _ENDS), "*token", "*.env", "tmp*.sh")  # no tokenizer.json

STORE = Store(
    id="temp-files",
    title="Temporary and downloaded files with telling names",
    where=(
        *(At(root=Root.TEMP, glob=name) for name in _NAMES),
        *(At(root=Root.HOME, glob=f"Downloads/{name}") for name in _NAMES),
        *(At(root=Root.HOME, glob=f"Desktop/{name}") for name in _NAMES),
        *(At(root=Root.HOME, glob=f"Documents/{name}") for name in _NAMES),
        *(At(root=Root.HOME, glob=f"tmp/{name}") for name in _NAMES),
    ),
    yields=KINDS,
    max_bytes=2 * MiB,
    erase=Erase.NONE,
    parse=searched(strings),
    text=strings,
    since="0.1",
    reference="https://www.freedesktop.org/software/systemd/man/latest/file-hierarchy.html#/tmp/",
)
