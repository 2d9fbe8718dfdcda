"""Settings of VS Code and its relatives, users' and projects': keys that extensions are given, variables of terminals and of debug runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.models.store import At, MiB, Root, Store
from rescind.stores import _mcp, _settings
from rescind.stores._editors import EDITORS, SERVERS
from rescind.stores._jsonc import load

_SERVERS = ("mcp", "mcpServers", "mcp.servers")


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield a finding for each secret setting and each secret of an MCP server. Raises `Unparsable` for what is no JSON object."""
    document = load(blob) if blob.strip() else {}
    if not isinstance(document, dict):
        raise Unparsable("the file is not a JSON object")
    yield from _mcp.servers(document, at)
    rest = {name: value for name, value in document.items() if name not in _SERVERS}
    for setting in _settings.flat(rest):
        last = setting.path[-1].rpartition(".")[2]
        dotted = replace(setting, path=(*setting.path[:-1], last)) if last else setting
        yield from _settings.findings([dotted], at, {"setting": ".".join(setting.path)[:200]})


_SYSTEMS = ((Root.XDG_CONFIG, ("linux",)), (Root.MAC_SUPPORT, ("macos",)), (Root.APPDATA, ("windows",)))
_FILES = ("settings.json", "profiles/*/settings.json")
_SKIP = ("node_modules", ".venv", "venv", "site-packages", ".cache", "vendor", "extensions")
STORE = Store(
    id="vscode-settings",
    title="Settings of VS Code and relatives",
    where=(
        *(At(root=r, glob=f"{e}/User/{n}", os=system) for r, system in _SYSTEMS for e in EDITORS for n in _FILES),
        *(At(root=Root.HOME, glob=f"{e}/data/Machine/settings.json") for e in SERVERS),
        *(At(root=Root.HOME, glob=f"**/.vscode/{n}.json", skip=_SKIP) for n in ("settings", "launch", "tasks")),
        At(root=Root.HOME, glob="**/*.code-workspace", skip=_SKIP),
    ),
    yields=_settings.KINDS,
    max_bytes=4 * MiB,
    parse=parse,
    since="0.1",
    reference="https://code.visualstudio.com/docs/configure/settings#_settings-file-locations",
)
