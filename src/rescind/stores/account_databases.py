"""Databases in which a system keeps its accounts' passwords, its own secrets and those of services: opaque, and all to be counted as known.

Windows keeps local accounts in SAM, machine secrets in SECURITY, a domain's in NTDS.dit; SSSD keeps secrets, systemd credentials.
"""

from __future__ import annotations

from collections.abc import Iterator

from rescind.models.evidence import Finding, Location
from rescind.models.store import At, MiB, Root, Store
from rescind.stores._locked import locked
from rescind.stores._sighting import sighting

_ESE, _LDB = b"\xef\xcd\xab\x89", b"TDB file\n"
_NAMES = ("SAM", "SECURITY")  # a scan hands in what variables a hive sets, which is nothing in these
_CREDSTORE = ("credstore/", "credstore.encrypted/")


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield one finding for each database, or for each of systemd's credentials. What is none of them yields nothing."""
    name = at.path.rpartition("/")[2]
    if any(folder in at.path for folder in _CREDSTORE):
        if "credstore.encrypted/" in at.path:
            yield locked("file.secret", at, "system", subject=name, more={"name": name})
        elif blob:
            yield sighting("file.secret", at, subject=name, secret=blob, attributes={"name": name})
    elif name.upper() in _NAMES or blob[4:8] == _ESE or blob.startswith(_LDB):
        yield locked("os.account-database", at, "system", subject=name, more={"database": name})


_HIVES = tuple(
    f"Windows/{folder}/{name}" for folder in ("System32/config", "System32/config/RegBack", "Repair") for name in _NAMES
)
STORE = Store(
    id="account-databases",
    title="Account databases of Windows, SSSD and systemd",
    where=(
        *(
            At(root=Root.SYSTEM, glob=g, os=("windows",))
            for g in (*_HIVES, "Windows/NTDS/ntds.dit", "Windows/NTDS/NTDS.dit")
        ),
        *(
            At(root=Root.SYSTEM, glob=g, os=("linux",))
            for g in ("var/lib/sss/secrets/secrets.ldb", "var/lib/sss/db/cache_*.ldb")
        ),
        *(
            At(root=Root.SYSTEM, glob=f"{top}/{d}*", os=("linux",))
            for top in ("etc", "run", "usr/lib")
            for d in _CREDSTORE
        ),
    ),
    yields=("os.account-database", "file.secret"),
    max_bytes=64 * MiB,
    parse=parse,
    since="0.1",
    reference="https://learn.microsoft.com/en-us/windows/win32/sysinfo/registry-hives",
)
