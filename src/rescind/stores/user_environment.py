"""Environment that outlives a shell: `environment.d`, systemd user units, desktop entries and launch agents."""

from __future__ import annotations

from collections.abc import Iterator

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.models.store import At, Erase, MiB, Root, Store
from rescind.stores._dotenv import Variable
from rescind.stores._free import KINDS, searched
from rescind.stores._lines import strings
from rescind.stores._plist import load
from rescind.stores._variables import KINDS as NAMED
from rescind.stores._variables import findings

_TEXT = searched(strings)


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield what a property list sets in the environment by name, then what the text tells besides. Raises for a broken list."""
    named, trouble = list[Finding](), ""
    if at.path.endswith(".plist"):
        try:
            named = list(findings(_variables(load(blob), at.path), at))
        except Unparsable as e:
            trouble = e.message
    yield from named
    known = {f.secret.reveal() for f in named if f.secret}
    yield from (f for f in _TEXT(blob, at) if not f.secret or f.secret.reveal() not in known)
    if trouble:
        raise Unparsable(trouble)


def _variables(document: object, path: str) -> Iterator[Variable]:
    held = document.get("EnvironmentVariables") if isinstance(document, dict) else None
    whole = document if path.endswith("environment.plist") and isinstance(document, dict) else {}
    for name, value in (held if isinstance(held, dict) else whole).items():
        if isinstance(name, str) and isinstance(value, str):
            yield Variable(name, value, 1)


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
            At(root=Root.SYSTEM, glob=g)
            for g in (
                "etc/systemd/system/*.service",
                "etc/systemd/system/*.service.d/*.conf",
                "etc/default/*",
                "Library/LaunchAgents/*.plist",
                "Library/LaunchDaemons/*.plist",
            )
        ),
        *(
            At(root=Root.HOME, glob=g)
            for g in (".MacOSX/environment.plist", ".gnomerc", ".xsession", ".config/direnv/direnvrc", ".direnvrc")
        ),
    ),
    yields=tuple(dict.fromkeys((*KINDS, *NAMED))),
    max_bytes=4 * MiB,
    erase=Erase.NONE,
    parse=parse,
    text=strings,
    since="0.1",
    reference="https://www.freedesktop.org/software/systemd/man/latest/environment.d.html",
)
