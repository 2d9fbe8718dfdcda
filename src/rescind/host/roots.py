"""Where homes lie in evidence, and where the named roots of the store rows lie in each of them."""

from __future__ import annotations

import plistlib
import sys
from dataclasses import dataclass

from rescind.errors import EvidenceError
from rescind.host.beneath import Tree
from rescind.host.names import Parts, as_text, split, visible
from rescind.models.evidence import Gap
from rescind.models.store import Root

Context = dict[Root, Parts]
"""Where each root lies. A home has one, and one more for every sandbox that gives its programs a home of their own."""

_SYSTEM_MARKS = (
    *("etc/passwd", "etc/os-release", "usr/bin", "Windows/System32", "System/Library", "private/var", "private/etc"),
    *("Library/Preferences/SystemConfiguration", "Users/Shared", "Users/Public"),
)
_HOME_MARKS = (
    *(
        ".profile",
        ".bashrc",
        ".bash_profile",
        ".zshrc",
        ".zshenv",
        ".bash_history",
        ".zsh_history",
        ".ssh",
        ".gnupg",
        ".config",
    ),
    *(
        ".local",
        ".cache",
        ".aws",
        ".azure",
        ".kube",
        ".docker",
        ".gitconfig",
        ".git-credentials",
        ".netrc",
        ".npmrc",
        ".claude",
    ),
    *("AppData", "NTUSER.DAT", "Library/Keychains", "Library/Preferences"),
)
_PARENTS = (
    *("home", "var/home", "Users", "System/Volumes/Data/Users", "Data/Users", "Windows.old/Users"),
    *("Macintosh HD - Data/Users", "Windows/ServiceProfiles"),
)
_SINGLE = ("root", "private/var/root", "Windows/System32/config/systemprofile")
_NOBODY = frozenset({"Shared", "Guest", "Public", "Default", "Default User", "All Users", "defaultuser0", "lost+found"})
_NESTED_IMAGES = (
    ".lima/*/diffdisk",
    ".colima/*/diffdisk",
    "AppData/Local/Packages/*/LocalState/ext4.vhdx",
    "AppData/Local/wsl/*/ext4.vhdx",
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
    (
        "Library/Containers/*/Data",
        {Root.HOME: "", Root.MAC_LIBRARY: "Library", Root.MAC_SUPPORT: "Library/Application Support"},
    ),
    (
        ".var/app/*",
        {Root.XDG_CONFIG: "config", Root.XDG_DATA: "data", Root.XDG_CACHE: "cache", Root.XDG_STATE: ".local/state"},
    ),
    ("AppData/Local/Packages/*/LocalCache", {Root.APPDATA: "Roaming", Root.LOCALAPPDATA: "Local"}),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """One home below the root: its user's name (its folder's), where it lies, and the system (`linux`, `macos`, `windows`, "")."""

    user: str
    parts: Parts
    os: str

    @property
    def folded(self) -> bool:
        """Whether its system compares names without case."""
        return self.os in {"macos", "windows"}


def is_system(tree: Tree) -> bool:
    """Tell whether the tree is the root of a system (or a folder of homes) rather than one home."""
    if any(tree.exists(split(m)) for m in _SYSTEM_MARKS):
        return True
    return not _looks_like_home(tree, ()) and any(_children(tree, split(p)) for p in _PARENTS)


def homes(tree: Tree, *, system: bool, live: bool) -> tuple[list[Home], list[Gap]]:
    """Return the homes in the tree, each once, and what could not be looked at."""
    gaps: list[Gap] = []
    if not system:
        nested = [p for parent in _PARENTS for p in _children(tree, split(parent)) if _looks_like_home(tree, p)]
        gaps += [
            Gap(source="scan", reason="another home lies in this home; scan it by itself", path=as_text(p), root="home")
            for p in nested
        ]
        return [Home(user="", parts=(), os=_running() if live else guess_os(tree, ()))], gaps
    found: dict[tuple[int, int], Home] = {}
    for parts in (*_from_passwd(tree), *(split(s) for s in _SINGLE), *_listed(tree, gaps)):
        try:
            with tree.spot(parts) as spot:
                if spot is None or not tree.is_dir(parts):
                    continue
                home = Home(
                    user=visible(parts[-1]), parts=spot.parts if spot.name != "." else parts, os=guess_os(tree, parts)
                )
                found.setdefault((spot.st.st_dev, spot.st.st_ino), home)
        except EvidenceError as exc:
            gaps.append(Gap(source="scan", reason=f"home {exc.message}", path=as_text(parts), root="root"))
    return list(found.values()), gaps


def _listed(tree: Tree, gaps: list[Gap]) -> list[Parts]:
    found: list[Parts] = []
    for parent in _PARENTS:
        try:
            names = tree.names(split(parent))
        except EvidenceError as exc:
            gaps.append(Gap(source="scan", reason=f"folder of homes {exc.message}", path=parent, root="root"))
            continue
        for name in names:
            if name in _NOBODY:
                continue
            parts = (*split(parent), name)
            realm = (
                []
                if _looks_like_home(tree, parts)
                else [c for c in _children(tree, parts) if _looks_like_home(tree, c)]
            )
            found += realm or [parts]
    return found


def _from_passwd(tree: Tree) -> list[Parts]:
    try:
        blob = tree.read(("etc", "passwd"), 1 << 20)
    except EvidenceError:
        return []  # the folders of homes are listed anyway
    rows = [line.split(":") for line in blob.data.decode("utf-8", "surrogateescape").splitlines()] if blob else []
    people = [r[5] for r in rows if len(r) >= 6 and r[2].isdigit() and (int(r[2]) == 0 or 1000 <= int(r[2]) < 65534)]
    return [split(p) for p in people if len(split(p)) > 0 and p != "/nonexistent"]


def _children(tree: Tree, parts: Parts) -> list[Parts]:
    try:
        names = tree.names(parts)
    except EvidenceError:
        return []
    return [(*parts, n) for n in names if n not in _NOBODY and tree.is_dir((*parts, n))]


def _looks_like_home(tree: Tree, parts: Parts) -> bool:
    return any(tree.exists((*parts, *split(m))) for m in _HOME_MARKS)


def _running() -> str:
    return {"darwin": "macos", "win32": "windows"}.get(sys.platform, "linux")


def guess_os(tree: Tree, home: Parts) -> str:
    """Return the system a home was used on, "" when nothing tells (then the rows of every system hold)."""
    marks = (
        ("windows", "AppData"),
        ("windows", "NTUSER.DAT"),
        ("macos", "Library/Keychains"),
        ("macos", "Library/Preferences"),
    )
    for system, mark in marks:
        if tree.exists((*home, *split(mark))):
            return system
    return "linux" if tree.rebase and tree.exists(("etc", "passwd")) and not tree.exists(("System", "Library")) else ""


def system_os(tree: Tree) -> str:
    """Return the system that lies at the root of the tree, "" when nothing tells."""
    marks = (("windows", "Windows/System32"), ("macos", "System/Library"), ("linux", "etc/passwd"))
    return next((system for system, mark in marks if tree.exists(split(mark))), "")


def hostname(tree: Tree) -> str:
    """Return the name that a mounted system gives itself, "" when it does not say."""
    plist = ("Library", "Preferences", "SystemConfiguration", "preferences.plist")
    try:
        if blob := tree.read(("etc", "hostname"), 4096):
            return visible(blob.data.decode("utf-8", "surrogateescape").strip())
        if blob := tree.read(plist, 1 << 20):
            names = plistlib.loads(blob.data)["System"]["Network"]["HostNames"]
            return visible(str(names["LocalHostName"]))
    except Exception:  # noqa: BLE001 - hostile bytes; a name is not worth a gap
        return ""
    return ""


def contexts(
    home: Home, moved: dict[Root, list[Parts]], sandboxes: list[tuple[Parts, dict[Root, str]]]
) -> list[Context]:
    """Return where the roots lie: as usual, as moved by variables, and inside each sandbox. The usual one is first."""
    usual = {root: (*home.parts, *split(path)) for root, path in _DEFAULT.items()}
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
