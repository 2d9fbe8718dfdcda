"""Python packaging: upload tokens in `.pypirc`, logins of indexes in pip's, uv's and conda's configuration.

A PyPI token is a macaroon that names itself and what it may upload, so it can be deleted without being shown to anybody.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from rescind.models.evidence import Finding, Location, State
from rescind.models.store import At, KiB, Root, Store
from rescind.stores import _forms, _urls
from rescind.stores._ini import groups
from rescind.stores._names import userinfo
from rescind.stores._password import is_stand_in
from rescind.stores._sighting import sighting
from rescind.stores._text import decode
from rescind.stores._token import token
from rescind.stores._urls import findings, host_in

_CHANNEL = re.compile(r"https?://([\w.\-]{1,255}(?::\d{1,5})?)/(?:[\w\-]{1,60}/)?t/([\w\-]{10,200})/")


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield the password of each section, then the login in each address. Anything is a configuration: nothing is refused."""
    text = decode(blob)
    for group in groups(text, {"password"}):
        entry, said = group.get("password"), {name: e.value for name, e in group.items()}
        if entry is None or not entry.value:
            continue
        place = replace(at, line=entry.line, pointer=entry.section)
        url, user = said.get("repository", ""), said.get("username", "")
        host = host_in(url) or {"pypi": "upload.pypi.org", "testpypi": "test.pypi.org"}.get(entry.section, "")
        more = {"user": user, "section": entry.section, "commented": "yes" if entry.commented else ""}
        if _forms.identify(entry.value):
            yield _forms.finding(entry.value, place, more, host=host)
        elif not userinfo(url):
            dud = is_stand_in(entry.value)
            secret, known = ("", State.PLACEHOLDER) if dud else (entry.value, State.LIVE_UNVERIFIED)
            yield sighting(
                "pypi.password", place, issuer=host, subject=user, secret=secret, attributes=more, state=known
            )
    for found in _CHANNEL.finditer(text):
        place = replace(at, line=text.count("\n", 0, found.start()) + 1)
        yield from token("anaconda.token", found[2], place, issuer=found[1].lower())
    yield from findings(text, at, "pypi.password")


STORE = Store(
    id="pypirc",
    title="Python package index logins (twine, pip, uv, conda)",
    where=(
        At(root=Root.HOME, glob=".pypirc"),
        At(root=Root.HOME, glob=".pip/pip.conf", env="PIP_CONFIG_FILE"),
        At(root=Root.XDG_CONFIG, glob="pip/pip.conf"),
        At(root=Root.MAC_SUPPORT, glob="pip/pip.conf", os=("macos",)),
        At(root=Root.APPDATA, glob="pip/pip.ini", os=("windows",)),
        At(root=Root.HOME, glob="pip/pip.ini", os=("windows",)),
        *(
            At(root=Root.HOME, glob=f"**/{name}")
            for name in ("pip.conf", "pip.ini", ".pypirc", "uv.toml", "pyproject.toml", "requirements*.txt", "Pipfile")
        ),
        At(root=Root.XDG_CONFIG, glob="uv/uv.toml", env="UV_CONFIG_FILE"),
        *(
            At(root=Root.SYSTEM, glob=g)
            for g in (
                "etc/pip.conf",
                "etc/xdg/pip/pip.conf",
                "Library/Application Support/pip/pip.conf",
                "ProgramData/pip/pip.ini",
            )
        ),
        At(root=Root.HOME, glob=".condarc", env="CONDARC"),
        *(
            At(root=Root.HOME, glob=g)
            for g in (
                ".conda/.condarc",
                ".conda/condarc",
                "*conda*/.condarc",
                "*forge*/.condarc",
                ".config/conda/*condarc",
            )
        ),
    ),
    yields=("pypi.password", "anaconda.token", *_urls.KINDS, "file.secret"),
    max_bytes=256 * KiB,
    parse=parse,
    since="0.1",
    reference="https://packaging.python.org/en/latest/specifications/pypirc/",
)
