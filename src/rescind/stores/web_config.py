"""ASP.NET's `web.config`, and IIS's own: connection strings with passwords, application pools' logins, keys that sign sessions."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rescind.models.evidence import Finding, Location
from rescind.models.store import At, MiB, Root, Store
from rescind.stores._locked import locked
from rescind.stores._nested import is_secret
from rescind.stores._token import token
from rescind.stores._xml import Element, load

_PAIR = re.compile(r"\s*([A-Za-z ]{1,40}?)\s*=\s*(\"[^\"]{0,500}\"|[^;]{0,500})(?:;|$)")
_SEALED = ("[enc:", "EncryptedData")


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield a finding per secret. Raises `Unparsable` for what is no XML."""
    for element in load(blob).walk():
        facts = {k.lower(): v for k, v in element.attributes.items()}
        if text := facts.get("connectionstring", ""):
            yield from _connection(facts.get("name", ""), text, at)
        elif element.tag == "add" and is_secret(facts.get("key", "")):
            own = {"name": facts["key"]}
            yield from token("file.secret", facts.get("value", ""), at, f"appSettings/{facts['key']}", more=own)
        elif element.tag == "EncryptedData":
            yield locked("file.secret", at, "system", more={"holds": "an encrypted section"})
        elif element.tag == "machineKey":
            for name in ("validationkey", "decryptionkey"):
                if "autogenerate" not in facts.get(name, "autogenerate").lower():
                    yield from token("aspnet.machine-key", facts[name], at, f"machineKey/{name}", more={"name": name})
        elif facts.get("password") and facts.get("username"):
            yield from _login(element, facts, at)


def _login(element: Element, facts: dict[str, str], at: Location) -> Iterator[Finding]:
    who, own, pointer = facts["username"], {"section": element.tag}, f"{element.tag}/{facts['username']}"
    if facts["password"].startswith(_SEALED):
        yield locked("windows.password", at, "system", pointer, subject=who, more=own)
    else:
        yield from token("windows.password", facts["password"], at, pointer, subject=who, more=own, password=True)


def _connection(name: str, text: str, at: Location) -> Iterator[Finding]:
    parts = {m[1].strip().lower(): m[2].strip().strip('"') for m in _PAIR.finditer(text[:8192])}

    def value(*names: str) -> str:
        return next((parts[n] for n in names if parts.get(n)), "")

    host, who = value("server", "data source", "host", "address"), value("user id", "uid", "user", "username")
    own, secret = (
        {"name": name, "host": host, "database": value("database", "initial catalog")},
        value("password", "pwd"),
    )
    yield from token("database.password", secret, at, name, issuer=host, subject=who, more=own, password=True)


_NAMES = ("web.config", "Web.config", "Web.*.config", "app.config", "App.config", "connectionStrings.config")
STORE = Store(
    id="web-config",
    title="ASP.NET and IIS configuration",
    where=(
        *(At(root=Root.HOME, glob=f"**/{name}") for name in _NAMES),
        At(root=Root.SYSTEM, glob="inetpub/**/web.config", os=("windows",)),
        At(root=Root.SYSTEM, glob="Windows/System32/inetsrv/config/applicationHost.config", os=("windows",)),
    ),
    yields=("database.password", "file.secret", "aspnet.machine-key", "windows.password", "github.token"),
    max_bytes=2 * MiB,
    parse=parse,
    since="0.1",
    reference="https://learn.microsoft.com/en-us/dotnet/framework/data/adonet/connection-strings-and-configuration-files",
)
