"""OpenAI Codex: the ChatGPT sign-in and the API key in its `auth.json`, sign-ins of its MCP servers, and what `config.toml` gives them.

`codex logout` deletes the file; what was copied from it lives on. Where Codex uses the system's keychain the file is absent.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location, State
from rescind.models.store import At, KiB, Root, Store
from rescind.stores import _mcp
from rescind.stores._decoys import is_placeholder
from rescind.stores._json import load, member, text
from rescind.stores._jwt import claims, facts
from rescind.stores._oauth import finding
from rescind.stores._sighting import sighting
from rescind.stores._toml import read
from rescind.stores._urls import host_in

_AUTH = "https://api.openai.com/auth"


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield the sign-in, named by the claims of its ID token, and each key. Raises `Unparsable` for what is no JSON object."""
    if at.path.endswith(".toml"):
        yield from _configuration(blob, at)
        return
    document = load(blob)
    if not isinstance(document, dict):
        raise Unparsable("the file is not a JSON object")
    if at.path.endswith(".credentials.json"):
        for name, entry in document.items():
            own = {
                "server": text(entry, "server_name"),
                "server_url": text(entry, "server_url"),
                "client_id": text(entry, "client_id"),
            }
            host = host_in(own["server_url"])
            yield from finding("mcp.oauth-token", entry, replace(at, pointer=f"/{name}"), own, issuer=host)
        return
    tokens = member(document, "tokens")
    who, mine = member(dict(claims(text(tokens, "id_token"))), _AUTH), facts(text(tokens, "id_token"))
    own = {"account": text(tokens, "account_id") or text(who, "chatgpt_account_id"), "email": mine.get("email", "")}
    own |= {"plan": text(who, "chatgpt_plan_type"), "user": text(who, "chatgpt_user_id")}
    own["last_refresh"] = text(document, "last_refresh")
    subject = own["email"] or own["user"]
    yield from finding("openai.oauth-token", tokens, replace(at, pointer="/tokens"), own, subject=subject)
    for name in ("OPENAI_API_KEY", "personal_access_token", "agent_identity"):
        if raw := text(document, name):
            dud, place = is_placeholder(raw), replace(at, pointer=f"/{name}")
            state, held = (State.PLACEHOLDER, "") if dud else (State.LIVE_UNVERIFIED, raw)
            kind = "openai.api-key" if name == "OPENAI_API_KEY" else "openai.oauth-token"
            yield sighting(kind, place, secret=held, attributes={"name": name, "form": _form(raw)}, state=state)


def _configuration(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield what MCP servers and model providers are given in `config.toml`; `env_key` only names a variable."""
    document, trouble = read(blob)
    yield from _mcp.servers(document, at)
    providers = member(document, "model_providers")
    for name, entry in providers.items() if isinstance(providers, dict) else ():
        place = replace(at, pointer=f"model_providers/{name}")
        own = {"provider": name, "host": host_in(text(entry, "base_url"))}
        for field in ("http_headers", "query_params"):
            held = member(entry, field)
            for key, value in held.items() if isinstance(held, dict) else ():
                spot = replace(place, pointer=f"{place.pointer}/{field}/{key}")
                yield from _mcp.value(
                    key, str(value).removeprefix("Bearer "), spot, own, named=key.lower() == "authorization"
                )
    if trouble:
        raise Unparsable(trouble)


def _form(key: str) -> str:
    """Return whose key it is by its prefix: a project's, a service account's, an organisation administrator's."""
    prefixes = {"sk-proj-": "project", "sk-svcacct-": "service-account", "sk-admin-": "admin", "sk-": "user"}
    return next((form for prefix, form in prefixes.items() if key.startswith(prefix)), "")


STORE = Store(
    id="codex",
    title="OpenAI Codex sign-in",
    where=(
        *(
            At(root=Root.HOME, glob=f".codex/{n}", env="CODEX_HOME")
            for n in ("auth.json", ".credentials.json", "config.toml")
        ),
        At(root=Root.HOME, glob="**/.codex/config.toml"),
    ),
    yields=("openai.oauth-token", "mcp.oauth-token", *_mcp.KINDS),
    max_bytes=256 * KiB,
    parse=parse,
    since="0.1",
    reference="https://developers.openai.com/codex/auth",
)
