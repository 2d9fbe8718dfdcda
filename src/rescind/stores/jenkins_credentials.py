"""Credentials of a Jenkins controller, encrypted with a key that lies beside them: whoever has the folder can read them all.

Each has an id, which is unique only within its controller, and is ended where it is used.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rescind.models.evidence import Finding, Location
from rescind.models.store import At, MiB, Root, Store
from rescind.stores._aws import account_of, is_key_id
from rescind.stores._locked import locked
from rescind.stores._token import token
from rescind.stores._xml import load

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


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield each credential. Raises `Unparsable` for what is no XML, or XML with a document type of its own."""
    root = load(_NEWER.sub(rb"\g<1>1.0", blob))
    for entry in root.walk():
        number, who = entry.child("id"), entry.child("accessKey") or entry.child("username")
        own = {
            "id": number,
            "class": entry.tag,
            "description": entry.child("description"),
            "scope": entry.child("scope"),
        }
        inner = [e for e in [*entry.children, *(c for e in entry.children for c in e.children)] if e.tag in _SECRETS]
        for held in inner[:20] if number else ():
            value, place = held.text.strip(), f"{number}/{held.tag}"
            if _SEALED.fullmatch(value) and held.tag == "secretKey" and is_key_id(entry.child("accessKey")):
                yield locked("aws.access-key", at, "app", place, identifier=who, issuer=account_of(who), more=own)
            elif _SEALED.fullmatch(value):
                yield locked(_KIND, at, "app", place, subject=who, more=own)
            else:
                yield from token(_KIND, value, at, place, subject=who, more=own, password=True)


_PLACES = (
    *((Root.HOME, name) for name in ("jenkins_home", "jenkins")),
    *((Root.SYSTEM, name) for name in ("var/lib/jenkins", "var/jenkins_home", "ProgramData/Jenkins/.jenkins")),
)
STORE = Store(
    id="jenkins-credentials",
    title="Jenkins credentials",
    where=(
        At(root=Root.HOME, glob=".jenkins/credentials.xml", env="JENKINS_HOME"),
        *(At(root=root, glob=f"{folder}/credentials.xml") for root, folder in _PLACES),
    ),
    yields=(_KIND, "aws.access-key"),
    max_bytes=4 * MiB,
    parse=parse,
    since="0.1",
    reference="https://www.jenkins.io/doc/developer/security/secrets/",
)
