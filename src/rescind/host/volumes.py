"""Where systems and homes lie in a target: at its root, or somewhere below the prefixes that collectors put in front.

Velociraptor writes `uploads/auto/C%3A/Users/…` and `uploads/ntfs/%5C%5C.%5CC%3A/…`, UAC `[root]/home/…`, KAPE `C/Users/…`; Time
Machine and volume shadow copies hold one system after the other. They are told by what lies in them, not by these names.
"""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass

from rescind.errors import EvidenceError
from rescind.host.globs import PRUNED
from rescind.host.listing import Listings
from rescind.host.names import Parts, visible
from rescind.host.tree import WHOLE, Trouble

PARENTS = (
    *("home", "var/home", "Users", "System/Volumes/Data/Users", "Data/Users", "Windows.old/Users"),
    *("Macintosh HD - Data/Users", "Windows/ServiceProfiles"),
)
NOBODY = frozenset({"Shared", "Guest", "Public", "Default", "Default User", "All Users", "defaultuser0", "lost+found"})
_SYSTEM_MARKS = (
    *("etc/passwd", "etc/os-release", "usr/bin", "Windows/System32", "System/Library", "private/var", "private/etc"),
    *("Library/Preferences/SystemConfiguration", "Users/Shared", "Users/Public"),
)
_HOME_MARKS = (
    *(".profile", ".bashrc", ".bash_profile", ".zshrc", ".zshenv", ".bash_history", ".zsh_history", ".ssh", ".gnupg"),
    *(".config", ".local", ".cache", ".aws", ".azure", ".kube", ".docker", ".gitconfig", ".git-credentials", ".netrc"),
    *(".npmrc", ".claude", "AppData", "NTUSER.DAT", "Library/Keychains", "Library/Preferences"),
)
_DRIVE = re.compile(
    r"(?:%5C%5C\.%5C|\\\\\.\\)?[A-Za-z](?:%3A|:)?|\[root\]|rootfs|.*HarddiskVolumeShadowCopy\d+", re.IGNORECASE
)
_SNAPSHOT = re.compile(
    r".*(HarddiskVolumeShadowCopy\d+)|(\d{4}-\d\d-\d\d-\d{6})(?:\.backup|\.previous)?", re.IGNORECASE
)
_MOST_DEEP = 7
_MOST_FOLDERS = 4_000
_WIDEST = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Roots of systems, homes that lie outside of them, and what could not be looked into while searching for either."""

    volumes: tuple[Parts, ...] = ()
    loose: tuple[Parts, ...] = ()
    troubles: tuple[Trouble, ...] = ()

    @property
    def one_home(self) -> bool:
        """Whether the target is a home itself."""
        return not self.volumes and self.loose == WHOLE


def looks_like_home(where: Listings, parts: Parts) -> bool:
    """Tell whether a folder holds what only homes hold."""
    return any(where.place(parts, mark) is not None for mark in _HOME_MARKS)


def children(where: Listings, parts: Parts) -> list[Parts]:
    """Return the folders in a folder, without those that are nobody's home."""
    try:
        names = where.names(parts)
    except EvidenceError:
        return []
    return [(*parts, n) for n in names if n not in NOBODY and where.tree.is_dir((*parts, n))]


def homes_in(where: Listings, base: Parts) -> list[Parts]:
    """Return the folders of homes that there are below the root of a system, as they are written."""
    return [place for parent in PARENTS if (place := where.place(base, parent)) is not None]


def is_system(where: Listings, base: Parts = ()) -> bool:
    """Tell whether a folder is the root of a system (or a folder of homes) rather than one home."""
    if any(where.place(base, mark) is not None for mark in _SYSTEM_MARKS):
        return True
    if looks_like_home(where, base):
        return False
    people = [child for parent in homes_in(where, base) for child in children(where, parent)]
    return bool(people) and (not base or bool(_DRIVE.fullmatch(base[-1])) or any(_lived_in(where, p) for p in people))


def _lived_in(where: Listings, parts: Parts) -> bool:
    try:
        names = where.names(parts)
    except EvidenceError:
        return False
    return any(n.startswith(".") or n in {"AppData", "Library", "NTUSER.DAT", "ntuser.dat"} for n in names)


def layout(where: Listings) -> Layout:
    """Return where systems and homes lie. A target that shows neither is taken for a home, so that nothing in it is passed over."""
    home = looks_like_home(where, ())
    people = where.place((), "root") or [child for parent in homes_in(where, ()) for child in children(where, parent)]
    if is_system(where) and (people or not home):
        return Layout(volumes=WHOLE)
    if home:  # also one with a `usr/bin` of its own
        return Layout(loose=WHOLE)
    volumes: list[Parts] = []
    loose: list[Parts] = []
    troubles: list[Trouble] = []
    todo, seen = deque(children(where, ())), 0
    while todo:
        parts = todo.popleft()
        seen += 1
        if seen > _MOST_FOLDERS:
            troubles.append(Trouble((), f"more than {_MOST_FOLDERS} folders; homes were not searched for in the rest"))
            break
        if is_system(where, parts):
            volumes.append(parts)
        elif looks_like_home(where, parts):
            loose.append(parts)
        elif len(parts) < _MOST_DEEP:
            inner = [c for c in children(where, parts) if c[-1] not in PRUNED]
            todo.extend(inner[:_WIDEST])
            if len(inner) > _WIDEST:
                troubles.append(Trouble(parts, f"more than {_WIDEST} folders; homes were not searched for in the rest"))
    if not volumes:
        loose.append(())
    return Layout(volumes=tuple(volumes), loose=tuple(loose), troubles=tuple(troubles))


def snapshot_of(parts: Parts) -> str:
    """Return the name of the shadow copy or backup that a path lies in, "" for none."""
    return next((visible(m[1] or m[2]) for p in parts if (m := _SNAPSHOT.fullmatch(p))), "")


def is_windows_drive(base: Parts) -> bool:
    """Tell whether the name of a volume is a drive's, however a collector wrote it."""
    return bool(base) and bool(_DRIVE.fullmatch(base[-1])) and not base[-1].startswith(("[", "root"))
