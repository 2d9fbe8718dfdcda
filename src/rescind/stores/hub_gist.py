"""Tokens of `hub` and `gist`, two older command lines for GitHub. What they were given opens what the account can open, until it is revoked."""

from __future__ import annotations

from collections.abc import Iterator

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.models.store import At, KiB, Root, Store
from rescind.stores import _github
from rescind.stores._decoys import is_placeholder
from rescind.stores._json import text
from rescind.stores._text import decode
from rescind.stores._yaml import load


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield the token of each login. Raises `Unparsable` for a file of another shape."""
    if "/hub" not in f"/{at.path}":
        word = decode(blob).strip()[:300]
        if word and not is_placeholder(word):
            yield _github.finding(word, at, host="github.com", login="")
        return
    for document in load(blob):
        if not isinstance(document, dict):
            raise Unparsable("the file is not a map of hosts")
        for host, entries in document.items():
            for entry in entries if isinstance(entries, list) else ():
                token = text(entry, "oauth_token")
                if token and not is_placeholder(token):
                    yield _github.finding(token, at, host=host, login=text(entry, "user"))


STORE = Store(
    id="hub-gist",
    title="hub and gist",
    where=(
        At(root=Root.XDG_CONFIG, glob="hub", env="HUB_CONFIG"),
        At(root=Root.HOME, glob=".gist"),
    ),
    yields=("github.token",),
    max_bytes=64 * KiB,
    parse=parse,
    since="0.1",
    reference="https://github.com/mislav/hub/blob/master/share/man/man1/hub.1.md",
)
