"""The environment that running processes were started with: tokens that stand in no file, and outlive the shell that set them."""

from __future__ import annotations

from collections.abc import Iterator

from rescind.models.evidence import Finding, Location
from rescind.models.store import KiB, Store
from rescind.stores._dotenv import Variable
from rescind.stores._text import decode
from rescind.stores._variables import KINDS, findings


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield one finding per secret variable of one process. The line is the variable's place, counted from 1."""
    pairs = (entry.partition(b"=") for entry in blob.split(b"\0"))
    held = [Variable(decode(n), decode(v), i) for i, (n, mark, v) in enumerate(pairs, 1) if mark and n]
    yield from findings(held, at)


STORE = Store(
    id="process-environment",
    title="Environment of running processes",
    where=(),
    live="environ",
    yields=KINDS,
    max_bytes=256 * KiB,
    parse=parse,
    since="0.1",
    reference="https://man7.org/linux/man-pages/man5/proc_pid_environ.5.html",
)
