"""Histories of language shells and pagers: what was assigned, pasted and searched for there."""

from __future__ import annotations

from rescind.models.store import At, Erase, MiB, Root, Store
from rescind.stores._free import KINDS, searched
from rescind.stores._lines import plain

_NAMES = (
    ".python_history", ".python_history-*", ".node_repl_history", ".ts_node_repl_history", ".irb_history",
    ".irb-history", ".pry_history", ".Rhistory", ".octave_hist", ".scala_history*", ".ghci_history", ".lesshst",
    ".wget-hsts", ".php_history", ".erlang_history", ".lua_history", ".bc_history", ".gdb_history",
    ".jshell_history", ".groovy/groovysh.history", ".matlab/*/History.xml", ".deno_history.txt",
)  # fmt: skip

STORE = Store(
    id="repl-history",
    title="Histories of Python, Node, Ruby, R and other language shells",
    where=(
        *(At(root=Root.HOME, glob=name) for name in _NAMES),
        *(At(root=Root.XDG_STATE, glob=g) for g in ("python_history", "node_repl_history")),
        *(At(root=Root.XDG_DATA, glob=g) for g in ("irb/irb_history", "pry/pry_history", "bpython/history")),
        *(
            At(root=Root.HOME, glob=g)
            for g in (
                ".julia/logs/repl_history.jl",
                ".bpython_history",
                ".config/ptpython/history",
                ".ptpython/history",
            )
        ),
    ),
    yields=KINDS,
    max_bytes=36 * MiB,
    erase=Erase.NONE,
    parse=searched(plain),
    text=plain,
    since="0.1",
    reference="https://docs.python.org/3/library/readline.html#example",
)
