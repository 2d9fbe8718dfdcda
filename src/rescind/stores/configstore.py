"""Files in which Node programs keep their settings: what is called a secret there. Snyk and Firebase have stores of their own."""

from __future__ import annotations

from collections.abc import Iterator

from rescind.models.evidence import Finding, Location
from rescind.models.store import At, MiB, Root, Store
from rescind.stores import _ai_key
from rescind.stores._json import table
from rescind.stores._names import is_secret_name

_OWN = ("snyk.json", "firebase-tools.json", "shopify-cli-kit-nodejs")
_DEEPEST, _MANY = 6, 5000


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield each secret-looking member, however deep. Raises `Unparsable` for what is no JSON object."""
    name = next(p for p in reversed(at.path.split("/")) if p not in {"config.json", "Config"})
    if name in _OWN:
        return
    queue: list[tuple[str, object, int]] = [("", table(blob), 0)]
    for _ in range(_MANY):
        if not queue:
            return
        place, value, depth = queue.pop(0)
        for key, inner in value.items() if isinstance(value, dict) else ():
            if isinstance(inner, dict) and depth < _DEEPEST and len(queue) < _MANY:
                queue.append((f"{place}/{key}", inner, depth + 1))
            elif isinstance(inner, str) and is_secret_name(_snake(key)) and len(inner) > 7:
                yield from _ai_key.key(
                    name.removesuffix(".json").removesuffix("-nodejs"), inner, at, f"{place}/{key}", more={"name": key}
                )


def _snake(name: str) -> str:
    """Return `accessToken` as `access_Token`, so that its parts can be told."""
    return "".join(f"_{c}" if c.isupper() and n and not name[n - 1].isupper() else c for n, c in enumerate(name[:200]))


STORE = Store(
    id="configstore",
    title="Settings of Node programs",
    where=(
        At(root=Root.HOME, glob=".config/configstore/*.json"),
        At(root=Root.XDG_CONFIG, glob="configstore/*.json"),
        At(root=Root.HOME, glob=".config/configstore/@*/*.json"),
        At(root=Root.XDG_CONFIG, glob="*-nodejs/config.json"),  # the library `conf`, by way of env-paths
        At(root=Root.MAC_LIBRARY, glob="Preferences/*-nodejs/config.json", os=("macos",)),
        At(root=Root.APPDATA, glob="*-nodejs/Config/config.json", os=("windows",)),
    ),
    yields=_ai_key.KINDS,
    max_bytes=1 * MiB,
    parse=parse,
    since="0.1",
    reference="https://github.com/sindresorhus/configstore#configstorepackagename-defaults-options",
)
