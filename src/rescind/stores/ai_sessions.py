"""Conversations of other assistants: opencode, Gemini CLI, Copilot, Continue, aider, goose, Cursor, Windsurf, Cline, Amp, llm."""

from __future__ import annotations

from rescind.models.store import At, Erase, MiB, Root, Store
from rescind.stores._editors import EDITORS
from rescind.stores._free import KINDS, searched
from rescind.stores._lines import unescaped

_CHATS = tuple(
    f"{name}/User/{place}"
    for name in EDITORS
    for place in (
        "workspaceStorage/*/chatSessions/*.json*",
        "globalStorage/emptyWindowChatSessions/*.json*",
        "globalStorage/*/tasks/*/*.json",
    )
)

STORE = Store(
    id="ai-sessions",
    title="Conversations of AI assistants",
    where=(
        *(
            At(root=Root.XDG_DATA, glob=g)
            for g in (
                "opencode/storage/**/*.json",
                "opencode/log/*.log",
                "opencode/project/**/*.json",
                "goose/sessions/*.jsonl",
                "crush/*.log",
            )
        ),
        *(
            At(root=Root.HOME, glob=g)
            for g in (
                ".gemini/tmp/**/*.json",
                ".gemini/tmp/**/*.jsonl",
                ".continue/dev_data/**/*.jsonl",
                ".continue/sessions/*.json",
                ".aider.chat.history.md",
                ".aider.input.history",
                ".amp/**/*.json",
                ".copilot/history-session-state/*.json",
                ".copilot/session-state/**/*.jsonl",
                ".copilot/logs/*.log",
                ".cursor/projects/**/*.txt",
                ".cursor/chats/**/*.json",
                ".factory/sessions/**/*.jsonl",
                ".qwen/tmp/**/*.json",
                ".ollama/history",
                ".llm_history",
            )
        ),
        At(root=Root.HOME, glob="**/.aider.chat.history.md", skip=("node_modules",)),
        At(root=Root.HOME, glob="**/.aider.input.history", skip=("node_modules",)),
        At(root=Root.HOME, glob="**/.specstory/history/*.md", skip=("node_modules",)),
        *(At(root=Root.XDG_CONFIG, glob=name) for name in _CHATS),
        *(At(root=Root.APPDATA, glob=name) for name in _CHATS),
        *(At(root=Root.MAC_SUPPORT, glob=name) for name in _CHATS),
    ),
    yields=KINDS,
    max_bytes=16 * MiB,
    erase=Erase.NONE,
    parse=searched(unescaped),
    text=unescaped,
    since="0.1",
    reference="https://opencode.ai/docs/troubleshooting/#storage",
)
