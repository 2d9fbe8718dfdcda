"""Variables that move a tool's files, read out of start-up files by parsing them. Nothing is ever executed or sourced.

A moved file must not read as an empty machine. What cannot be worked out without running a shell is `None`, and becomes a gap.
"""

from __future__ import annotations

import plistlib
import re
from collections.abc import Mapping, Sequence

FILES = (
    ".profile",
    ".bash_profile",
    ".bash_login",
    ".bashrc",
    ".zshenv",
    ".zprofile",
    ".zshrc",
    ".pam_environment",
    ".envrc",
    ".config/fish/config.fish",
    ".config/environment.d/*.conf",
)
"""Start-up files below a home; environment.d: https://www.freedesktop.org/software/systemd/man/latest/environment.d.html."""

SYSTEM_FILES = ("etc/environment", "etc/profile.d/*.sh")
"""The same below the root of a system."""

AGENT_FILES = ("Library/LaunchAgents/*.plist",)
"""launchd's own, below a home: the values of `EnvironmentVariables` (https://www.manpagez.com/man/5/launchd.plist/)."""

HIVES = ("NTUSER.DAT", "Windows/System32/config/SYSTEM")
"""The registry's files that hold variables, below a Windows home and below a Windows system."""

HIVE_BYTES = 32 * 1024 * 1024
_NAMED = r"[ \t]{0,20}\"?([^\"\r\n]{1,400}?)\"?[ \t]{0,20}\r?$"
NAMING = (
    (".ssh/config", "ssh:IdentityFile", re.compile(r"(?im)^[ \t]{0,20}IdentityFile[ \t=]" + _NAMED)),
    (".ssh/config", "ssh:CertificateFile", re.compile(r"(?im)^[ \t]{0,20}CertificateFile[ \t=]" + _NAMED)),
    *(
        (name, "git:credential-store", re.compile(r"(?im)^[ \t]{0,20}helper[ \t]{0,9}=[ \t]{0,9}\"?store[ \t]{1,9}--file[= ]" + _NAMED))
        for name in (".gitconfig", ".config/git/config")
    ),
)  # fmt: skip
"""Settings of files in a home that name another file, by the word that a store's row has for them; `%d` is OpenSSH's word for the home."""

INCLUDE = re.compile(r"(?im)^[ \t]{0,20}Include[ \t=]([^\r\n]{1,400})")
"""What OpenSSH's own settings name as more of themselves: several globs in a line, relative to `~/.ssh` (ssh_config(5))."""

HOME = "~"
_MAX_VALUES = 16
_MAX_LINE = 4096
_QUOTED = r"\"(?P<double>(?:[^\"\\]|\\.)*)\"|'(?P<single>[^']*)'|(?P<bare>[^\s;&|\"'#]*)"
_LINE = re.compile(rf"(?:^|[\s;&|(])(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?:=|[ \t]+(?:DEFAULT|OVERRIDE)=)(?:{_QUOTED})")
_FISH = re.compile(rf"^\s*set\s+(?:-\S+\s+)+(?P<name>[A-Za-z_][A-Za-z0-9_]*)\s+(?:{_QUOTED})")
_VARIABLE = re.compile(
    r"\$\{(?P<a>[A-Za-z_]\w*)\}|\$(?P<b>[A-Za-z_]\w*)|@\{(?P<c>[A-Za-z_]\w*)\}|%(?P<d>[A-Za-z_]\w*)%"
)
_WINDOWS_HOME = {"USERPROFILE": HOME, "APPDATA": "~/AppData/Roaming", "LOCALAPPDATA": "~/AppData/Local"}


def assignments(text: str, name: str, known: dict[str, str]) -> list[str | None]:
    """Return what one start-up file assigns to `name`, in order; `None` where only a shell could tell. Adds to `known`."""
    found: list[str | None] = []
    for line in text.replace("\\\n", " ").splitlines():
        if len(line) > _MAX_LINE:
            found += [None] if name + "=" in line else []
            continue
        if line.lstrip().startswith("#"):
            continue
        for match in (*_LINE.finditer(line), *_FISH.finditer(line)):
            raw = match["double"] if match["double"] is not None else match["bare"]
            value = match["single"] if match["single"] is not None else expand(raw or "", known)
            if value is not None:
                known[match["name"]] = value
            if match["name"] == name and value != "":
                found.append(value)
    return found


def expand(value: str, known: Mapping[str, str]) -> str | None:
    """Return a value with `~`, the home and `known` variables filled in (`~` stays the mark for home), None if it needs a shell."""
    if value.startswith("~") and not value.startswith("~/") and value != "~":
        return None  # somebody else's home
    unknown = False

    def fill(match: re.Match[str]) -> str:
        nonlocal unknown
        name = match["a"] or match["b"] or match["c"] or match["d"]
        filled = HOME if name == "HOME" else known.get(name, _WINDOWS_HOME.get(name))
        unknown = unknown or filled is None
        return filled or ""

    done = _VARIABLE.sub(fill, value)
    return None if unknown or "$" in done or "`" in done else done


def values(texts: Sequence[str], name: str) -> list[str | None]:
    """Return every value that the start-up files, read in this order, give to `name`: the last first, without repetitions."""
    found: list[str | None] = []
    known: dict[str, str] = {}
    for text in texts if any(name in text for text in texts) else ():
        for value in assignments(text, name, known):
            if value in found:
                found.remove(value)
            found.insert(0, value)
    return found[:_MAX_VALUES]


def plain_assignment(name: str, value: str, *, expands: bool = False) -> str:
    """Return a variable that a machine keeps as data as a line that `assignments` reads back; "" for one that no line can hold."""
    quote = '"' if expands else "'"
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) or quote in value or not value.isprintable():
        return ""
    return f"{name}={quote}{value}{quote}"


def agent_variables(data: bytes) -> str:
    """Return the variables that a launchd agent sets, as lines of a start-up file. Raises `ValueError` for another format."""
    try:
        found = plistlib.loads(data)
        pairs = found.get("EnvironmentVariables", {}).items()
        return "\n".join(plain_assignment(k, v) for k, v in pairs if isinstance(k, str) and isinstance(v, str))
    except Exception as exc:
        raise ValueError from exc


def named(text: str, rule: re.Pattern[str]) -> list[str]:
    """Return the paths that a settings file names, those that a program would have to work out aside."""
    found = (value.strip().replace("%d", HOME) for value in rule.findall(text))
    return [v for v in dict.fromkeys(found) if "%" not in v and v.lower() != "none"][:_MAX_VALUES]


def places(value: str, *, windows: bool = False) -> list[str]:
    """Return the paths in a value that may be a list (`KUBECONFIG`), without those that switch a file off."""
    value = re.sub(r"^(?:FILE|DIR):(?=[/~\\A-Za-z])", "", value)  # as KRB5CCNAME says it
    parts = value.split(";" if windows else ":")
    return [p for p in (part.strip() for part in parts) if p and p != "/dev/null"]
