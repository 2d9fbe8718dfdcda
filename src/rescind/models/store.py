"""Rows that say where a tool caches credentials and how the file is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from rescind.models.evidence import Finding, Location

KiB = 1024
MiB = 1024 * KiB
SESSION_MARK = "#: "
"""What a line begins with in which a scan hands over a key of a Windows registry, as JSON: its path, and its values by name."""


class Root(StrEnum):
    """Named places in an evidence root; `host.roots` resolves them per operating system and home.

    All but the last two are asked in every home. `SYSTEM` and `TEMP` are asked once per system, and only where a system is scanned
    (a mounted root, a copied tree, `/`): the first is its root, without a drive letter (`etc/krb5.keytab`, `ProgramData/…`,
    `Library/…`), the second each of its folders of temporary files. A `**` below them needs a folder in front (`etc/ssl/**/*.key`).
    """

    HOME = "home"
    XDG_CONFIG = "xdg-config"  # ~/.config
    XDG_DATA = "xdg-data"  # ~/.local/share
    XDG_CACHE = "xdg-cache"  # ~/.cache
    XDG_STATE = "xdg-state"  # ~/.local/state
    APPDATA = "appdata"  # ~/AppData/Roaming
    LOCALAPPDATA = "localappdata"  # ~/AppData/Local
    LOCALAPPDATA_LOW = "localappdata-low"  # ~/AppData/LocalLow
    MAC_LIBRARY = "mac-library"  # ~/Library
    MAC_SUPPORT = "mac-support"  # ~/Library/Application Support
    SYSTEM = "system"
    TEMP = "temp"  # /tmp, /var/tmp, /private/tmp, Windows/Temp


class Match(StrEnum):
    """`ALL`: every matching file counts. `FIRST`: the tool reads only the first that exists."""

    ALL = "all"
    FIRST = "first"


class Erase(StrEnum):
    """How a local copy can be removed: the whole file, or not at all by us."""

    FILE = "file"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class At:
    """One place: a root, a glob below it (`**` allowed, `/` separated), the systems it holds for (empty: all).

    `env` names the environment variable that moves the file; an override found in evidence is mapped back under the root.
    `beside:NAME` says that the file lies in the folder of the file that the variable names; `ssh:…` and `git:…` are settings that name it.
    """

    root: Root
    glob: str
    os: tuple[str, ...] = ()
    env: str = ""
    skip: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """A row of the catalogue: id (stable for ever, kebab-case), where, how much is read, what it yields, and the parser.

    `parse(blob, at)` is pure: bytes and a location in, findings out, `Unparsable` for anything else. `sibling` names a suffix
    (`.pub`) whose bytes may be handed in as `at`-less context through `parse_with`; a parser never opens a file. `live` names what of a
    running machine is read besides files (`rescind.host.live`). `text` marks a store of free text: how its bytes read as text. A
    scan has that searched by a detection engine too, and reads a file above `max_bytes` from both ends.
    """

    id: str
    title: str
    where: tuple[At, ...]
    yields: tuple[str, ...]
    parse: Callable[[bytes, Location], Iterator[Finding]]
    reference: str
    since: str
    match: Match = Match.ALL
    max_bytes: int = 1 * MiB
    erase: Erase = Erase.FILE
    aliases: tuple[str, ...] = ()
    text: Callable[[bytes], str] | None = None
    live: str = ""
