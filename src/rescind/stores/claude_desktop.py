"""Claude Desktop: its sign-in lies encrypted in its configuration, under the key that the system's keychain keeps for Electron.

Its MCP servers are for `mcp-config`, its cookies for `chromium-sessions`.
"""

from __future__ import annotations

from collections.abc import Iterator

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location, State
from rescind.models.store import At, MiB, Root, Store
from rescind.stores._json import load, member, text
from rescind.stores._locked import locked
from rescind.stores._sighting import sighting


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield the sign-in without its value. Raises `Unparsable` for what is no JSON object."""
    document = load(blob) if blob.strip() else {}
    if not isinstance(document, dict):
        raise Unparsable("the file is not a JSON object")
    account = text(document, "lastKnownAccountUuid") or text(document, "accountUuid")
    more = {"account": account, "organization": text(document, "lastActiveOrg"), "client": "claude-desktop"}
    names = [name for name in document if isinstance(name, str) and name.startswith("oauth:token")]
    for name in names:
        if member(document, name):
            yield locked(
                "anthropic.oauth-token", at, "app", f"/{name}", issuer="anthropic.com", subject=account, more=more
            )
        else:
            yield sighting("anthropic.oauth-token", at, pointer=f"/{name}", state=State.LOGGED_OUT)


STORE = Store(
    id="claude-desktop",
    title="Claude Desktop sign-in",
    where=(
        At(root=Root.XDG_CONFIG, glob="Claude/config.json", os=("linux",)),
        At(root=Root.MAC_SUPPORT, glob="Claude/config.json", os=("macos",)),
        At(root=Root.APPDATA, glob="Claude/config.json", os=("windows",)),
    ),
    yields=("anthropic.oauth-token",),
    max_bytes=1 * MiB,
    parse=parse,
    since="0.1",
    reference="https://www.electronjs.org/docs/latest/api/safe-storage",
)
