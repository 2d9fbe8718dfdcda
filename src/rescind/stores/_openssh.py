"""SSH keys: public blobs and their fingerprints, OpenSSH's own private key format, PEM keys, PuTTY's format.

OpenSSH keeps the public half in clear even where the private half is encrypted:
https://github.com/openssh/openssh-portable/blob/master/PROTOCOL.key
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass, field

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization

from rescind.errors import Unparsable
from rescind.stores._pem import Block

_MAGIC = b"openssh-key-v1\0"
_TYPE = re.compile(r"[a-z0-9@.\-]{3,64}")
_BITS = {"ssh-ed25519": 256, "sk-ssh-ed25519@openssh.com": 256, "sk-ecdsa-sha2-nistp256@openssh.com": 256}
_PRIVATE_FIELDS = {"ssh-ed25519": 2, "ssh-rsa": 6, "ssh-dss": 5}  # strings between the type and the comment
_LARGEST = 16384  # bits; larger keys are traps for whoever calculates with them
_LONGEST = 64 * 1024


@dataclass(frozen=True, slots=True)
class Key:
    """The public blob of a private key, and what its container says: cipher ("none": in clear), KDF rounds, comment."""

    blob: bytes
    cipher: str = "none"
    rounds: int = 0
    comment: str = ""
    private: bytes = field(default=b"", repr=False)

    @property
    def type(self) -> str:
        """The key type as SSH writes it, such as `ssh-ed25519`."""
        return _type(self.blob)

    @property
    def bits(self) -> int:
        """The key size, 0 for a type this reader does not know. Raises `Unparsable` above 16384 bits."""
        return _bits(self.blob)

    @property
    def fingerprint(self) -> str:
        """What `ssh-keygen -l` shows: `SHA256:` and unpadded base64."""
        return "SHA256:" + base64.b64encode(hashlib.sha256(self.blob).digest()).decode().rstrip("=")

    def facts(self) -> dict[str, str]:
        """Return type, size, protection, KDF rounds, comment and whether it is a hardware key, as text."""
        hardware = "yes" if self.type.startswith("sk-") else ""
        protected = "no" if self.cipher == "none" else "yes"
        size, rounds = str(self.bits or ""), str(self.rounds or "")
        out = {"type": self.type, "bits": size, "protected": protected, "comment": self.comment}
        return out | {"kdf_rounds": rounds, "hardware": hardware}


def _take(data: bytes, start: int) -> tuple[bytes, int]:
    """Return the length-prefixed string at `start` and where it ends."""
    length = int.from_bytes(data[start : start + 4], "big")
    end = start + 4 + length
    if start + 4 > len(data) or end > len(data):
        raise Unparsable("an SSH key is cut short")
    return data[start + 4 : end], end


def _type(blob: bytes) -> str:
    name = _take(blob, 0)[0].decode("ascii", "replace")
    if not _TYPE.fullmatch(name):
        raise Unparsable("an SSH key names no key type")
    return name


def _bits(blob: bytes) -> int:
    kind = _type(blob)
    _, at = _take(blob, 0)
    size = _BITS.get(kind, 0)
    if kind in {"ssh-rsa", "ssh-dss"}:
        first, at = _take(blob, at)
        number = first if kind == "ssh-dss" else _take(blob, at)[0]
        size = int.from_bytes(number[:_LARGEST], "big").bit_length()
    elif kind.startswith("ecdsa-sha2-nistp") and kind[16:].isdigit():
        size = int(kind[16:19])
    if size > _LARGEST:
        raise Unparsable("an SSH key is absurdly large")
    return size


def read_openssh(body: bytes) -> Key:
    """Read a decoded `OPENSSH PRIVATE KEY` block. Raises `Unparsable`; never runs its KDF."""
    if not body.startswith(_MAGIC) or len(body) > _LONGEST:
        raise Unparsable("not an OpenSSH private key")
    cipher, at = _take(body, len(_MAGIC))
    _, at = _take(body, at)
    options, at = _take(body, at)
    if body[at : at + 4] != b"\0\0\0\1":
        raise Unparsable("an OpenSSH private key file holds other than one key")
    blob, at = _take(body, at + 4)
    private, _ = _take(body, at)
    plain = cipher == b"none"
    rounds = int.from_bytes(options[-4:], "big") if options else 0
    return Key(
        blob, cipher.decode("ascii", "replace"), rounds, _comment(private) if plain else "", body if plain else b""
    )


def _comment(private: bytes) -> str:
    if len(private) < 8 or private[:4] != private[4:8]:
        raise Unparsable("an OpenSSH private key is damaged")
    kind, at = _take(private, 8)
    name = kind.decode("ascii", "replace")
    for _ in range(3 if name.startswith("ecdsa-") else _PRIVATE_FIELDS.get(name, 0)):
        _, at = _take(private, at)
    known = name.startswith("ecdsa-") or name in _PRIVATE_FIELDS
    return _take(private, at)[0].decode("utf-8", "replace") if known else ""


def read_der(body: bytes) -> Key:
    """Read an unencrypted PKCS#1, SEC 1, DSA or PKCS#8 private key. Raises `Unparsable`, also for a key SSH has no type for."""
    if len(body) > _LONGEST:
        raise Unparsable("a private key is absurdly large")
    try:
        key = serialization.load_der_private_key(body, None, unsafe_skip_rsa_key_validation=True)
        line = key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    except (ValueError, TypeError, AttributeError, UnsupportedAlgorithm) as e:
        raise Unparsable("a private key that cannot be read, or is of no type that SSH uses") from e
    return Key(base64.b64decode(line.split()[1]), private=body)


def read_ppk(text: str) -> Key:
    """Read a PuTTY key file, version 2 or 3: the public lines are in clear, `Encryption` tells the protection.

    https://the.earth.li/~sgtatham/putty/latest/htmldoc/AppendixC.html
    """
    header = dict(re.findall(r"^([A-Za-z0-9-]{1,40}): (.{0,300}?)\r?$", text[:_LONGEST], re.MULTILINE))
    count = header.get("Public-Lines", "")
    found = re.search(r"^Public-Lines: \d{1,4}\r?\n", text[:_LONGEST], re.MULTILINE)
    if not found or not count.isdigit() or "Private-Lines" not in header:
        raise Unparsable("a PuTTY key file is incomplete")
    try:
        blob = base64.b64decode("".join(text[found.end() : _LONGEST].split()[: int(count)]), validate=True)
    except (binascii.Error, ValueError) as e:
        raise Unparsable("a PuTTY key file is damaged") from e
    return Key(
        blob,
        header.get("Encryption", "none"),
        comment=header.get("Comment", ""),
        private=text[:_LONGEST].encode("utf-8", "replace"),
    )


def read_block(block: Block) -> Key:
    """Read a PEM block labelled as a private key. Raises `Unparsable`, also where its public half is encrypted too."""
    if block.label == "OPENSSH PRIVATE KEY":
        return read_openssh(block.body())
    if block.encrypted:
        raise Unparsable("encrypted PEM key without its public half")
    return read_der(block.body())
