"""From an image file to a tree of what lies in it, and what of it no home or system accounts for."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from rescind.errors import EvidenceError
from rescind.host.image import ImageTree
from rescind.host.image_files import READ, how_else, is_installed, pieces
from rescind.host.image_reader import ImageReader
from rescind.host.names import Parts, as_text
from rescind.host.tree import Trouble

_PASSED_OVER = "holds no system and no home; what else lies in this file system was not read"
_BOOT = re.compile(
    r"(?i)(efi|boot|grub2?|loader|bls|lost\+found|vmlinuz|initrd|initramfs|config-|system\.map|symvers|memtest|bootmgr|bootnxt"
    r"|bootsect|bootstat|recovery|system volume information|\$|mach_kernel|swapfile|sleepimage|[0-9a-f-]{32,36}$)"
)


def open_image(target: Path, kind: str, head: bytes) -> ImageTree:
    """Open an image that begins with `head`. Raises `EvidenceError` when nothing in it can be read, or the extra is not installed."""
    if kind not in READ or not is_installed():
        raise how_else(kind)
    tree = ImageTree(ImageReader(kind, pieces(target, kind, head)))
    if not tree.has_systems:
        tree.close()
        why = "; ".join(f"{as_text(t.parts) or 'the image'} {t.reason}" for t in tree.troubles[:5])
        raise EvidenceError(
            f"no file system of the image can be read: {why or 'it holds none'}", hint=how_else(kind).hint
        )
    return tree


def passed_over(tree: ImageTree, looked_into: Iterable[Parts]) -> list[Trouble]:
    """Return the file systems of several that hold neither a system nor a home, those for starting a machine left out."""
    seen = {parts[:1] for parts in looked_into}
    if tree.is_one or () in seen:
        return []
    rest = [parts for parts in ((name,) for name in tree.names(())) if parts not in seen]
    return [Trouble(parts, _PASSED_OVER) for parts in rest if not _is_boot(tree, parts)]


def _is_boot(tree: ImageTree, parts: Parts) -> bool:
    try:
        return all(_BOOT.match(name) for name in tree.names(parts))
    except EvidenceError:
        return False
