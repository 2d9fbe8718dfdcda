"""Configurations of MCP clients: the secrets that their servers are started with, or that are sent to them.

Read: Claude Desktop, Cursor, Windsurf, VS Code and its relatives (users' and projects' files), Copilot CLI, Gemini CLI, Antigravity, Zed, Kiro,
Amazon Q, Cline, Roo, LM Studio, Junie, JetBrains, Continue, and `.mcp.json` of projects. Claude Code, Codex, opencode and goose have stores of their own.
Servers are never started, and `${input:…}` only names a secret that the editor keeps.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.models.store import At, MiB, Root, Store
from rescind.stores import _mcp, _toml, _yaml
from rescind.stores._editors import EDITORS
from rescind.stores._json import member
from rescind.stores._jsonc import load


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield a finding for each secret of each server. Raises `Unparsable` for what is no object."""
    if not blob.strip():
        return
    documents, trouble = _documents(blob, at.path)
    for document in documents:
        if document and not isinstance(document, dict):
            raise Unparsable("the file is not an object")
        yield from _mcp.servers(document, at)
        projects = member(document, "projects")
        for name, part in projects.items() if isinstance(projects, dict) else ():
            yield from _mcp.servers(part, replace(at, pointer=f"/projects/{name}"), {"project": name})
    if trouble:
        raise Unparsable(trouble)


def _documents(blob: bytes, path: str) -> tuple[list[object], str]:
    if path.endswith(".toml"):
        document, trouble = _toml.read(blob)
        return [document], trouble
    return (_yaml.load(blob) if path.endswith((".yaml", ".yml")) else [load(blob)]), ""


_OF_EDITORS = """mcp.json profiles/*/mcp.json globalStorage/saoudrizwan.claude-dev/settings/cline_mcp_settings.json
    globalStorage/rooveterinaryinc.roo-cline/settings/mcp_settings.json
    globalStorage/kilocode.kilo-code/settings/mcp_settings.json"""
_OTHER = "Claude/claude_desktop_config.json Zed/settings.json JetBrains/*/mcp.json"
_HOME = """.cursor/mcp.json .codeium/windsurf/mcp_config.json .codeium/mcp_config.json .copilot/mcp-config.json .mcp.json
    .gemini/settings.json .gemini/antigravity/mcp_config.json .kiro/settings/mcp.json .factory/mcp.json .augment/mcp.json .aws/amazonq/mcp.json .lmstudio/mcp.json
    .aws/amazonq/agents/*.json .aws/amazonq/cli-agents/*.json .junie/mcp/mcp.json .continue/mcpServers/* .config/zed/settings.json
    .config/mcp/mcp.json .vscode-server/data/User/mcp.json .cline/data/settings/cline_mcp_settings.json .vibe/config.toml
    .config/open-interpreter/config.yaml */.gemini/settings.json"""
_PROJECT = """.mcp.json .cursor/mcp.json .vscode/mcp.json .kiro/settings/mcp.json .amazonq/mcp.json .roo/mcp.json .gemini/settings.json
    mcp_config.json .zed/settings.json .claude-plugin/plugin.json .cursor-plugin/plugin.json"""
_MOVED = {"*/.gemini/settings.json": "GEMINI_CLI_HOME", ".copilot/mcp-config.json": "COPILOT_HOME"}
_SYSTEMS = ((Root.XDG_CONFIG, ("linux",)), (Root.MAC_SUPPORT, ("macos",)), (Root.APPDATA, ("windows",)))
_USER = (*(f"{e}/User/{n}" for e in EDITORS for n in _OF_EDITORS.split()), *_OTHER.split())
_SKIP = ("node_modules", ".venv", "venv", "site-packages", ".cache", ".npm", "vendor")
STORE = Store(
    id="mcp-config",
    title="MCP client configurations",
    where=(
        *(At(root=Root.HOME, glob=g, env=_MOVED.get(g, "")) for g in _HOME.split()),
        *(At(root=root, glob=g, os=system) for root, system in _SYSTEMS for g in _USER),
        *(At(root=Root.HOME, glob=f"**/{name}", skip=_SKIP) for name in _PROJECT.split()),
    ),
    yields=_mcp.KINDS,
    max_bytes=4 * MiB,
    parse=parse,
    since="0.1",
    reference="https://modelcontextprotocol.io/docs/develop/connect-local-servers",
)
