"""The name of a member of an archive, as components, or a reason to refuse it."""

from __future__ import annotations

import re

from rescind.errors import EvidenceError
from rescind.host.names import Parts, split

_MOST_DEEP = 64
_MOST_LONG = 4096
_DRIVE = re.compile(r"[A-Za-z]:")


def clean(name: str, *, windows: bool) -> Parts:
    """Return the components of a member's name. Raises `EvidenceError` for a name that would lead out of the archive.

    `windows`: the archiver may write backslashes between folders.
    """
    if windows or "/" not in name:
        name = name.replace("\\", "/")
    if name.startswith("/") or _DRIVE.match(name):
        raise EvidenceError("member with an absolute name was refused")
    parts = split(name)
    if ".." in parts:
        raise EvidenceError("member whose name leads out of the archive was refused")
    if "\0" in name or len(name) > _MOST_LONG or len(parts) > _MOST_DEEP:
        raise EvidenceError("member with an unreasonable name was refused")
    return parts
