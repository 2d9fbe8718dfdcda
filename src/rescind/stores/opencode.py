"""opencode: its sign-ins and keys by provider, and the keys in its configuration."""

from __future__ import annotations

from collections.abc import Iterator

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.models.store import At, MiB, Root, Store
from rescind.stores import _ai_key, _mcp
from rescind.stores._epoch import epoch
from rescind.stores._json import member, pairs, text
from rescind.stores._jsonc import load
from rescind.stores._token import token

_SIGN_INS = {"anthropic": "anthropic.oauth-token", "openai": "openai.oauth-token", "github-copilot": "github.token"}


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield what the file holds; nothing at all is a logout. Raises `Unparsable` for what is no object."""
    document = load(blob) if blob.strip() else {}
    if not isinstance(document, dict):
        raise Unparsable("the file is not an object")
    if at.path.endswith("opencode/auth.json"):
        for provider, entry in pairs(document):
            yield from _login(provider, entry, at)
    else:
        yield from _mcp.servers(document, at)
        for provider, entry in pairs(document, "provider"):
            own = f"/provider/{provider}/options/apiKey"
            yield from _ai_key.key(provider, text(entry, "options", "apiKey"), at, own)


def _login(provider: str, entry: object, at: Location) -> Iterator[Finding]:
    kind = _SIGN_INS.get(provider, "oauth.refresh-token")
    until, more = epoch(member(entry, "expires")), {"provider": provider, "account": text(entry, "accountId")}
    more["enterprise"] = text(entry, "enterpriseUrl")
    if refresh := text(entry, "refresh"):
        own, place = {**more, "form": "refresh", "access_expires_at": until or ""}, f"/{provider}/refresh"
        yield from token(kind, refresh, at, place, issuer="github.com" if kind == "github.token" else "", more=own)
    elif access := text(entry, "access"):
        kind = "oauth.access-token" if kind == "oauth.refresh-token" else kind
        yield from token(kind, access, at, f"/{provider}/access", more={**more, "form": "access"}, expires_at=until)
    if text(entry, "type") == "wellknown":
        name = text(entry, "key") or provider
        yield from _ai_key.key(name, text(entry, "token"), at, f"/{provider}/token", more={"url": provider})
    elif value := text(entry, "key"):
        yield from _ai_key.key(provider, value, at, f"/{provider}/key")


STORE = Store(
    id="opencode",
    title="opencode",
    where=(
        *(At(root=Root.XDG_DATA, glob=f"opencode/{name}") for name in ("auth.json",)),
        *(
            At(root=Root.XDG_CONFIG, glob=f"opencode/{name}")
            for name in ("opencode.json", "opencode.jsonc", "config.json")
        ),
        At(root=Root.HOME, glob="**/opencode.json", skip=("node_modules", ".cache")),
    ),
    yields=tuple(
        dict.fromkeys((*_ai_key.KINDS, *_mcp.KINDS, *_SIGN_INS.values(), "oauth.refresh-token", "oauth.access-token"))
    ),
    max_bytes=1 * MiB,
    parse=parse,
    since="0.1",
    reference="https://opencode.ai/docs/providers/#credentials",
)
