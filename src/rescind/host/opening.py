"""From a target to a `Host`: a folder is read beneath its descriptor, a file as a disk image or an archive."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from rescind import osfiles
from rescind.errors import EvidenceError
from rescind.host.beneath import Tree
from rescind.host.listing import Listings
from rescind.host.names import Parts, as_text
from rescind.host.tree import Evidence
from rescind.host.view import Host
from rescind.host.volumes import layout, looks_like_home
from rescind.models.clock import Clock
from rescind.models.evidence import Gap
from rescind.models.store import Store


def open_host(
    target: Path, *, clock: Clock, environ: Mapping[str, str] | None = None, stores: Iterable[Store] = ()
) -> Host:
    """Open a home, the root of a system, a copied tree, an archive or a disk image. Raises `EvidenceError` when it cannot be read at all.

    `environ` (default: the process's) counts only for the running user's own home. `stores` are the rows that will be asked: of a
    packed archive their files are kept while it goes by.
    """
    target = Path(target).expanduser()
    tree: Evidence
    if target.is_dir() or not target.exists():
        tree, name = _folder(target, clock), target.absolute().name
    else:
        tree, name = _image(target) or _archive(target, list(stores), clock)
    try:
        tree.names(())
        host = Host(
            tree,
            clock=clock,
            name=name,
            own=_is_own_home(target),
            whole=is_whole_machine(target),
            environ=os.environ if environ is None else environ,
        )
    except BaseException:
        tree.close()
        raise
    if not host.homes:
        host.close()
        unread = any(gap.reason.startswith("home cannot") for gap in host.gaps)
        raise EvidenceError(
            "no home in the evidence can be read" if unread else "no home was found in the evidence",
            hint="Give the mounted root of a system, or one home folder, with the rights to read it.",
        )
    if not target.is_dir():
        host.gaps += _passed_over(tree, [home.parts for home in host.homes])
    return host


def _folder(target: Path, clock: Clock) -> Evidence:
    """Open a folder by its descriptor, or by paths where a system has none for folders."""
    if osfiles.HOLDS_FOLDERS:
        return Tree(target, clock=clock)
    from rescind.host.by_path import PathTree

    return PathTree(target, clock=clock)


def _image(target: Path) -> tuple[Evidence, str] | None:
    """Open a disk image, None for what is none."""
    from rescind.host.image_files import head_of, kind_of_image
    from rescind.host.image_opening import open_image
    from rescind.host.packed import is_tar

    head = head_of(target)
    kind = "" if is_tar(head) else kind_of_image(head)
    return (open_image(target, kind, head), target.stem) if kind else None


def _passed_over(tree: Evidence, homes: list[Parts]) -> list[Gap]:
    from rescind.host.image import ImageTree
    from rescind.host.image_opening import passed_over

    left = passed_over(tree, [*homes, *tree.volumes]) if isinstance(tree, ImageTree) else []
    return [Gap(source="scan", reason=t.reason, path=as_text(t.parts), root="root") for t in left]


def _archive(target: Path, stores: list[Store], clock: Clock) -> tuple[Evidence, str]:
    from rescind.host.packed import open_archive, plain_name, unwrap

    tree = open_archive(target, stores, clock=clock)
    if _shows_nothing(tree):
        deeper = unwrap(tree, stores, clock=clock)
        tree.troubles += deeper if _shows_nothing(tree) else []
    return tree, plain_name(target)


def _shows_nothing(tree: Evidence) -> bool:
    where = Listings(tree)
    return layout(where).one_home and not looks_like_home(where, ())


def _is_own_home(target: Path) -> bool:
    try:
        return target.samefile(Path.home())
    except (OSError, RuntimeError):
        return False


def is_whole_machine(target: Path) -> bool:
    """Tell whether a target is the root of the machine that this runs on, with the homes of all its users."""
    return os.path.realpath(target) == Path(target).absolute().anchor
