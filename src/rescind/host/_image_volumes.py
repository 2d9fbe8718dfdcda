"""The file systems of one disk image: through its container, partitions and logical volumes. A half of `rescind.host._image`."""

from __future__ import annotations

import importlib
import io
import os
import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

_MOST_VOLUMES = 64
_MOST_NESTED = 4
_CONTAINERS = {
    "raw": ("raw", "RawContainer"),
    "qcow2": ("qcow2", "QCow2Container"),
    "E01": ("ewf", "EwfContainer"),
    "vhdx": ("vhdx", "VhdxContainer"),
    "vhd": ("vhd", "VhdContainer"),
    "vdi": ("vdi", "VdiContainer"),
}
_SYSTEMS = (
    *(("ntfs", "NtfsFilesystem"), ("extfs", "ExtFilesystem"), ("xfs", "XfsFilesystem"), ("btrfs", "BtrfsFilesystem")),
    *(("apfs", "ApfsFilesystem"), ("exfat", "ExfatFilesystem"), ("fat", "FatFilesystem")),
)
_VOLUMES = (("disk", "DissectVolumeSystem"), ("lvm", "LvmVolumeSystem"), ("md", "MdVolumeSystem"))
_LOCKED = (
    (b"LUKS\xba\xbe", 0, "LUKS"),
    (b"-FVE-FS-", 3, "BitLocker"),
    (bytes.fromhex("3bd67749292ed84a8399f6a339e3d001"), 424, "BitLocker To Go"),
)
_CORE_STORAGE = "53746f72-6167-11aa-aa11-00306543ecac"
_BOOT = ((b"NTFS    ", 3), (b"EXFAT   ", 3), (b"FAT", 54), (b"FAT32", 82), (b"-FVE-FS-", 3))
_BARE = (
    "21686148-6449-6e6f-744e-656564454649",
    "e3c9e316-0b5c-4db8-817d-f92df00215ae",
)  # BIOS boot, Microsoft reserved


class Refused(Exception):
    """What cannot be had, in words that may be told."""


def told(exc: BaseException) -> str:
    """Return what may be told of an error: our own words, or its type."""
    return str(exc) if isinstance(exc, Refused) else f"cannot be read ({type(exc).__name__})"


def opened(package: str, module: str, name: str) -> Any:
    """Return a class of dissect.target by its place."""
    return getattr(importlib.import_module(f"dissect.target.{package}.{module}"), name)


def load() -> None:
    """Import all that may be needed, as nothing else is opened later on."""
    for package, table in (
        ("filesystems", _SYSTEMS),
        ("containers", tuple(_CONTAINERS.values())),
        ("volumes", _VOLUMES),
    ):
        for module, name in table:
            opened(package, module, name)


class _File(io.RawIOBase):
    """A descriptor as a file that has no name to find others by, and a place of its own in it."""

    def __init__(self, fd: int) -> None:
        self._fd, self._at, self._size = fd, 0, os.fstat(fd).st_size

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        count = os.preadv(self._fd, [buffer], self._at)
        self._at += count
        return count

    def seek(self, offset: int, whence: int = 0) -> int:
        self._at = max(0, offset + (0, self._at, self._size)[whence])
        return self._at


def disk_of(kind: str, fds: Sequence[int]) -> Any:
    """Open the container that the descriptors hold."""
    files = [io.BufferedReader(_File(fd)) for fd in fds]
    if kind == "vmdk":
        return _extents(files)
    disk = opened("containers", *_CONTAINERS[kind])(files if len(files) > 1 else files[0])
    if kind == "E01":
        ewf, last = disk.ewf, disk.ewf.segment(len(files) - 1)
        held = (last.sector_offset or 0) + last.sector_count
        if len(ewf._segment_offsets) + 1 != len(files) or held < ewf.volume.chunk_count * ewf.volume.sector_count:  # noqa: SLF001
            raise Refused("a segment of the image is missing or damaged")
    return disk


def _extents(files: Sequence[Any]) -> Any:
    """Join the files of a VMware disk. The library would look for a parent by name; there is none by now."""
    from dissect.hypervisor.disk import vmdk

    whole = vmdk.VMDK([])
    for file in files:
        is_sparse = _bytes(file, 0, 4) in {vmdk.COWD_MAGIC, vmdk.VMDK_MAGIC, vmdk.SESPARSE_MAGIC}
        file.seek(0)
        extent = (vmdk.SparseDisk if is_sparse else vmdk.RawDisk)(file)
        extent.offset, extent.sector_offset = whole.size, whole.sector_count
        if whole.size:
            whole._disk_offsets.append(whole.sector_count)  # noqa: SLF001 - as its constructor does
        whole.disks.append(extent)
        whole.size += extent.size
        whole.sector_count += extent.sector_count
    return whole


def _bytes(fh: Any, at: int, count: int) -> bytes:
    fh.seek(at)
    return bytes(fh.read(count))


def _is_divided(fh: Any, size: int) -> int:
    """Return the sector size of a partition table, 0 when there is none; a boot sector of a file system is none."""
    head = _bytes(fh, 0, 4104)
    if head[512:520] == b"EFI PART":
        return 512
    if head[4096:4104] == b"EFI PART":
        return 4096
    if head[:2] == b"ER" and head[512:514] == b"PM":
        return 512
    if head[510:512] != b"\x55\xaa" or any(head[at : at + len(word)] == word for word, at in _BOOT):
        return 0
    rows = [head[at : at + 16] for at in range(446, 510, 16)]
    starts = [int.from_bytes(row[8:12], "little") * 512 for row in rows if row[4]]
    fits = all(row[0] in {0, 0x80} for row in rows) and all(0 < start < size for start in starts)
    return 512 if starts and fits else 0


class Found:
    """The file systems of a disk by name, and what is there and cannot be read."""

    def __init__(self) -> None:
        self.systems: dict[str, tuple[str, Any]] = {}
        self.troubles: list[tuple[str, str]] = []
        self.physical: list[tuple[str, Any]] = []

    def named(self, *words: str) -> str:
        """Return a name that is not taken, of characters that mean nothing."""
        plain = re.sub(r"[^A-Za-z0-9._+-]", "_", "-".join(w for w in words if w))[:64].lstrip(".") or "disk"
        name, number = plain, 2
        while name in self.systems:
            name, number = f"{plain}~{number}", number + 1
        return name

    def look(self, disk: Any) -> None:
        """Look through partitions and logical volumes until only file systems are left."""
        todo = [("", disk, disk.size, "")]
        for _ in range(_MOST_NESTED):
            inner: list[tuple[str, Any, int, str]] = []
            for name, fh, size, kind in todo:
                try:
                    inner += self._one(name, fh, size, kind)
                except Exception as exc:  # noqa: BLE001 - hostile bytes in somebody else's parser
                    self.troubles.append((self.named(name), told(exc)))
            todo = [*inner, *self._logical()]
            if len(self.systems) + len(self.troubles) + len(todo) > _MOST_VOLUMES:
                self.troubles.append(("", f"more than {_MOST_VOLUMES} volumes; the rest was not read"))
                todo = todo[: max(0, _MOST_VOLUMES - len(self.systems) - len(self.troubles))]
        self.troubles += [(self.named(name), "is a volume in too many volumes and was not read") for name, *_ in todo]

    def _one(self, name: str, fh: Any, size: int, kind: str) -> Iterator[tuple[str, Any, int, str]]:
        from dissect.target.volumes.lvm import LvmVolumeSystem
        from dissect.target.volumes.md import MdVolumeSystem

        word = next((w for magic, at, w in _LOCKED if _bytes(fh, at, len(magic)) == magic), "")
        if word:
            self.troubles.append((self.named(name), f"is encrypted ({word}) and was not read"))
        elif LvmVolumeSystem.detect_volume(fh) or MdVolumeSystem.detect_volume(fh):
            self.physical.append((name, fh))
        elif sector := _is_divided(fh, size):
            yield from self._partitions(name, fh, size, sector)
        elif kind == _CORE_STORAGE:
            self.troubles.append((self.named(name), "belongs to Core Storage, as FileVault uses it, and was not read"))
        elif not self._system(name, fh) and kind not in _BARE and not _is_bare(fh):
            self.troubles.append((self.named(name), "holds no file system that is read"))

    def _partitions(self, name: str, fh: Any, size: int, sector: int) -> Iterator[tuple[str, Any, int, str]]:
        from dissect.volume.disk import Disk

        fh.seek(0)
        found = list(islice(Disk(fh, sector_size=sector).partitions, _MOST_VOLUMES + 1))
        if not found:
            raise Refused("its partition table is empty")
        for number, part in enumerate(found, 1):
            inner = "-".join(w for w in (name, f"p{part.number or number}") if w)
            if part.offset + part.size > size:
                self.troubles.append((inner, "reaches beyond the end of the image, which is cut off"))
            yield inner, part.open(), part.size, str(part.type).lower()

    def _system(self, name: str, fh: Any) -> bool:
        for module, word in _SYSTEMS:
            kind = opened("filesystems", module, word)
            if not kind.detect(fh):
                continue
            fh.seek(0)
            system = kind(fh)
            if module == "apfs":
                self._apfs(name, system)
            else:
                inside = system.open_subvolume(subvolid=5) if module == "btrfs" else system  # 5 is the topmost
                inside.get("/")
                self.systems[self.named(name)] = (module, inside)
            return True
        return False

    def _apfs(self, name: str, system: Any) -> None:
        opened = {inner.apfs.uuid: inner for inner in system.iter_subfs()}
        for volume in system.container.volumes:
            inner, title = opened.get(volume.uuid), self.named(name, str(volume.name))
            if inner is not None:
                self.systems[title] = ("apfs", inner)
            else:
                why = "is encrypted (FileVault)" if volume.is_encrypted else "cannot be opened"
                self.troubles.append((title, f"{why} and was not read"))

    def _logical(self) -> Iterator[tuple[str, Any, int, str]]:
        """Yield the volumes that the physical ones make up; one that no group could be opened from is a trouble."""
        from dissect.target.volumes.lvm import KNOWN_SKIP_TYPES, OPEN_TYPES, LvmVolumeSystem
        from dissect.target.volumes.md import MdVolumeSystem

        parts, self.physical = self.physical, []
        lvm = [fh for _, fh in parts if LvmVolumeSystem.detect_volume(fh)]
        groups: list[Any] = []
        try:
            groups += LvmVolumeSystem.open_all(lvm) if lvm else ()
            raids = [fh for _, fh in parts if fh not in lvm]
            groups += MdVolumeSystem.open_all(raids) if raids else ()
        except Exception as exc:  # noqa: BLE001 - hostile bytes in somebody else's parser
            self.troubles += [(self.named(name), told(exc)) for name, _ in parts]
        if parts and not groups:
            self.troubles += [
                (self.named(name), "is part of a group of volumes that cannot be opened") for name, _ in parts
            ]
        for group in groups:
            volumes: Any = getattr(getattr(group, "lvm", None), "volume_group", None)
            for title, volume in volumes.logical_volumes.items() if volumes else ():
                name = self.named(str(volumes.name), str(title))
                kind = str(volume.type)
                if kind not in {*OPEN_TYPES, *KNOWN_SKIP_TYPES}:
                    self.troubles.append((name, f"is a logical volume of a type that is not read ({kind:.20})"))
                if kind not in OPEN_TYPES:
                    continue
                try:
                    fh = volume.open()
                    yield name, fh, fh.size, ""
                except Exception as exc:  # noqa: BLE001 - hostile bytes in somebody else's parser
                    self.troubles.append((name, told(exc)))
            for number, volume in enumerate(() if volumes else group.volumes):
                yield f"md{number}", volume, volume.size, ""


def _is_bare(fh: Any) -> bool:
    """Tell whether there is nothing to read: swap space, or nothing but zeros."""
    return _bytes(fh, 4086, 10) in {b"SWAPSPACE2", b"SWAP-SPACE"} or not _bytes(fh, 0, 1 << 20).strip(b"\0")
