"""Variables and saved sessions of a Windows machine out of its registry's files, where the optional library that reads them is installed.

`pip install 'rescind[registry]'` adds regipy (MIT). Without it the files are gaps: what they move would read as absent.
"""

from __future__ import annotations

import json
import logging
import os
import tempfile
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from rescind.errors import EvidenceError
from rescind.host.env import plain_assignment
from rescind.models.store import SESSION_MARK

MISSING = "relocation_unresolved: its variables may move files; pip install 'rescind[registry]' reads it"
_MOST_VALUES, _LONGEST = 1000, 16 * 1024
_SAVED = (
    ("Software", "Martin Prikryl", "WinSCP 2", "Sessions"),
    ("Software", "SimonTatham", "PuTTY", "Sessions"),
    ("Software", "9bis.com", "KiTTY", "Sessions"),
    ("Software", "HeidiSQL", "Servers"),
    ("Software", "OpenSSH", "Agent", "Keys"),
    ("Software", "ORL", "WinVNC3"),
)
_SINGLE = (
    ("Microsoft", "Windows NT", "CurrentVersion", "Winlogon"),
    ("Software", "TightVNC", "Server"),
    ("TightVNC", "Server"),
    ("RealVNC", "vncserver"),
    ("Software", "TigerVNC", "WinVNC4"),
    ("TeamViewer",),
    ("WOW6432Node", "TeamViewer"),
)
_SESSION = ("Control", "Session Manager", "Environment")
_TEXT = frozenset({"REG_SZ", "REG_EXPAND_SZ"})


def assignments(hive: bytes) -> str:
    """Return the variables in NTUSER.DAT or SYSTEM as lines of a start-up file. Raises `EvidenceError` when it cannot be read."""
    try:
        from regipy import registry as regf
    except ImportError:
        raise EvidenceError(MISSING) from None
    logging.getLogger("regipy").setLevel(logging.CRITICAL + 1)  # it would quote the evidence
    try:
        opened: Any = regf.RegistryHive
        root = opened(_descriptor(hive)).root  # it closes what it opens
        lines = [plain_assignment(name, value, expands=True) for name, value in _values(root)]
        return "\n".join(lines + [SESSION_MARK + json.dumps(row) for row in _sessions(root)])
    except Exception as exc:  # noqa: BLE001 - hostile bytes in somebody else's parser
        raise EvidenceError(
            f"relocation_unresolved: the registry file is not understood ({type(exc).__name__})"
        ) from None


def _sessions(root: Any) -> Iterator[list[object]]:
    """Yield the keys in which programs save sessions and systems a password: the key's path, and its values as texts."""
    for path in _SAVED:
        key = _key(root, path)
        for inner in islice(key.iter_subkeys() if key is not None and key.subkey_count else (), _MOST_VALUES):
            yield ["\\".join((*path, str(inner.name))), _texts(inner)]
    for names in _SINGLE:
        if (key := _key(root, names)) is not None and (texts := _texts(key)):
            yield ["\\".join(names), texts]


def _key(root: Any, path: Sequence[str]) -> Any:
    key = root
    for name in path:
        key = key.get_subkey(name, raise_on_missing=False) if key is not None and key.subkey_count else None
    return key


def _texts(key: Any) -> dict[str, str]:
    """Return a key's texts, and its short binary values in hex."""
    found: dict[str, str] = {}
    for value in islice(key.iter_values() if key.values_count else (), _MOST_VALUES):
        raw = value.value
        if isinstance(raw, bytes | str) and len(raw) <= _LONGEST:
            found[str(value.name)] = raw.hex() if isinstance(raw, bytes) else raw
    return found


def _descriptor(data: bytes) -> int:
    """Return a descriptor of bytes in memory, for a library that opens files itself."""
    if hasattr(os, "memfd_create"):
        fd = os.memfd_create("hive")
    else:
        with tempfile.TemporaryFile() as file:
            fd = os.dup(file.fileno())
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]
    os.lseek(fd, 0, os.SEEK_SET)
    return fd


def _values(root: Any) -> Iterator[tuple[str, str]]:
    """Yield the variables under `Environment` of a user, or under the control sets of a system."""
    for path in (("Environment",), *(("ControlSet00" + n, *_SESSION) for n in "12")):
        key = _key(root, path)
        for value in islice(key.iter_values() if key is not None else (), _MOST_VALUES):
            if str(value.value_type) in _TEXT and isinstance(value.value, str):
                yield str(value.name), value.value
