"""Notebooks: keys in cells, and what cells printed, which is kept beside them; checkpoints keep what was deleted since."""

from __future__ import annotations

from rescind.models.store import At, Erase, MiB, Root, Store
from rescind.stores._free import KINDS, searched
from rescind.stores._lines import unescaped

STORE = Store(
    id="notebooks",
    title="Jupyter notebooks",
    where=(At(root=Root.HOME, glob="**/*.ipynb", skip=("site-packages", "node_modules")),),
    yields=KINDS,
    max_bytes=16 * MiB,
    erase=Erase.NONE,
    parse=searched(unescaped),
    text=unescaped,
    since="0.1",
    reference="https://nbformat.readthedocs.io/en/latest/format_description.html#code-cell-outputs",
)
