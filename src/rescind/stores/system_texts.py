"""System files in which administrators write passwords down: mounts, first-boot data of cloud machines, boot scripts."""

from __future__ import annotations

from rescind.models.store import At, Erase, MiB, Root, Store
from rescind.stores._free import KINDS, searched
from rescind.stores._lines import plain

_PLACES = (
    "etc/fstab", "etc/auto.*", "etc/rc.local", "etc/cloud/cloud.cfg.d/*.cfg", "var/lib/cloud/instances/*/user-data.txt*",
    "var/lib/cloud/instances/*/vendor-data.txt*", "var/lib/cloud/instance/user-data.txt", "etc/environment.d/*.conf",
)  # fmt: skip


def mounts(blob: bytes) -> str:
    """Return text in which the options of a mount read like those of a command: both are given to a program."""
    return plain(blob).replace(",pass", " --pass")


STORE = Store(
    id="system-texts",
    title="Mounts, first-boot data and boot scripts",
    where=tuple(At(root=Root.SYSTEM, glob=glob) for glob in _PLACES),
    yields=KINDS,
    max_bytes=1 * MiB,
    erase=Erase.NONE,
    parse=searched(mounts),
    text=mounts,
    since="0.1",
    reference="https://cloudinit.readthedocs.io/en/latest/explanation/format.html",
)
