"""Bruno's requests: logins written into `.bru` files, and secret variables, which it keeps encrypted outside of the project."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.models.store import At, MiB, Root, Store
from rescind.stores._json import load, member, text
from rescind.stores._locked import locked
from rescind.stores._nested import is_secret, secrets
from rescind.stores._text import decode, lines

_HEAD = re.compile(r"([a-z][a-z0-9:_-]{1,60})\s*\{\s*$")
_LINE = re.compile(r"\s{1,20}~?([\w.\- ]{1,100}?)\s*:\s*(\S.{0,4000})")
_BLOCKS = ("auth", "headers", "vars", "params")


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield a finding per secret. Raises `Unparsable` for what is no file of Bruno's."""
    if at.path.endswith(".json"):
        yield from _kept(blob, at)
        return
    block, url = "", ""
    for number, line in enumerate(lines(decode(blob)), 1):
        if head := _HEAD.match(line[:200]):
            block = head[1]
        elif line.startswith("}"):
            block = ""
        elif block and (found := _LINE.match(line[:5000])):
            url = found[2] if found[1] == "url" else url
            if block.split(":")[0] in _BLOCKS and is_secret(found[1]):
                own = {"block": block, "url": url.partition("?")[0]}
                yield from secrets({found[1]: found[2].strip()}, replace(at, line=number), f"{block}", own)


def _kept(blob: bytes, at: Location) -> Iterator[Finding]:
    collections = member(load(blob), "collections")
    if not isinstance(collections, list):
        raise Unparsable("the file has no collections")
    for n, collection in enumerate(collections):
        environments = member(collection, "environments")
        for environment in environments if isinstance(environments, list) else ():
            names = member(environment, "secrets")
            for secret in names if isinstance(names, list) else ():
                own = {"name": text(secret, "name"), "environment": text(environment, "name")}
                own["collection"] = text(collection, "path")
                if text(secret, "value"):
                    rest = "app" if text(secret, "value").startswith("$01:") else "system"
                    yield locked(
                        "file.secret", at, rest, f"/collections/{n}/{own['environment']}/{own['name']}", more=own
                    )


_KEPT = "bruno/secrets.json"
STORE = Store(
    id="bruno",
    title="Bruno requests",
    where=(
        At(root=Root.HOME, glob="**/*.bru"),
        At(root=Root.XDG_CONFIG, glob=_KEPT),
        At(root=Root.MAC_SUPPORT, glob=_KEPT, os=("macos",)),
        At(root=Root.APPDATA, glob=_KEPT, os=("windows",)),
    ),
    yields=("file.secret", "github.token"),
    max_bytes=2 * MiB,
    parse=parse,
    since="0.1",
    reference="https://docs.usebruno.com/secrets-management/secret-variables",
)
