"""The `Host`: one view on a live home, a copied home or the mounted root of a system, from which store rows are answered."""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from rescind.errors import EvidenceError
from rescind.host import registry, roots, sqlite_log
from rescind.host.globs import Wanted, expand, wanted
from rescind.host.heads import Heads
from rescind.host.listing import Listings, fold, is_magic
from rescind.host.moved import Moves
from rescind.host.names import Parts, as_parts, as_text, visible
from rescind.host.tree import WHOLE, Blob, Evidence, Trouble
from rescind.host.volumes import Layout, layout
from rescind.host.walk import MAX_HITS, walk
from rescind.models.clock import Clock
from rescind.models.evidence import Gap, Location
from rescind.models.store import At, Match, Root, Store

_HIVE = b"regf"  # a store is given the variables that a registry file holds, as lines
_SIBLING_BYTES = 256 * 1024
_SIBLINGS = (".pub", "-cert.pub")
_MAX_TROUBLES = 500
_Row = tuple[At, list[str], str | None]
_OS_WORDS = {"darwin": "macos", "mac": "macos", "win": "windows", "win32": "windows"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """One file of a store: its bytes, where it lies, and the small files beside an SSH key by suffix (`.pub`).

    `snapshot` names the shadow copy or backup that it lies in.
    """

    store: Store
    blob: bytes
    location: Location
    siblings: Mapping[str, bytes]
    snapshot: str = ""


class Host:
    """Evidence opened for reading. `root` in locations is `home` (the target is one home) or `root` (of a mounted system).

    Nothing is written, executed or followed outside. What exists and cannot be had is a `Gap`, from `candidates` and in `gaps`.
    """

    def __init__(
        self, tree: Evidence, *, clock: Clock, name: str, own: bool, whole: bool, environ: Mapping[str, str]
    ) -> None:
        self._tree, self._clock = tree, clock
        self._where = Listings(tree)
        at = Layout(loose=WHOLE) if own and not whole else layout(self._where)
        tree.volumes = at.volumes
        self._root = "home" if at.one_home else "root"
        self.homes, troubles = roots.homes(self._where, at, live=own)
        self.workstation = {
            "hostname": socket.gethostname() if own or whole else self._hostname(at),
            "os": ", ".join(sorted({home.os for home in self.homes if home.os})),
            "users": ", ".join(sorted({visible(name) if at.one_home else home.user for home in self.homes} - {""})),
        }
        mine = Path(os.path.realpath(Path.home())).parts[1:] if whole else ()
        self.live = [Path("/", *home.parts) for home in self.homes] if whole else [Path.home()] if own else []
        """The homes in use on the running machine, for what is read besides files."""
        self._moves = {
            home.parts: Moves(self._where, home, environ if (own or whole) and home.parts == mine else {})
            for home in self.homes
        }
        troubles += [*tree.troubles, *(t for moves in self._moves.values() for t in moves.troubles)]
        self.gaps = [self._gap("scan", t) for t in troubles]
        self._places = [
            (home, roots.contexts(self._where, home, self._moves[home.parts].roots, self._find_sandboxes(home)))
            for home in self.homes
        ]
        for system in roots.whole_systems(self._where, at):
            self._moves.setdefault(system.parts, Moves(self._where, system, {}))
            self._places.append((system, roots.system_contexts(system.parts)))
        self._snapshots = {home.parts: home.snapshot for home, _ in self._places if home.snapshot}
        self._walked: dict[str, list[Parts]] = {}
        self._heads = Heads(self._where)
        self.tell: Callable[[int], None] = _untold
        """Hears how many names the walk has seen."""

    def _hostname(self, at: Layout) -> str:
        named = {name: None for volume in at.volumes if (name := roots.hostname(self._where, volume))}
        return ", ".join(named)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the evidence root."""
        self._tree.close()

    def prepare(self, stores: Iterable[Store]) -> None:
        """Walk every home once for the `**` rows of all these stores; what the walk could not look into goes to `gaps`."""
        stores = list(stores)
        if len(stores) > 1:
            self._tree.fetch(self._moved_files(stores))
        new = [s for s in stores if s.id not in self._walked and any("**" in at.glob.split("/") for at in s.where)]
        for store in new:
            self._walked[store.id] = []
        for folded in (False, True) if new else ():
            rows = [
                row
                for home, contexts in self._places
                if home.folded is folded
                for store in new
                for at in store.where
                if _holds(at, home)
                for row in self._rows(store, at, home, contexts)
            ]
            done = walk(self._where, rows, folded=folded, clock=self._clock, tell=self.tell, homes=len(self.homes))
            for store_id, hits in done.hits.items():
                self._walked[store_id] += hits
            self.gaps += [self._gap("scan", t) for t in done.troubles[:_MAX_TROUBLES]]
            if (more := len(done.troubles) - _MAX_TROUBLES) > 0:
                self.gaps.append(self._gap("scan", Trouble((), f"{more} more places could not be looked into")))

    def _moved_files(self, stores: list[Store]) -> dict[Parts, int]:
        """Return the files that variables and settings name, and how much of each is read: no glob tells an archive of them."""
        rows = [(store.max_bytes, at) for store in stores for at in store.where if at.env]
        found: dict[Parts, int] = {}
        for moves in self._moves.values():
            for most, at in rows:
                for path in moves.files(at, at.glob.split("/")):
                    if not isinstance(path, Trouble):
                        found[path] = max(found.get(path, 0), most)
        return found

    def _rows(self, store: Store, at: At, home: roots.Home, contexts: list[roots.Context]) -> Iterator[Wanted]:
        """Yield what the walk looks for because of one row: as it stands, and in folders that its variable names."""
        glob = at.glob.split("/")
        if "**" not in glob:
            return
        for number, base in enumerate(c[at.root] for c in contexts if at.root in c):
            if not number or (glob[0] != "**" and _head(glob, home) in self._where.heads(base, folded=home.folded)):
                yield wanted(store.id, base, glob, skip=at.skip, folded=home.folded)
        for folder in self._moves[home.parts].folders(at) if at.env else ():
            for cut in range(1, glob.index("**") + 1):
                yield wanted(store.id, folder, glob[cut:], skip=at.skip, folded=home.folded)

    def candidates(self, store: Store) -> Iterator[Opened | Gap]:
        """Yield every file of a store, opened, each once; a `Gap` for what is there and cannot be read."""
        before = len(self.gaps)
        self.prepare([store])
        yield from self.gaps[before:]
        seen: set[Parts] = set()
        for home, contexts in self._places:
            rows = [_row(at, home) for at in store.where if _holds(at, home) or at.env]
            heads = frozenset(head for _, _, head in rows if head is not None)
            for number in self._heads.worth_asking(home, contexts, heads):
                context = contexts[number]
                for path in self._paths(rows, home, context, main=number == 0):
                    if isinstance(path, Trouble):
                        yield self._gap(store.id, path)
                    elif path not in seen:
                        seen.add(path)
                        item = self._open(store, path)
                        if item is not None:
                            yield item
                        if store.match is Match.FIRST and isinstance(item, Opened):
                            break
        walked = self._walked.get(store.id, ())
        named = {at.glob.rpartition("/")[2].lower() for at in store.where}
        for path in sorted(set(walked) - seen):
            if path and "*" in named and path[-1].lower() not in named and self._is_ordinary(path):
                continue  # only a bare `*` names it: a folder there hides no file of the store
            item = (
                self._open(store, path)
                if path
                else self._gap(store.id, Trouble((), f"more than {MAX_HITS} files; the rest was not read"))
            )
            if item is not None:
                yield item

    def read(self, root: str, path: str, max_bytes: int) -> bytes:
        """Read one location again, under the same protections. Raises `EvidenceError` when it is not there or not readable."""
        if root != self._root:
            raise EvidenceError(
                f"this evidence has no root {visible(root)!r}", hint="Give the evidence that the plan was made from."
            )
        blob = self._tree.read(as_parts(path), max_bytes)
        if blob is None:
            raise EvidenceError("the file is not there any more", hint="The credential stays listed; treat it as live.")
        return self._with_log("scan", as_parts(path), blob.data, max_bytes)

    def _paths(
        self, rows: list[_Row], home: roots.Home, context: roots.Context, *, main: bool
    ) -> Iterator[Parts | Trouble]:
        where, folded = self._where, home.folded
        heads = self._heads.within(home, context)
        for at, glob, head in rows:
            if main and at.env:
                yield from self._moves[home.parts].files(at, glob)
            if head is None or at.root not in heads or (head and head not in heads[at.root]):
                continue
            for path in expand(where, context[at.root], glob, folded=folded):
                if isinstance(path, Trouble) or glob[-1] != "*" or not self._is_ordinary(path):
                    yield path

    def _is_ordinary(self, path: Parts) -> bool:
        """Tell whether something that only a bare `*` names is a folder or a socket: no store's file, nothing hidden."""
        try:
            found = self._tree.find(path)
        except EvidenceError:
            return False
        return found is not None and stat.S_IFMT(found.st.st_mode) in {stat.S_IFDIR, stat.S_IFSOCK}

    def _open(self, store: Store, path: Parts) -> Opened | Gap | None:
        try:
            blob = self._tree.read(path, store.max_bytes)
        except EvidenceError as exc:
            blob = self._ends(store, path)
            if blob is None:
                return self._gap(store.id, Trouble(path, exc.message))
        if blob is None:
            return None
        ssh = store.text is None and any(kind.startswith("ssh.") for kind in store.yields)
        location = Location(root=self._root, path=as_text(path), modified=blob.modified)
        beside = self._siblings(path) if ssh else {}
        snapshot = next((s for base, s in self._snapshots.items() if path[: len(base)] == base), "")
        try:
            data = self._with_log(store.id, path, blob.data, store.max_bytes)
            if data.startswith(_HIVE):
                data = registry.assignments(data).encode("utf-8", "surrogateescape")
        except EvidenceError as exc:
            return self._gap(store.id, Trouble(path, exc.message))
        return Opened(store=store, blob=data, location=location, siblings=beside, snapshot=snapshot)

    def _ends(self, store: Store, path: Parts) -> Blob | None:
        """Read a free text that is too large from both ends, and say so."""
        try:
            blob = self._tree.ends(path, store.max_bytes) if store.text else None
        except EvidenceError:
            return None
        if blob is not None:
            reason = f"is larger than {store.max_bytes} bytes; its middle was not searched"
            self.gaps.append(self._gap(store.id, Trouble(path, reason)))
        return blob

    def _with_log(self, source: str, path: Parts, data: bytes, most: int) -> bytes:
        data, troubles = sqlite_log.with_log(self._tree, path, data, most)
        self.gaps += [self._gap(source, t) for t in troubles]
        return data

    def _siblings(self, path: Parts) -> dict[str, bytes]:
        beside = {suffix: self._peek((*path[:-1], path[-1] + suffix)) for suffix in _SIBLINGS}
        return {suffix: blob.data for suffix, blob in beside.items() if blob}

    def _peek(self, path: Parts) -> Blob | None:
        try:
            return self._tree.read(path, _SIBLING_BYTES)
        except EvidenceError:
            return None

    def _gap(self, source: str, trouble: Trouble) -> Gap:
        return Gap(source=source, reason=trouble.reason, path=as_text(trouble.parts), root=self._root)

    def _find_sandboxes(self, home: roots.Home) -> list[tuple[Parts, dict[Root, str]]]:
        found: list[tuple[Parts, dict[Root, str]]] = []
        for pattern, table in roots.sandbox_globs():
            paths = expand(self._where, home.parts, pattern.split("/"), folded=home.folded)
            found += [(path, table) for path in paths if not isinstance(path, Trouble) and self._tree.is_dir(path)]
        for pattern in roots.nested_image_globs():
            for path in expand(self._where, home.parts, pattern.split("/"), folded=home.folded):
                where = path.parts if isinstance(path, Trouble) else path
                self.gaps.append(
                    self._gap("scan", Trouble(where, "is the disk of a virtual machine and was not opened"))
                )
        return found


def _untold(_seen: int) -> None:
    """Tell nobody."""


def _row(at: At, home: roots.Home) -> _Row:
    """Return a row, its glob and the name it begins with: "" for a pattern, None where only the walk or a variable answers."""
    glob = at.glob.split("/")
    return at, glob, None if "**" in glob or not _holds(at, home) else _head(glob, home)


def _head(glob: list[str], home: roots.Home) -> str:
    return "" if is_magic(glob[0]) else fold(glob[0]) if home.folded else glob[0]


def _holds(at: At, home: roots.Home) -> bool:
    return not at.os or not home.os or home.os in {_OS_WORDS.get(word, word) for word in at.os}
