"""Claude Code: its own sign-in, its API key, the sign-ins of its MCP servers, and the secrets those servers are started with.

Older copies of the configuration hold the same secrets. On macOS the sign-in is in the keychain.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.models.store import At, MiB, Root, Store
from rescind.stores import _mcp
from rescind.stores._embedded import secrets
from rescind.stores._json import load, member, text
from rescind.stores._oauth import finding


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield every sign-in, key and secret variable of a file. Raises `Unparsable` for what is no JSON object."""
    document = load(blob) if blob.strip() else {}
    if not isinstance(document, dict):
        raise Unparsable("the file is not a JSON object")
    login, who = member(document, "claudeAiOauth"), member(document, "oauthAccount")
    own = {"subscription": text(login, "subscriptionType"), "organization": text(document, "organizationUuid")}
    yield from finding("anthropic.oauth-token", login, replace(at, pointer="/claudeAiOauth"), own)
    mine = {"email": text(who, "emailAddress"), "organization": text(who, "organizationUuid")}
    key = {"primaryApiKey": text(document, "primaryApiKey")}
    yield from secrets(key, at, "", attributes=mine, kind_of=lambda _: "anthropic.api-key")
    yield from _mcp.variables(member(document, "env"), replace(at, pointer="/env"), {})
    for name, entry in _items(document, "mcpOAuth"):
        more = {"server": text(entry, "serverName"), "server_url": text(entry, "serverUrl")}
        yield from finding("mcp.oauth-token", entry, replace(at, pointer=f"/mcpOAuth/{name}"), more)
    for folder, part in [("", document), *_items(document, "projects")]:
        yield from _mcp.servers(part, at, {"project": folder})


def _items(document: object, name: str) -> list[tuple[str, object]]:
    found = member(document, name)
    return [(k, v) for k, v in found.items() if isinstance(v, dict)] if isinstance(found, dict) else []


_SKIP = ("node_modules", ".venv", "venv", "site-packages", ".cache")
_MANAGED = (
    "etc/claude-code",
    "Library/Application Support/ClaudeCode",
    "ProgramData/ClaudeCode",
    "Program Files/ClaudeCode",
)
_OWN = (
    ".credentials.json",
    ".claude.json",
    "settings.json",
    "settings.local.json",
    ".claude.json.backup*",
    "backups/*",
)
STORE = Store(
    id="claude-code",
    title="Claude Code",
    where=(
        *(At(root=Root.HOME, glob=f".claude/{name}", env="CLAUDE_CONFIG_DIR") for name in _OWN),
        *(At(root=Root.HOME, glob=name) for name in (".claude.json", ".claude.json.backup*")),
        *(
            At(root=Root.HOME, glob=f"**/.claude/{name}", skip=_SKIP)
            for name in ("settings.json", "settings.local.json")
        ),
        *(At(root=Root.SYSTEM, glob=f"{folder}/managed-settings.json") for folder in _MANAGED),
    ),
    yields=("mcp.oauth-token", *_mcp.KINDS),
    max_bytes=16 * MiB,
    parse=parse,
    since="0.1",
    reference="https://code.claude.com/docs/en/authentication",
)
