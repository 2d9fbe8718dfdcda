"""The other end of `rescind.host.image`: a process that reads the file systems of one disk image and answers what lies in them.

It is the only importer of dissect (AGPL-3.0, the extra `images`), and imports nothing of this package. It gets the image as open
descriptors, opens no other file, starts nothing, contacts nobody and writes nothing but answers. A frame is a length of four bytes,
then so many bytes; a request is `[operation, file system, names, most]`, an answer JSON, after `read` and `ends` a frame of bytes.
"""

from __future__ import annotations

import json
import os
import re
import stat
import sys
from collections import OrderedDict
from itertools import islice
from typing import Any, BinaryIO

from rescind.host._image_volumes import Found, Refused, disk_of, load, told

_MEMORY = 2 << 30
_CPU_SECONDS = 3600
_MOST_ENTRIES = 100_000
_MOST_CACHED = 200_000
_MOST_DEEP = 64
_MOST_LINK = 4096
_NO_CLOCK = {"fat", "exfat"}  # their times have no time zone
_ENCRYPTED_EXT, _ENCRYPTED_NTFS, _ELSEWHERE_NTFS = 0x800, 0x4000, 0x400000 | 0x40000
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_NEVER = (
    *(
        "socket.",
        "subprocess.",
        "os.system",
        "os.exec",
        "os.posix_spawn",
        "os.spawn",
        "os.fork",
        "os.kill",
        "os.remove",
    ),
    *("os.rename", "os.mkdir", "os.rmdir", "os.link", "os.symlink", "os.truncate", "os.chmod", "os.chown", "os.utime"),
    *("shutil.", "tempfile.", "pty.", "ftplib.", "urllib."),
)


def _limit() -> None:
    """Bound memory and time, and see to it that no library opens, writes, starts or contacts anything."""
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_SECONDS, _CPU_SECONDS))
    code = tuple({os.path.realpath(p) + os.sep for p in (*sys.path, sys.prefix, sys.base_prefix) if p})

    def watch(event: str, args: tuple[Any, ...]) -> None:
        if event == "open" and isinstance(args[0], str | bytes):
            path = os.path.realpath(os.fsdecode(args[0])) + os.sep
            if (args[2] or 0) & _WRITES or not path.startswith(code):
                raise Refused("refers to another file, which was not opened")
        elif event.startswith(_NEVER):
            raise Refused("was refused")

    sys.addaudithook(watch)


class _Reader:
    """One file system. Folders are listed once and names taken as they stand there, so a name can never be a path."""

    def __init__(self, kind: str, system: Any) -> None:
        self.kind, self.root = kind, system.get("/")
        self.listed: OrderedDict[tuple[str, ...], dict[str, Any]] = OrderedDict()
        self.held = 0

    def entry(self, names: tuple[str, ...]) -> Any:
        if len(names) > _MOST_DEEP:
            raise Refused("lies too deep")
        return self.root if not names else self.entries(names[:-1])[names[-1]].get()

    def entries(self, names: tuple[str, ...]) -> dict[str, Any]:
        if names in self.listed:
            self.listed.move_to_end(names)
            return self.listed[names]
        folder = self.entry(names)
        self._check(folder)
        found: dict[str, Any] = {}
        for item in islice(folder.scandir(), _MOST_ENTRIES + 1):
            found.setdefault(_name(item) if self.kind == "fat" else str(item.name), item)
        if len(found) > _MOST_ENTRIES:
            raise Refused(f"directory holds more than {_MOST_ENTRIES} entries")
        self.listed[names] = found
        self.held += len(found) + 1
        while self.held > _MOST_CACHED and len(self.listed) > 1:
            self.held -= len(self.listed.popitem(last=False)[1]) + 1
        return found

    def list(self, names: tuple[str, ...]) -> dict[str, object]:
        found = self.entries(names)
        return {"ino": self._ino(self.entry(names)), "entries": [(name, _letter(item)) for name, item in found.items()]}

    def stat(self, names: tuple[str, ...]) -> dict[str, Any]:
        entry = self.entry(names)
        if not names and self.kind in _NO_CLOCK:  # their topmost folder has no times at all
            return {"mode": stat.S_IFDIR | 0o755, "ino": 0, "size": 0, "link": "", "mtime": None}
        if self.kind == "fat":  # a date of zero would be refused
            mode = stat.S_IFDIR if entry.is_dir() else stat.S_IFREG
            return {"mode": mode, "ino": self._ino(entry), "size": int(entry.entry.size), "link": "", "mtime": None}
        st = entry.lstat()
        link = ""
        if stat.S_ISLNK(st.st_mode):
            if st.st_size > _MOST_LINK:
                raise Refused("is an unreasonably long link")
            link = self._link(str(entry.readlink()))
        told = {"mode": int(st.st_mode), "ino": self._ino(entry), "size": int(st.st_size), "link": link}
        return told | {"mtime": None if self.kind in _NO_CLOCK else float(st.st_mtime)}

    def _link(self, link: str) -> str:
        """Return a link's target; a drive's letter means the root of the file system that it stands in."""
        link = link.replace("\\", "/") if self.kind == "ntfs" else link
        inside = re.match(r"(?:/\?\?)?/?[Cc]:(/.*)", link) if self.kind == "ntfs" else None
        return (inside[1] if inside else link)[:_MOST_LINK] or "."

    def _ino(self, entry: Any) -> int:
        """Return a number that only one file or folder of this file system has; those of btrfs begin anew in each subvolume."""
        if entry is self.root and self.kind in _NO_CLOCK:
            return 0
        number = int(entry.entry.cluster) if self.kind == "fat" else int(entry.lstat().st_ino)
        return (int(entry.entry.subvolume.objectid) << 32) + number if self.kind == "btrfs" else number

    def _check(self, entry: Any) -> None:
        """Refuse what a file system holds encrypted, or does not hold itself."""
        if self.kind == "extfs" and entry.entry.inode.i_flags & _ENCRYPTED_EXT:
            raise Refused("is encrypted by its file system")
        if self.kind == "ntfs":
            flags = int(entry.entry.attributes.STANDARD_INFORMATION.file_attributes)
            if flags & _ENCRYPTED_NTFS and not entry.is_dir():
                raise Refused("is encrypted by its file system")
            if flags & _ELSEWHERE_NTFS and not entry.is_dir():
                raise Refused("is an online-only placeholder")

    def read(self, names: tuple[str, ...], most: int, *, ends: bool) -> bytes:
        entry = self.entry(names)
        self._check(entry)
        told = self.stat(names)
        if not stat.S_ISREG(int(told["mode"])):
            raise Refused("is not a file")
        with entry.open() as file:
            if not ends:
                return bytes(file.read(most + 1))
            head = bytes(file.read(most // 9))
            file.seek(int(told["size"]) - most // 9 * 8)
            return head + b"\n" + bytes(file.read(most // 9 * 8))


def _name(item: Any) -> str:
    """Return a FAT name as systems show it: a short one has a bit for small letters in its stem, and one for its ending."""
    raw, small = item.entry, int(item.entry.dirent.DIR_NTRes)
    if raw.ldirents:
        return str(item.name)
    stem, dot, end = str(raw.short_name).partition(".")
    return (stem.lower() if small & 8 else stem) + dot + (end.lower() if small & 16 else end)


def _letter(item: Any) -> str:
    """Return `l` for a link, `d` for a folder, `f` for anything else; what cannot be told is looked at when it is asked for."""
    try:
        known = getattr(item.entry, "filetype", 0)
        if known:
            return "l" if known == stat.S_IFLNK else "d" if known == stat.S_IFDIR else "f"
        return "l" if item.is_symlink() else "d" if item.is_dir(follow_symlinks=False) else "f"
    except Exception:  # noqa: BLE001 - hostile bytes in somebody else's parser
        return "f"


def _frame(source: BinaryIO) -> bytes | None:
    head = source.read(4)
    body = source.read(int.from_bytes(head, "big")) if len(head) == 4 else b""
    return body if len(head) == 4 and len(body) == int.from_bytes(head, "big") else None


def _answer(sink: BinaryIO, value: object, data: bytes | None = None) -> None:
    bodies = (json.dumps(value).encode(), *(() if data is None else (data,)))
    sink.writelines(len(body).to_bytes(4, "big") + body for body in bodies)
    sink.flush()


def _open(request: bytes) -> tuple[dict[str, object], list[_Reader]]:
    kind, fds = json.loads(request)
    found = Found()
    try:
        found.look(disk_of(kind, fds))
        readers = [_Reader(module, system) for module, system in found.systems.values()]
    except Exception as exc:  # noqa: BLE001 - hostile bytes in somebody else's parser
        return {"error": told(exc)}, []
    return {"volumes": list(found.systems), "troubles": found.troubles}, readers


def main() -> None:
    """Open the image, then answer until nobody asks any more."""
    sys.dont_write_bytecode = True
    load()
    _limit()
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    answer, readers = _open(_frame(source) or b"")
    _answer(sink, answer)
    while (frame := _frame(source)) is not None:
        try:
            operation, number, names, most = json.loads(frame)
            reader, place = readers[number], tuple(names)
            if operation in {"read", "ends"}:
                data = reader.read(place, most, ends=operation == "ends")
                _answer(sink, {}, data)
            else:
                _answer(sink, reader.list(place) if operation == "list" else reader.stat(place))
        except Exception as exc:  # noqa: BLE001 - hostile bytes in somebody else's parser
            _answer(sink, {"error": told(exc)})


if __name__ == "__main__":
    main()
