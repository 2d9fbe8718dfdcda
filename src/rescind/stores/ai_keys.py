"""Files in which smaller AI tools keep one key, or one for each provider: llm, Amp, Grok CLI, Codeium, Windsurf and RunPod."""

from __future__ import annotations

from collections.abc import Iterator

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location, State
from rescind.models.store import At, KiB, Root, Store
from rescind.stores import _ai_key
from rescind.stores._json import pairs, table, text
from rescind.stores._sighting import sighting
from rescind.stores._token import token
from rescind.stores._toml import read


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield each key of the file. Raises `Unparsable` for what is no JSON object."""
    if at.path.endswith(".toml"):
        document, trouble = read(blob)
        for name, value in pairs(document):
            key = value if name == "api_key" else text(value, "api_key")
            if isinstance(key, str) and key:
                yield from token("file.secret", key, at, f"/{name}", issuer="runpod.io", more={"name": "api_key"})
        if trouble:
            raise Unparsable(trouble)
        return
    document = table(blob)
    if at.path.endswith("keys.json"):
        for name, value in pairs(document):
            if isinstance(value, str) and not name.startswith("//"):
                yield from _ai_key.key(name, value, at, f"/{name}")
    elif ".grok/" in at.path:
        yield from _ai_key.key("xai", text(document, "apiKey"), at, "/apiKey")
    elif "codeium" in at.path:
        yield from token("codeium.api-key", text(document, "apiKey"), at, "/apiKey", issuer="codeium.com")
    else:
        for name, value in pairs(document):
            if name.startswith("apiKey@") and isinstance(value, str):
                host = name.partition("://")[2].rstrip("/")
                yield from token("amp.api-key", value, at, f"/{name}", issuer=host)
    if not document:
        yield sighting("file.secret", at, state=State.LOGGED_OUT)


_LLM = "io.datasette.llm/keys.json"
STORE = Store(
    id="ai-keys",
    title="Keys of smaller AI tools",
    where=(
        At(root=Root.XDG_CONFIG, glob=_LLM, env="LLM_USER_PATH"),
        At(root=Root.MAC_SUPPORT, glob=_LLM, os=("macos",)),
        At(root=Root.APPDATA, glob=_LLM, os=("windows",)),
        At(root=Root.XDG_DATA, glob="amp/secrets.json"),
        At(root=Root.HOME, glob=".grok/user-settings.json"),
        At(root=Root.HOME, glob=".runpod/config.toml"),
        At(root=Root.HOME, glob=".codeium/config.json"),
        At(root=Root.XDG_DATA, glob=".codeium/config.json"),
    ),
    yields=(*_ai_key.KINDS, "amp.api-key", "codeium.api-key"),
    max_bytes=256 * KiB,
    parse=parse,
    since="0.1",
    reference="https://llm.datasette.io/en/stable/setup.html#saving-and-using-stored-keys",
)
