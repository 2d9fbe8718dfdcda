"""Where things go in a planted home, and what was planted there: rows with the name each must be found by."""

from __future__ import annotations

import json
import shutil
import sqlite3
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

SYSTEMS = ("linux", "macos", "windows")
HOMES = {"linux": "home", "macos": "Users", "windows": "Users"}
PLACES = {
    #            Linux            macOS                          Windows
    "xdg": (".config", ".config", ".config"),
    "data": (".local/share", ".local/share", ".local/share"),
    "cache": (".cache", ".cache", ".cache"),
    "support": (".config", "Library/Application Support", "AppData/Roaming"),
    "config": (".config", ".config", "AppData/Roaming"),
    "prefs": (".config", "Library/Preferences", "AppData/Roaming"),
    "local": (".config", "Library/Application Support", "AppData/Local"),
    "share": (".local/share", "Library/Application Support", "AppData/Roaming"),
    "code": (".config/Code", "Library/Application Support/Code", "AppData/Roaming/Code"),
    "cursor": (".config/Cursor", "Library/Application Support/Cursor", "AppData/Roaming/Cursor"),
    "chrome": (
        ".config/google-chrome",
        "Library/Application Support/Google/Chrome",
        "AppData/Local/Google/Chrome/User Data",
    ),
    "firefox": (
        ".mozilla/firefox",
        "Library/Application Support/Firefox/Profiles",
        "AppData/Roaming/Mozilla/Firefox/Profiles",
    ),
}

Want = str | tuple[str, ...]
"""A text that a finding must show, or texts of which it must show one."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One planted credential. `want`: what must all stand in the one credential that is it; none of it is secret."""

    id: str
    tier: int
    os: str
    want: tuple[Want, ...]
    secrets: tuple[str, ...] = ()
    expired: bool = False
    public: bool = False
    system: bool = False
    path: str = ""

    @property
    def name(self) -> str:
        return f"{self.id}@{self.os}"


@dataclass
class Home:
    """One home being planted: `folder` is its own folder, `root` that of its system."""

    os: str
    root: Path
    user: str = "ada"
    tier: int = 1
    rows: list[Row] = field(default_factory=list)
    last: str = ""

    @property
    def folder(self) -> Path:
        return self.root / HOMES[self.os] / self.user

    @property
    def linux(self) -> bool:
        return self.os == "linux"

    @property
    def macos(self) -> bool:
        return self.os == "macos"

    @property
    def windows(self) -> bool:
        return self.os == "windows"

    def pick(self, linux: str, macos: str, windows: str) -> str:
        """Return the place that holds for this system."""
        return {"linux": linux, "macos": macos, "windows": windows}[self.os]

    def at(self, place: str) -> Path:
        """Return the path of a place such as `{xdg}/gh/hosts.yml`; `/etc/…` is below the system's root."""
        names = {name: row[SYSTEMS.index(self.os)] for name, row in PLACES.items()}
        for name, folder in names.items():
            place = place.replace("{" + name + "}", folder)
        return self.root / place[1:] if place.startswith("/") else self.folder / place

    def put(self, place: str, content: str | bytes | dict | list, mode: int = 0o600) -> Path:
        """Write one file."""
        path = self.at(place)
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, dict | list):
            content = json.dumps(content, indent=2)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        path.chmod(mode)
        self.last = place
        return path

    def add(self, place: str, line: str) -> None:
        """Write one more line at the end of a text file."""
        path = self.at(place)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as stream:
            stream.write(line + "\n")
        self.last = place

    def row(
        self, id: str, *want: Want, secret: str | Sequence[str] = (), expired: bool = False, public: bool = False
    ) -> None:
        """Say what was planted by the file that was written last. `public`: an account's name, of which the secret is elsewhere."""
        secrets = (secret,) if isinstance(secret, str) else tuple(secret)
        self.rows.append(
            Row(
                id=id if self.user == "ada" else f"{id}/{self.user}",
                tier=self.tier,
                os=self.os,
                want=want,
                secrets=secrets,
                expired=expired,
                public=public,
                system=self.last.startswith("/") or self.user != "ada",
                path=self.last,
            )
        )

    def sqlite(self, place: str, script: str, rows: Iterable[tuple[str, tuple]], *, wal: bool = False) -> None:
        """Write a database; with `wal` the rows are only in its write-ahead log, as beside a program that runs."""
        with tempfile.TemporaryDirectory() as scratch:
            made = Path(scratch) / "made.db"
            db = sqlite3.connect(made)
            if wal:
                db.execute("PRAGMA journal_mode=WAL")
            db.executescript(script)
            if wal:
                db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                db.execute("PRAGMA wal_autocheckpoint=0")
            for statement, values in rows:
                db.execute(statement, values)
            db.commit()
            path = self.at(place)
            path.parent.mkdir(parents=True, exist_ok=True)
            for suffix in ("", "-wal") if wal else ("",):
                shutil.copyfile(f"{made}{suffix}", f"{path}{suffix}")
            db.close()
        self.last = place
