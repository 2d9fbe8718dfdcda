"""A Jenkins controller's home: credentials that are encrypted with a key lying beside them, that key, and its first password.

Whoever has the folder can read every credential: each is listed by the id that Jenkins gives it, and is ended where it is used.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.models.store import At, MiB, Root, Store
from rescind.stores._aws import account_of, is_key_id
from rescind.stores._locked import locked
from rescind.stores._sighting import sighting
from rescind.stores._text import decode
from rescind.stores._token import token
from rescind.stores._xml import Element, load

_KIND = "jenkins.credential"
_SECRETS = {
    "password",
    "secret",
    "secretBytes",
    "privateKey",
    "passphrase",
    "apiToken",
    "secretKey",
    "privateKeyPassword",
}
_SEALED = re.compile(r"\{?[A-Za-z0-9+/=\s]{22,}\}?")
_NEWER = re.compile(rb"^(<\?xml version=['\"])1\.1")  # the reader knows 1.0 only; Jenkins writes nothing that differs
_HEX = re.compile(r"[0-9a-f]{32,512}")


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield each credential, user token, key or password. Raises `Unparsable` for a file that is none of these."""
    name = at.path.rpartition("/")[2]
    if name.endswith(".xml"):
        yield from _credentials(load(_NEWER.sub(rb"\g<1>1.0", blob)), at)
    elif not _HEX.fullmatch(value := decode(blob).strip()):
        if blob.strip():
            raise Unparsable("the file holds something other than a key or a password of Jenkins")
    elif name == "initialAdminPassword":
        yield from token("jenkins.password", value, at, subject="admin", password=True)
    else:
        yield sighting("jenkins.master-key", at, secret=value)


def _credentials(root: Element, at: Location) -> Iterator[Finding]:
    for entry in root.walk():
        number, who = entry.child("id"), entry.child("accessKey") or entry.child("username")
        own = {"class": entry.tag, "description": entry.child("description"), "scope": entry.child("scope")}
        inner = [e for e in [*entry.children, *(c for e in entry.children for c in e.children)] if e.tag in _SECRETS]
        for held in inner[:20] if number else ():
            value, place = held.text.strip(), f"{number}/{held.tag}"
            if _SEALED.fullmatch(value) and held.tag == "secretKey" and is_key_id(entry.child("accessKey")):
                yield locked("aws.access-key", at, "app", place, identifier=who, issuer=account_of(who), more=own)
            elif _SEALED.fullmatch(value):
                yield locked(_KIND, at, "app", place, identifier=number, subject=who, more=own)
            else:
                yield from token(_KIND, value, at, place, identifier=number, subject=who, more=own, password=True)


_FILES = ("credentials.xml", *(f"secrets/{name}" for name in ("master.key", "initialAdminPassword")))
STORE = Store(
    id="jenkins",
    title="Jenkins controller home",
    where=(
        *(At(root=Root.HOME, glob=f".jenkins/{name}", env="JENKINS_HOME") for name in _FILES),
        *(At(root=Root.SYSTEM, glob=f"var/lib/jenkins/{name}") for name in _FILES),
        *(At(root=Root.SYSTEM, glob=f"var/jenkins_home/{name}") for name in _FILES),
        *(At(root=Root.SYSTEM, glob=f"ProgramData/Jenkins/.jenkins/{n}", os=("windows",)) for n in _FILES),
        *(At(root=Root.HOME, glob=f"jenkins_home/{name}") for name in _FILES),
    ),
    yields=(_KIND, "aws.access-key", "jenkins.master-key", "jenkins.password"),
    max_bytes=4 * MiB,
    parse=parse,
    since="0.2",
    reference="https://www.jenkins.io/doc/developer/security/secrets/",
)
