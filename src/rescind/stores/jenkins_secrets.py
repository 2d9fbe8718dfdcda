"""The key that a Jenkins controller encrypts its credentials with, and the first password of its administrator."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._sighting import sighting
from rescind.stores._text import decode
from rescind.stores._token import token

_HEX = re.compile(r"[0-9a-f]{32,512}")


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield the key or the password of the file. Raises `Unparsable` for a file that is neither."""
    value = decode(blob).strip()
    if value and not _HEX.fullmatch(value):
        raise Unparsable("the file holds something other than a key or a password of Jenkins")
    if at.path.endswith("initialAdminPassword"):
        yield from token("jenkins.password", value, at, subject="admin", password=True)
    elif value:
        yield sighting("jenkins.master-key", at, secret=value)


_NAMES = ("secrets/master.key", "secrets/initialAdminPassword")
_PLACES = (
    *((Root.HOME, name) for name in ("jenkins_home", "jenkins")),
    *((Root.SYSTEM, name) for name in ("var/lib/jenkins", "var/jenkins_home", "ProgramData/Jenkins/.jenkins")),
)
STORE = Store(
    id="jenkins-secrets",
    title="Jenkins master key and first password",
    where=(
        *(At(root=Root.HOME, glob=f".jenkins/{name}", env="JENKINS_HOME") for name in _NAMES),
        *(At(root=root, glob=f"{folder}/{name}") for root, folder in _PLACES for name in _NAMES),
    ),
    yields=("jenkins.master-key", "jenkins.password"),
    max_bytes=16 * KiB,
    parse=parse,
    since="0.2",
    reference="https://www.jenkins.io/doc/developer/security/secrets/",
)
