"""Which members of an archive a scan will ask for, told by their last components: those are kept while the archive goes by."""

from __future__ import annotations

from collections.abc import Iterable

from rescind.host import env
from rescind.host.globs import Index, Wanted, matcher
from rescind.host.listing import fold, is_magic
from rescind.host.names import Parts
from rescind.models.store import Root, Store

_BESIDE = ("-wal", "-journal", ".pub", "-cert.pub")
_START_UP_BYTES = 256 * 1024
_ALWAYS = (
    *((f"**/{path}", _START_UP_BYTES) for path in (*env.FILES, *env.SYSTEM_FILES, *env.AGENT_FILES)),
    *(("**/etc/passwd", 1 << 20), ("**/etc/hostname", 4096), ("**/SystemConfiguration/preferences.plist", 1 << 20)),
    *((f"**/{path}", env.HIVE_BYTES) for path in env.HIVES),
)


class Interest:
    """The globs of rows, each turned round, and found by the first of its components that is no pattern. Names are folded.

    Of `a/**/*.json` the last component before the `**` has to stand anywhere above.
    """

    def __init__(self, stores: Iterable[Store]) -> None:
        temps = ("tmp/", "temp/")
        rows = [
            (p + a.glob, s.max_bytes)
            for s in stores
            for a in s.where
            for p in (temps if a.root is Root.TEMP else ("",))
        ]
        most: dict[tuple[Parts, str], int] = {}
        for glob, limit in (*rows, *_ALWAYS):
            comps = [fold(c) for c in glob.split("/")]
            cut = len(comps) - comps[::-1].index("**") if "**" in comps else 0
            above = next((c for c in reversed(comps[:cut]) if not is_magic(c)), "")
            key = tuple(reversed(comps[cut:])) or ("*",), above
            most[key] = max(most.get(key, 0), limit)
        self._by_name: dict[int, dict[str, list[tuple[Parts, int]]]] = {}
        self._under: dict[str, list[tuple[Parts, int]]] = {}
        loose = []
        for (shape, above), limit in most.items():
            plain = next((n for n, c in enumerate(shape) if not is_magic(c)), None)
            if plain is not None:
                self._by_name.setdefault(plain, {}).setdefault(shape[plain], []).append((shape, limit))
            elif above:
                self._under.setdefault(above, []).append((shape, limit))
            else:
                loose.append(Wanted(store=str(limit), start=(), tail=shape))
        self._loose = Index(loose)

    def most(self, parts: Parts) -> int:
        """Return how many bytes of a member may be asked for, 0 for one that no row names."""
        if not parts:
            return 0
        name = parts[-1]  # each its own: kept among the folded names of folders, it would only cost memory
        name = name.lower() if name.isascii() and "%" not in name else fold(name)
        folded = (*map(fold, parts[:-1]), name)
        lasts = (name, *(name.removesuffix(end) for end in _BESIDE if name.endswith(end)))
        return max(self._named(last, folded) for last in lasts)

    def _named(self, last: str, parts: Parts) -> int:
        rows = [row for name in parts[:-1] for row in self._under.get(name, ())]
        for number, names in self._by_name.items():
            if number < len(parts):
                rows += names.get(parts[-1 - number] if number else last, ())
        rows += [(row.tail, int(row.store)) for row in self._loose.rows(last)]
        return max((limit for shape, limit in rows if _fits(shape, last, parts)), default=0)


def _fits(shape: Parts, last: str, parts: Parts) -> bool:
    above = parts[-2 : -1 - len(shape) : -1] if len(shape) > 1 else ()
    return (
        _is(shape[0], last)
        and len(above) == len(shape) - 1
        and all(_is(pattern, name) for pattern, name in zip(shape[1:], above, strict=True))
    )


def _is(pattern: str, name: str) -> bool:
    return matcher(pattern)(name) is not None if is_magic(pattern) else pattern == name
