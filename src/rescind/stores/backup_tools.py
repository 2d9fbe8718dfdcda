"""Backups: keys of Borg repositories by the repository's id, and Kopia's storage credentials. The backup holds what the machine held."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.models.store import At, MiB, Root, Store
from rescind.stores._json import load, member, text
from rescind.stores._locked import locked
from rescind.stores._nested import secrets
from rescind.stores._text import decode
from rescind.stores._token import token

_BORG = re.compile(r"BORG_KEY ([0-9a-f]{64})\s")


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield the key of a repository, its storage credentials, or its password. Raises `Unparsable` for another file."""
    name = at.path.rpartition("/")[2]
    if "borg/" in at.path:
        found = _BORG.match(decode(blob[:4096]))
        if not found:
            raise Unparsable("the file is not a key of Borg")
        yield locked("borg.key", at, "passphrase", identifier=found[1], more={"repository": found[1], "file": name})
    elif name.endswith(".config"):
        document = load(blob)
        if not isinstance(document, dict):
            raise Unparsable("the file is not a JSON object")
        own = {
            "storage": text(document, "storage", "type"),
            "host": text(document, "hostname"),
            "user": text(document, "username"),
        }
        own["bucket"] = text(document, "storage", "config", "bucket")
        yield from secrets(member(document, "storage"), at, "/storage", own)
    elif name.endswith("kopia-password"):
        yield from token("kopia.password", decode(blob).strip(), at, password=True)
    else:
        plain = decode(blob).strip()
        if plain and len(plain.split("\n")) == 1:
            yield from token("restic.password", plain, at, password=True)


_KOPIA = "kopia/repository*.config"
STORE = Store(
    id="backup-tools",
    title="Borg, restic and Kopia",
    where=(
        At(root=Root.XDG_CONFIG, glob="borg/keys/*", env="BORG_KEYS_DIR"),
        *(At(root=Root.XDG_CONFIG, glob=g) for g in (_KOPIA, "kopia/*.kopia-password")),
        *(At(root=Root.MAC_SUPPORT, glob=g, os=("macos",)) for g in (_KOPIA, "kopia/*.kopia-password")),
        *(At(root=Root.APPDATA, glob=g, os=("windows",)) for g in (_KOPIA, "kopia/*.kopia-password")),
        *(At(root=Root.HOME, glob=g) for g in (".restic-password*", ".restic_password*", ".config/restic/*password*")),
        At(root=Root.HOME, glob=".restic/password", env="RESTIC_PASSWORD_FILE"),
    ),
    yields=("borg.key", "kopia.password", "restic.password", "file.secret", "github.token"),
    max_bytes=1 * MiB,
    parse=parse,
    since="0.1",
    reference="https://borgbackup.readthedocs.io/en/stable/usage/key.html",
)
