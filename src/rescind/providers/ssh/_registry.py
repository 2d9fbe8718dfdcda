"""Whose a key is: the file that the identity authority keeps. Comments beside keys never say it, anybody can write those.

One person a line, then what is theirs: `ada SHA256:…` (a key's fingerprint), `ada 1001@SHA256:…` (a certificate as rescind
names it), or an allowed_signers line with a whole key (https://man.openbsd.org/ssh-keygen#ALLOWED_SIGNERS).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from rescind.errors import Unrecognised
from rescind.providers.ssh import _authorized
from rescind.providers.ssh._blob import fingerprint

_NAMED = re.compile(r"(?P<names>\S+)[ \t]+(?P<what>(?:\S+@)?SHA256:[A-Za-z0-9+/]{43})(?:[ \t].*)?")
_SIGNER = re.compile(r'(?P<names>"[^"]+"|[^\s"]+)[ \t]+(?P<rest>.+)')


@dataclass(slots=True)
class Registry:
    """Who holds what: `names` by fingerprint or certificate identifier, `keys` by fingerprint where the whole key is known."""

    names: dict[str, set[str]] = field(default_factory=dict)
    keys: dict[str, bytes] = field(default_factory=dict)

    def owner(self, what: str) -> str:
        """Return the one name that holds it; "" for nobody, for several, and for a pattern."""
        names = self.names.get(what, set())
        alone = next(iter(names)) if len(names) == 1 else ""
        return "" if set(alone) & set("*?!") else alone

    def held_by(self, wanted: set[str]) -> list[str]:
        """Return what any of the names holds, shared or not, in a stable order."""
        return sorted(what for what, names in self.names.items() if names & wanted)


def read(data: bytes) -> Registry:
    """Read the file. Raises `Unrecognised` for a line that is neither: it could be about the very key that is asked for."""
    out = Registry()
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise Unrecognised("the registry is not UTF-8") from None
    for number, line in enumerate(text.split("\n"), 1):
        line = line.strip()
        if line and not line.startswith("#") and not _row(out, line):
            raise Unrecognised(f"the registry's line {number} names no person with a key")
    return out


def _row(out: Registry, line: str) -> bool:
    if named := _NAMED.fullmatch(line):
        _add(out, named["names"], named["what"])
        return True
    signer = _SIGNER.fullmatch(line)
    key = _authorized.entry(signer["rest"].encode()) if signer else None
    if signer is None or key is None:
        return False
    if not key.authority:  # a CA's line says who may be certified, not whose a key is
        _add(out, signer["names"].strip('"'), fingerprint(key.blob))
        out.keys[fingerprint(key.blob)] = key.blob
    return True


def _add(out: Registry, names: str, what: str) -> None:
    out.names.setdefault(what, set()).update(n for n in names.split(",") if n)
