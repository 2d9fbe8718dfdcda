"""Which members of an archive a scan will ask for, told by their last components: those are kept while the archive goes by."""

from __future__ import annotations

from collections.abc import Iterable

from rescind.host import env
from rescind.host.globs import Index, Wanted, matcher
from rescind.host.listing import fold, is_magic
from rescind.host.names import Parts
from rescind.models.store import Store

_BESIDE = ("-wal", "-journal", ".pub", "-cert.pub")
_START_UP_BYTES = 256 * 1024
_ALWAYS = (
    *((f"**/{path}", _START_UP_BYTES) for path in (*env.FILES, *env.SYSTEM_FILES, *env.AGENT_FILES)),
    *(("**/etc/passwd", 1 << 20), ("**/etc/hostname", 4096), ("**/SystemConfiguration/preferences.plist", 1 << 20)),
    *((f"**/{path}", env.HIVE_BYTES) for path in env.HIVES),
)


class Interest:
    """The globs of rows, each turned round, so that a member's last component is looked up first. Names are compared folded."""

    def __init__(self, stores: Iterable[Store]) -> None:
        rows = [(at.glob, store.max_bytes) for store in stores for at in store.where]
        self._most: dict[str, int] = {}
        wanted = []
        for number, (glob, most) in enumerate((*rows, *_ALWAYS)):
            comps = [fold(c) for c in glob.split("/")]
            tail = comps[len(comps) - comps[::-1].index("**") :] if "**" in comps else comps
            wanted.append(Wanted(store=str(number), start=(), tail=tuple(reversed(tail)) or ("*",)))
            self._most[str(number)] = most
        self._index = Index(wanted)

    def most(self, parts: Parts) -> int:
        """Return how many bytes of a member may be asked for, 0 for one that no row names."""
        if not parts:
            return 0
        last = fold(parts[-1])
        names = (last, *(last.removesuffix(end) for end in _BESIDE if last.endswith(end)))
        return max((self._named(name, parts) for name in names if self._index.may(name)), default=0)

    def _named(self, name: str, parts: Parts) -> int:
        found = 0
        for row in self._index.rows(name):
            rest = row.tail[1:]
            above = parts[-2 : -2 - len(rest) : -1]
            if len(above) == len(rest) and all(_is(p, fold(a)) for p, a in zip(rest, above, strict=True)):
                found = max(found, self._most[row.store])
        return found


def _is(pattern: str, name: str) -> bool:
    return matcher(pattern)(name) is not None if is_magic(pattern) else pattern == name
