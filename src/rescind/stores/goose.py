"""goose: the keys in its own file where it was told not to use a keychain, and those that its extensions are started with."""

from __future__ import annotations

from collections.abc import Iterator

from rescind.models.evidence import Finding, Location
from rescind.models.store import At, KiB, Root, Store
from rescind.stores import _ai_key, _mcp
from rescind.stores._json import pairs
from rescind.stores._names import is_secret_name
from rescind.stores._yaml import maps


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield each secret of the file. Raises `Unparsable` for broken YAML."""
    own = at.path.rpartition("/")[2].startswith("secrets")
    for document in maps(blob):
        yield from _mcp.servers(document, at)
        for name, value in pairs(document):
            if isinstance(value, str) and (is_secret_name(name) or (own and not name.endswith(("_HOST", "_URL")))):
                yield from _ai_key.key(name, value, at, name, more={"name": name})


_NAMES = ("secrets.yaml", "config.yaml", "config.yaml.bak*")
STORE = Store(
    id="goose",
    title="goose",
    where=(
        *(At(root=Root.XDG_CONFIG, glob=f"goose/{name}") for name in _NAMES),
        *(At(root=Root.HOME, glob=f".goose/config/{name}", env="GOOSE_PATH_ROOT") for name in _NAMES),
        *(At(root=Root.APPDATA, glob=f"Block/goose/config/{name}", os=("windows",)) for name in _NAMES),
    ),
    yields=tuple(dict.fromkeys((*_ai_key.KINDS, *_mcp.KINDS))),
    max_bytes=512 * KiB,
    parse=parse,
    since="0.1",
    reference="https://github.com/block/goose/blob/main/crates/goose/src/config/paths.rs",
)
