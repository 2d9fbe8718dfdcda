"""KWallet files: how many folders and entries they hold, by the hashes of their names; known names are told from those.

The contents are encrypted with a password, or for a GnuPG key. Nothing is decrypted.
"""

from __future__ import annotations

from collections.abc import Iterator

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.models.store import At, MiB, Root, Store
from rescind.stores import _vault_items
from rescind.stores._locked import locked

_MAGIC = b"KWALLET\n\r\0\r\n"
_CIPHERS = {0: "blowfish-ecb", 1: "3des-cbc", 2: "gpg", 3: "blowfish-cbc"}
_MANY = 5000


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield the wallet, then each entry whose name is known. Raises `Unparsable` for what is no wallet, or is cut."""
    if not blob:
        return
    if not blob.startswith(_MAGIC) or len(blob) < len(_MAGIC) + 8:
        raise Unparsable("the file is no wallet")
    start = len(_MAGIC) + 4
    wallet, cipher = at.path.rpartition("/")[2].removesuffix(".kwl"), _CIPHERS.get(blob[len(_MAGIC) + 2], "unknown")
    folders, at_byte, entries, known = int.from_bytes(blob[start : start + 4], "big"), start + 4, 0, []
    cut = folders > _MANY
    for _ in range(0 if cut else folders):
        folder = _vault_items.unhashed(blob[at_byte : at_byte + 16].hex())
        count = int.from_bytes(blob[at_byte + 16 : at_byte + 20], "big")
        at_byte += 20
        if count > _MANY or at_byte + 16 * count > len(blob):
            cut = True
            break
        names = [_vault_items.unhashed(blob[i : i + 16].hex()) for i in range(at_byte, at_byte + 16 * count, 16)]
        known += [(folder, name) for name in names if name]
        known += [(folder, "")] if folder and count and not any(names) else []
        entries, at_byte = entries + count, at_byte + 16 * count
    more = {"wallet": wallet, "cipher": cipher, "folders": str(folders), "entries": str(entries)}
    yield locked("keyring.wallet", at, "passphrase", wallet, more=more)
    for folder, name in known:
        kind, issuer = _vault_items.kind_of(name or folder)
        own = {"wallet": wallet, "folder": folder, "service": name or folder}
        yield locked(kind, at, "passphrase", f"{wallet}/{folder}/{name}", issuer=issuer, more=own)
    if cut:
        raise Unparsable("the wallet is cut short, or damaged")


STORE = Store(
    id="kwallet",
    title="KWallet files",
    where=(
        At(root=Root.XDG_DATA, glob="kwalletd/*.kwl"),
        *(At(root=Root.HOME, glob=f"{d}/share/apps/kwallet/*.kwl") for d in (".kde", ".kde4")),
    ),
    yields=("keyring.wallet", *_vault_items.KINDS),
    max_bytes=8 * MiB,
    parse=parse,
    since="0.1",
    reference="https://invent.kde.org/frameworks/kwallet/-/blob/master/src/runtime/kwalletd/backend/backendpersisthandler.cpp",
)
