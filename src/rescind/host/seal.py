"""Seal bytes with age, so that only the response team can open them: not even the machine that wrote them.

The only importer of pyrage (https://github.com/woodruffw/pyrage); the format is https://age-encryption.org/v1. age says nothing
about who sealed, so what must be trusted is signed besides. No error quotes a key or a value.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyrage

from rescind.errors import EvidenceError

_MAX_IDENTITY = 64 * 1024


def seal(data: bytes, recipients: Sequence[str]) -> bytes:
    """Return `data` encrypted to every recipient (`age1…` or an SSH public key). Raises `EvidenceError` if one is unusable."""
    if not recipients:
        raise EvidenceError("nobody to seal to", hint="Name at least one recipient in [org] recipients.")
    keys = [_recipient(text.strip(), number) for number, text in enumerate(recipients, start=1)]
    try:
        return bytes(pyrage.encrypt(data, keys))
    except (pyrage.EncryptError, ValueError):
        raise EvidenceError("sealing failed") from None


def open_sealed(data: bytes, identity_file: Path) -> bytes:
    """Return what was sealed to an identity in the file (age identities, or one SSH private key). Raises `EvidenceError`."""
    try:
        raw = identity_file.read_bytes() if identity_file.stat().st_size <= _MAX_IDENTITY else b""
    except OSError:
        raise EvidenceError(
            "the identity file cannot be read", hint="Give --identity the file that age-keygen wrote."
        ) from None
    identities = _identities(raw)
    if not identities:
        raise EvidenceError(
            "the identity file holds no age or SSH identity", hint="Give --identity the file that age-keygen wrote."
        )
    try:
        return bytes(pyrage.decrypt(data, identities))
    except (pyrage.DecryptError, ValueError):
        raise EvidenceError("the sealed file is damaged, or not sealed to this identity") from None


def _recipient(text: str, number: int) -> pyrage.x25519.Recipient | pyrage.ssh.Recipient:
    try:
        return (
            pyrage.ssh.Recipient.from_str(text) if text.startswith("ssh-") else pyrage.x25519.Recipient.from_str(text)
        )
    except (pyrage.RecipientError, ValueError):
        hint = "A recipient is an age1… key or an ssh-ed25519 or ssh-rsa public key."
        raise EvidenceError(f"recipient {number} cannot be used", hint=hint) from None


def _identities(raw: bytes) -> list[pyrage.x25519.Identity | pyrage.ssh.Identity]:
    try:
        if raw.lstrip().startswith(b"-----BEGIN"):
            return [pyrage.ssh.Identity.from_buffer(raw)]
        lines = [line.strip() for line in raw.decode("ascii", "replace").splitlines()]
        return [pyrage.x25519.Identity.from_str(line) for line in lines if line and not line.startswith("#")]
    except (pyrage.IdentityError, ValueError):
        return []
