"""HAR files: a browser's record of requests, with every cookie and every `Authorization` header, made to be sent to somebody."""

from __future__ import annotations

from rescind.models.store import At, Erase, MiB, Root, Store
from rescind.stores._free import KINDS, searched
from rescind.stores._lines import unescaped

STORE = Store(
    id="har-files",
    title="HAR files (recorded web requests)",
    where=(At(root=Root.HOME, glob="**/*.har", skip=("node_modules",)),),
    yields=KINDS,
    max_bytes=32 * MiB,
    erase=Erase.NONE,
    parse=searched(unescaped),
    text=unescaped,
    since="0.1",
    reference="https://w3c.github.io/web-performance/specs/HAR/Overview.html#sec-object-types-request",
)
