"""Made-up stores, a clock that stands still, and a picture of a tree, for the tests of evidence reading."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Gap, Location
from rescind.models.store import At, Match, Root, Store
from rescind.secret import Secret


class StillClock:
    def __init__(self, now: datetime = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)) -> None:
        self.time, self.ticks = now, 0.0

    def now(self) -> datetime:
        return self.time

    def monotonic(self) -> float:
        return self.ticks

    def sleep(self, seconds: float) -> None:
        self.ticks += seconds


def lines(blob: bytes, at: Location) -> Iterator[Finding]:
    if blob.startswith(b"BAD"):
        raise Unparsable("does not begin as it should")
    for number, line in enumerate(blob.splitlines(), start=1):
        yield Finding(kind="demo.token", location=replace(at, line=number), secret=Secret(line))


def store(
    *globs: str | At,
    name: str = "demo",
    match: Match = Match.ALL,
    max_bytes: int = 1 << 20,
    parse=lines,
    yields=("demo.token",),
) -> Store:
    where = tuple(g if isinstance(g, At) else At(root=Root.HOME, glob=g) for g in globs)
    return Store(
        id=name,
        title=name,
        where=where,
        yields=yields,
        parse=parse,
        reference="https://example.com/",
        since="0.1",
        match=match,
        max_bytes=max_bytes,
    )


def put(path: Path, data: bytes | str = b"made-up-token-1") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def split(items) -> tuple[dict[str, bytes], dict[str, str]]:
    """Blobs by path, and reasons by path."""
    blobs, reasons = {}, {}
    for item in items:
        if isinstance(item, Gap):
            reasons[item.path] = item.reason
        else:
            blobs[item.location.path] = item.blob
    return blobs, reasons


def picture(root: Path) -> dict[str, tuple]:
    """Everything that a reader could have changed: type, mode, owner, times, links and contents."""
    seen = {}
    for folder, folders, files in os.walk(os.fsencode(root)):
        for name in (b".", *folders, *files):
            path = os.path.join(folder, name)
            st = os.lstat(path)
            body = b""
            if os.path.islink(path):
                body = os.readlink(path)
            elif os.path.isfile(path) and st.st_size < 1 << 22:
                fd = os.open(path, os.O_RDONLY | (os.O_NOATIME if os.geteuid() in (0, st.st_uid) else 0))
                with open(fd, "rb") as f:
                    body = hashlib.sha256(f.read()).digest()
            atime = (
                st.st_atime_ns
                if os.geteuid() in (0, st.st_uid) and not os.path.islink(path) and not os.path.isdir(path)
                else 0
            )
            seen[path] = (
                st.st_mode,
                st.st_uid,
                st.st_gid,
                st.st_size,
                st.st_mtime_ns,
                st.st_ctime_ns,
                atime,
                st.st_nlink,
                body,
            )
    return seen
