"""KeePass databases: what protects each, as its header says in clear, and which databases a program opened last.

Nothing inside can be read or revoked; everything inside is to be changed at its own provider.
"""

from __future__ import annotations

from collections.abc import Iterator

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location, State
from rescind.models.store import At, MiB, Root, Store
from rescind.stores._ini import entries
from rescind.stores._locked import locked
from rescind.stores._sighting import sighting
from rescind.stores._text import decode
from rescind.stores._token import token
from rescind.stores._xml import load

_MAGIC, _OLD = bytes.fromhex("03d9a29a67fb4bb5"), bytes.fromhex("03d9a29a65fb4bb5")
_KDFS = {"ef636ddf8c29444b91f7a9a403e30a0c": "argon2d", "9e298b1956db4773b23dfc3ec6f0a1e6": "argon2id"}
_KDFS |= {"c9d9f39a628a4460bf740d08c18a4fea": "aes"}
_KDF_FIELD, _LASTS = 11, ("lastdatabases", "lastactivedatabase", "lastopeneddatabases")


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield a database, a key file, or the databases that a configuration names. Raises `Unparsable` for another file."""
    name = at.path.rpartition("/")[2].lower()
    if name.endswith((".kdbx", ".kdb")):
        if not blob.startswith((_MAGIC, _OLD)):
            raise Unparsable("the file is not a database of KeePass")
        facts = {
            "version": f"{int.from_bytes(blob[10:12], 'little')}" if blob.startswith(_MAGIC) else "1",
            "kdf": _kdf(blob),
        }
        yield locked("keepass.database", at, "passphrase", subject=at.path.rpartition("/")[2], more=facts)
    elif name.endswith(".keyx"):
        data = next((e.text.strip() for e in load(blob).walk() if e.tag == "Data"), "")
        yield from token("keepass.key-file", data, at)
    else:
        for path in dict.fromkeys(_named(blob, xml=name.endswith(".xml"))):
            own = {"seen": "last used"}
            yield sighting("keepass.database", at, subject=path, attributes=own, state=State.PUBLIC_ONLY)


def _named(blob: bytes, *, xml: bool) -> Iterator[str]:
    """Yield the paths of the databases that a configuration names."""
    if xml:
        found = [e.child("Path") for e in load(blob).walk() if e.tag in {"ConnectionInfo", "LastUsedFile"}]
    else:
        found = [p for e in entries(decode(blob)) if e.key in _LASTS for p in e.value.split(", ")]
    yield from (path for path in found[:50] if path)


def _kdf(blob: bytes) -> str:
    """Return the key derivation that the header of version 4 names, "aes" before it."""
    if blob[10:12] != b"\4\0":
        return "aes"
    at = 12
    for _ in range(32):
        kind, size = blob[at : at + 1], int.from_bytes(blob[at + 1 : at + 5], "little")
        if kind == bytes([_KDF_FIELD]):
            body = blob[at + 5 : at + 5 + size]
            return next((n for mark, n in _KDFS.items() if bytes.fromhex(mark) in body), "")
        if not kind or kind == b"\0":
            break
        at += 5 + size
    return ""


_PRUNED = ("node_modules", ".git", ".venv", "site-packages")
STORE = Store(
    id="keepass",
    title="KeePass databases",
    where=(
        *(At(root=Root.HOME, glob=f"**/*.{end}", skip=_PRUNED) for end in ("kdbx", "kdb", "keyx")),
        At(root=Root.XDG_CONFIG, glob="keepassxc/keepassxc.ini"),
        At(root=Root.XDG_CACHE, glob="keepassxc/keepassxc.ini"),
        *(
            At(root=Root.APPDATA, glob=g, os=("windows",))
            for g in ("KeePass/KeePass.config.xml", "KeePassXC/keepassxc.ini")
        ),
        At(root=Root.LOCALAPPDATA, glob="KeePassXC/keepassxc.ini", os=("windows",)),
        At(root=Root.MAC_SUPPORT, glob="KeePassXC/keepassxc.ini", os=("macos",)),
    ),
    yields=("keepass.database", "keepass.key-file", "github.token"),
    max_bytes=64 * MiB,
    parse=parse,
    since="0.1",
    reference="https://keepass.info/help/kb/kdbx.html#kdbx4",
)
