"""Everything rescind knows, collected from `STORE`, `KIND` and `PROVIDER` rows, checked once, answered by id.

Adding a row is adding a file: nothing here is edited. A row that breaks a rule of the design stops the program at once.
"""

from __future__ import annotations

import hashlib
import importlib
import pkgutil
from collections.abc import Iterable, Mapping
from functools import cache
from types import ModuleType

from rescind import index
from rescind.errors import RescindError
from rescind.models.kind import Kind, Rest, Verb, When
from rescind.models.provider import Provider
from rescind.models.rotation import TargetRow
from rescind.models.store import Store


def _modules(package: str) -> Iterable[ModuleType]:
    parent = importlib.import_module(package)
    for info in sorted(pkgutil.iter_modules(parent.__path__), key=lambda m: m.name):
        if not info.name.startswith("_") or info.ispkg:
            yield importlib.import_module(f"{package}.{info.name}")


@cache
def stores() -> Mapping[str, Store]:
    """Return every store row by id; the parsers are loaded when they are called, where `rescind.index` is current."""
    return index.read() or {row.id: row for _, row in loaded_stores()}


def loaded_stores() -> list[tuple[str, Store]]:
    """Return the name of every module of `rescind.stores` that has a row, and the row, loaded."""
    found: dict[str, tuple[str, Store]] = {}
    for module in _modules("rescind.stores"):
        row = getattr(module, "STORE", None)
        if isinstance(row, Store):
            if row.id in found:
                raise RescindError(f"two stores call themselves {row.id!r}")
            found[row.id] = module.__name__, row
    return list(found.values())


@cache
def providers() -> Mapping[str, Provider]:
    """Return every provider row by id."""
    return {m.PROVIDER.id: m.PROVIDER for m in _modules("rescind.providers") if hasattr(m, "PROVIDER")}


@cache
def kinds() -> Mapping[str, Kind]:
    """Return every kind row by id, after `check` accepted it."""
    found: dict[str, Kind] = {}
    for package in _modules("rescind.providers"):
        for module in _modules(package.__name__):
            row = getattr(module, "KIND", None)
            if isinstance(row, Kind):
                if row.id in found:
                    raise RescindError(f"two kinds call themselves {row.id!r}")
                check(row)
                found[row.id] = row
    return found


@cache
def targets() -> Mapping[str, TargetRow]:
    """Return every sort of place that a rotated credential can be delivered to, by id."""
    return {m.TARGET.id: m.TARGET for m in _modules("rescind.deliver") if hasattr(m, "TARGET")}


def _has_404(rest: Rest) -> bool:
    return any((c.status if isinstance(c, When) else c) in {404, 410} for c in rest.dead)


def check(row: Kind) -> None:
    """Refuse a kind row that could make rescind lie: death by absence without a control read, a path with a host, no reference."""
    problems: list[str] = []
    looks = [row.verify, *(a.verify for a in row.actions.values())]
    asks = [getattr(f, "rest", None) for f in (row.identify, row.enumerate)]  # rows among them are data too
    rests = [r for r in (*looks, row.control, *(a.call for a in row.actions.values()), *asks) if isinstance(r, Rest)]
    if any(not r.path.startswith("/") or r.path.startswith("//") for r in rests):
        problems.append("a path must start with one slash and hold no host")
    if any(isinstance(v, Rest) and _has_404(v) for v in looks) and row.control is None:
        problems.append("dead by 404 needs a control read")
    if not row.reference.startswith("https://"):
        problems.append("reference must be a link")
    if any(
        "{secret}" in f"{r.path}{r.query}" or ("{secret}" in f"{r.body}{r.form}" and not row.needs_secret)
        for r in rests
    ):
        problems.append("a value may stand in a body or form only, in a kind that needs_secret")
    if any(not a.permissions for a in row.actions.values()):
        problems.append("every action names its permissions")
    if Verb.ROTATE in row.actions:
        problems.append("a rotation is declared under `rotation`, not as an action")
    if row.rotation and (row.rotation.discard not in row.actions or not row.enumerate or not row.identify):
        problems.append("a rotation needs a listing, an owner, and a verb that ends what was never delivered")
    if row.residual.seconds and not row.residual.source:
        problems.append("a residual bound names its source")
    if problems:
        raise RescindError(f"kind {row.id!r} is refused by the catalogue: {'; '.join(problems)}")


@cache
def version() -> str:
    """Return a digest over every row's declared facts: a plan made with another catalogue must be made again."""
    h = hashlib.sha256()
    for store in stores().values():
        h.update(repr((store.id, store.where, store.yields, store.match, store.max_bytes)).encode())
    for kind in kinds().values():
        acts = [
            (v, a.reversible, a.idempotent, a.permissions, a.ends, a.supports) for v, a in sorted(kind.actions.items())
        ]
        turned = (kind.rotation.limit, kind.rotation.birth, kind.rotation.discard) if kind.rotation else ()
        h.update(repr((kind.id, kind.provider, acts, kind.residual, kind.death, kind.needs_secret, turned)).encode())
    return "catalogue-" + h.hexdigest()[:16]
