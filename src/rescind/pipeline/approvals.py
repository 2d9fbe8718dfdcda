"""Approvals: one signed statement that a named person releases exactly this plan, or named held credentials of it.

An approval binds the plan's digest, expires, is used once, and never comes from the person whose access is being ended.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import rfc8785

from rescind.errors import RefusedError, UsageError
from rescind.host import sshsig
from rescind.models.clock import parse_rfc3339, rfc3339
from rescind.models.plan import Plan

NAMESPACE = "rescind-plan"
MAX_BYTES = 64 * 1024
_FIELDS = {"schema", "plan_digest", "credentials", "by", "expires_at", "nonce"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """A checked approval: who released what, until when. `nonce` makes it usable once."""

    by: str
    plan_digest: str
    credentials: tuple[str, ...]
    expires_at: str
    nonce: str


def make(plan: Plan, credentials: Iterable[str], *, by: str, lifetime: timedelta, now: datetime, key: Path) -> str:
    """Return an approval file's text, signed with an SSH key. Raises `UsageError` for a credential that is not held in the plan."""
    wanted = tuple(sorted(set(credentials)))
    offered = {s.credential for s in plan.steps if s.held} | {s.id for s in plan.case_steps if s.held}
    strange = [c for c in wanted if c not in offered]
    if strange:
        raise UsageError(
            f"{strange[0]} is not held in this plan, or nothing could be done to it",
            hint="held: " + (", ".join(sorted(offered)) or "none"),
        )
    body = {
        "schema": "rescind.approval/1",
        "plan_digest": plan.digest,
        "credentials": list(wanted),
        "by": by,
        "expires_at": rfc3339(now + lifetime),
        "nonce": secrets.token_hex(16),
    }
    signature = sshsig.sign(rfc8785.dumps(body), key, NAMESPACE)
    return json.dumps({"approval": body, "signature": signature}, indent=2) + "\n"


def _parsed(text: str) -> tuple[Mapping[str, Any], str]:
    try:
        outer = json.loads(text)
        body, signature = outer["approval"], outer["signature"]
        good = isinstance(body, dict) and set(body) == _FIELDS and isinstance(signature, str)
        good = good and body["schema"] == "rescind.approval/1" and isinstance(body["credentials"], list)
        good = good and all(isinstance(v, str) for k, v in body.items() if k != "credentials")
        good = good and all(isinstance(c, str) for c in body["credentials"])
    except (ValueError, KeyError, TypeError):
        good = False
    if not good:
        raise UsageError("this is not an approval that `rescind approve` wrote", hint="make it again: rescind approve")
    return body, signature


def check(
    text: str, plan: Plan, *, allowed_signers: Path, subjects: Iterable[str], used: Iterable[str], now: datetime
) -> Approval:
    """Return the approval if it is good for this plan, now, and for the first time. Raises `RefusedError` that says why not."""
    body, signature = _parsed(text)
    try:
        expires = parse_rfc3339(body["expires_at"])
    except ValueError:
        raise UsageError("the approval's expiry is not a time", hint="make it again: rescind approve") from None
    if body["plan_digest"] != plan.digest:
        raise RefusedError("the approval was made for another plan", hint="approve this one: rescind approve")
    if expires <= now:
        raise RefusedError(f"the approval expired at {body['expires_at']}", hint="approve again: rescind approve")
    if body["nonce"] in set(used):
        raise RefusedError("the approval was used before", hint="an approval is used once: rescind approve")
    if body["by"].casefold() in {s.casefold() for s in subjects}:
        raise RefusedError(f"{body['by']} is the person of this case and cannot approve it", hint="somebody else must")
    sshsig.verify(
        rfc8785.dumps(dict(body)), signature, identity=body["by"], allowed_signers=allowed_signers, namespace=NAMESPACE
    )
    return Approval(
        by=body["by"],
        plan_digest=body["plan_digest"],
        credentials=tuple(body["credentials"]),
        expires_at=body["expires_at"],
        nonce=body["nonce"],
    )


def read(path: Path) -> str:
    """Return an approval file's text. Raises `UsageError`."""
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES).decode("utf-8", "replace")
    except OSError as error:
        raise UsageError(f"{path}: the approval cannot be read: {error.strerror}") from error
