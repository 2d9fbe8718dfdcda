"""PowerShell's start-up files: `$env:NAME = '…'` for every window, and the modules beside them."""

from __future__ import annotations

from rescind.models.store import At, Erase, MiB, Root, Store
from rescind.stores._free import KINDS, searched
from rescind.stores._lines import plain

STORE = Store(
    id="powershell-profile",
    title="PowerShell profiles",
    where=(
        *(
            At(root=Root.HOME, glob=g)
            for g in (
                "Documents/PowerShell/*profile.ps1",
                "Documents/WindowsPowerShell/*profile.ps1",
                "OneDrive/Documents/PowerShell/*profile.ps1",
                "OneDrive*/Documents/WindowsPowerShell/*profile.ps1",
            )
        ),
        At(root=Root.XDG_CONFIG, glob="powershell/*profile.ps1"),
    ),
    yields=KINDS,
    max_bytes=4 * MiB,
    erase=Erase.NONE,
    parse=searched(plain),
    text=plain,
    since="0.1",
    reference="https://learn.microsoft.com/en-us/powershell/module/microsoft.powershell.core/about/about_profiles#profile-types-and-locations",
)
