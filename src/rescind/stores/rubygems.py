"""API keys that `gem signin` keeps, for rubygems.org and for gem servers of a company."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location, State
from rescind.models.store import At, KiB, Root, Store
from rescind.stores import _github
from rescind.stores._names import userinfo
from rescind.stores._sighting import sighting
from rescind.stores._token import token
from rescind.stores._yaml import load


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield a finding per key, and per password in the address of a source. Raises `Unparsable` for what is no YAML map."""
    document = next(iter(load(blob)), {})
    if document and not isinstance(document, dict):
        raise Unparsable("the file is not a YAML map")
    found = 0
    for name, value in document.items() if isinstance(document, dict) else ():
        plain, host = name.strip(":"), "rubygems.org"
        for source in value if isinstance(value, list) else ():
            url = userinfo(source) if isinstance(source, str) else None
            if url:
                own = {"host": url.host}
                yield from token(
                    "rubygems.password",
                    url.password,
                    at,
                    plain,
                    issuer=url.host,
                    subject=url.user,
                    more=own,
                    password=True,
                )
        if not isinstance(value, str) or not (plain.startswith("http") or at.path.endswith("credentials")):
            continue
        host = plain.partition("://")[2].partition("/")[0] if plain.startswith("http") else host
        raw = value.removeprefix("Bearer ").strip()
        if _github.form_of(raw):  # GitHub's package registry, where the key is a token of the account
            found += 1
            yield _github.finding(
                raw, replace(at, pointer=plain), host="github.com", login="", attributes={"name": plain}
            )
            continue
        for finding in token("rubygems.api-key", value, at, plain, issuer=host, more={"name": plain, "host": host}):
            found += 1
            yield finding
    if not found and at.path.endswith("credentials"):
        yield sighting("rubygems.api-key", at, state=State.LOGGED_OUT)


STORE = Store(
    id="rubygems",
    title="RubyGems API keys",
    where=(
        At(root=Root.HOME, glob=".gem/credentials"),
        At(root=Root.XDG_DATA, glob="gem/credentials"),
        At(root=Root.HOME, glob=".gemrc", env="GEMRC"),
    ),
    yields=("rubygems.api-key", "rubygems.password", "github.token"),
    max_bytes=64 * KiB,
    parse=parse,
    since="0.1",
    reference="https://guides.rubygems.org/command-reference/#gem-signin",
)
