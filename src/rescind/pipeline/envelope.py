"""A check-in on the wire: a signed note about a sealed payload, numbered and chained to the one before it. Pure.

The note is that of https://c2sp.org/signed-note, signed with the machine's own key; age says nothing of who sealed, so this does. What is
signed names machine, number, predecessor, time, what was there, and the payload's digest: none of them can be changed or swapped.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re

from rescind.audit.note import open_note
from rescind.audit.signer import Signer
from rescind.errors import AuditError, EvidenceError
from rescind.models.checkin import Envelope
from rescind.models.clock import parse_rfc3339

SCHEMA = "rescind.checkin/1"
MAX_BYTES = 96 * 1024 * 1024
ORIGIN = "rescind-checkin/"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,61}")
FIRST = "-"
_DIGEST = r"sha256:[0-9a-f]{64}"
_TEXT = re.compile(
    rf"rescind check-in v1\nworkstation ({NAME.pattern})\nnumber ([1-9]\d{{0,14}})\nprevious (-|{_DIGEST})\n"
    rf"at (\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\dZ)\ninventory ({_DIGEST})\npayload (-|{_DIGEST})\n"
)


def sha256(blob: bytes) -> str:
    """Return `sha256:` and 64 hexadecimal digits."""
    return "sha256:" + hashlib.sha256(blob).hexdigest()


def file_name(envelope: Envelope) -> str:
    """Return the name that an envelope is stored under: it sorts by number and holds the digest of what was signed."""
    return f"{envelope.number:015d}-{envelope.digest.removeprefix('sha256:')[:16]}.json"


def make(signer: Signer, *, number: int, previous: str, at: str, inventory: str, payload: bytes) -> bytes:
    """Return one check-in as it is stored. `payload` is sealed already, empty for a heartbeat."""
    workstation = signer.origin.removeprefix(ORIGIN)
    text = (
        f"rescind check-in v1\nworkstation {workstation}\nnumber {number}\nprevious {previous}\n"
        f"at {at}\ninventory {inventory}\npayload {sha256(payload) if payload else '-'}\n"
    )
    held = {"schema": SCHEMA, "note": signer.sign(text), "payload": base64.b64encode(payload).decode()}
    return json.dumps(held, indent=1).encode()


def read(blob: bytes, vkey: str) -> Envelope:
    """Return the check-in in bytes that anybody may have written. Raises `EvidenceError` saying why it is refused."""
    try:
        held = json.loads(blob)
        note, payload = str(held["note"]), base64.b64decode(held["payload"], validate=True)
        if held["schema"] != SCHEMA:
            raise EvidenceError("it is of another schema")
    except (ValueError, KeyError, TypeError, RecursionError):
        raise EvidenceError("it is not a check-in") from None
    try:
        found = _TEXT.fullmatch(open_note(note, vkey))
    except AuditError as error:
        raise EvidenceError(error.message) from None
    if found is None:
        raise EvidenceError("what was signed is not a check-in of this version")
    workstation, number, previous, at, inventory, signed = found.groups()
    if ORIGIN + workstation != vkey.partition("+")[0]:
        raise EvidenceError("it is of another machine")
    if (sha256(payload) if payload else "-") != signed:
        raise EvidenceError("its payload is not the one that was signed")
    try:
        parse_rfc3339(at)
    except ValueError:
        raise EvidenceError("its time is none") from None
    return Envelope(
        workstation=workstation,
        number=int(number),
        previous=previous,
        at=at,
        inventory=inventory,
        payload=payload,
        digest=sha256(note.encode()),
    )
