"""The trail's Ed25519 key: signing notes with it, and where it lives (the OS keychain, else a private file beside the trail).

Notes are those of https://c2sp.org/signed-note; keys are written as in https://pkg.go.dev/golang.org/x/mod/sumdb/note
(`name+id+base64`), so that other people's verifiers read the public one. The private one is only ever handed to the keychain or file.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import os
import re
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from rescind import osfiles
from rescind.errors import AuditError
from rescind.secret import Secret

ED25519 = b"\x01"
KEY_FILE = "audit.key"
VKEY_FILE = "audit.vkey"
ID_FILE = "installation-id"
_PRIVATE = "PRIVATE+KEY+"
_ORIGIN = re.compile(r"[!-*,-~]+")  # printable ASCII without space and plus: narrower than the note format, on purpose
_ID = re.compile(r"[0-9a-f]{16}")

KeyringGet = Callable[[str], Secret | str | None]
KeyringSet = Callable[[str, Secret], None]


@dataclass(frozen=True, slots=True)
class Signer:
    """The log's key. `origin` names the log, `vkey` is the public key, `warning` says what a reader of the report must know of it."""

    origin: str
    vkey: str
    _key: Ed25519PrivateKey = field(repr=False)
    warning: str = ""

    def sign(self, text: str) -> str:
        """Return `text` as a signed note. Raises `AuditError` unless it ends in a newline and holds no other control character."""
        if not text.endswith("\n") or any(ord(c) < 32 and c != "\n" for c in text):
            raise AuditError("a note needs a final newline and no control characters")
        blob = key_id(self.origin, _public(self._key)) + self._key.sign(text.encode())
        return f"{text}\n— {self.origin} {base64.b64encode(blob).decode()}\n"

    def sign_bytes(self, payload: bytes) -> bytes:
        """Return the raw 64-byte signature over a payload that cannot be mistaken for a note (the signing input of a JWT)."""
        return self._key.sign(payload)

    def private_text(self) -> Secret:
        """Return the private key as text for the keychain or the key file, readable by `read_signer`."""
        identity = key_id(self.origin, _public(self._key)).hex()
        seed = self._key.private_bytes_raw()
        return Secret(f"{_PRIVATE}{self.origin}+{identity}+{base64.b64encode(ED25519 + seed).decode()}")


def key_id(name: str, public: bytes) -> bytes:
    """Return the four-byte id of an Ed25519 key: SHA-256(name ‖ newline ‖ 0x01 ‖ key), cut (https://c2sp.org/signed-note)."""
    return hashlib.sha256(name.encode() + b"\n" + ED25519 + public).digest()[:4]


def new_signer(origin: str) -> Signer:
    """Return a signer with a fresh key. Raises `AuditError` for an origin that cannot name a key."""
    return _signer(origin, Ed25519PrivateKey.generate())


def read_signer(text: Secret) -> Signer:
    """Return the signer that a private key text holds. Raises `AuditError`, never quoting it."""
    hint = "restore it, or move it away to start a new one"
    try:
        name, identity, encoded = text.reveal().strip().removeprefix(_PRIVATE).split("+", 2)
        raw = base64.b64decode(encoded, validate=True)
        signer = _signer(name, Ed25519PrivateKey.from_private_bytes(raw[1:]))
    except ValueError:
        raise AuditError("the audit trail's signing key cannot be read", hint=hint) from None
    if raw[:1] != ED25519 or signer.vkey.split("+")[1] != identity:
        raise AuditError("the audit trail's signing key is damaged", hint=hint)
    return signer


def load_signer(
    state_dir: Path, keyring_get: KeyringGet | None = None, keyring_set: KeyringSet | None = None
) -> Signer:
    """Return this installation's signer, making its key on first use.

    `keyring_get(name)` and `keyring_set(name, value)` reach the OS keychain; the name is the log's origin, `rescind/<installation id>`.
    Where they are missing or fail, the key is a file that only its owner can read, and `signer.warning` says so. The public key is also
    written to `audit.vkey`; a key that is not the recorded one is announced in the warning. Raises `AuditError`.
    """
    try:
        state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _locked(state_dir / "audit.lock"):
            origin = f"rescind/{_installation(state_dir)}"
            signer = _from_file(state_dir / KEY_FILE) or _from_keychain(origin, keyring_get)
            return _recorded(
                state_dir / VKEY_FILE, signer or _make(state_dir / KEY_FILE, origin, keyring_get, keyring_set)
            )
    except OSError as error:
        raise AuditError(
            f"the audit trail's signing key cannot be reached: {error.strerror}", hint=f"check {state_dir}"
        ) from error


def _from_file(path: Path) -> Signer | None:
    try:
        descriptor = osfiles.open_closed(path, os.O_RDONLY)
    except FileNotFoundError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        if not osfiles.is_private(os.fstat(descriptor)):
            raise AuditError(
                f"others can read the audit trail's signing key: {path}", hint="treat it as exposed: move it away"
            )
        return replace(read_signer(Secret(file.read(4096))), warning=_kept_in(path))


def _from_keychain(origin: str, keyring_get: KeyringGet | None) -> Signer | None:
    stored = _ask(origin, keyring_get)
    return read_signer(stored) if stored else None


def _ask(origin: str, keyring_get: KeyringGet | None) -> Secret | None:
    if keyring_get is None:
        return None
    try:
        stored = keyring_get(origin)
    except Exception:  # noqa: BLE001 - keychains fail in ways of their own; each of them means "not there"
        return None
    return Secret(stored) if isinstance(stored, str) else stored


def _make(path: Path, origin: str, keyring_get: KeyringGet | None, keyring_set: KeyringSet | None) -> Signer:
    signer = new_signer(origin)
    text = signer.private_text()
    if keyring_set is not None:
        with contextlib.suppress(Exception):
            keyring_set(origin, text)
            kept = _ask(origin, keyring_get)  # a keychain that forgets would cost the log its identity
            if kept and kept.same_as(text):
                return signer
    _write_new(path, text.reveal_bytes() + b"\n", 0o600)
    return replace(signer, warning=_kept_in(path))


def _kept_in(path: Path) -> str:
    return f"the audit trail's signing key is in a file, not in the OS keychain: {path}"


def _recorded(path: Path, signer: Signer) -> Signer:
    with contextlib.suppress(FileNotFoundError):
        if path.read_text().strip() == signer.vkey:
            return signer
        path.unlink()
        changed = "the audit trail is signed with a new key from here on: the recorded one was not found"
        signer = replace(signer, warning="; ".join(filter(None, (signer.warning, changed))))
    _write_new(path, signer.vkey.encode() + b"\n", 0o644)
    return signer


def _installation(state_dir: Path) -> str:
    path = state_dir / ID_FILE
    try:
        text = path.read_text().strip()
    except FileNotFoundError:
        text = secrets.token_hex(8)
        _write_new(path, text.encode() + b"\n", 0o600)
    if not _ID.fullmatch(text):
        raise AuditError(f"{path} does not hold an installation id", hint="16 hexadecimal digits belong there")
    return text


def _write_new(path: Path, data: bytes, mode: int) -> None:
    descriptor = osfiles.open_closed(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(descriptor)


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock, so that two first starts agree on one key."""
    descriptor = osfiles.open_closed(path, os.O_RDWR | os.O_CREAT)
    try:
        osfiles.lock(descriptor, wait=True)
        yield
    finally:
        os.close(descriptor)


def _signer(origin: str, key: Ed25519PrivateKey) -> Signer:
    if not _ORIGIN.fullmatch(origin):
        raise AuditError("a log's origin is printable ASCII without spaces and plus signs")
    public = _public(key)
    return Signer(origin, f"{origin}+{key_id(origin, public).hex()}+{base64.b64encode(ED25519 + public).decode()}", key)


def _public(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes_raw()
