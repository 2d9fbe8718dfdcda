"""What PSReadLine keeps of PowerShell, one file per host program, and transcripts: UTF-8 or UTF-16, on every system."""

from __future__ import annotations

from rescind.models.store import At, Erase, MiB, Root, Store
from rescind.stores._free import KINDS, searched
from rescind.stores._lines import plain

STORE = Store(
    id="powershell-history",
    title="PowerShell histories and transcripts",
    where=(
        At(root=Root.APPDATA, glob="Microsoft/Windows/PowerShell/PSReadLine/*_history.txt"),
        At(root=Root.XDG_DATA, glob="powershell/PSReadLine/*_history.txt"),
        *(
            At(root=Root.HOME, glob=g)
            for g in (
                "PowerShell_transcript*",
                "Documents/PowerShell_transcript*",
                "Documents/20*/PowerShell_transcript*",
                "Documents/PowerShell/Transcripts/**/*.txt",
            )
        ),
    ),
    yields=KINDS,
    max_bytes=36 * MiB,
    erase=Erase.NONE,
    parse=searched(plain),
    text=plain,
    since="0.1",
    reference="https://learn.microsoft.com/en-us/powershell/module/psreadline/about/about_psreadline#command-history",
)
