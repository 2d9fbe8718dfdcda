"""Which files make up a disk image: told by first bytes, opened for reading, and only those that lie beside each other."""

from __future__ import annotations

import os
import re
import stat
import string
from collections.abc import Iterator
from importlib.util import find_spec
from itertools import product
from pathlib import Path
from typing import BinaryIO

from rescind import osfiles
from rescind.errors import EvidenceError
from rescind.host.names import visible
from rescind.host.quiet import OPEN, open_quietly, why

HEAD = 80 << 10
EXTRA = "pip install 'rescind[images]'"
_MAGIC = (
    *((b"QFI\xfb", "qcow2"), (b"KDMV", "vmdk"), (b"EVF\x09\x0d\x0a\xff\x00", "E01"), (b"EVF2\x0d\x0a\x81", "Ex01")),
    *((b"# Disk DescriptorFile", "vmdk"), (b"vhdxfile", "vhdx"), (b"conectix", "vhd"), (b"COWD", "vmdk")),
    (b"LVF\x09\x0d\x0a\xff\x00", "L01"),
)
_INSIDE = (
    *(
        (b"\x7f\x10\xda\xbe", 64, "vdi"),
        (b"\x55\xaa", 510, "raw"),
        (b"EFI PART", 512, "raw"),
        (b"EFI PART", 4096, "raw"),
    ),
    *((b"\x53\xef", 1080, "raw"), (b"XFSB", 0, "raw"), (b"_BHRfS_M", 65600, "raw"), (b"NXSB", 32, "raw")),
    *((b"LUKS\xba\xbe", 0, "raw"), (b"LABELONE", 512, "raw"), (b"-FVE-FS-", 3, "raw")),
)
READ = frozenset({"raw", "qcow2", "vmdk", "E01", "vhdx", "vhd", "vdi"})
_PARTS = ("target", "apfs", "btrfs", "evidence", "extfs", "fat", "hypervisor", "ntfs", "volume", "xfs")
_MOUNT = {
    "raw": "sudo losetup -Prf --show IMAGE, then sudo mount -o ro,noload /dev/loopNpM /mnt/evidence",
    "E01": "ewfmount IMAGE /mnt/ewf (libewf), then mount /mnt/ewf/ewf1 read-only like a raw image",
}
_CONVERT = "sudo qemu-nbd --read-only --connect=/dev/nbd0 IMAGE, then sudo mount -o ro,noload /dev/nbd0pN /mnt/evidence"
_EXTENT = re.compile(rb'^(?:RW|RDONLY|NOACCESS)\s+\d+\s+(\w+)\s+"([^"\r\n]*)"(?:\s+(\d+))?', re.MULTILINE)
_EXTENTS = frozenset({"SPARSE", "VMFSSPARSE", "SESPARSE", "VMFS", "FLAT"})
_MOST_PIECES = 2_000


def kind_of_image(head: bytes) -> str:
    """Return what kind of disk image begins like this, "" for none."""
    named = next((name for magic, name in _MAGIC if head.startswith(magic)), "")
    return named or next((name for magic, at, name in _INSIDE if head[at : at + len(magic)] == magic), "")


def head_of(target: Path) -> bytes:
    """Return the first bytes of a file; empty for what cannot be opened, or is no file."""
    try:
        with open_for_reading(target) as file:
            return file.read(HEAD)
    except (OSError, EvidenceError):
        return b""


def open_for_reading(target: Path) -> BinaryIO:
    """Open a file that was named by the operator, leaving no trace. Raises `EvidenceError` for what is no file."""
    fd = open_quietly(os.fspath(target), os.O_RDONLY | osfiles.FOLLOWING, None)
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise EvidenceError("the evidence cannot be read: not a folder and not a file")
    return os.fdopen(fd, "rb")


def is_installed() -> bool:
    """Tell whether images can be read here."""
    try:
        return os.name == "posix" and all(find_spec(f"dissect.{part}") is not None for part in _PARTS)
    except ModuleNotFoundError:
        return False


def how_else(kind: str) -> EvidenceError:
    """Return the error for an image that is not read here, with what to do about it."""
    extra = f" Or let rescind read it: {EXTRA}." if kind in READ else ""
    return EvidenceError(
        f"this is a disk image ({kind}); rescind reads the file systems of an image once they are mounted",
        hint=f"Mount it read-only and give the folder: {_MOUNT.get(kind, _CONVERT)}.{extra}",
    )


def pieces(target: Path, kind: str, head: bytes) -> list[int]:
    """Return descriptors of the files of an image, in order. Raises `EvidenceError` for one that needs others to be read.

    What an image refers to is opened only by a plain name in its own folder, and never through a link.
    """
    if kind == "qcow2" and int.from_bytes(head[8:16], "big"):
        raise EvidenceError(
            "the image holds only what changed since another one", hint="Give it merged: qemu-img convert."
        )
    if kind == "qcow2" and int.from_bytes(head[32:36], "big"):
        raise EvidenceError("the image is encrypted (qcow2)", hint="Decrypt it: qemu-img convert.")
    if kind == "vmdk" and re.search(rb"^parentCID\s*=\s*(?!f{8})", head, re.MULTILINE | re.IGNORECASE):
        raise EvidenceError(
            "the image holds only what changed since another one", hint="Give it merged: qemu-img convert."
        )
    try:
        folder = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as exc:
        raise EvidenceError(f"the evidence {why(exc)}") from None
    fds: list[int] = []
    try:
        for number, name in enumerate(_names(target, kind, head)):
            try:
                fds.append(_regular(name, folder, follow=number == 0 and name == target.name))
            except FileNotFoundError:
                if kind == "E01" and fds:
                    break
                raise EvidenceError(f"a part of the image is missing: {visible(name)}") from None
            except OSError as exc:
                raise EvidenceError(f"a part of the image {why(exc)}") from None
    except BaseException:
        for fd in fds:
            os.close(fd)
        raise
    finally:
        os.close(folder)
    return fds


def _regular(name: str, folder: int, *, follow: bool) -> int:
    fd = open_quietly(name, os.O_RDONLY | osfiles.FOLLOWING if follow else OPEN, folder)
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise EvidenceError("a part of the image is not a file")
    return fd


def _names(target: Path, kind: str, head: bytes) -> Iterator[str]:
    if kind == "E01":
        yield from _segments(target)
    elif kind == "vmdk" and head.startswith(b"# Disk DescriptorFile"):
        found = _EXTENT.findall(head)
        if not 0 < len(found) <= _MOST_PIECES:
            raise EvidenceError(f"the image names {len(found)} files that hold its data")
        for word, name, offset in found:
            text = name.decode("utf-8", "surrogateescape")
            if word.decode() not in _EXTENTS or int(offset or 0):
                raise EvidenceError(f"a part of the image is of a kind that is not read ({word.decode()[:20]})")
            if not text or set(text) & set("/\\\0") or text in {".", ".."}:
                raise EvidenceError("the image refers to a file outside of its folder, which was not opened")
            yield text
    else:
        yield target.name


def _segments(target: Path) -> Iterator[str]:
    """Yield the names of an image's segments in order: E01 to E99, then EAA to ZZZ (libewf's EWF specification, 2.1)."""
    yield target.name
    stem, first = target.name[:-4], target.suffix
    if len(first) != 4 or not first[1].isalpha() or first[2:] != "01":
        return
    lower = first[1].islower()
    letters = string.ascii_lowercase if lower else string.ascii_uppercase
    yield from (f"{stem}.{first[1]}{number:02}" for number in range(2, 100))
    rest = letters[letters.index(first[1]) :]
    yield from (f"{stem}.{a}{b}{c}" for a, b, c in product(rest, letters, letters))
