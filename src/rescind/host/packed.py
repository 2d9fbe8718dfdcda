"""An archive file as evidence: told by its first bytes, read in place, never unpacked to a disk."""

from __future__ import annotations

import io
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

from rescind.errors import EvidenceError
from rescind.host.image_files import HEAD, how_else, kind_of_image, open_for_reading
from rescind.host.interest import Interest
from rescind.host.names import visible
from rescind.host.nodes import Node, NodeTree
from rescind.host.quiet import why
from rescind.host.room import MOST_WINDOW, window_of
from rescind.host.streams import Stream, packing_of
from rescind.host.tarball import Tarball
from rescind.host.tree import Trouble
from rescind.host.zipball import Zipball
from rescind.models.clock import Clock
from rescind.models.store import Store

ENDS = (".zip", ".tar", ".tgz", ".tar.gz", ".tar.xz", ".txz", ".tar.zst", ".tzst", ".tar.bz2", ".tbz2")
_INNER_BYTES = 64 << 20
_MOST_INNER = 8
_INNER_DEEP = 4


def open_archive(target: Path, stores: Iterable[Store], *, clock: Clock) -> NodeTree:
    """Open an archive and read its names. Raises `EvidenceError` for what is no archive, and says how an image is mounted."""
    try:
        file = open_for_reading(target)
    except OSError as exc:
        raise EvidenceError(
            f"the evidence {why(exc)}", hint="Give a home folder, a mounted root or an archive."
        ) from None
    tree = NodeTree()
    tree.files.append(file)
    try:
        _fill(tree, file, Interest(stores), clock)
    except BaseException:
        tree.close()
        raise
    return tree


def _fill(tree: NodeTree, file: BinaryIO, interest: Interest, clock: Clock) -> None:
    file.seek(0)
    head = file.read(HEAD)
    if head.startswith((b"PK\3\4", b"PK\5\6", b"PK\7\x08")):
        Zipball(file).index(tree)
    else:
        packing = packing_of(head)
        if packing and not tree.room.take(_window(head, packing)):
            raise _too_far()
        start = head if not packing else _start(file, packing, clock)
        if not is_tar(start):
            _refuse(start if packing else head)
        Tarball(lambda: Stream(file, packing, clock.monotonic), plain=not packing, interest=interest).index(tree)
    if tree.repeated:
        reason = f"names that stand in the archive more than once: {tree.repeated}; the last of each was read"
        tree.troubles.append(Trouble((), reason))


def _window(head: bytes, packing: str) -> int:
    found = window_of(head, packing)
    if found > MOST_WINDOW:
        raise _too_far()
    return found


def _too_far() -> EvidenceError:
    return EvidenceError(
        f"unpacking the archive needs more than {MOST_WINDOW >> 20} MiB of memory (its window is too long)",
        hint="Unpack it (zstd -d, xz -d) and give the .tar: a plain one is read where a member lies.",
    )


def _start(file: BinaryIO, packing: str, clock: Clock) -> bytes:
    stream = Stream(file, packing, clock.monotonic)
    stream.allowance = 1024
    return stream.read(1024)


def is_tar(start: bytes) -> bool:
    """Tell whether a file that begins like this is a tar archive."""
    if start[257:262] == b"ustar":
        return True
    try:  # before POSIX there was only the checksum
        return len(start) >= 512 and int(start[148:156].strip(b" \0"), 8) == sum(start[:148]) + 256 + sum(
            start[156:512]
        )
    except ValueError:
        return False


def _refuse(head: bytes) -> None:
    if kind := kind_of_image(head):
        raise how_else(kind)
    raise EvidenceError(
        "the evidence is neither a folder nor an archive that can be read",
        hint="Give a home folder, the mounted root of a system, or a .tar, .tar.gz, .tar.xz, .tar.zst or .zip file.",
    )


def unwrap(tree: NodeTree, stores: Iterable[Store], *, clock: Clock) -> list[Trouble]:
    """Read the archives that lie near the root of an archive, each as a folder of its name; return those in them, as troubles.

    They are not read: two levels are the limit.
    """
    deeper: list[Trouble] = []
    interest = Interest(stores)
    found = list(tree.files_named(ENDS, _INNER_DEEP))
    for parts, node in found[:_MOST_INNER]:
        inner = NodeTree()
        inner.room = tree.room
        if node.source is None or node.size > _INNER_BYTES or not tree.room.take(node.size):
            reason = "is an archive in an archive, and larger than what may be held of one; unpack the outer one"
            tree.troubles.append(Trouble(parts, reason))
            continue
        try:
            _fill(inner, io.BytesIO(node.source.read(node.where, _INNER_BYTES)), interest, clock)
        except EvidenceError as exc:
            tree.troubles.append(Trouble(parts, exc.message))
            continue
        _mount(node, inner.root)
        tree.members += inner.members
        tree.troubles += [Trouble((*parts, *t.parts), t.reason) for t in inner.troubles]
        deeper += [
            Trouble((*parts, *p), "is an archive in an archive in an archive and was not opened")
            for p, _ in inner.files_named(ENDS, _INNER_DEEP)
        ]
    tree.troubles += [Trouble(parts, "is one archive too many and was not opened") for parts, _ in found[_MOST_INNER:]]
    return deeper


def _mount(node: Node, root: Node) -> None:
    node.mode, node.inner, node.size, node.source = root.mode, root.inner, 0, None


def plain_name(target: Path) -> str:
    """Return what an archive is called without its ending."""
    name = target.name
    end = next((e for e in sorted(ENDS, key=len, reverse=True) if name.lower().endswith(e)), "")
    return visible(name[: len(name) - len(end)] if end else name)
