"""Glob patterns of the operator's own files, expanded so that nothing is left out in silence and no link leads elsewhere."""

from __future__ import annotations

import fnmatch
import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from rescind.errors import Denied, Rejected, Unreachable

_MAGIC = frozenset("*?[")


def shown(path: Path | str) -> str:
    """Return a path for an error's text, in which a longer unbroken one would be taken for a token and hidden."""
    return " / ".join(Path(path).parts[1:])


def _names(folder: Path, pattern: str) -> list[str]:
    try:
        found = os.listdir(folder)  # noqa: PTH208  (names, not paths)
    except PermissionError:
        raise Denied(f"{shown(folder)} may not be listed by this user") from None
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as e:
        raise Unreachable(f"{shown(folder)} cannot be listed: {e.strerror}", maybe_sent=False) from None
    hidden = pattern.startswith(".")
    return sorted(n for n in found if fnmatch.fnmatchcase(n, pattern) and (hidden or not n.startswith(".")))


def _walk(folder: Path, parts: tuple[str, ...], *, fixed: bool, linked: bool) -> Iterator[tuple[Path, bool]]:
    """Yield what matches, and whether a link was met on the way after the part of the pattern that is fixed."""
    head, rest = parts[0], parts[1:]
    magic = bool(_MAGIC & set(head))
    fixed = fixed and not magic
    for name in _names(folder, head) if magic else [head]:
        path = folder / name
        try:
            link = stat.S_ISLNK(path.lstat().st_mode)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except PermissionError:
            raise Denied(f"{shown(path)} may not be looked at by this user") from None
        except OSError as e:
            raise Unreachable(f"{shown(path)} cannot be looked at: {e.strerror}", maybe_sent=False) from None
        met = linked or (link and not (fixed and rest))
        if rest:
            yield from _walk(path, rest, fixed=fixed, linked=met)
        else:
            yield path, met


def expand(patterns: Iterable[str]) -> list[Path]:
    """Return the files that absolute patterns name, each once.

    A folder that may not be listed raises `Denied`: what is in it could list the key. A file behind a symbolic link raises
    `Rejected`, because the user whose home it is could have placed the link; links in the part before the first wildcard are
    the operator's own. A pattern that names nothing raises `Rejected` too: an unmounted host must not look like a clean one.
    """
    found: dict[Path, None] = {}
    for pattern in patterns:
        matched = list(_walk(Path("/"), Path(pattern).parts[1:], fixed=True, linked=False))
        if not matched:
            raise Rejected(f"{shown(pattern)} names no file: is the host mounted, the checkout complete?")
        for path, linked in matched:
            if linked:
                raise Rejected(f"{shown(path)} is a symbolic link or lies behind one: refused", code="ELOOP")
            found[path] = None
    return list(found)
