"""Signed notes and checkpoints: what a signed head of the trail looks like, and how the writer reads one back.

The formats are https://c2sp.org/signed-note and https://c2sp.org/tlog-checkpoint, read strictly: one signature, canonical base64,
no extension lines, nothing around it. `rescind.audit.check` has a reader of its own.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from rescind.audit.signer import ED25519, Signer, key_id, load_signer
from rescind.errors import AuditError

__all__ = ["Checkpoint", "Signer", "checkpoint_text", "load_signer", "open_checkpoint", "open_note", "parse_vkey"]

MAX_NOTE = 64 * 1024
_CHECKPOINT = re.compile(r"([^\n]+)\n(0|[1-9][0-9]{0,18})\n([A-Za-z0-9+/]{43}=)\n")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A signed head: whose log, how many entries, and the root over them (32 bytes)."""

    origin: str
    size: int
    root: bytes


def checkpoint_text(origin: str, size: int, root: bytes) -> str:
    """Return the text of a checkpoint, ready to sign."""
    return f"{origin}\n{size}\n{base64.b64encode(root).decode()}\n"


def open_checkpoint(note: str, vkey: str) -> Checkpoint:
    """Return the checkpoint that the key has signed. Raises `AuditError` saying what is wrong with it."""
    parsed = _CHECKPOINT.fullmatch(open_note(note, vkey))
    if not parsed:
        raise AuditError("the note is not a checkpoint")
    origin, size, encoded = parsed.groups()
    return Checkpoint(origin, int(size), _unbase64(encoded, "the checkpoint's root"))


def open_note(note: str, vkey: str) -> str:
    """Return the text of a note that the key has signed. Raises `AuditError` saying what is wrong with it."""
    name, public = parse_vkey(vkey)
    text, separator, line = note.rpartition("\n\n")
    parts = line.split(" ")
    if len(note) > MAX_NOTE or not separator or len(parts) != 3 or parts[0] != "—" or not parts[2].endswith("\n"):
        raise AuditError("not a signed note with one signature")
    if any(ord(c) < 32 and c != "\n" for c in note):
        raise AuditError("a note holds no control characters")
    blob = _unbase64(parts[2][:-1], "the note's signature")
    if parts[1] != name or blob[:4] != key_id(name, public):
        raise AuditError("the note is signed by another key")
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(blob[4:], (text + "\n").encode())
    except InvalidSignature:
        raise AuditError("the note's signature does not check") from None
    return text + "\n"


def parse_vkey(vkey: str) -> tuple[str, bytes]:
    """Return the name and the 32-byte Ed25519 key of a vkey. Raises `AuditError`."""
    name, _, rest = vkey.partition("+")
    identity, _, encoded = rest.partition("+")
    raw = _unbase64(encoded, "the verifier key")
    if not name or len(raw) != 33 or raw[:1] != ED25519 or identity != key_id(name, raw[1:]).hex():
        raise AuditError("not a verifier key (name+id+base64)")
    return name, raw[1:]


def _unbase64(text: str, what: str) -> bytes:
    """Decode canonical base64 only: the same bytes must never have two spellings."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise AuditError(f"{what} is not base64") from None
    if base64.b64encode(raw).decode() != text:
        raise AuditError(f"{what} is not canonical base64")
    return raw
