"""Programs that keep a signed-in web session of their own: that they were used says which sessions to end.

What they hold is encrypted by the system, or in a database of their own; it is not opened, only its presence counts.
"""

from __future__ import annotations

from collections.abc import Iterator

from rescind.models.evidence import Finding, Location
from rescind.models.store import At, MiB, Root, Store
from rescind.stores._locked import locked

_APPS = {
    "discord": "discord.com",
    "discordcanary": "discord.com",
    "Microsoft/Microsoft Teams": "teams.microsoft.com",
    "Microsoft/Teams": "teams.microsoft.com",
    "teams-for-linux": "teams.microsoft.com",
    "Notion": "notion.so",
    "Linear": "linear.app",
    "Figma": "figma.com",
    "Signal": "signal.org",
    "WhatsApp": "whatsapp.com",
    "Element": "element.io",
    "Mattermost": "mattermost.com",
    "Postman": "postman.com",
    "Insomnia": "insomnia.rest",
    "Miro": "miro.com",
    "ClickUp": "clickup.com",
    "Asana": "asana.com",
    "Loom": "loom.com",
}
_MARK = "Local Storage/leveldb/CURRENT"
_OTHERS = {"tdata/key_datas": "telegram.org", "zoomus.enc.db": "zoom.us", "EBWebView": "teams.microsoft.com"}


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield the session of the program that the file's place tells; an empty file is none."""
    found = next((host for app, host in _APPS.items() if f"/{app}/" in f"/{at.path}"), "")
    host = found or next((h for mark, h in _OTHERS.items() if mark in at.path), "")
    if blob and host:
        yield locked("app.session", at, "system", issuer=host, more={"host": host})


_GLOBS = tuple(f"{app}/{part}{_MARK}" for app in _APPS for part in ("", "Partitions/*/"))
_TEAMS = "Packages/MSTeams_*/LocalCache/Microsoft/MSTeams/EBWebView/*/Local Storage/leveldb/CURRENT"
STORE = Store(
    id="desktop-sessions",
    title="Sessions of desktop programs",
    where=(
        *(At(root=Root.XDG_CONFIG, glob=g) for g in _GLOBS),
        *(At(root=Root.MAC_SUPPORT, glob=g, os=("macos",)) for g in _GLOBS),
        *(At(root=Root.APPDATA, glob=g, os=("windows",)) for g in _GLOBS),
        At(root=Root.LOCALAPPDATA, glob=_TEAMS, os=("windows",)),
        At(root=Root.XDG_DATA, glob="TelegramDesktop/tdata/key_datas"),
        At(root=Root.APPDATA, glob="Telegram Desktop/tdata/key_datas", os=("windows",)),
        At(root=Root.MAC_SUPPORT, glob="Telegram Desktop/tdata/key_datas", os=("macos",)),
        At(root=Root.HOME, glob=".zoom/data/zoomus.enc.db"),
        At(root=Root.MAC_SUPPORT, glob="zoom.us/data/zoomus.enc.db", os=("macos",)),
        At(root=Root.APPDATA, glob="Zoom/data/zoomus.enc.db", os=("windows",)),
    ),
    yields=("app.session",),
    max_bytes=64 * MiB,
    parse=parse,
    since="0.1",
    reference="https://www.electronjs.org/docs/latest/api/session",
)
