"""`pass` and gopass: one encrypted file per secret, whose path says what it is for, and the keys that open it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._locked import locked
from rescind.stores._openpgp import packets
from rescind.stores._pem import blocks
from rescind.stores._text import decode

_STORE = re.compile(r"(?:^|/)(?:\.password-store|gopass/stores/[^/]+|password-store)/(.+)\.(?:gpg|age)$")
_SESSION_KEY, _ANYBODY, _OLD = 1, "0" * 16, 3


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield the entry, with the ids of the keys that it is encrypted to. Raises `Unparsable` for what is not encrypted so."""
    found = _STORE.search(at.path)
    entry = found[1] if found else at.path.rpartition("/")[2].rpartition(".")[0]
    keys: list[str] = []
    if blob.startswith((b"age-encryption.org/v1", b"-----BEGIN AGE")):
        keys = ["age"]
    elif blob.startswith(b"-----BEGIN PGP"):
        keys = ["armored"] if any(b.label == "PGP MESSAGE" and b.whole for b in blocks(decode(blob))) else []
    elif blob:
        for tag, body in packets(blob):
            if tag == _SESSION_KEY and body[:1] == bytes([_OLD]):
                keys.append(body[1:9].hex().upper())
    if not keys and blob:
        raise Unparsable("the file is not an encrypted entry")
    folder, _, name = entry.rpartition("/")
    own = {"entry": entry, "recipients": ", ".join(k for k in keys[:10] if k != _ANYBODY)}
    if blob:
        yield locked("pass.entry", at, "passphrase", entry, issuer=folder or name, subject=name, more=own)


STORE = Store(
    id="password-store",
    title="pass and gopass entries",
    where=(
        *(At(root=Root.HOME, glob=f".password-store/**/*.{end}", env="PASSWORD_STORE_DIR") for end in ("gpg", "age")),
        *(At(root=Root.XDG_DATA, glob=f"gopass/stores/**/*.{end}") for end in ("gpg", "age")),
        *(At(root=Root.XDG_DATA, glob=f"password-store/**/*.{end}") for end in ("gpg", "age")),
    ),
    yields=("pass.entry",),
    max_bytes=512 * KiB,
    parse=parse,
    since="0.1",
    reference="https://git.zx2c4.com/password-store/about/",
)
