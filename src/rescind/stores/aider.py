"""aider: the keys of model providers in its configuration, and those that its own sign-in got."""

from __future__ import annotations

from collections.abc import Iterator

from rescind.models.evidence import Finding, Location
from rescind.models.store import At, KiB, Root, Store
from rescind.stores import _ai_key
from rescind.stores._dotenv import variables
from rescind.stores._json import pairs
from rescind.stores._names import is_secret_name
from rescind.stores._text import decode
from rescind.stores._yaml import maps


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield each key of the file. Raises `Unparsable` for broken YAML."""
    if at.path.endswith(".env"):
        for v in variables(decode(blob)):
            if is_secret_name(v.name):
                yield from _ai_key.key(v.name, v.value, at, v.name, more={"commented": "yes" if v.commented else ""})
        return
    for document in maps(blob):
        for name, value in pairs(document):
            listed = value if isinstance(value, list) else [value]
            if name in {"api-key", "set-env"}:
                for entry in listed[:200]:
                    which, _, held = entry.partition("=") if isinstance(entry, str) else ("", "", "")
                    if name == "api-key" or is_secret_name(which):
                        yield from _ai_key.key(which, held, at, f"{name}/{which}")
            elif is_secret_name(name.replace("-", "_")) and isinstance(value, str):
                yield from _ai_key.key(name, value, at, name)


STORE = Store(
    id="aider",
    title="aider",
    where=(
        At(root=Root.HOME, glob=".aider.conf.yml"),
        At(root=Root.HOME, glob="**/.aider.conf.yml", skip=("node_modules", ".cache")),
        At(root=Root.HOME, glob=".aider/oauth-keys.env"),
    ),
    yields=_ai_key.KINDS,
    max_bytes=256 * KiB,
    parse=parse,
    since="0.1",
    reference="https://aider.chat/docs/config/api-keys.html",
)
