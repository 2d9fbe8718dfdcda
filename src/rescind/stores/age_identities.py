"""age identities, the keys that SOPS and others decrypt with: whoever has one reads every file that was encrypted to its recipient.

An age key cannot be revoked: what it opens must be encrypted anew without its recipient, and the secrets inside be changed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location
from rescind.models.store import At, KiB, Root, Store
from rescind.stores._bech32 import decode as unpack
from rescind.stores._bech32 import encode
from rescind.stores._curve25519 import public_half
from rescind.stores._locked import locked
from rescind.stores._sighting import sighting
from rescind.stores._text import decode, lines

_FORMS = {"AGE-SECRET-KEY-PQ-1": "post-quantum", "AGE-SECRET-KEY-1": "x25519", "AGE-PLUGIN-": "plugin"}
_NOTE = re.compile(r"#\s*(public key|recipient|created):\s*(\S{1,3000})", re.IGNORECASE)
_ENCRYPTED = ("age-encryption.org/v1", "-----BEGIN AGE ENCRYPTED FILE-----")


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield every identity with its recipient, or the encrypted file of them. Raises `Unparsable` for a damaged identity."""
    text, notes, trouble = decode(blob), dict[str, str](), ""
    if text.startswith(_ENCRYPTED):
        yield locked("age.identity", at, "passphrase")
        return
    for number, line in enumerate(lines(text), 1):
        plain = line.strip()
        if not plain:
            continue
        if note := _NOTE.match(plain):
            notes[note[1].lower()] = note[2]
        form = next((f for mark, f in _FORMS.items() if plain.startswith(mark)), "")
        if not form:
            continue
        raw = unpack(plain, "age-secret-key-") if form == "x25519" else b"?"
        trouble = trouble or ("" if raw else "an age identity is damaged")
        derived = encode(public_half(raw), "age") if len(raw) == 32 else ""
        recipient = derived or notes.get("public key", notes.get("recipient", ""))
        own = {"form": form, "recipient": recipient[:80], "created": notes.get("created", "")}
        place = replace(at, line=number)
        if raw:
            yield sighting("age.identity", place, identifier=recipient[:80], secret=plain, attributes=own)
        notes = {}
    if trouble:
        raise Unparsable(trouble)


_PLACES = (".age/*", ".config/age/*", "key.txt", "keys.txt", "age-key.txt", ".config/chezmoi/key.txt")
STORE = Store(
    id="age-identities",
    title="age and SOPS identities",
    where=(
        At(root=Root.XDG_CONFIG, glob="sops/age/keys.txt", env="SOPS_AGE_KEY_FILE"),
        At(root=Root.MAC_SUPPORT, glob="sops/age/keys.txt", os=("macos",)),
        At(root=Root.APPDATA, glob="sops/age/keys.txt", os=("windows",)),
        *(At(root=Root.HOME, glob=g) for g in _PLACES),
    ),
    yields=("age.identity",),
    max_bytes=256 * KiB,
    parse=parse,
    since="0.1",
    reference="https://github.com/FiloSottile/age/blob/main/doc/age-keygen.1.ronn",
)
