"""One bounded walk over a home that serves the `**` rows of all stores at once."""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from rescind.errors import EvidenceError
from rescind.host.globs import PRUNED, Index, Wanted, folded_all, within
from rescind.host.listing import Listings, fold
from rescind.host.names import Parts
from rescind.host.quiet import why
from rescind.host.tree import LEAVES, Folder, Trouble, volume_of
from rescind.models.clock import Clock

MAX_DEPTH = 32
MAX_ENTRIES = 3_000_000
MAX_HITS = 20_000
MOST_KNOWN, LONGEST_KNOWN = 100_000, 64
"""Of how many names of one walk, and how long, the answer is remembered: who fills a disk with names must not fill the memory."""
WALK_SECONDS = 300.0
_SYSTEM = (
    "usr",
    "lib",
    "lib64",
    "bin",
    "sbin",
    "nix",
    "snap",
    "opt",
    "proc",
    "sys",
    "dev",
    "run",
    "Applications",
    "System",
)
_NOT_THEIRS = frozenset(
    (name,) for name in _SYSTEM
)  # programs, not anybody's files: a link there hides no credential of a user


@dataclass(slots=True)
class Walked:
    """What the shared walk found: paths by store id, and what it could not look into."""

    hits: dict[str, list[Parts]] = field(default_factory=dict)
    troubles: list[Trouble] = field(default_factory=list)


class _Walk:
    """One walk over all starts. Folders are entered one from the other, never through a link, never on another file system."""

    def __init__(
        self,
        where: Listings,
        rows: Sequence[Wanted],
        *,
        folded: bool,
        clock: Clock,
        tell: Callable[[int], None],
        homes: int,
    ) -> None:
        self.where, self.tree, self.folded, self.out, self.tell = where, where.tree, folded, Walked(), tell
        self.starts: dict[Parts, frozenset[Wanted]] = {}
        for row in rows:
            self.starts[row.start] = self.starts.get(row.start, frozenset()) | {row}
        self.clock, self.end, self.seen, self.stopped = clock, clock.monotonic() + WALK_SECONDS * homes, 0, False
        self.most, self.seconds = MAX_ENTRIES * homes, WALK_SECONDS * homes
        self.indexes: dict[frozenset[Wanted], Index] = {}
        self.entered: dict[tuple[int, int], frozenset[Wanted]] = {}
        self.begun: set[Parts] = set()
        self.deep, self.room = 0, MOST_KNOWN
        self.todo: list[tuple[Parts, frozenset[Wanted]]] = []
        self.device = 0

    def run(self) -> Walked:
        self.todo = [(start, frozenset[Wanted]()) for start in sorted(self.starts, reverse=True)]
        while self.todo and not self.stopped:
            parts, rows = self.todo.pop()
            if parts in self.starts and parts in self.begun:
                continue  # an outer walk came through it
            try:
                folder = self.tree.folder(parts)
            except EvidenceError as exc:
                self.out.troubles.append(Trouble(parts, exc.message))
                continue
            if folder is not None:
                self.device = folder.device
                self.enter(folder, parts, rows, 0)
        if self.deep:
            self.out.troubles.append(
                Trouble((), f"{self.deep} folders lie deeper than {MAX_DEPTH} levels and were not walked")
            )
        return self.out

    def enter(self, folder: Folder, parts: Parts, rows: frozenset[Wanted], depth: int) -> None:
        try:
            if parts in self.starts:
                rows |= self.starts[parts]
                self.begun.add(parts)
            before = self.entered.get(folder.key)
            if folder.device != self.device:
                self.out.troubles.append(Trouble(parts, "another file system is mounted here and was not walked"))
            elif before is None or not rows <= before:
                self.entered[folder.key] = rows if before is None else rows | before
                self.descend(folder, self.listing(folder, parts, rows), parts, rows, depth)
        except OSError as exc:
            self.out.troubles.append(Trouble(parts, why(exc)))
        finally:
            folder.close()

    def listing(self, folder: Folder, parts: Parts, rows: frozenset[Wanted]) -> list[str]:
        index = self.indexes.get(rows)
        if index is None:
            index = self.indexes[rows] = Index(rows)
        known, folded, before = index.known, self.folded, self.seen
        inner: list[str] = []
        for self.seen, entry in enumerate(folder.entries(), before + 1):  # every name of the disk comes by here
            name = entry.name
            wanted = known.get(name)
            if wanted is None:
                wanted = index.ask(fold(name) if folded else name)
                if self.room and len(name) < LONGEST_KNOWN:
                    known[name], self.room = wanted, self.room - 1
            if entry.is_file(follow_symlinks=False):
                if wanted:
                    self.hit(wanted, (*parts, name), directory=False)
                continue
            directory = entry.is_dir(follow_symlinks=False)
            if wanted:
                self.hit(wanted, (*parts, name), directory=directory)
            if directory:
                inner.append(name)
            elif entry.is_symlink():
                self.link((*parts, name), rows)
        inner.sort()
        self.tell(self.seen)
        return inner

    def descend(self, folder: Folder, inner: list[str], parts: Parts, rows: frozenset[Wanted], depth: int) -> None:
        if self.seen > self.most or self.clock.monotonic() > self.end:
            if not self.stopped:
                limit = f"{self.most} entries" if self.seen > self.most else f"{self.seconds:.0f} s"
                self.out.troubles.append(
                    Trouble(parts, f"the walk stopped here after {limit}; what follows was not looked at")
                )
            self.stopped = True
        skips = self.indexes[rows].skips
        for name in inner:
            left = rows
            if name in skips:
                left = frozenset(r for r in rows if name not in r.skip and name not in PRUNED)
            if self.stopped or not (left or self.starts_below((*parts, name))):
                continue
            if depth >= MAX_DEPTH:
                self.deep += 1
                continue
            try:
                below = folder.enter(name)
            except FileNotFoundError:
                continue
            except OSError as exc:
                self.out.troubles.append(Trouble((*parts, name), why(exc)))
                continue
            self.enter(below, (*parts, name), left, depth + 1)

    def hit(self, rows: Sequence[Wanted], parts: Parts, *, directory: bool) -> None:
        for row in rows:
            if len(row.tail) == 1 and directory:
                continue  # it is walked, so nothing in it is hidden
            paths: Iterable[Parts | Trouble] = (
                within(self.where, parts, row.tail[1:], folded=self.folded) if len(row.tail) > 1 else (parts,)
            )
            found = self.out.hits.setdefault(row.store, [])
            for path in paths:
                if isinstance(path, Trouble):
                    self.out.troubles.append(path)
                elif row.full and not row.full.fullmatch("/".join(folded_all(path) if self.folded else path)):
                    continue
                elif len(found) < MAX_HITS:
                    found.append(path)
                elif len(found) == MAX_HITS:
                    found.append(())  # marks that there were more

    def starts_below(self, parts: Parts) -> bool:
        return any(s[: len(parts)] == parts for s in self.starts)

    def link(self, parts: Parts, rows: frozenset[Wanted]) -> None:
        """Note a linked folder that no walk comes through, as it would hide what lies there: walked inside, reported outside."""
        try:
            found = self.tree.find(parts)
            if found is None or not stat.S_ISDIR(found.st.st_mode):
                return
            here = found.parts
            volume = volume_of(self.tree.volumes, here)
            if volume is not None and here[len(volume) :][:1] in _NOT_THEIRS:
                return
            uncovered = frozenset(r for r in rows if here[: len(r.start)] != r.start)
            if uncovered:
                self.todo.append((here, uncovered))
        except EvidenceError as exc:
            if exc.message == LEAVES and self.tree.link_head(parts) not in _NOT_THEIRS:
                self.out.troubles.append(Trouble(parts, exc.message))


def _untold(_seen: int) -> None:
    """Tell nobody."""


def walk(
    where: Listings,
    rows: Sequence[Wanted],
    *,
    folded: bool,
    clock: Clock,
    tell: Callable[[int], None] = _untold,
    homes: int = 1,
) -> Walked:
    """Walk every start once for all rows; `tell` hears how many names were seen. Every bound that is hit is a `Trouble`.

    The bounds are those of one home, times `homes`.
    """
    return _Walk(where, rows, folded=folded, clock=clock, tell=tell, homes=homes).run() if rows else Walked()
