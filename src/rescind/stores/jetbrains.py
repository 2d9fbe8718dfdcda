"""JetBrains' programs: the accounts of Git hosts they know, servers they deploy to, and their own password safe.

Where the safe is a file (`c.kdbx`), the key beside it (`c.pwd`) is encrypted with a constant that everybody has, unless the system
does it.
"""

from __future__ import annotations

from collections.abc import Iterator

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location, State
from rescind.models.store import At, MiB, Root, Store
from rescind.stores._json import text
from rescind.stores._locked import locked
from rescind.stores._sighting import sighting
from rescind.stores._xml import Element, load
from rescind.stores._yaml import load as load_yaml

_HOSTS = {"GithubAccounts": ("github.token", "github.com"), "GitLabAccounts": ("gitlab.token", "gitlab.com")}
_SAFE, _MAGIC = "jetbrains.password-safe", bytes.fromhex("03d9a29a67fb4bb5")


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield the safe, or the logins that a file of options names. Raises `Unparsable` for another file."""
    name = at.path.rpartition("/")[2]
    if name == "c.kdbx":
        if not blob.startswith(_MAGIC):
            raise Unparsable("the file is not a database of KeePass")
        yield locked(_SAFE, at, "app", more={"holds": "the passwords of the program"})
    elif name == "c.pwd":
        form = next((text(document, "encryption") for document in load_yaml(blob)), "")
        yield locked(_SAFE, at, "app" if form in {"", "BUILT_IN"} else "system", "key", more={"encryption": form})
    else:
        for component in load(blob).walk():
            if component.tag == "component" and component.attributes.get("name") in _HOSTS:
                yield from _accounts(component, at)
            elif component.tag == "webServer":
                yield from _server(component, at)


def _accounts(component: Element, at: Location) -> Iterator[Finding]:
    kind, usual = _HOSTS[component.attributes["name"]]
    for account in component.walk():
        if account.tag == "account" and (login := account.attributes.get("name")):
            server = next((c.attributes for c in account.children if c.tag == "server"), {})
            host = server.get("host") or server.get("uri", "").partition("://")[2].partition("/")[0] or usual
            own = {"host": host, "login": login, "id": account.attributes.get("id", ""), "kept_in": "password safe"}
            yield sighting(kind, at, pointer=login, issuer=host, subject=login, attributes=own, state=State.PUBLIC_ONLY)


def _server(element: Element, at: Location) -> Iterator[Finding]:
    facts = next((c.attributes for c in element.children if c.tag == "fileTransfer"), {})
    host, who, name = facts.get("host", ""), facts.get("username", ""), element.attributes.get("name", "")
    own = {"host": host, "name": name, "protocol": facts.get("accessType", "")}
    if facts.get("password"):
        yield locked("server.password", at, "app", name, issuer=host, subject=who, more=own)
    elif who:
        own["kept_in"] = "password safe"
        yield sighting(
            "server.password", at, pointer=name, issuer=host, subject=who, attributes=own, state=State.PUBLIC_ONLY
        )


_FILES = ("c.kdbx", "c.pwd", *(f"options/{n}.xml" for n in ("github", "gitlab", "webServers")))
_GLOBS = tuple(f"{vendor}/{f}" for vendor in ("JetBrains/*", "Google/AndroidStudio*") for f in _FILES)
STORE = Store(
    id="jetbrains",
    title="JetBrains IDE accounts",
    where=(
        *(At(root=Root.XDG_CONFIG, glob=g) for g in _GLOBS),
        *(At(root=Root.MAC_SUPPORT, glob=g, os=("macos",)) for g in _GLOBS),
        *(At(root=Root.APPDATA, glob=g, os=("windows",)) for g in _GLOBS),
        At(root=Root.HOME, glob="**/.idea/webServers.xml", skip=("node_modules", "vendor", "site-packages")),
    ),
    yields=("jetbrains.password-safe", "github.token", "gitlab.token", "server.password"),
    max_bytes=8 * MiB,
    parse=parse,
    since="0.1",
    reference="https://www.jetbrains.com/help/idea/reference-ide-settings-password-safe.html",
)
