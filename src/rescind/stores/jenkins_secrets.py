"""The key that a Jenkins controller encrypts its credentials with, the first password of its administrator, and a login for its command line."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._locked import locked
from rescind.stores._sighting import sighting
from rescind.stores._text import decode
from rescind.stores._token import token

_HEX = re.compile(r"[0-9a-f]{32,512}")


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield the key or the password of the file. Raises `Unparsable` for a file that is neither."""
    if at.path.endswith("hudson.util.Secret"):
        if blob:
            yield locked(
                "jenkins.master-key", at, "app", more={"file": "hudson.util.Secret"}
            )  # behind master.key, beside it
        return
    value = decode(blob).strip()
    if at.path.endswith("jenkins-cli"):
        user, _, secret = value.partition(":")
        if value and not (user and secret and len(value.split()) == 1):
            raise Unparsable("the file is not a login of the form user:token")
        yield from token("jenkins.api-token", secret, at, subject=user, more={"user": user})
        return
    if value and not _HEX.fullmatch(value):
        raise Unparsable("the file holds something other than a key or a password of Jenkins")
    if at.path.endswith("initialAdminPassword"):
        yield from token("jenkins.password", value, at, subject="admin", password=True)
    elif value:
        yield sighting("jenkins.master-key", at, secret=value)


_NAMES = ("secrets/master.key", "secrets/hudson.util.Secret", "secrets/initialAdminPassword")
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
        *(At(root=Root.HOME, glob=g) for g in (".jenkins-cli", ".config/jenkins-cli")),
    ),
    yields=("jenkins.master-key", "jenkins.password", "jenkins.api-token", "github.token"),
    max_bytes=16 * KiB,
    parse=parse,
    since="0.1",
    reference="https://www.jenkins.io/doc/developer/security/secrets/",
)
