"""Folders of VS Code and of the editors that were made from it: each keeps its settings, secrets and chats in the same layout.

The names are those of `nameLong` and `nameShort` in each editor's product.json; servers of remote sessions have folders of their own.
"""

from __future__ import annotations

EDITORS = (
    "Code", "Code - Insiders", "Code - Exploration", "Code - OSS", "VSCodium", "VSCodium - Insiders", "Cursor", "Cursor Nightly", "Windsurf",
    "Windsurf - Next", "Windsurf - Insiders", "Kiro", "Trae", "Trae CN", "Antigravity", "Positron", "azuredatastudio", "azuredatastudio-insiders",
    "Void", "PearAI", "Qoder", "CodeBuddy", "Melty", "Theia IDE",
)  # fmt: skip
SERVERS = (".vscode-server", ".vscode-server-insiders", ".vscodium-server", ".cursor-server", ".windsurf-server", ".kiro-server", ".trae-server", ".positron-server")  # fmt: skip
