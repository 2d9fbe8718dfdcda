"""Variables that `setx` and the system's settings keep in a Windows registry: every program of the user sees them.

A scan hands over what the registry file says as lines; without the library that reads such files it is a gap.
"""

from __future__ import annotations

from collections.abc import Iterator

from rescind.models.evidence import Finding, Location
from rescind.models.store import At, Erase, MiB, Root, Store
from rescind.stores._dotenv import variables
from rescind.stores._text import decode
from rescind.stores._variables import KINDS, findings


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield one finding per secret variable. Lines of anything else hold none."""
    yield from findings(variables(decode(blob)), at)


STORE = Store(
    id="registry-environment",
    title="Environment in a Windows registry",
    where=(
        At(root=Root.HOME, glob="NTUSER.DAT", os=("windows",)),
        At(root=Root.SYSTEM, glob="Windows/System32/config/SYSTEM", os=("windows",)),
    ),
    yields=KINDS,
    max_bytes=32 * MiB,
    erase=Erase.NONE,
    parse=parse,
    since="0.1",
    reference="https://learn.microsoft.com/en-us/windows/win32/procthread/environment-variables",
)
