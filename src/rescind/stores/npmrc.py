"""npm and pnpm: tokens and passwords by registry, also for private registries that speak npm's protocol.

`${NPM_TOKEN}` only names a variable and yields nothing. Lines in comments are on the disk all the same. A GitHub token (for
`npm.pkg.github.com`) is a `github.token`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from rescind.models.evidence import Finding, Location
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._npm import finding
from rescind.stores._text import decode, lines

_ENTRY = re.compile(r"[ \t]*+([#;]?)[ \t]*+(?://([^\s=]{1,300}?)/?:)?(_authToken|_auth|_password)[ \t]*+=(.*)")
_USER = re.compile(r"[ \t]*+//([^\s=]{1,300}?)/?:username[ \t]*+=[ \t]*+[\"']?([^\s\"']{1,200})")
_SCOPE = re.compile(r"[ \t]*+(@[^\s=:]{1,200}):registry[ \t]*+=[ \t]*+[\"']?(?:https?:)?//([^\s\"']{1,300})")


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield one finding per `_authToken`, `_auth` and `_password`; the scopes come from the `@scope:registry` lines."""
    text = lines(decode(blob))
    users = {found[1].lower(): found[2] for found in map(_USER.match, text) if found}
    scopes: dict[str, list[str]] = {}
    for found in map(_SCOPE.match, text):
        if found:
            scopes.setdefault(found[2].rstrip("/").lower(), []).append(found[1])
    for number, found in enumerate(map(_ENTRY.match, text), 1):
        if found:
            registry = (found[2] or "").lower()
            facts = {"registry": registry, "scope": " ".join(scopes.get(registry, [])[:20])}
            facts |= {"user": users.get(registry, ""), "commented": "yes" if found[1] else ""}
            place = replace(at, line=number, pointer=found[3])
            yield from finding(found[3], found[4].strip().strip("\"'"), place, facts)


_SKIP = (".git", "node_modules", ".cache", ".npm", ".pnpm-store", "vendor", "snap")
STORE = Store(
    id="npmrc",
    title="npm and pnpm registry logins",
    where=(
        At(root=Root.HOME, glob=".npmrc", env="NPM_CONFIG_USERCONFIG"),
        At(root=Root.HOME, glob="**/.npmrc", skip=_SKIP),
        *(At(root=Root.XDG_CONFIG, glob=f"pnpm/{name}") for name in ("rc", "auth.ini")),
        At(root=Root.HOME, glob="Library/Preferences/pnpm/rc", os=("macos",)),
        At(root=Root.HOME, glob="Library/Preferences/pnpm/auth.ini", os=("macos",)),
        At(root=Root.LOCALAPPDATA, glob="pnpm/config/auth.ini", os=("windows",)),
        At(root=Root.APPDATA, glob="npm/etc/npmrc", os=("windows",), env="NPM_CONFIG_GLOBALCONFIG"),
        *(
            At(root=Root.SYSTEM, glob=g)
            for g in ("etc/npmrc", "usr/etc/npmrc", "usr/local/etc/npmrc", "opt/homebrew/etc/npmrc")
        ),
        At(root=Root.LOCALAPPDATA, glob="pnpm/config/rc", os=("windows",)),
    ),
    yields=("npm.token", "npm.password", "github.token"),
    max_bytes=256 * KiB,
    parse=parse,
    since="0.1",
    reference="https://docs.npmjs.com/cli/v11/configuring-npm/npmrc",
)
