"""Variables of a Windows machine out of its registry's files, where the optional library that reads them is installed.

`pip install 'rescind[registry]'` adds regipy (MIT). Without it the files are gaps: what they move would read as absent.
"""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Iterator
from itertools import islice
from typing import Any

from rescind.errors import EvidenceError
from rescind.host.env import plain_assignment

MISSING = "relocation_unresolved: its variables may move files; pip install 'rescind[registry]' reads it"
_MOST_VALUES = 1000
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
        return "\n".join(plain_assignment(name, value, expands=True) for name, value in _values(root))
    except Exception as exc:  # noqa: BLE001 - hostile bytes in somebody else's parser
        raise EvidenceError(
            f"relocation_unresolved: the registry file is not understood ({type(exc).__name__})"
        ) from None


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
        key = root
        for name in path:
            key = key.get_subkey(name, raise_on_missing=False) if key is not None and key.subkey_count else None
        for value in islice(key.iter_values() if key is not None else (), _MOST_VALUES):
            if str(value.value_type) in _TEXT and isinstance(value.value, str):
                yield str(value.name), value.value
