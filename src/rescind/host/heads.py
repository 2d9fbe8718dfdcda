"""Which names stand in the folders of a home's roots and sandboxes: most rows begin with a name that is in none of them."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence

from rescind.host.listing import Listings
from rescind.host.roots import Context, Home
from rescind.models.store import Root

_UNLISTED = "/"  # stands for every name, where a folder could not be listed


class Heads:
    """The names in each root's folder, looked up once per context; and, the other way round, the sandboxes that hold a name."""

    def __init__(self, where: Listings) -> None:
        self._where = where
        self._names: dict[int, dict[Root, Container[str]]] = {}
        self._by_name: dict[int, dict[str, list[int]]] = {}

    def within(self, home: Home, context: Context) -> dict[Root, Container[str]]:
        """Return the names in each root's folder of one context."""
        names = self._names.get(id(context))
        if names is None:
            found = {root: self._where.heads(base, folded=home.folded) for root, base in context.items()}
            names = self._names[id(context)] = found
        return names

    def worth_asking(self, home: Home, contexts: Sequence[Context], wanted: frozenset[str]) -> Iterable[int]:
        """Return which contexts can hold what rows begin with: the usual one, and sandboxes that hold one of these names.

        "" among the `wanted` is a pattern, which may be anywhere.
        """
        if "" in wanted:
            return range(len(contexts))
        by_name = self._by_name.get(id(contexts))
        if by_name is None:
            by_name = self._by_name[id(contexts)] = {}
            for number, context in enumerate(contexts[1:], 1):
                for names in self.within(home, context).values():
                    for name in names if isinstance(names, frozenset) else (_UNLISTED,):
                        by_name.setdefault(name, []).append(number)
        return sorted({0, *by_name.get(_UNLISTED, ()), *(n for name in wanted for n in by_name.get(name, ()))})
