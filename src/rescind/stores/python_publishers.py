"""Poetry, uv, Hatch and Anaconda: upload tokens and index passwords that they keep outside of `.pypirc`."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from dataclasses import replace

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.models.store import At, KiB, Root, Store
from rescind.stores import _forms
from rescind.stores._decoys import literal
from rescind.stores._json import load, member, pairs, table, text
from rescind.stores._jwt import facts
from rescind.stores._sighting import sighting
from rescind.stores._text import decode
from rescind.stores._token import token
from rescind.stores._toml import read
from rescind.stores._urls import host_in


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield a finding for each token and password; then raise `Unparsable` for TOML that is not whole."""
    if at.path.endswith(".token"):
        host = host_in(at.path.rpartition("/")[2].replace("%3A", ":").replace("%2F", "/").removesuffix(".token"))
        more = {"user": decode(blob).partition(" ")[2].strip()[:100]}
        yield from token("anaconda.token", decode(blob).strip().partition(" ")[0], at, issuer=host, more=more)
        return
    if at.path.endswith("keyring"):
        yield from _anaconda(table(blob) if blob.strip() else {}, at)
        return
    document, trouble = read(blob)
    for name, value in _items(document, "pypi-token"):
        if isinstance(value, str) and literal(value).strip():
            yield _forms.finding(
                value, replace(at, pointer=f"pypi-token.{name}"), {"name": name}, other="pypi.password"
            )
    for name, entry in _items(document, "http-basic"):
        user, place = text(entry, "username"), f"http-basic.{name}"
        yield from token(
            "pypi.password",
            text(entry, "password"),
            at,
            place,
            subject=user,
            more={"name": name, "user": user},
            password=True,
        )
    listed = member(document, "credential")
    for number, entry in enumerate(listed if isinstance(listed, list) else ()):
        host, user = host_in(text(entry, "service")), text(entry, "username")
        value = text(entry, "password") or text(entry, "token")
        if value:
            spot = replace(at, pointer=f"credential/{number}")
            seen = _forms.finding(value, spot, {"user": user, "host": host}, other="pypi.password", host=host)
            yield replace(seen, subject=seen.subject or sighting(seen.kind, at, subject=user).subject)
    if trouble:
        raise Unparsable(trouble)


def _anaconda(document: object, at: Location) -> Iterator[Finding]:
    """Yield what Anaconda's own keyring file holds: an API key by site, and a token for each organisation's channel, in base64.

    https://github.com/anaconda/anaconda-tools/blob/main/libs/anaconda-auth/src/anaconda_auth/token.py
    """
    for service, sites in pairs(document):
        for site, value in pairs(sites):
            try:
                inner = load(base64.b64decode(str(value), validate=True))
            except (binascii.Error, ValueError) as e:
                raise Unparsable("an entry of the keyring is not base64") from e
            place, who = f"{service}/{site}", facts(text(inner, "api_key")).get("email", "") or text(inner, "username")
            yield from token(
                "anaconda.token", text(inner, "api_key"), at, place, issuer=site, subject=who, more={"name": "api_key"}
            )
            listed = member(inner, "repo_tokens")
            for entry in listed if isinstance(listed, list) else ():
                more = {"name": "repo_token", "organisation": text(entry, "org_name")}
                yield from token(
                    "anaconda.token",
                    text(entry, "token"),
                    at,
                    place,
                    issuer=site,
                    subject=more["organisation"],
                    more=more,
                )


def _items(document: object, name: str) -> list[tuple[str, object]]:
    found = member(document, name)
    return list(found.items()) if isinstance(found, dict) else []


STORE = Store(
    id="python-publishers",
    title="Poetry, uv and Anaconda logins",
    where=(
        At(root=Root.XDG_CONFIG, glob="pypoetry/auth.toml", env="POETRY_CONFIG_DIR"),
        At(root=Root.MAC_SUPPORT, glob="pypoetry/auth.toml", os=("macos",)),
        At(root=Root.APPDATA, glob="pypoetry/auth.toml", os=("windows",)),
        At(root=Root.XDG_DATA, glob="uv/credentials/credentials.toml", env="UV_CREDENTIALS_DIR"),
        At(root=Root.APPDATA, glob="uv/data/credentials/credentials.toml", os=("windows",)),
        At(root=Root.HOME, glob=".continuum/anaconda-client/tokens/*.token"),
        At(root=Root.HOME, glob=".anaconda/keyring"),
        *(At(root=root, glob="binstar/*.token") for root in (Root.XDG_DATA, Root.XDG_CONFIG)),
        At(root=Root.MAC_SUPPORT, glob="binstar/*.token", os=("macos",)),
        *(
            At(root=Root.LOCALAPPDATA, glob=f"{firm}/binstar/*.token", os=("windows",))
            for firm in ("Continuum Analytics", "ContinuumIO")
        ),
    ),
    yields=("pypi.password", "anaconda.token", *_forms.KINDS, "file.secret"),
    max_bytes=256 * KiB,
    parse=parse,
    since="0.1",
    reference="https://python-poetry.org/docs/repositories/#configuring-credentials",
)
