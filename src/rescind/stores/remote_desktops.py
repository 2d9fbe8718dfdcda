"""Saved connections in XML: mRemoteNG, Remote Desktop Connection Manager and Cyberduck. None of their passwords is in clear.

mRemoteNG encrypts with a built-in password unless a person chose one, RDCMan with the Windows user's key; Cyberduck uses the keychain.
"""

from __future__ import annotations

from collections.abc import Iterator

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location, State
from rescind.models.store import At, MiB, Root, Store
from rescind.stores import _plist
from rescind.stores._json import text
from rescind.stores._locked import locked
from rescind.stores._sighting import sighting
from rescind.stores._xml import Element, load


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield a finding per connection with a login. Raises `Unparsable` for another file."""
    if at.path.endswith(".duck"):
        yield from _bookmark(blob, at)
        return
    root = load(blob)
    if root.tag not in {"Connections", "RDCMan"}:
        raise Unparsable("the file holds no connections")
    whole = root.attributes.get("FullFileEncryption", "").lower() == "true"
    if whole:
        yield locked("server.password", at, "app", more={"holds": "the whole file is encrypted"})
    for element in root.walk():
        if element.tag == "Node" and element.attributes.get("Password"):
            facts = element.attributes
            host, who = facts.get("Hostname", ""), facts.get("Username", "")
            own = {"name": facts.get("Name", ""), "host": host, "domain": facts.get("Domain", "")}
            own["protocol"] = facts.get("Protocol", "")
            yield locked("server.password", at, "app", own["name"], issuer=host, subject=who, more=own)
        elif element.tag in {"logonCredentials", "credentialsProfile"} and element.child("password"):
            yield _manager(root, element, at)


def _manager(root: Element, login: Element, at: Location) -> Finding:
    near = next((e for e in root.walk() if login in e.children), login)
    host = next((p.child("name") for p in near.children if p.tag == "properties"), "") or near.child("name")
    own = {"domain": login.child("domain"), "profile": login.child("profileName"), "host": host}
    who = login.child("userName")
    return locked("server.password", at, "dpapi", host or own["profile"], issuer=host, subject=who, more=own)


def _bookmark(blob: bytes, at: Location) -> Iterator[Finding]:
    document = _plist.load(blob)
    host, who = text(document, "Hostname"), text(document, "Username")
    own = {
        "protocol": text(document, "Protocol"),
        "port": text(document, "Port"),
        "id": text(document, "UUID"),
        "kept_in": "keychain",
    }
    if host and who and who != "anonymous":
        yield sighting("server.password", at, issuer=host, subject=who, attributes=own, state=State.PUBLIC_ONLY)


_DUCK = "Cyberduck/Bookmarks/*.duck"
STORE = Store(
    id="remote-desktops",
    title="mRemoteNG, RDCMan and Cyberduck connections",
    where=(
        *(At(root=Root.APPDATA, glob=g, os=("windows",)) for g in ("mRemoteNG/confCons.xml*", _DUCK)),
        *(At(root=Root.HOME, glob=f"**/{g}") for g in ("confCons.xml", "*.rdg")),
        At(root=Root.MAC_SUPPORT, glob=_DUCK, os=("macos",)),
        At(
            root=Root.MAC_LIBRARY,
            glob="Group Containers/*/Library/Application Support/duck/Bookmarks/*.duck",
            os=("macos",),
        ),
        At(root=Root.HOME, glob=".duck/bookmarks/*.duck"),
    ),
    yields=("server.password",),
    max_bytes=8 * MiB,
    parse=parse,
    since="0.1",
    reference="https://github.com/mRemoteNG/mRemoteNG/blob/develop/mRemoteNGDocumentation/folders_and_inheritance.rst",
)
