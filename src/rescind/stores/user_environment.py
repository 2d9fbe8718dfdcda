"""Environment that outlives a shell: `environment.d`, systemd user units, desktop entries and launch agents."""

from __future__ import annotations

from rescind.models.store import At, Erase, MiB, Root, Store
from rescind.stores._free import KINDS, searched
from rescind.stores._lines import strings

STORE = Store(
    id="user-environment",
    title="Persisted environment of a user's session",
    where=(
        *(
            At(root=Root.XDG_CONFIG, glob=g)
            for g in (
                "environment.d/*.conf",
                "systemd/user/*.service",
                "systemd/user/*.service.d/*.conf",
                "systemd/user/*.timer",
                "autostart/*.desktop",
                "plasma-workspace/env/*.sh",
            )
        ),
        *(At(root=Root.XDG_DATA, glob=g) for g in ("systemd/user/*.service", "applications/*.desktop")),
        At(root=Root.MAC_LIBRARY, glob="LaunchAgents/*.plist"),
        *(
            At(root=Root.HOME, glob=g)
            for g in (".MacOSX/environment.plist", ".gnomerc", ".xsession", ".config/direnv/direnvrc", ".direnvrc")
        ),
    ),
    yields=KINDS,
    max_bytes=4 * MiB,
    erase=Erase.NONE,
    parse=searched(strings),
    text=strings,
    since="0.2",
    reference="https://www.freedesktop.org/software/systemd/man/latest/environment.d.html",
)
