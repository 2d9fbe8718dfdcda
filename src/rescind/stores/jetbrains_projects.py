"""What JetBrains' programs write into a project: databases with their logins, and the private environment of the HTTP client."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location, State
from rescind.models.store import At, MiB, Root, Store
from rescind.stores import _jsonc
from rescind.stores._dotenv import Variable
from rescind.stores._names import userinfo
from rescind.stores._nested import secrets
from rescind.stores._sighting import sighting
from rescind.stores._token import token
from rescind.stores._variables import KINDS, findings
from rescind.stores._xml import Element, load

_JDBC = re.compile(r"(?i)^jdbc:(?:[a-z0-9]+:)*?(?=[a-z0-9+]+://)")
_HOST = re.compile(r"://(?:[^/@]*@)?([^/?;@]{1,255})")
_IN_URL = re.compile(r"(?i)[?&;]password=([^&;]{1,500})")
_USER = re.compile(r"(?i)[?&;]user(?:name)?=([^&;]{1,200})")


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield a finding per data source with a login, or per secret of an environment. Raises `Unparsable` for another file."""
    if at.path.endswith(".json"):
        document = _jsonc.load(blob)
        if not isinstance(document, dict):
            raise Unparsable("the file is not a JSON object")
        yield from secrets(document, at)
        return
    for source in load(blob).walk():
        if source.tag == "data-source":
            yield from _source(source, at)
        elif source.tag == "env":
            said = source.attributes
            yield from findings([Variable(said.get("name", ""), said.get("value", ""), 1)], at)


def _source(source: Element, at: Location) -> Iterator[Finding]:
    link, name = source.child("jdbc-url"), source.attributes.get("name", "")
    url, host, inner, user = userinfo(_JDBC.sub("", link)), _HOST.search(link), _IN_URL.search(link), _USER.search(link)
    where = url.host if url else host[1] if host else ""
    who = url.user if url else user[1] if user else source.child("user-name")
    own = {"name": name, "uuid": source.attributes.get("uuid", ""), "host": where, "driver": source.child("driver-ref")}
    secret = url.password if url else inner[1] if inner else ""
    yield from token("database.password", secret, at, name, issuer=where, subject=who, more=own, password=True)
    if not secret and source.child("secret-storage") == "master_key" and source.child("user-name"):
        own["kept_in"] = "password safe"
        yield sighting(
            "database.password", at, pointer=name, issuer=where, subject=who, attributes=own, state=State.PUBLIC_ONLY
        )


_NAMES = (
    ".idea/workspace.xml",
    ".idea/runConfigurations/*.xml",
    ".idea/dataSources.xml",
    ".idea/dataSources.local.xml",
    "http-client.private.env.json",
    "rest-client.private.env.json",
)
STORE = Store(
    id="jetbrains-projects",
    title="JetBrains project files",
    where=tuple(At(root=Root.HOME, glob=f"**/{name}") for name in _NAMES),
    yields=tuple(dict.fromkeys(("database.password", "file.secret", "github.token", *KINDS))),
    max_bytes=4 * MiB,
    parse=parse,
    since="0.1",
    reference="https://www.jetbrains.com/help/idea/exploring-http-syntax.html#environment-variables",
)
