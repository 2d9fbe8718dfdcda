"""What folders hold, listed once: hundreds of store rows ask for the same few folders, and most of them for names that are not there."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container
from functools import lru_cache
from urllib.parse import unquote

from rescind.errors import EvidenceError
from rescind.host.names import Parts, split
from rescind.host.tree import Evidence

_MOST_NAMES = 20_000
_MOST_FOLDERS = 20_000


_MAGIC = re.compile(r"[*?\[]")


@lru_cache(maxsize=8192)
def is_magic(component: str) -> bool:
    """Tell whether a glob component holds a wildcard."""
    return _MAGIC.search(component) is not None


@lru_cache(maxsize=65536)
def fold(name: str) -> str:
    """Return a name as macOS and Windows compare it: composed, without case; `%3A` and the like, as collectors write, undone."""
    if name.isascii():
        return (unquote(name) if "%" in name else name).lower()
    return unicodedata.normalize("NFC", unquote(name) if "%" in name else name).casefold()


class _Anything:
    def __contains__(self, _name: object) -> bool:
        return True


ANYTHING: Container[str] = _Anything()
"""Holds every name."""


class Listings:
    """The names in folders of one target, as they were when first asked. A folder that cannot be listed says so each time."""

    def __init__(self, tree: Evidence) -> None:
        self.tree = tree
        self._known: dict[Parts, tuple[str, ...] | EvidenceError] = {}
        self._spelt: dict[Parts, dict[str, list[str]]] = {}
        self._heads: dict[tuple[Parts, bool], Container[str]] = {}
        self._room = _MOST_NAMES * 10

    def names(self, parts: Parts) -> tuple[str, ...]:
        """Return the sorted names in a folder, empty when there is none. Raises `EvidenceError` when it cannot be listed."""
        known = self._known.get(parts)
        if isinstance(known, EvidenceError):
            raise known
        if known is not None:
            return known
        try:
            found = tuple(self.tree.names(parts))
        except EvidenceError as exc:
            self._known[parts] = exc
            raise
        if len(found) <= min(_MOST_NAMES, self._room) and len(self._known) < _MOST_FOLDERS:
            self._known[parts] = found
            self._room -= len(found)
        return found

    def spelt(self, parts: Parts, name: str, *, folded: bool) -> list[str]:
        """Return the names in a folder that are this one: itself, or with `folded` however it is written there."""
        names = self.names(parts)
        by_name = self._spelt.get(parts)
        if by_name is None:
            by_name = {}
            for n in names:
                by_name.setdefault(n, []).append(n)
            for n in names:
                if (key := fold(n)) != n:
                    by_name.setdefault("/" + key, []).append(n)
            if parts in self._known:
                self._spelt[parts] = by_name
        exact = by_name.get(name, [])
        if not folded:
            return exact
        key = fold(name)
        return sorted({*exact, *by_name.get(key, []), *by_name.get("/" + key, [])})

    def heads(self, parts: Parts, *, folded: bool) -> Container[str]:
        """Return the names in a folder, folded if need be, to see cheaply that one is not there; everything when they are unknown."""
        heads = self._heads.get((parts, folded))
        if heads is None:
            try:
                heads = frozenset(map(fold, self.names(parts)) if folded else self.names(parts))
            except EvidenceError:
                heads = ANYTHING
            self._heads[parts, folded] = heads
        return heads

    def place(self, base: Parts, path: str) -> Parts | None:
        """Return where a path lies below `base`, its names compared without case; None when there is no such thing."""
        for wanted in split(path):
            try:
                found = self.spelt(base, wanted, folded=True)
            except EvidenceError:
                found = [wanted] if self._is_there((*base, wanted)) else []
            if not found:
                return None
            base = (*base, wanted if wanted in found else found[0])
        return base

    def _is_there(self, parts: Parts) -> bool:
        try:
            return self.tree.find(parts) is not None
        except EvidenceError:
            return False
