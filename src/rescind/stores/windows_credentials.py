"""Windows Credential Manager and Vault: what is kept there is encrypted with the user's DPAPI keys, even the target's name.

File, master key and description are all that stands in clear; the user's password (or the domain's backup key) opens the rest.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.models.store import At, MiB, Root, Store
from rescind.stores import _dpapi
from rescind.stores._locked import locked

_NAME = re.compile(r"[0-9A-Fa-f]{32}")
_SCHEMAS = {"3ccd5499-87a8-4b10-a215-608888dd3b55": "web", "e69d7838-91b5-4fc9-89d5-230d4d4cc2bc": "picture-password"}


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield the one credential of a file. Raises `Unparsable` for what holds no DPAPI blob."""
    name = at.path.rpartition("/")[2]
    if not blob or name.lower() == "desktop.ini":
        return
    if name.lower().endswith(".vcrd"):
        schema = str(uuid.UUID(bytes_le=blob[:16])) if len(blob) >= 16 else ""
        size = min(int.from_bytes(blob[36:40], "little"), 512)
        label = blob[40 : 40 + size].decode("utf-16-le", "replace").partition("\0")[0]
        more = {
            "schema": _SCHEMAS.get(schema, schema),
            "label": label,
        }
        yield locked("windows.credential", at, "dpapi", "vault", identifier=name[:-5].lower(), more=more)
        return
    own = _dpapi.facts(blob)
    if not own:
        raise Unparsable("the file holds nothing that DPAPI protects")
    known = name.lower() if _NAME.fullmatch(name) else ""
    yield locked("windows.credential", at, "dpapi", identifier=known, more={**own, "scope": _scope(at.path)})


def _scope(path: str) -> str:
    return "roaming" if "/roaming/" in f"/{path.lower()}" else "system" if "systemprofile" in path.lower() else "local"


_SYSTEM = "Windows/System32/config/systemprofile/AppData/Local/Microsoft"
STORE = Store(
    id="windows-credentials",
    title="Windows Credential Manager and Vault",
    where=(
        *(At(root=r, glob="Microsoft/Credentials/*", os=("windows",)) for r in (Root.APPDATA, Root.LOCALAPPDATA)),
        *(At(root=r, glob="Microsoft/Vault/*/*.vcrd", os=("windows",)) for r in (Root.APPDATA, Root.LOCALAPPDATA)),
        At(root=Root.SYSTEM, glob=f"{_SYSTEM}/Credentials/*", os=("windows",)),
        At(root=Root.SYSTEM, glob=f"{_SYSTEM}/Vault/*/*.vcrd", os=("windows",)),
    ),
    yields=("windows.credential",),
    max_bytes=1 * MiB,
    parse=parse,
    since="0.1",
    reference="https://github.com/libyal/dtformats/blob/main/documentation/Windows%20DPAPI%20data%20format.asciidoc",
)
