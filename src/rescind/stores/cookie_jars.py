"""Cookie files in Netscape's form: what curl, wget and browsers' extensions write, and Git's login at Gerrit servers of Google.

A cookie `o` of a server is a password that lasts: `git-USER.DOMAIN=SECRET`. Other rows count where they are sessions at a provider.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from rescind.models.evidence import Finding, Location
from rescind.models.store import At, MiB, Root, Store
from rescind.stores._epoch import epoch
from rescind.stores._sessions import Cookie, findings
from rescind.stores._text import decode, lines
from rescind.stores._token import token

_HIDDEN = "#HttpOnly_"


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield Git's logins and the sessions. Anything is such a file: rows of another form yield nothing."""
    jar: list[Cookie] = []
    for number, row in enumerate(lines(decode(blob)), 1):
        fields = row.removeprefix(_HIDDEN).split("\t")
        if len(fields) != 7 or fields[0].startswith("#") or not fields[5]:
            continue
        host, until = fields[0].lstrip("."), epoch(fields[4]) if fields[4] not in {"0", ""} else None
        user, _, secret = fields[6].strip().partition("=")
        if fields[5] == "o" and user.startswith("git-") and secret:
            place, more = replace(at, line=number), {"host": host, "user": user}
            yield from token("git.password", secret, place, issuer=host, subject=user, more=more, expires_at=until)
        else:
            jar.append(Cookie(host=host, name=fields[5], expires_at=until, http_only=row.startswith(_HIDDEN)))
    yield from findings(jar, at, {"form": "cookie file"})


_FOLDERS = ("", "Downloads/", "Desktop/", "Documents/")
STORE = Store(
    id="cookie-jars",
    title="Cookie files of curl, wget and Git",
    where=(
        *(At(root=Root.HOME, glob=name) for name in (".gitcookies", ".git-credential-cache/cookie", ".wget-cookies")),
        *(At(root=Root.HOME, glob=f"{folder}*cookie*.txt") for folder in _FOLDERS),
        *(At(root=Root.HOME, glob=f"{folder}cookie*.jar") for folder in _FOLDERS),
    ),
    yields=("git.password", "browser.session"),
    max_bytes=4 * MiB,
    parse=parse,
    since="0.1",
    reference="https://curl.se/docs/http-cookies.html",
)
