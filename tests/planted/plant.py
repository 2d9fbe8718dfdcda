"""Plant a whole system: every row of every tier, in the layout of one operating system."""

from __future__ import annotations

import secrets
from pathlib import Path

from tests.planted import (
    rows_ai,
    rows_cloud,
    rows_code,
    rows_found,
    rows_more,
    rows_moved,
    rows_os,
    rows_second,
    rows_tail,
    rows_text,
    rows_third,
)
from tests.planted import tokens as t
from tests.planted.layout import Home, Row

TIERS = (
    (1, (rows_cloud, rows_code, rows_ai, rows_text, rows_os, rows_more)),
    (2, (rows_second,)),
    (3, (rows_third, rows_tail, rows_found)),
)


def plant(os_name: str, root: Path, seed: int | None = None) -> list[Row]:
    """Write the files below a new folder; return what was planted in them."""
    t.seed(secrets.randbits(64) if seed is None else seed)
    home = Home(os=os_name, root=root)
    home.folder.mkdir(parents=True)
    if home.windows:
        home.put("AppData/Local/Temp/x.txt", "x")
        home.put("/Windows/System32/drivers/etc/hosts", "127.0.0.1 localhost\n")
        home.put("/ProgramData/x/readme.txt", "x")
    elif home.macos:
        home.put(
            "/System/Library/CoreServices/SystemVersion.plist",
            b'<?xml version="1.0"?><plist version="1.0"><dict><key>ProductVersion</key><string>15.1</string></dict></plist>',
        )
        home.put("Library/Preferences/x.plist", b"bplist00")
    else:
        home.put("/etc/os-release", "ID=debian\n", 0o644)
        home.put(
            "/etc/passwd",
            "root:x:0:0:root:/root:/bin/bash\nada:x:1000:1000::/home/ada:/bin/bash\ngrace:x:1001:1001::/home/grace:/bin/bash\n",
            0o644,
        )
    for tier, modules in TIERS:
        home.tier = tier
        for module in modules:
            for row in module.ROWS:
                row(home)
    grace = Home(os=os_name, root=root, user="grace")
    for row in rows_moved.ROWS:
        row(grace)
    return [*home.rows, *grace.rows]
