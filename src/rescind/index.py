"""Store rows without their modules: most of a scan's start would be spent on loading parsers whose files are not there.

`stores/rows.json` is written by `python3 tasks.py docs` and holds what the rows declare, with a digest of every source they come from.
It is used only while that digest is still true; otherwise the modules are loaded, so a row that was just edited or added counts.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from rescind import stores
from rescind.models import store as shape
from rescind.models.store import At, Erase, Match, Root, Store

NAME = "rows.json"
_FIELDS = ("id", "title", "yields", "reference", "since", "match", "max_bytes", "erase", "aliases", "live")


@dataclass(frozen=True, slots=True)
class Late:
    """A row's `parse` or `text`, loaded with its module when it is first called."""

    module: str
    name: str

    def __call__(self, *given: Any) -> Any:
        """Call what the row declares."""
        return getattr(importlib.import_module(self.module).STORE, self.name)(*given)


def digest() -> str:
    """Return a digest of every source that rows are made of, those of packages that extend `rescind.stores` too."""
    found = hashlib.sha256()
    sources = [os.path.join(folder, n) for folder in stores.__path__ for n in os.listdir(folder) if n.endswith(".py")]  # noqa: PTH118, PTH208
    for path in [*sorted(sources, key=os.path.basename), str(shape.__file__)]:
        with open(path, "rb") as file:  # noqa: PTH123  300 files: a `Path` for each costs as much as reading it
            found.update(hashlib.sha256(file.read()).digest() + os.path.basename(path).encode())  # noqa: PTH119
    return found.hexdigest()


def text(rows: Iterable[tuple[str, Store]]) -> str:
    """Return the index of rows, each beside the name of its module, as the JSON that `read` understands."""
    made = [{**_declared(row), "module": module} for module, row in rows]
    lines = ",\n".join(json.dumps(row, sort_keys=True, ensure_ascii=False, separators=(",", ":")) for row in made)
    return f'{{"digest":"{digest()}","rows":[\n{lines}\n]}}\n'


def read() -> Mapping[str, Store] | None:
    """Return every row by id, its parser not loaded yet. None where the index is absent or older than a source."""
    try:
        with open(os.path.join(stores.__path__[0], NAME), encoding="utf-8") as file:  # noqa: PTH118, PTH123
            data = json.load(file)
        return {row["id"]: _row(row) for row in data["rows"]} if data["digest"] == digest() else None
    except (OSError, ValueError, LookupError, TypeError):
        return None


def _declared(row: Store) -> dict[str, Any]:
    where = [[at.root, at.glob, at.os, at.env, at.skip] for at in row.where]
    return {**{name: getattr(row, name) for name in _FIELDS}, "where": where, "text": row.text is not None}


def _row(data: Mapping[str, Any]) -> Store:
    module = data["module"]
    return Store(
        id=data["id"],
        title=data["title"],
        yields=tuple(data["yields"]),
        reference=data["reference"],
        since=data["since"],
        where=tuple(
            At(root=Root(root), glob=glob, os=tuple(systems), env=env, skip=tuple(skip))
            for root, glob, systems, env, skip in data["where"]
        ),
        parse=Late(module, "parse"),
        match=Match(data["match"]),
        max_bytes=data["max_bytes"],
        erase=Erase(data["erase"]),
        aliases=tuple(data["aliases"]),
        text=Late(module, "text") if data["text"] else None,
        live=data["live"],
    )
