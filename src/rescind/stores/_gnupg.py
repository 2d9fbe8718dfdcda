"""GnuPG's files as findings: rings, keys of the agent, armoured exports, revocations."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator

from rescind.errors import Unparsable
from rescind.models.evidence import Finding, Location, State
from rescind.stores import _keybox
from rescind.stores._openpgp import Key, keys
from rescind.stores._pem import Block, blocks
from rescind.stores._sighting import sighting
from rescind.stores._text import decode

_AGENT = re.compile(rb"\((?:\d{1,3}:)?(protected-|shadowed-)?private-key\s*\((?:\d:)?(rsa|dsa|elg|ecc|ecdsa|ecdh)")
_CREATED = re.compile(rb"^Created: (\d{8}T\d{6})", re.MULTILINE)
_PROTECTED = {b"": "no", b"protected-": "yes", b"shadowed-": "card"}
_GRIP = re.compile(r"[0-9A-F]{40}")


def findings(blob: bytes, at: Location) -> Iterator[Finding]:
    """Yield every key of a keyring, the key of an agent's file, or a revocation. Raises `Unparsable` for another file."""
    folder, _, name = at.path.rpartition("/")
    stem = name.rpartition(".")[0].upper()
    if blob.startswith(b"SQLite format 3"):
        raise Unparsable("the keys are in the database of GnuPG's keybox daemon, which is not read")
    if _keybox.is_keybox(blob):
        for kind, part in _keybox.contents(blob):
            yield from _ring(part, at) if kind == _keybox.OPENPGP else ()
    elif _GRIP.fullmatch(stem) and folder.endswith("private-keys-v1.d"):
        yield _agent(blob, at, stem)
    elif name.endswith(".rev"):
        own, made = {"fingerprint": stem}, b"PGP PUBLIC KEY BLOCK" in blob
        yield sighting("gnupg.revocation", at, identifier=stem if made else "", attributes=own, state=State.PUBLIC_ONLY)
    elif blob[:1] >= b"\x80":
        yield from _ring(blob, at)
    else:
        for block in blocks(decode(blob)):
            if block.label in {"PGP PRIVATE KEY BLOCK", "PGP PUBLIC KEY BLOCK"}:
                yield from _ring(_dearmored(block), at)


def _agent(blob: bytes, at: Location, grip: str) -> Finding:
    found, made = _AGENT.search(blob[:4096]), _CREATED.search(blob[:4096])
    if not found:
        raise Unparsable("the file is not a private key of GnuPG's agent")
    protected = _PROTECTED[found[1] or b""]
    facts = {
        "keygrip": grip,
        "algorithm": found[2].decode(),
        "protected": protected,
        "created": made[1].decode() if made else "",
    }
    facts["hardware"] = "yes" if protected == "card" else ""
    return sighting("gnupg.key", at, identifier=grip, secret=blob if protected == "no" else b"", attributes=facts)


def _ring(blob: bytes, at: Location) -> Iterator[Finding]:
    users: dict[str, list[str]] = {}
    for key in keys(blob):
        users.setdefault(key.primary, key.users)
        yield _finding(key, at, users[key.primary])


def _finding(key: Key, at: Location, users: list[str]) -> Finding:
    facts = {
        "fingerprint": key.fingerprint,
        "keygrip": key.keygrip,
        "algorithm": key.algorithm,
        "users": ", ".join(users),
    }
    facts |= {"protected": key.protected, "hardware": "yes" if key.protected == "card" else ""}
    facts |= {"revoked": "yes" if key.revoked else "", "primary": key.primary if key.primary != key.fingerprint else ""}
    facts["ends"] = key.expires_at or ""  # whoever has the key can put it off
    state = State.LIVE_UNVERIFIED if key.protected else State.PUBLIC_ONLY
    own, who = key.keygrip or key.fingerprint, next(iter(users), "")
    return sighting("gnupg.key", at, identifier=own, subject=who, attributes=facts, state=state)


def _dearmored(block: Block) -> bytes:
    rows = block.text.replace("\r\n", "\n").partition("\n\n")[2].split("\n")
    try:
        return base64.b64decode("".join(r.strip() for r in rows if not r.startswith("=")), validate=True)
    except (binascii.Error, ValueError) as e:
        raise Unparsable("an OpenPGP block is damaged") from e
