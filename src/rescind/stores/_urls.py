"""Addresses with a login in them, in any text: what the password opens depends on the host."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from rescind.models.evidence import Finding, Location, State
from rescind.stores import _forms, _github
from rescind.stores._decoys import literal
from rescind.stores._names import userinfo
from rescind.stores._password import is_stand_in
from rescind.stores._sighting import sighting
from rescind.stores._text import lines

_LINK = re.compile(r"(?<![A-Za-z0-9+.\-])[A-Za-z][A-Za-z0-9+.\-]{1,30}://[^\s\"'<>\],;]{3,4000}+")
_ALONE = re.compile(r"(https?://)([^\s/?#@:]{20,300})@([^\s/?#@]{1,255}.*)", re.DOTALL)  # a token in place of the user
_DATABASE = re.compile(
    r"(?i)(?:jdbc:)?(?:postgres|mysql|mariadb|mongodb|rediss?:|mssql|sqlserver|clickhouse|oracle|cockroach|amqp)"
)
_TRIVIAL = frozenset(
    re.findall(
        r"\w+",
        """user pass password passwd changeme change_me secret postgres root guest example admin test testing mysql mongo redis
        minio minioadmin rabbitmq neo4j elastic sa dev development local localhost docker app""",
    )
)
_HOST = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]{1,30}://(?:[^\s/?#@]{0,1000}@)?([^\s/?#@\"']{1,255})")

KINDS = (*_forms.KINDS, "database.password")
"""What an address may hold beside the kind that its store gives."""


def is_trivial(password: str) -> bool:
    """Tell whether a password is one that examples and throw-away containers have, so that it protects nothing."""
    return password.lower() in _TRIVIAL


def kind_at(link: str, other: str = "url.password") -> tuple[str, str]:
    """Return the kind of the password in an address, and its host: a database's by the scheme, else `other`."""
    return "database.password" if _DATABASE.match(link) else other, host_in(link)


def host_in(url: str) -> str:
    """Return the host (and port) of an address in lower case, "" for what is none."""
    found = _HOST.match(url[:4000])
    return found[1].lower() if found else ""


def findings(text: str, at: Location, kind: str) -> Iterator[Finding]:
    """Yield one finding of `kind`, or of the kind that its form tells, for each address with a password or a token in it."""
    for number, line in enumerate(lines(text), 1):
        for link in _LINK.findall(line) if "://" in line else ():
            yield from one(link, replace(at, line=number), kind)


def one(link: str, at: Location, kind: str, more: Mapping[str, str] | None = None) -> Iterator[Finding]:
    """Yield the finding for one address, none where it has no login with a secret in it."""
    alone = _ALONE.fullmatch(link)
    whole = f"{alone[1]}{alone[2]}:{alone[2]}@{alone[3]}" if alone and _forms.identify(alone[2]) else link
    url = userinfo(whole)
    if not url or not literal(url.password):
        return
    host, user = url.host.lower(), "" if alone and whole != link else url.user
    own = {**(more or {}), "host": host, "user": user}
    for value in (url.password, url.user):
        if _github.form_of(value, host):
            login = "" if url.user in {value, "x-access-token"} else url.user
            yield _github.finding(value, at, host=host if _github.is_github(host) else "", login=login, attributes=own)
            return
        if _forms.identify(value):
            yield _forms.finding(value, at, own, host=host)
            return
    dud = is_stand_in(url.password) or is_trivial(url.password)
    state, held = (State.PLACEHOLDER, "") if dud else (State.LIVE_UNVERIFIED, url.password)
    yield sighting(kind_at(link, kind)[0], at, issuer=host, subject=url.user, secret=held, attributes=own, state=state)
