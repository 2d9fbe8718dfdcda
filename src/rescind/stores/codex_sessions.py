"""Conversations of OpenAI Codex: pasted keys, files that were read, commands and their output, kept as lines of JSON."""

from __future__ import annotations

from rescind.models.store import At, Erase, MiB, Root, Store
from rescind.stores._free import KINDS, searched
from rescind.stores._lines import unescaped

STORE = Store(
    id="codex-sessions",
    title="Codex conversations",
    where=(
        *(
            At(root=Root.HOME, glob=f".codex/{name}", env="CODEX_HOME")
            for name in (
                "sessions/**/*.jsonl",
                "archived_sessions/*.jsonl",
                "history.jsonl",
                "log/*.log",
                "shell_snapshots/*",
            )
        ),
    ),
    yields=KINDS,
    max_bytes=36 * MiB,
    erase=Erase.NONE,
    parse=searched(unescaped),
    text=unescaped,
    since="0.1",
    reference="https://developers.openai.com/codex/config-advanced#history-persistence",
)
