"""Conversations of Claude Code: pasted keys, files that were read, commands and their output, kept as lines of JSON."""

from __future__ import annotations

from rescind.models.store import At, Erase, MiB, Root, Store
from rescind.stores._free import KINDS, searched
from rescind.stores._lines import unescaped

_NAMES = (
    "projects/**/*.jsonl",
    "history.jsonl",
    "shell-snapshots/*",
    "debug/*",
    "todos/*.json",
    "paste-cache/*",
    "file-history/**/*",
    "transcripts/*",
    "session-env/*/*",
)

STORE = Store(
    id="claude-code-sessions",
    title="Claude Code conversations",
    where=(*(At(root=Root.HOME, glob=f".claude/{name}", env="CLAUDE_CONFIG_DIR") for name in _NAMES),),
    yields=KINDS,
    max_bytes=36 * MiB,
    erase=Erase.NONE,
    parse=searched(unescaped),
    text=unescaped,
    since="0.1",
    reference="https://code.claude.com/docs/en/settings#available-settings",
)
