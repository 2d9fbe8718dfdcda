r"""The trail as one self-contained file that `rescind.audit.check` reads offline.

JSON lines, each ending in a newline::

    {"origin":…,"root":…,"schema":"rescind.audit-export/1","size":…,"vkey":…}    root in base64, as in a checkpoint
    {"leaves":"…"}                    base64 of up to 256 leaf hashes; so many lines as needed: they say which entry was changed
    {"actor":…,…}                     every entry, byte for byte as stored and hashed
    "rescind/…\n…\n"                  every checkpoint, oldest first, as JSON strings; the last one covers every entry

For one run (partial disclosure) the header also names `run` and the entries' `seqs`; each entry is `{"entry":"…","proof":[…]}` with its
inclusion proof (RFC 6962 §2.1.1, https://www.rfc-editor.org/rfc/rfc6962#section-2.1.1); then come the last checkpoint and a signed note
over the SHA-256 of all lines before it, because inclusion proofs alone would not show that an entry was left out.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import itertools
import json
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from rescind import osfiles
from rescind.audit import merkle
from rescind.audit.log import AuditLog
from rescind.errors import AuditError, UsageError

SCHEMA = "rescind.audit-export/1"
LEAVES_PER_LINE = 256


def export(log: AuditLog, out: Path, run: str | None = None) -> str:
    """Write the whole trail, or one run of it, to `out` (0600, replaced as a whole) and return the checkpoint that covers it.

    A log opened for writing is signed first. Raises `AuditError` if the last signed head does not cover every entry, if there is no
    such run; `UsageError` if the file cannot be written.
    """
    if log.signer is not None:
        log.sign_head()
    heads = log.checkpoints()
    if not heads or (log.signer is None and heads[-1][0] != log.head()[0]):
        raise AuditError("the newest entries are not covered by a signed head", hint="export where the signing key is")
    size, vkey, note = heads[-1]
    origin, _, root = (*note.split("\n"), "", "")[:3]  # a stored note that was tampered with is the checker's to name
    header: dict[str, object] = {"schema": SCHEMA, "origin": origin, "vkey": vkey, "size": size, "root": root}
    lines = _whole(log, header, size) if run is None else _partial(log, header, size, run, note)
    _write(out, lines)
    return note


def _whole(log: AuditLog, header: dict[str, object], size: int) -> Iterator[bytes]:
    yield _line(header)
    leaves = (leaf for _, leaf, _ in log.rows(end=size))
    while chunk := b"".join(itertools.islice(leaves, LEAVES_PER_LINE)):
        yield _line({"leaves": base64.b64encode(chunk).decode()})
    for _, _, raw in log.rows(end=size):
        yield raw + b"\n"
    for covered, _, note in log.checkpoints():
        if covered <= size:
            yield _line(note)


def _partial(log: AuditLog, header: dict[str, object], size: int, run: str, note: str) -> Iterator[bytes]:
    if log.signer is None:
        raise AuditError("an export of one run is signed", hint="export where the signing key is")
    shown = [(seq, raw) for seq, _, raw in log.rows(run=run, end=size)]
    if not shown:
        raise AuditError("the audit trail has no such run")
    leaves = [leaf for _, leaf, _ in log.rows(end=size)]
    if len(leaves) != size:
        raise AuditError(
            f"the audit trail holds {len(leaves)} of {size} signed entries",
            hint="export all of it and run `rescind audit verify`",
        )
    rows = merkle.levels(leaves)
    digest = hashlib.sha256()
    parts = [_line(header | {"run": run, "seqs": [seq for seq, _ in shown]})]
    for seq, raw in shown:
        proof = [base64.b64encode(node).decode() for node in merkle.inclusion_proof(rows, seq)]
        parts.append(_line({"entry": raw.decode(errors="replace"), "proof": proof}))
    parts.append(_line(note))
    for part in parts:
        digest.update(part)
        yield part
    yield _line(log.signer.sign(f"{header['origin']}/export\n{base64.b64encode(digest.digest()).decode()}\n"))


def _line(value: object) -> bytes:
    """One spelling for everything that is not an entry; the checker insists on it."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"


def _write(out: Path, lines: Iterator[bytes]) -> None:
    """Write beside the target and rename, so that a half-written trail never carries its name."""
    draft = out.with_name(f".{out.name}.{secrets.token_hex(4)}")
    try:
        if out.is_symlink():
            raise UsageError(f"{out}: nothing was written: it is a symbolic link", hint="name the file itself with -o")
        descriptor = osfiles.open_closed(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        with os.fdopen(descriptor, "wb") as file:
            file.writelines(lines)
            file.flush()
            os.fsync(descriptor)
        draft.replace(out)
    except OSError as error:
        raise UsageError(
            f"{out}: nothing was written: {error.strerror}",
            hint="name another file with -o; the trail itself is untouched",
        ) from None
    finally:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)
