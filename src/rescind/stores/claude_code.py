"""Claude Code: its own sign-in, its API key, the sign-ins of its MCP servers, and the secrets those servers are started with.

Older copies of the configuration hold the same secrets. On macOS the sign-in is in the keychain.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.models.store import At, MiB, Root, Store
from rescind.stores._embedded import anthropic_kind, secrets
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
    yield from secrets(member(document, "env"), at, "/env", kind_of=anthropic_kind)
    for name, entry in _items(document, "mcpOAuth"):
        more = {"server": text(entry, "serverName"), "server_url": text(entry, "serverUrl")}
        yield from finding("file.secret", entry, replace(at, pointer=f"/mcpOAuth/{name}"), more)
    for folder, part in [("", document), *_items(document, "projects")]:
        for name, server in _items(part, "mcpServers"):
            for field in ("env", "headers"):
                more, place = {"server": name, "project": folder}, f"/mcpServers/{name}/{field}"
                values, sent = member(server, field), field == "headers"
                yield from secrets(values, at, place, headers=sent, attributes=more, kind_of=anthropic_kind)


def _items(document: object, name: str) -> list[tuple[str, object]]:
    found = member(document, name)
    return [(k, v) for k, v in found.items() if isinstance(v, dict)] if isinstance(found, dict) else []


_OWN = (".credentials.json", ".claude.json", "settings.json", "settings.local.json", "backups/*")
STORE = Store(
    id="claude-code",
    title="Claude Code",
    where=(
        *(At(root=Root.HOME, glob=f".claude/{name}", env="CLAUDE_CONFIG_DIR") for name in _OWN),
        *(At(root=Root.HOME, glob=name) for name in (".claude.json", ".claude.json.backup*")),
    ),
    yields=("anthropic.oauth-token", "anthropic.api-key", "file.secret", "github.token"),
    max_bytes=16 * MiB,
    parse=parse,
    since="0.1",
    reference="https://code.claude.com/docs/en/authentication",
)
