"""What an operator says a run is about, as a `Case`; and a name for the run."""

from __future__ import annotations

import secrets
import socket
from datetime import datetime
from pathlib import Path

from rescind.errors import EvidenceError
from rescind.models.clock import parse_rfc3339, rfc3339
from rescind.models.plan import Case


def is_live(target: Path) -> bool:
    """Tell whether a target is the running user's own home, or the root of the running machine.

    Only there can a keychain be read or a local copy be erased.
    """
    try:
        place = target.resolve()
        return place == Path.home().resolve() or place == Path(place.anchor)
    except (OSError, RuntimeError):
        return False


def new_run_id(now: datetime) -> str:
    """Return a fresh run id that sorts by time and says nothing about the case."""
    return now.strftime("%Y%m%d-%H%M%S-") + secrets.token_hex(3)


def _moment(text: str) -> str:
    try:
        return rfc3339(parse_rfc3339(text)) if text else ""
    except ValueError as error:
        raise EvidenceError(
            f"{text!r} is not an RFC 3339 time with a zone", hint="write it like 2026-11-23T13:02:00Z"
        ) from error


def case_of(
    *,
    person: str = "",
    workstation: str = "",
    target: Path | None = None,
    inventory: Path | None = None,
    lost_at: str = "",
    now: datetime,
    hold: bool = False,
    at: str = "",
    not_isolated: str = "",
) -> Case:
    """Return the case that the operator's options describe. `lost_at` and `at` are RFC 3339 (default: not known; now)."""
    lost, begin = _moment(lost_at), _moment(at)
    if lost and parse_rfc3339(lost) > now:
        raise EvidenceError(f"the loss at {lost} lies in the future", hint="check --lost-at")
    if begin and parse_rfc3339(begin) <= now:
        raise EvidenceError(f"the moment {begin} has passed", hint="leave --at away to begin now")
    return Case(
        person=person,
        workstation=workstation or (socket.gethostname() if target is not None and is_live(target) else ""),
        lost_at=lost,
        target=str(target.expanduser().absolute()) if target else "",
        inventory=str(inventory.absolute()) if inventory else "",
        hold=hold,
        at=begin,
        not_isolated=" ".join(not_isolated.split()),
    )
