"""Wallets of cryptocurrencies: the address and what protects the key. Nothing can be revoked; what is there must be moved away."""

from __future__ import annotations

from collections.abc import Iterator

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.models.store import At, MiB, Root, Store
from rescind.stores._json import load, member, text
from rescind.stores._locked import locked
from rescind.stores._sighting import sighting

_LETTERS = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_PAIR = 64


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield the wallet of a file. Raises `Unparsable` for what is none."""
    name = at.path.rpartition("/")[2]
    if name == "wallet.dat":
        if blob:
            yield locked("wallet.key", at, "passphrase" if b"mkey" in blob else "", more={"form": "bitcoin"})
        return
    document = load(blob)
    crypto = member(document, "crypto") or member(document, "Crypto")
    if isinstance(document, list):
        yield from _list(document, at)
    elif crypto:
        address = text(document, "address")
        own = {"form": "ethereum", "address": address, "id": text(document, "id"), "kdf": text(crypto, "kdf")}
        yield locked("wallet.key", at, "passphrase", identifier=address.lower().removeprefix("0x"), more=own)
    else:
        raise Unparsable("the file is not a wallet")


def _list(document: list[object], at: Location) -> Iterator[Finding]:
    """Yield Solana's pair of 64 numbers, or each key of Sui's list."""
    if len(document) == _PAIR and all(isinstance(n, int) and 0 <= n < 256 for n in document):
        raw = bytes(n for n in document if isinstance(n, int))
        mine = _base58(raw[32:])
        yield sighting("wallet.key", at, identifier=mine, secret=raw, attributes={"form": "solana", "address": mine})
        return
    if not all(isinstance(entry, str) for entry in document):
        raise Unparsable("the file is not a wallet")
    for n, entry in enumerate(document[:100]):
        yield sighting("wallet.key", at, pointer=f"/{n}", secret=str(entry), attributes={"form": "sui"})


def _base58(raw: bytes) -> str:
    number, out = int.from_bytes(raw, "big"), ""
    while number:
        number, digit = divmod(number, 58)
        out = _LETTERS[digit] + out
    return "1" * (len(raw) - len(raw.lstrip(b"\0"))) + out


_HOME = (
    ".ethereum/keystore/*",
    ".foundry/keystores/*",
    ".config/solana/*.json",
    ".bitcoin/wallet.dat",
    ".bitcoin/wallets/*/wallet.dat",
)
_MORE = (".sui/sui_config/sui.keystore", ".litecoin/wallet.dat", ".dogecoin/wallet.dat", ".brownie/accounts/*.json")
STORE = Store(
    id="wallets",
    title="Cryptocurrency wallets",
    where=(
        *(At(root=Root.HOME, glob=g) for g in (*_HOME, *_MORE)),
        *(
            At(root=Root.MAC_LIBRARY, glob=g, os=("macos",))
            for g in ("Ethereum/keystore/*", "Application Support/Bitcoin/**/wallet.dat")
        ),
        *(
            At(root=Root.APPDATA, glob=g, os=("windows",))
            for g in ("Ethereum/keystore/*", "Bitcoin/wallet.dat", "Bitcoin/wallets/*/wallet.dat")
        ),
    ),
    yields=("wallet.key",),
    max_bytes=16 * MiB,
    parse=parse,
    since="0.1",
    reference="https://ethereum.org/en/developers/docs/data-structures-and-encoding/web3-secret-storage/",
)
