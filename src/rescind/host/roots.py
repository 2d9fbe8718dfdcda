"""Where homes lie in evidence, and where the named roots of the store rows lie in each of them."""

from __future__ import annotations

import plistlib
import stat
import sys
from dataclasses import dataclass

from rescind.errors import EvidenceError
from rescind.host.listing import Listings
from rescind.host.names import Parts, split, visible
from rescind.host.tree import WHOLE, Trouble, volume_of
from rescind.host.volumes import (
    NOBODY,
    PARENTS,
    Layout,
    children,
    homes_in,
    is_windows_drive,
    looks_like_home,
    snapshot_of,
)
from rescind.models.store import Root

Context = dict[Root, Parts]
"""Where each root lies. A home has one, and one more for every sandbox that gives its programs a home of their own."""

_SINGLE = ("root", "private/var/root", "Windows/System32/config/systemprofile")
_NESTED_IMAGES = (
    ".lima/*/diffdisk",
    ".colima/*/diffdisk",
    "AppData/Local/Packages/*/LocalState/ext4.vhdx",
    "AppData/Local/wsl/*/ext4.vhdx",
    "AppData/Local/Docker/wsl/*/*.vhdx",
    ".docker/desktop/vms/*/data/Docker.raw",
    "Library/Containers/com.docker.docker/Data/vms/*/data/Docker.raw",
)
_DEFAULT = {
    Root.HOME: "",
    Root.XDG_CONFIG: ".config",
    Root.XDG_DATA: ".local/share",
    Root.XDG_CACHE: ".cache",
    Root.XDG_STATE: ".local/state",
    Root.APPDATA: "AppData/Roaming",
    Root.LOCALAPPDATA: "AppData/Local",
    Root.LOCALAPPDATA_LOW: "AppData/LocalLow",
    Root.MAC_LIBRARY: "Library",
    Root.MAC_SUPPORT: "Library/Application Support",
}
_TEMPS = ("tmp", "var/tmp", "private/tmp", "private/var/tmp", "Windows/Temp")
XDG = {
    "XDG_CONFIG_HOME": Root.XDG_CONFIG,
    "XDG_DATA_HOME": Root.XDG_DATA,
    "XDG_CACHE_HOME": Root.XDG_CACHE,
    "XDG_STATE_HOME": Root.XDG_STATE,
}
"""Variables that move a whole root: https://specifications.freedesktop.org/basedir-spec/latest/."""

_SANDBOXES: tuple[tuple[str, dict[Root, str]], ...] = (
    ("snap/*/current", _DEFAULT),  # https://snapcraft.io/docs/environment-variables
    ("snap/*/common", _DEFAULT),
    *(
        (place, {Root.HOME: "", Root.MAC_LIBRARY: "Library", Root.MAC_SUPPORT: "Library/Application Support"})
        for place in ("Library/Containers/*/Data", "Library/Group Containers/*")
    ),
    (
        ".var/app/*",
        {Root.XDG_CONFIG: "config", Root.XDG_DATA: "data", Root.XDG_CACHE: "cache", Root.XDG_STATE: ".local/state"},
    ),
    ("AppData/Local/Packages/*/LocalCache", {Root.APPDATA: "Roaming", Root.LOCALAPPDATA: "Local"}),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """One home: its user's name (its folder's), where it lies, and the system (`linux`, `macos`, `windows`, "").

    `volume` is the root of its system, None when there is none; `snapshot` the shadow copy or backup that it lies in. A whole
    system has one of these as well, for the rows that hold outside of homes; it is nobody's.
    """

    user: str
    parts: Parts
    os: str
    volume: Parts | None = None
    snapshot: str = ""
    whole: bool = False

    @property
    def folded(self) -> bool:
        """Whether its system compares names without case."""
        return self.os in {"macos", "windows"}


def homes(where: Listings, at: Layout, *, live: bool) -> tuple[list[Home], list[Trouble]]:
    """Return the homes in the target, each once, and what could not be looked at."""
    troubles = list(at.troubles)
    if at.one_home:
        nested = [p for parent in homes_in(where, ()) for p in children(where, parent) if looks_like_home(where, p)]
        troubles += [Trouble(p, "another home lies in this home; scan it by itself") for p in nested]
        return [Home(user="", parts=(), os=_running() if live else guess_os(where, (), None))], troubles
    found: dict[tuple[int, int], Home] = {}
    candidates = [p for v in at.volumes for p in _in_volume(where, v, troubles)]
    for parts in (*candidates, *at.loose):
        try:
            there = where.tree.find(parts)
        except EvidenceError as exc:
            troubles.append(Trouble(parts, f"home {exc.message}"))
            continue
        if there is None or not stat.S_ISDIR(there.st.st_mode):
            continue
        if reason := _shut(where, parts):
            troubles.append(Trouble(parts, f"home {reason}"))
            continue
        volume = volume_of(at.volumes, parts)
        home = Home(
            user=visible(parts[-1]) if parts else "",
            parts=there.parts,
            os=guess_os(where, parts, volume),
            volume=volume,
            snapshot=snapshot_of(parts),
        )
        found.setdefault((there.st.st_dev, there.st.st_ino), home)
    return list(found.values()), troubles


def _shut(where: Listings, parts: Parts) -> str:
    """Return why neither the names in a home nor what they name can be had, "" when one of them can."""
    try:
        where.names(parts)
    except EvidenceError as exc:
        try:
            where.tree.find((*parts, ".profile"))
        except EvidenceError:
            return exc.message
    return ""


def whole_systems(where: Listings, at: Layout) -> list[Home]:
    """Return what stands for each system as a whole."""
    return [
        Home(user="", parts=v, os=system_os(where, v), volume=v, snapshot=snapshot_of(v), whole=True)
        for v in at.volumes
    ]


def _in_volume(where: Listings, volume: Parts, troubles: list[Trouble]) -> list[Parts]:
    single = [place for s in _SINGLE if (place := where.place(volume, s)) is not None]
    return [*_from_passwd(where, volume), *single, *_listed(where, volume, troubles)]


def _listed(where: Listings, volume: Parts, troubles: list[Trouble]) -> list[Parts]:
    found: list[Parts] = []
    for parent in (p for text in PARENTS if (p := where.place(volume, text)) is not None):
        try:
            names = where.names(parent)
        except EvidenceError as exc:
            troubles.append(Trouble(parent, f"folder of homes {exc.message}"))
            continue
        for parts in ((*parent, name) for name in names if name not in NOBODY):
            realm = (
                []
                if looks_like_home(where, parts)
                else [c for c in children(where, parts) if looks_like_home(where, c)]
            )
            found += realm or [parts]
    return found


def _from_passwd(where: Listings, volume: Parts) -> list[Parts]:
    try:
        blob = where.tree.read((*volume, "etc", "passwd"), 1 << 20)
    except EvidenceError:
        return []  # the folders of homes are listed anyway
    rows = [line.split(":") for line in blob.data.decode("utf-8", "surrogateescape").splitlines()] if blob else []
    people = [r[5] for r in rows if len(r) >= 6 and r[2].isdigit() and (int(r[2]) == 0 or 1000 <= int(r[2]) < 65534)]
    return [(*volume, *split(p)) for p in people if len(split(p)) > 0 and p != "/nonexistent"]


def _running() -> str:
    return {"darwin": "macos", "win32": "windows"}.get(sys.platform, "linux")


def guess_os(where: Listings, home: Parts, volume: Parts | None) -> str:
    """Return the system a home was used on, "" when nothing tells (then the rows of every system hold)."""
    marks = (
        ("windows", "AppData"),
        ("windows", "NTUSER.DAT"),
        ("macos", "Library/Keychains"),
        ("macos", "Library/Preferences"),
    )
    for system, mark in marks:
        if where.place(home, mark) is not None:
            return system
    if volume is None or (volume in WHOLE and where.tree.exists(("System", "Library"))):
        return ""
    return system_os(where, volume)


def system_os(where: Listings, volume: Parts) -> str:
    """Return the system whose root lies there, "" when nothing tells."""
    marks = (("windows", "Windows/System32"), ("macos", "System/Library"), ("linux", "etc/passwd"))
    found = next((system for system, mark in marks if where.place(volume, mark) is not None), "")
    return found or ("windows" if is_windows_drive(volume) and where.place(volume, "Users") else "")


def hostname(where: Listings, volume: Parts) -> str:
    """Return the name that a system gives itself, "" when it does not say."""
    plist = "Library/Preferences/SystemConfiguration/preferences.plist"
    try:
        if blob := where.tree.read((*volume, "etc", "hostname"), 4096):
            return visible(blob.data.decode("utf-8", "surrogateescape").strip())
        if (place := where.place(volume, plist)) and (blob := where.tree.read(place, 1 << 20)):
            names = plistlib.loads(blob.data)["System"]["Network"]["HostNames"]
            return visible(str(names["LocalHostName"]))
    except Exception:  # noqa: BLE001 - hostile bytes; a name is not worth a gap
        return ""
    return ""


def contexts(
    where: Listings, home: Home, moved: dict[Root, list[Parts]], sandboxes: list[tuple[Parts, dict[Root, str]]]
) -> list[Context]:
    """Return where the roots lie: as usual, as moved by variables, and inside each sandbox. The usual one is first."""
    usual = {root: (*home.parts, *split(path)) for root, path in _DEFAULT.items()}
    if home.folded:
        usual = {root: where.place(home.parts, path) or usual[root] for root, path in _DEFAULT.items()}
    extra = [{root: place} for root, places in moved.items() for place in places if place != usual[root]]
    inner = [{root: (*base, *split(path)) for root, path in table.items()} for base, table in sandboxes]
    return [usual, *extra, *inner]


def system_contexts(base: Parts = ()) -> list[Context]:
    """Return where the roots of a whole system lie; each folder of temporary files makes a context of its own."""
    return [{Root.SYSTEM: base}, *({Root.TEMP: (*base, *split(path))} for path in _TEMPS)]


def sandbox_globs() -> tuple[tuple[str, dict[Root, str]], ...]:
    """Return the globs of sandbox folders below a home, with what their roots are called inside."""
    return _SANDBOXES


def nested_image_globs() -> tuple[str, ...]:
    """Return the globs of virtual disks below a home, which are reported and not opened."""
    return _NESTED_IMAGES
