"""Exports of password managers and browsers, mostly forgotten in Downloads: every password in them is in clear.

Told by their header row, or by their form in JSON; a `.1pux` is a zip that holds the same.
"""

from __future__ import annotations

from rescind.models.store import At, MiB, Root, Store
from rescind.stores._exports import findings

_NAMES = (
    "*[Pp]assword*.csv",
    "bitwarden_export*.csv",
    "bitwarden_export*.json",
    "*[Ll]ast[Pp]ass*.csv",
    "*1[Pp]assword*.csv",
    "*.1pux",
)
_MORE = ("*[Kk]ee[Pp]ass*.csv", "*[Ll]ogins*.csv", "dashlane*.csv", "credentials*.csv", "Proton Pass_export*.csv")
STORE = Store(
    id="password-exports",
    title="Exports of password managers",
    where=tuple(
        At(root=Root.HOME, glob=f"{d}{n}")
        for d in ("", "Downloads/", "Desktop/", "Documents/")
        for n in (*_NAMES, *_MORE)
    ),
    yields=("browser.saved-login", "browser.saved-logins", "github.token"),
    max_bytes=32 * MiB,
    parse=findings,
    since="0.1",
    reference="https://bitwarden.com/help/export-your-data/#export-an-individual-vault",
)
