"""FileZilla's servers: passwords in clear or base64, unless a master password encrypts them."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.models.store import At, MiB, Root, Store
from rescind.stores._locked import locked
from rescind.stores._token import token
from rescind.stores._xml import Element, load

_PROTOCOLS = {"0": "ftp", "1": "sftp", "3": "ftps", "4": "ftpes", "6": "ftp", "7": "s3"}


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield a finding per server with a password. Raises `Unparsable` for another file, or for base64 that is none."""
    root, trouble = load(blob), ""
    if root.tag not in {"FileZilla3", "FileZilla"}:
        raise Unparsable("the file is not FileZilla's")
    for element in root.walk():
        if element.tag not in {"Server", "LastServer"}:
            continue
        passes = [c for c in element.children if c.tag == "Pass"]
        try:
            for secret in passes[:1]:
                yield from _one(element, secret, at)
        except Unparsable as e:
            trouble = e.message
    if trouble:
        raise Unparsable(trouble)


def _one(server: Element, secret: Element, at: Location) -> Iterator[Finding]:
    host, who, name = server.child("Host"), server.child("User"), server.child("Name")
    own = {"host": host, "port": server.child("Port"), "user": who, "name": name}
    own |= {"protocol": _PROTOCOLS.get(server.child("Protocol"), ""), "key_file": server.child("Keyfile")}
    value, form, pointer = secret.text.strip(), secret.attributes.get("encoding", ""), name or f"{who}@{host}"
    if form == "crypt":
        yield locked("server.password", at, "passphrase", pointer, issuer=host, subject=who, more=own)
        return
    if form == "base64":
        try:
            value = base64.b64decode(value, validate=True).decode("utf-8", "replace")
        except (binascii.Error, ValueError) as e:
            raise Unparsable("a password of FileZilla's is not base64") from e
    if who.lower() != "anonymous":
        yield from token("server.password", value, at, pointer, issuer=host, subject=who, more=own, password=True)


_FILES = ("sitemanager.xml", "recentservers.xml", "filezilla.xml", "queue.xml")
STORE = Store(
    id="filezilla",
    title="FileZilla servers",
    where=(
        *(At(root=Root.XDG_CONFIG, glob=f"filezilla/{n}") for n in _FILES),
        *(At(root=Root.HOME, glob=f".filezilla/{n}") for n in _FILES),
        *(At(root=Root.APPDATA, glob=f"FileZilla/{n}", os=("windows",)) for n in _FILES),
        At(root=Root.HOME, glob="Downloads/FileZilla*.xml"),
    ),
    yields=("server.password", "github.token"),
    max_bytes=8 * MiB,
    parse=parse,
    since="0.1",
    reference="https://svn.filezilla-project.org/svn/FileZilla3/trunk/src/commonui/xml_file.cpp",
)
