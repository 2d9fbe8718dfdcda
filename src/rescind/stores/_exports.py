"""Logins in the exports of password managers: tables told by their header row, and JSON."""

from __future__ import annotations

import csv
import io
import zipfile
import zlib
from collections.abc import Iterator

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.models.store import MiB
from rescind.stores._json import load, member, text
from rescind.stores._locked import locked
from rescind.stores._text import decode
from rescind.stores._token import token
from rescind.stores._urls import host_in

_URLS = ("url", "login_uri", "website", "web site", "hostname", "login url")
_USERS = ("username", "login_username", "login", "user name", "login name", "email")
_PASSWORDS = ("password", "login_password")
_MANY, _LARGEST, _RATIO = 5000, 64 * MiB, 200
_FAILS = (zipfile.BadZipFile, zlib.error, KeyError, RuntimeError, NotImplementedError, ValueError, OSError, EOFError)


def findings(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield a finding per password. Raises `Unparsable` for a damaged export; a table without passwords yields nothing."""
    if blob.startswith(b"PK"):
        yield from _items(load(_member(blob)), at)
    elif at.path.lower().endswith(".json"):
        document = load(blob)
        if member(document, "encrypted") is True:
            yield locked("browser.saved-logins", at, "passphrase", more={"form": "bitwarden"})
        else:
            yield from _items(document, at)
    else:
        yield from _table(decode(blob), at)


def _table(plain: str, at: Location) -> Iterator[Finding]:
    try:
        rows = csv.DictReader(io.StringIO(plain.replace("\0", "")))
        names = {(n or "").strip().lower(): n for n in rows.fieldnames or ()}
        url, user, password = (next((names[n] for n in some if n in names), "") for some in (_URLS, _USERS, _PASSWORDS))
        console = {"access key id", "console login link"} & set(names)  # that is for `downloaded-keys`
        for number, row in enumerate(rows if password and (url or user) and not console else (), 2):
            if number > _MANY:
                break
            value, who, where = (str(row.get(n) or "") for n in (password, user, url))
            yield from _login(value, who, where, at, f"row {number}")
    except csv.Error as e:
        raise Unparsable("the file is no table of passwords") from e


def _login(value: str, who: str, where: str, at: Location, pointer: str) -> Iterator[Finding]:
    host, own = (
        host_in(where).partition(":")[0] or where,
        {"host": host_in(where) or where, "user": who, "export": "yes"},
    )
    yield from token("browser.saved-login", value, at, pointer, issuer=host, subject=who, more=own, password=True)


def _items(document: object, at: Location) -> Iterator[Finding]:
    """Yield the logins of Bitwarden's JSON, and of 1Password's."""
    found = member(document, "items")
    for n, item in enumerate(found[:_MANY] if isinstance(found, list) else ()):
        links = member(item, "login", "uris")
        where = text(links[0], "uri") if isinstance(links, list) and links else text(item, "name")
        yield from _login(text(item, "login", "password"), text(item, "login", "username"), where, at, f"/items/{n}")
    accounts = member(document, "accounts")
    vaults = (
        [v for a in accounts if isinstance(w := member(a, "vaults"), list) for v in w]
        if isinstance(accounts, list)
        else []
    )
    for n, item in enumerate([i for v in vaults if isinstance(some := member(v, "items"), list) for i in some][:_MANY]):
        fields = member(item, "details", "loginFields")
        values = {text(f, "designation"): text(f, "value") for f in fields} if isinstance(fields, list) else {}
        where = text(item, "overview", "url") or text(item, "overview", "title")
        yield from _login(values.get("password", ""), values.get("username", ""), where, at, f"/items/{n}")


def _member(blob: bytes) -> bytes:
    """Return `export.data` of a `.1pux`, never more than a bounded part of it."""
    try:
        with zipfile.ZipFile(io.BytesIO(blob)) as archive, archive.open("export.data") as inner:
            return inner.read(min(_LARGEST, len(blob) * _RATIO))
    except _FAILS as e:
        raise Unparsable("the file is no export of 1Password") from e
