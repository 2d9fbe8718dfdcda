"""Passwords and tokens in the URLs that Git keeps: its credential store, and addresses of remotes with a login written into them.

What a password opens depends on its host, so both are needed. `git credential reject` only deletes the line: the token lives on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from rescind.models.evidence import Finding, Location, State
from rescind.models.store import At, KiB, Root, Store
from rescind.stores import _github
from rescind.stores._names import userinfo
from rescind.stores._password import is_stand_in
from rescind.stores._sighting import sighting
from rescind.stores._text import decode, lines

_LINK = re.compile(r"(?<![A-Za-z0-9+.\-])[A-Za-z][A-Za-z0-9+.\-]{1,30}://[^\s\"'<>\]]{3,4000}+")
_ALONE = re.compile(r"(https?://)([^\s/?#@:]{20,300})@([^\s/?#@]{1,255}.*)", re.DOTALL)  # a token in place of the user


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield one finding per URL with a password, or with a token in place of the user; none for a mere user name."""
    for number, line in enumerate(lines(decode(blob)), 1):
        for link in _LINK.findall(line):
            alone = _ALONE.fullmatch(link)
            whole = f"{alone[1]}{alone[2]}:{alone[2]}@{alone[3]}" if alone and _github.form_of(alone[2]) else link
            if (url := userinfo(whole)) and url.password:
                yield _finding(url.user, url.password, url.host.lower(), replace(at, line=number))


def _finding(user: str, password: str, host: str, at: Location) -> Finding:
    token = next((t for t in (password, user) if _github.form_of(t, host)), "")
    if token:
        return _github.finding(token, at, host=host, login="" if user in {token, "x-access-token"} else user)
    dud = is_stand_in(password)
    state = State.PLACEHOLDER if dud else State.LIVE_UNVERIFIED
    facts, held = {"host": host, "user": user}, "" if dud else password
    return sighting("git.password", at, issuer=host, subject=user, secret=held, attributes=facts, state=state)


STORE = Store(
    id="git-credentials",
    title="Git credential store and URLs with a login",
    where=(
        *(At(root=Root.HOME, glob=name) for name in (".git-credentials", ".gitconfig")),
        *(At(root=Root.XDG_CONFIG, glob=f"git/{name}") for name in ("credentials", "config")),
        *(At(root=Root.HOME, glob=f"**/.git/{name}") for name in ("config", "FETCH_HEAD")),
    ),
    yields=("github.token", "git.password"),
    max_bytes=256 * KiB,
    parse=parse,
    since="0.1",
    reference="https://git-scm.com/docs/git-credential-store#_storage_format",
)
