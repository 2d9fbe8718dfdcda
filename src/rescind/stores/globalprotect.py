"""GlobalProtect: cookies by which the client signs in again without asking, encrypted with a key that is derived from the machine."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rescind.models.evidence import Finding, Location
from rescind.models.store import At, MiB, Root, Store
from rescind.stores._locked import locked

_NAME = re.compile(r"(PanPUAC|PanPCAC|PanPortalCfg)_([^/]{1,200})\.dat")


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield the cookie that a file is; an empty file is none."""
    found = _NAME.search(at.path.rpartition("/")[2])
    if blob and found:
        yield locked("globalprotect.cookie", at, "app", subject=found[2], more={"form": found[1]})


_FILES = tuple(f"{name}_*.dat" for name in ("PanPUAC", "PanPCAC", "PanPortalCfg"))
STORE = Store(
    id="globalprotect",
    title="GlobalProtect cookies",
    where=(
        *(At(root=Root.HOME, glob=f".GlobalProtect/{n}") for n in _FILES),
        *(At(root=Root.LOCALAPPDATA, glob=f"Palo Alto Networks/GlobalProtect/{n}", os=("windows",)) for n in _FILES),
        *(At(root=Root.MAC_SUPPORT, glob=f"PaloAltoNetworks/GlobalProtect/{n}", os=("macos",)) for n in _FILES),
    ),
    yields=("globalprotect.cookie",),
    max_bytes=1 * MiB,
    parse=parse,
    since="0.1",
    reference="https://docs.paloaltonetworks.com/network-security/globalprotect/administration/globalprotect-user-authentication",
)
