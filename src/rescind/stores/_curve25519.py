"""The public half of a Curve25519 key: what the other side knows a WireGuard peer, a Tailscale node or an age recipient by."""

from __future__ import annotations

import base64
import binascii

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

_SIZE = 32


def public_half(private: bytes) -> bytes:
    """Return the public half of 32 secret bytes, b"" for another number of them."""
    if len(private) != _SIZE:
        return b""
    return X25519PrivateKey.from_private_bytes(private).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def wireguard_public(text: str) -> str:
    """Return the public key, as WireGuard writes it, of a private one in base64; "" for what is none."""
    try:
        private = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        return ""
    return base64.b64encode(public_half(private)).decode()
