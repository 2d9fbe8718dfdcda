"""Passwords and tokens in the URLs that Git keeps: its credential store, and addresses of remotes with a login written into them.

What a password opens depends on its host, so both are needed. `git credential reject` only deletes the line: the token lives on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from rescind.models.evidence import Finding, Location, State
from rescind.models.store import At, MiB, Root, Store
from rescind.stores import _forms, _github
from rescind.stores._names import userinfo
from rescind.stores._password import is_stand_in
from rescind.stores._registry import unpack
from rescind.stores._sighting import sighting
from rescind.stores._text import decode, lines
from rescind.stores._urls import host_in

_LINK = re.compile(r"(?<![A-Za-z0-9+.\-])[A-Za-z][A-Za-z0-9+.\-]{1,30}://[^\s\"'<>\]]{3,4000}+")
_ALONE = re.compile(r"(https?://)([^\s/?#@:]{20,300})@([^\s/?#@]{1,255}.*)", re.DOTALL)  # a token in place of the user

_SECTION = re.compile(r"[ \t]*+\[([\w.\-]{1,60})(?:[ \t]*\"([^\"]{0,500})\")?[ \t]*\]")
_HEADER = re.compile(
    r"(?i)[ \t]*+extraheader[ \t]*+=[ \t]*+\"?authorization:[ \t]*(basic|bearer|token)[ \t]+([^\s\"]{8,8192})"
)
_MAIL = tuple(
    re.compile(rf"(?im)^[ \t]{{0,20}}smtp{name}[ \t]{{0,9}}=[ \t]{{0,9}}(\S{{1,255}})") for name in ("User", "Server")
)
_PASSWORD = re.compile(
    r"(?i)[ \t]*+(smtpPass|password|(?:oauth[\-_]?|access[\-_]?|private[\-_]?|api[\-_]?)?token)[ \t]*+=[ \t]*+([^\s!]\S{0,499})"
)
_USER = re.compile(r"(?i)[ \t]*+user(?:name)?[ \t]*+=[ \t]*+(\S{1,200})")
_HOSTS = {
    "github": "github.com",
    "hub": "github.com",
    "gist": "github.com",
    "gitlab": "gitlab.com",
    "bitbucket": "bitbucket.org",
}
"""Sections that helpers of these hosts keep a token in: `git config github.token` and its like."""


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield one finding per URL with a password or a token in it, per header that logs in, and per password of its own."""
    host, user, plain = "", "", decode(blob)
    mail = tuple((m[1].strip("\"'") if (m := rule.search(plain)) else "") for rule in _MAIL)
    for number, line in ((n, row) for n, row in enumerate(lines(plain), 1) if row):
        place = replace(at, line=number)
        if section := _SECTION.match(line):
            usual, inner = _HOSTS.get(section[1].lower(), ""), section[2] or ""
            host, user = host_in(inner) or (inner if usual and "." in inner else usual), ""
        elif named := _USER.match(line):
            user = named[1].strip("\"'")
        for link in _LINK.findall(line) if "://" in line else ():
            alone = _ALONE.fullmatch(link)
            token = alone and (_github.form_of(alone[2]) or _forms.identify(alone[2]))
            whole = f"{alone[1]}{alone[2]}:{alone[2]}@{alone[3]}" if alone and token else link
            if (url := userinfo(whole)) and url.password:
                yield _finding(url.user, url.password, url.host.lower(), place)
        if (header := _HEADER.match(line)) and (held := _login(header[1].lower(), header[2])):
            yield _finding(held[0], held[1], host, replace(place, pointer="extraheader"))
        elif found := _PASSWORD.match(line):
            who, server = mail if found[1].lower() == "smtppass" else (user, host)
            yield _finding(who, found[2].strip("\"'"), server, replace(place, pointer=found[1]))


def _login(scheme: str, value: str) -> tuple[str, str] | None:
    """Return user and secret of an `Authorization` header."""
    return unpack(value) if scheme == "basic" else ("", value)


def _finding(user: str, password: str, host: str, at: Location) -> Finding:
    token = next((t for t in (password, user) if _github.form_of(t, host)), "")
    if token:
        return _github.finding(token, at, host=host, login="" if user in {token, "x-access-token"} else user)
    facts = {"host": host, "user": user}
    token = next((t for t in (password, user) if _forms.identify(t)), "")
    if token:
        return _forms.finding(token, at, facts if user != token else {"host": host}, host=host)
    dud = is_stand_in(password)
    state, held = (State.PLACEHOLDER, "") if dud else (State.LIVE_UNVERIFIED, password)
    return sighting("git.password", at, issuer=host, subject=user, secret=held, attributes=facts, state=state)


STORE = Store(
    id="git-credentials",
    title="Git credential store and URLs with a login",
    where=(
        At(root=Root.HOME, glob=".git-credentials", env="git:credential-store"),
        At(root=Root.HOME, glob=".gitconfig", env="GIT_CONFIG_GLOBAL"),
        *(At(root=Root.XDG_CONFIG, glob=f"git/{name}") for name in ("credentials", "config")),
        *(
            At(root=Root.HOME, glob=f"**/{name}")
            for name in (".git/config", ".git/FETCH_HEAD", ".git/logs/HEAD", ".gitmodules", ".gitconfig")
        ),
        *(At(root=Root.HOME, glob=f"**/.git/logs/refs/{deep}") for deep in ("heads/*", "heads/*/*", "remotes/*/*")),
        *(At(root=Root.HOME, glob=f"**/.git/modules/{deep}config") for deep in ("*/", "*/*/", "*/*/*/")),
        *(At(root=Root.SYSTEM, glob=f"{top}etc/gitconfig") for top in ("", "usr/local/", "opt/homebrew/")),
        At(root=Root.SYSTEM, glob="ProgramData/Git/config", os=("windows",)),
        At(root=Root.SYSTEM, glob="Program Files/Git/etc/gitconfig", os=("windows",)),
    ),
    yields=("git.password", *_forms.KINDS),
    max_bytes=4 * MiB,
    parse=parse,
    since="0.1",
    reference="https://git-scm.com/docs/git-credential-store#_storage_format",
)
