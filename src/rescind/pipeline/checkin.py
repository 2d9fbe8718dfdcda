"""The machine's side of a check-in: scan, seal, sign, number, send; a small heartbeat when nothing changed.

What is sent next is written down before it is sent and sent again as it was after any failure, so a number never stands for two contents.
The machine's key never leaves it; what it sealed it cannot open.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from rescind import osfiles
from rescind.audit.signer import Signer, new_signer, read_signer
from rescind.errors import AuditError, ConfigError, EvidenceError
from rescind.models.checkin import Envelope, Sink
from rescind.models.clock import parse_rfc3339, rfc3339
from rescind.models.config import Config
from rescind.models.credential import Inventory
from rescind.pipeline import envelope as envelopes
from rescind.pipeline import inventory as inventories
from rescind.pipeline import sealed
from rescind.secret import Secret
from rescind.wire.files import write_atomic

KEY, STATE, PENDING = "checkin.key", "checkin.json", "checkin.pending"
FULL_EVERY = timedelta(days=7)
"""A whole inventory is sent again after so long, so that a sink may forget old ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What one check-in sent: its envelope's facts, and how many were left from an earlier failure and sent first."""

    workstation: str
    number: int
    at: str
    heartbeat: bool
    name: str
    resent: int


def device_signer(state_dir: Path, workstation: str) -> Signer:
    """Return this machine's signing key, made on first use. Raises `ConfigError` for a name that cannot be one."""
    if not envelopes.NAME.fullmatch(workstation):
        raise ConfigError(
            "[checkin] workstation is not a name", hint="letters, digits, dots, hyphens and underscores, at most 62"
        )
    path = state_dir / KEY
    state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        write_atomic(path, new_signer(envelopes.ORIGIN + workstation).private_text().reveal_bytes() + b"\n")
    if not osfiles.is_private(path.stat()):
        raise ConfigError(f"others can read this machine's check-in key: {path}", hint="move it away and enrol again")
    try:
        signer = read_signer(Secret(path.read_bytes()))
    except AuditError:
        raise ConfigError(f"{path} does not hold a key", hint="move it away and enrol again") from None
    if signer.origin != envelopes.ORIGIN + workstation:
        raise ConfigError(
            f"this machine is enrolled as {signer.origin.removeprefix(envelopes.ORIGIN)!r}, not {workstation!r}",
            hint=f"move {path} away and enrol again",
        )
    return signer


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except ValueError:
        raise EvidenceError(f"{path} is damaged", hint="move it and the check-in key away, and enrol again") from None
    return found if isinstance(found, dict) else {}


@contextmanager
def _alone(state_dir: Path) -> Iterator[None]:
    state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = osfiles.open_closed(state_dir / "checkin.lock", os.O_RDWR | os.O_CREAT)
    try:
        try:
            osfiles.lock(handle, wait=False)
        except OSError:
            raise EvidenceError("another check-in is running", hint="wait for it") from None
        yield
    finally:
        os.close(handle)


def _deliver(state_dir: Path, sink: Sink, signer: Signer, blob: bytes, *, full_at: str) -> Envelope:
    """Send what is pending, then advance. Both halves may be repeated: names carry digests, and sinks never replace."""
    sent = envelopes.read(blob, signer.vkey)
    sink.put(sent.workstation, envelopes.file_name(sent), blob)
    state = {"number": sent.number, "previous": sent.digest, "inventory": sent.inventory, "full_at": full_at}
    write_atomic(state_dir / STATE, json.dumps(state).encode())
    (state_dir / PENDING).unlink()
    return sent


def _resend(state_dir: Path, sink: Sink, signer: Signer) -> int:
    held = _read(state_dir / PENDING)
    if not held:
        return 0
    blob = base64.b64decode(held["envelope"])
    if envelopes.read(blob, signer.vkey).number <= int(_read(state_dir / STATE).get("number", 0)):
        (state_dir / PENDING).unlink()  # it had been sent; only its removal was missing
        return 0
    _deliver(state_dir, sink, signer, blob, full_at=str(held["full_at"]))
    return 1


def send(
    config: Config,
    sink: Sink,
    look: Callable[[], tuple[Inventory, Mapping[str, Secret]]],
    *,
    state_dir: Path,
    now: Callable[[], Any],
) -> Sent:
    """Check in once. `look` scans, within the declared scope. Raises `ConfigError`, `EvidenceError` or what the sink raises.

    Nothing is lost by an error: what was not sent is sent first the next time.
    """
    conf = config.checkin
    if conf is None or not config.org.recipients:
        raise ConfigError(
            "nothing says where check-ins go, or who may open them", hint="set [checkin] and [org] recipients"
        )
    with _alone(state_dir):
        signer = device_signer(state_dir, conf.workstation)
        resent = _resend(state_dir, sink, signer)
        inventory, secrets = look()
        last, digest, at = _read(state_dir / STATE), inventories.digest(inventory), rfc3339(now())
        fresh = last.get("full_at") and parse_rfc3339(at) - parse_rfc3339(str(last["full_at"])) < FULL_EVERY
        heartbeat = bool(fresh and last.get("inventory") == digest)
        values = sealed.needed(inventory, secrets) if conf.values else {}
        blob = envelopes.make(
            signer,
            number=int(last.get("number", 0)) + 1,
            previous=str(last.get("previous", envelopes.FIRST)),
            at=at,
            inventory=digest,
            payload=b"" if heartbeat else sealed.sealed(inventory, config.org.recipients, values),
        )
        if len(blob) > envelopes.MAX_BYTES:
            raise EvidenceError(
                f"the inventory is too large for a check-in: {len(blob)} bytes, at most {envelopes.MAX_BYTES} are read",
                hint="nothing was sent; leave folders out under [scan] exclude",
            )
        full_at = str(last["full_at"]) if heartbeat else at
        pending = {"envelope": base64.b64encode(blob).decode(), "full_at": full_at}
        write_atomic(state_dir / PENDING, json.dumps(pending).encode())
        sent = _deliver(state_dir, sink, signer, blob, full_at=full_at)
    return Sent(
        workstation=sent.workstation,
        number=sent.number,
        at=sent.at,
        heartbeat=heartbeat,
        name=envelopes.file_name(sent),
        resent=resent,
    )
