"""Globs of store rows: those that name places are looked up, those with `**` are prepared for the shared walk."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rescind.errors import EvidenceError
from rescind.host.listing import ANYTHING, Listings, fold, is_magic
from rescind.host.names import Parts
from rescind.host.tree import NoFilesError, Trouble

PRUNED = frozenset({"node_modules", ".git", ".hg", ".svn", "__pycache__", "site-packages"})
"""Folders that no walk enters: they hold other people's code. A row that names one (`**/.git/config`) is still looked up in it."""


_MAGIC_PART = re.compile(r"[*?]|\[[^\]]*\]?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One `**` row of one store: files below `start` whose last components match `tail`; `full` checks what lies between."""

    store: str
    start: Parts
    tail: Parts
    skip: frozenset[str] = frozenset()
    full: re.Pattern[str] | None = None


@lru_cache(maxsize=4096)
def matcher(pattern: str) -> Callable[[str], re.Match[str] | None]:
    """Return what tells whether one component matches a glob."""
    return re.compile(fnmatch.translate(pattern)).match


def expand(
    where: Listings, base: Parts, comps: Sequence[str], *, folded: bool = False, tried: bool = False
) -> Iterator[Parts | Trouble]:
    """Yield the paths that a glob without `**` names below `base`, sorted; `folded` compares without case.

    `tried`: the last of `base` was not named, it only matched; then a link of it into `/proc` is no loss.
    """
    if not comps:
        yield base
        return
    head, rest = comps[0], comps[1:]
    literal = not is_magic(head)
    try:
        names = where.spelt(base, head, folded=folded) if literal else where.names(base)
    except EvidenceError as exc:
        if tried and isinstance(exc, NoFilesError):
            return
        if literal and where.tree.exists((*base, head)):  # a folder may be entered that cannot be listed
            yield from expand(where, (*base, head), rest, folded=folded)
        elif not literal or folded:
            yield Trouble(base, exc.message)
        return
    match = None if literal else matcher(fold(head) if folded else head)
    for name in names:
        if match is None or match(fold(name) if folded else name):
            yield from expand(where, (*base, name), rest, folded=folded, tried=not literal)


def within(where: Listings, base: Parts, comps: Sequence[str], *, folded: bool = False) -> Iterator[Parts | Trouble]:
    """Yield what `expand` does, for one of many folders that nobody else will ask for."""
    if folded or any(map(is_magic, comps)):
        yield from expand(where, base, comps, folded=folded)
    elif where.tree.exists((*base, *comps)):
        yield (*base, *comps)


def wanted(store: str, base: Parts, glob: Sequence[str], *, skip: Iterable[str] = (), folded: bool = False) -> Wanted:
    """Return a `**` row in the form that the walk uses. Each `**` stands for any number of folders, also none."""
    first, last = glob.index("**"), len(glob) - 1 - list(reversed(glob)).index("**")
    shape = folded_all(glob) if folded else tuple(glob)
    start = () if any(map(is_magic, glob[:first])) else tuple(glob[:first])
    simple = first == last and len(start) == first
    full = None if simple else re.compile("".join(map(_piece, (*base, *shape))) + "?")
    return Wanted(store=store, start=(*base, *start), tail=shape[last + 1 :] or ("*",), skip=frozenset(skip), full=full)


def folded_all(parts: Sequence[str]) -> Parts:
    """Return every component as macOS and Windows compare it."""
    return tuple(fold(p) for p in parts)


def _piece(component: str) -> str:
    if component == "**":
        return "(?:[^/]+/)*"
    return re.escape(component).replace(r"\*", "[^/]*").replace(r"\?", "[^/]") + "/"


class Index:
    """The first tail components of the rows in force, sorted so that most names cost one dictionary look-up.

    A glob that is no plain end or beginning is asked only where the name begins (`heads`) or else ends (`tails`) as it does.
    """

    __slots__ = (
        *("_ends", "_starts", "by_head", "by_tail", "ends", "first1", "first2", "heads", "known", "last1", "last3"),
        *("literal", "skips", "starts", "tails", "wild"),
    )

    def __init__(self, rows: Iterable[Wanted]) -> None:
        self.literal: dict[str, list[Wanted]] = {}
        self._ends: dict[str, list[Wanted]] = {}
        self._starts: dict[str, list[Wanted]] = {}
        self.wild: list[tuple[Callable[[str], object], Wanted]] = []
        heads, tails, skips = dict[str, str](), dict[str, str](), set(PRUNED)
        for row in rows:
            skips |= row.skip
            head = row.tail[0]
            if not is_magic(head):
                self.literal.setdefault(head, []).append(row)
            elif head[0] == "*" and not is_magic(head[1:]):
                self._ends.setdefault(head[1:], []).append(row)
            elif head[-1] == "*" and not is_magic(head[:-1]):
                self._starts.setdefault(head[:-1], []).append(row)
            else:
                self.wild.append((matcher(head), row))
                first, *_, last = _MAGIC_PART.split(head)
                (heads if first else tails)[head] = first or last
        self.heads, self.by_head = tuple(set(heads.values())), _any_of(heads)
        self.tails, self.by_tail = tuple(set(tails.values())), _any_of(tails)
        self.skips = frozenset(skips)
        self.ends, self.starts = tuple(self._ends), tuple(self._starts)
        ends, starts = {*self._ends, *self.tails}, {*self._starts, *self.heads}
        self.last3 = frozenset(e[-3:] for e in ends if len(e) >= 3)
        self.last1 = frozenset(e[-1:] for e in ends if len(e) < 3)
        self.first2 = frozenset(s[:2] for s in starts if len(s) >= 2)
        every = "" in ends | starts  # `*` itself
        self.first1 = ANYTHING if every else frozenset(s[:1] for s in starts if len(s) < 2)
        """A name that is not `literal`, and whose ends are in none of these four, begins the tail of no row."""
        self.known: dict[str, Sequence[Wanted]] = {}
        """What was answered before, by the name as it is written: a disk holds the same names over and over."""

    def ask(self, key: str) -> Sequence[Wanted]:
        """Return the rows whose tail a name begins, `key` being the name as the rows compare it. Who asks may keep it in `known`."""
        may = (
            key in self.literal
            or key[-3:] in self.last3
            or key[-1:] in self.last1
            or key[:2] in self.first2
            or key[:1] in self.first1
        )
        return self.rows(key) if may else ()

    def _wild(self, name: str) -> bool:
        begins = name.startswith(self.heads) and self.by_head(name)
        return bool(begins or (name.endswith(self.tails) and self.by_tail(name)))

    def rows(self, name: str) -> list[Wanted]:
        """Return the rows whose tail a name begins."""
        found = list(self.literal.get(name, ()))
        if name.endswith(self.ends):
            found += [row for end, rows in self._ends.items() if name.endswith(end) for row in rows]
        if name.startswith(self.starts):
            found += [row for start, rows in self._starts.items() if name.startswith(start) for row in rows]
        if self._wild(name):
            found += [row for match, row in self.wild if match(name)]
        return found


def _any_of(globs: Iterable[str]) -> Callable[[str], object]:
    return re.compile("|".join(map(fnmatch.translate, sorted(globs))) or r"(?!)").match
