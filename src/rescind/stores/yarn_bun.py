"""Yarn and Bun: tokens and passwords by registry, in their own YAML, TOML and old `.yarnrc` lines.

`${NPM_TOKEN}` only names a variable and yields nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.models.store import At, KiB, Root, Store
from rescind.stores import _npm, _urls, _yaml
from rescind.stores._json import member, text
from rescind.stores._text import decode, lines
from rescind.stores._toml import read

_OLD = re.compile(r'[ \t]*+"?(?://([^\s"]{1,300}?)/?:)?(_authToken|_auth|_password)"?[ \t]++"?([^"\s]{1,4096})')
_NPM = "registry.npmjs.org"


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield one finding per token and password. Raises `Unparsable` for broken YAML, after the rest for broken TOML."""
    if at.path.endswith(".toml"):
        document, trouble = read(blob)
        install = member(document, "install")
        yield from _bun(member(install, "registry"), replace(at, pointer="install.registry"), "")
        for name, entry in _items(install, "scopes"):
            yield from _bun(entry, replace(at, pointer=f"install.scopes.{name}"), name)
        if trouble:
            raise Unparsable(trouble)
    elif at.path.endswith((".yml", ".yaml")):
        for part in _yaml.load(blob):
            url = text(part, "npmRegistryServer")
            yield from _yarn(part, at, {"registry": _urls.host_in(url) or _NPM})
            for section in ("npmRegistries", "npmScopes"):
                for name, entry in _items(part, section):
                    url = name if section == "npmRegistries" else text(entry, "npmRegistryServer")
                    host = _urls.host_in(url if "://" in url else f"https:{url}") or _NPM
                    own = {"registry": host, "scope": name if section == "npmScopes" else ""}
                    yield from _yarn(entry, replace(at, pointer=f"{section}/{name}"), own)
    else:
        for number, line in enumerate(lines(decode(blob)), 1):
            if found := _OLD.match(line):
                own = {"registry": found[1] or _NPM, "user": ""}
                yield from _npm.finding(found[2], found[3], replace(at, line=number, pointer=found[2]), own)


def _yarn(entry: object, at: Location, more: Mapping[str, str]) -> Iterator[Finding]:
    for name, key in (("npmAuthToken", "_authToken"), ("npmAuthIdent", "_auth")):
        value = text(entry, name)
        if ":" in value and key == "_auth":
            user, _, secret = value.partition(":")
            yield from _npm.finding("_password", secret, replace(at, pointer=name), {**more, "user": user})
        elif value:
            yield from _npm.finding(key, value, replace(at, pointer=name), {"user": "", **more})


def _bun(entry: object, at: Location, scope: str) -> Iterator[Finding]:
    url = text(entry, "url") if isinstance(entry, dict) else entry if isinstance(entry, str) else ""
    own = {"registry": _urls.host_in(url) or _NPM, "scope": scope, "user": text(entry, "username")}
    yield from _urls.one(url, at, "npm.password", own)
    yield from _npm.finding("_authToken", text(entry, "token"), replace(at, pointer=f"{at.pointer}.token"), own)
    yield from _npm.finding("_password", text(entry, "password"), replace(at, pointer=f"{at.pointer}.password"), own)


def _items(document: object, name: str) -> list[tuple[str, object]]:
    found = member(document, name)
    return list(found.items()) if isinstance(found, dict) else []


_SKIP = (".git", "node_modules", ".cache", ".npm", ".yarn", "vendor", "snap")
_NAMES = (".yarnrc.yml", ".yarnrc", "bunfig.toml", ".bunfig.toml")
STORE = Store(
    id="yarn-bun",
    title="Yarn and Bun registry logins",
    where=(
        *(At(root=Root.HOME, glob=f"**/{name}", skip=_SKIP) for name in _NAMES),
        At(root=Root.XDG_CONFIG, glob=".bunfig.toml"),
    ),
    yields=("npm.token", "npm.password", *_urls.KINDS),
    max_bytes=256 * KiB,
    parse=parse,
    since="0.1",
    reference="https://yarnpkg.com/configuration/yarnrc#npmAuthToken",
)
