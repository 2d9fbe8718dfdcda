"""The checker's own strict reading: lines, JSON, verifier keys and signed notes.

Imports the standard library and the Ed25519 primitive only, and shares nothing with the code that writes the trail, so that a mistake
there cannot hide itself here. Formats: https://c2sp.org/signed-note and https://c2sp.org/tlog-checkpoint.
"""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any, BinaryIO, NamedTuple, NoReturn

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

MAX_LINE = 16 * 1024 * 1024
_DASH = "\u2014"


class Flaw(Exception):
    """What is wrong with an export: `line` counts from 1, `entry` is a sequence number where one is concerned."""

    def __init__(self, what: str, *, line: int = 0, entry: int | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.line = line
        self.entry = entry


class Head(NamedTuple):
    """A checkpoint as read: whose log, how many entries, the root over them."""

    origin: str
    size: int
    root: bytes


class Lines:
    """The lines of an export, without their newlines; `number` is that of the line last read, from 1."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.number = 0

    def next(self) -> bytes | None:
        """Return the next line, None at the end. Raises `Flaw` for a line that does not end, or never ends."""
        line = self._stream.readline(MAX_LINE + 1)
        if not line:
            return None
        self.number += 1
        if line[-1] != 10:
            raise Flaw("too long a line" if len(line) > MAX_LINE else "cut off: the last line has no end")
        return line[:-1]


def strict_json(line: bytes) -> Any:
    """Return the JSON value that is the whole line: UTF-8, no duplicate keys, no NaN, nothing around it. Raises `Flaw`."""
    try:
        text = line.decode("utf-8")
        value, end = _DECODER.raw_decode(text)
    except (ValueError, RecursionError):
        raise Flaw("not strict JSON") from None
    if end != len(text):
        raise Flaw("not strict JSON: something follows the value")
    return value


def one_spelling(line: bytes) -> Any:
    """Return the JSON value of a line that must be spelled in the one way the export has for it. Raises `Flaw`."""
    value = strict_json(line)
    if (
        json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass")
        != line
    ):
        raise Flaw("not spelled as an export spells it")
    return value


def unbase64(text: object, size: int | None = None) -> bytes:
    """Return the bytes of canonical base64, `size` of them if given. Raises `Flaw`."""
    try:
        raw = base64.b64decode(text, validate=True) if isinstance(text, str) else b""
    except ValueError:
        raise Flaw("not base64") from None
    if base64.b64encode(raw).decode() != text or (size is not None and len(raw) != size):
        raise Flaw("not base64 of the right length")
    return raw


def open_note(note: object, vkey: str) -> str:
    """Return the text that the key signed. Raises `Flaw`."""
    name, identity, public = read_vkey(vkey)
    if not isinstance(note, str) or any(c < " " and c != "\n" for c in note):
        raise Flaw("not a signed note")
    text, _, last = note.rpartition("\n\n")
    words = last.split(" ")
    if not text or len(words) != 3 or words[0] != _DASH or words[2][-1:] != "\n":
        raise Flaw("not a signed note with one signature")
    blob = unbase64(words[2][:-1], 68)
    if words[1] != name or blob[:4] != identity:
        raise Flaw("signed with another key")
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(blob[4:], text.encode() + b"\n")
    except (InvalidSignature, ValueError):
        raise Flaw("the signature does not check") from None
    return text + "\n"


def open_head(note: object, vkey: str) -> Head:
    """Return the checkpoint that the key signed. Raises `Flaw`."""
    return read_head(open_note(note, vkey))


def read_head(text: str) -> Head:
    """Return what a checkpoint's first three lines say, unverified. Raises `Flaw`."""
    parts = text.split("\n")
    if (
        len(parts) < 4
        or not parts[0]
        or not parts[1].isascii()
        or not parts[1].isdigit()
        or len(parts[1]) > 18
        or str(int(parts[1])) != parts[1]
    ):
        raise Flaw("not a checkpoint")
    return Head(parts[0], int(parts[1]), unbase64(parts[2], 32))


def read_vkey(vkey: object) -> tuple[str, bytes, bytes]:
    """Return name, key id and public key of a verifier key, `name+id+base64`. Raises `Flaw`."""
    name, _, rest = vkey.partition("+") if isinstance(vkey, str) else ("", "", "")
    identity, _, encoded = rest.partition("+")
    raw = unbase64(encoded, 33)
    expected = hashlib.sha256(name.encode("utf-8", "surrogatepass") + b"\n" + raw).digest()[:4]
    if not name or raw[0] != 1 or identity != expected.hex():
        raise Flaw("not an Ed25519 verifier key")
    return name, expected, raw[1:]


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError
    return made


def _refuse(_: str) -> NoReturn:
    raise ValueError


_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_refuse)
