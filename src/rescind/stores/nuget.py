"""NuGet's configuration: passwords of package sources, in clear or encrypted by Windows, and API keys for pushing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._locked import locked
from rescind.stores._token import token
from rescind.stores._xml import Element, load

_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")  # as XmlConvert.EncodeLocalName writes what no element's name may hold


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield a finding per source with a password and per API key. Raises `Unparsable` for another file."""
    root = load(blob)
    if root.tag.lower() != "configuration":
        raise Unparsable("the file is not NuGet's configuration")
    parts = {part.tag.lower(): part for part in root.children}
    none = Element("")
    sources = dict(_pairs(parts.get("packagesources", none)))
    for source in parts.get("packagesourcecredentials", none).children:
        name, values = _ESCAPED.sub(lambda m: chr(int(m[1], 16)), source.tag), dict(_pairs(source))
        host, user = _host(sources.get(name, "")), values.get("Username", "")
        own, pointer = {"source": name, "url": sources.get(name, "")}, f"packageSourceCredentials/{name}"
        clear = values.get("ClearTextPassword", "")
        yield from token(
            "nuget.password", clear, at, pointer, issuer=host or name, subject=user, more=own, password=True
        )
        if values.get("Password"):
            yield locked("nuget.password", at, "dpapi", pointer, issuer=host or name, subject=user, more=own)
    for address, key in _pairs(parts.get("apikeys", none)):
        own = {"source": address}
        if key:
            yield locked("nuget.api-key", at, "dpapi", f"apikeys/{address}", issuer=_host(address) or address, more=own)


def _pairs(element: Element) -> Iterator[tuple[str, str]]:
    for child in element.children:
        yield child.attributes.get("key", ""), child.attributes.get("value", "")


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


STORE = Store(
    id="nuget",
    title="NuGet package sources",
    where=(
        *(At(root=Root.HOME, glob=g) for g in (".nuget/NuGet/NuGet.Config", ".nuget/config/*.config")),
        *(At(root=Root.XDG_CONFIG, glob=g) for g in ("NuGet/NuGet.Config", "NuGet/config/*.config")),
        *(At(root=Root.APPDATA, glob=g, os=("windows",)) for g in ("NuGet/NuGet.Config", "NuGet/config/*.config")),
        *(At(root=Root.HOME, glob=f"**/{name}") for name in ("nuget.config", "NuGet.config", "NuGet.Config")),
    ),
    yields=("nuget.password", "nuget.api-key", "github.token"),
    max_bytes=256 * KiB,
    parse=parse,
    since="0.1",
    reference="https://learn.microsoft.com/en-us/nuget/reference/nuget-config-file#packagesourcecredentials",
)
