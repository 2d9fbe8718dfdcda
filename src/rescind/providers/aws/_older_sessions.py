"""The cut of one session, by the time of its issue: everything older is denied to its principal, and read back.

Only where CloudTrail shows that the session is of that principal, and was issued before, does the cut prove anything of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple

from rescind.errors import Rejected
from rescind.models.clock import parse_rfc3339, rfc3339
from rescind.models.credential import Credential
from rescind.models.kind import CallResult, Liveness, Observation
from rescind.providers.aws import _held, _trail
from rescind.providers.aws._connect import Answer, AwsClient
from rescind.providers.aws._older import FIXED, MARGIN, Target, cut, in_force, principal, target_of
from rescind.providers.aws._ours import refuse_sessions


def _target(client: AwsClient, credential: Credential) -> Target:
    return target_of(client, credential, credential.attributes.get("cut", ""), "session")


def revoke(client: AwsClient, credential: Credential) -> CallResult:
    """Deny everything to what was issued before AWS's now: for the session's own name where its user is proven, else the principal.

    Raises typed provider errors; `Rejected` for roles that nobody can edit and for sessions that this run works with.
    """
    target = _target(client, credential)
    if target.name.startswith(FIXED):
        raise Rejected(
            "IAM does not let anybody change this role: end the person's sessions and assignments in IAM Identity Center "
            "(a service's own role: at that service)",
            code="UnmodifiableEntity",
        )
    refuse_sessions(client, target)
    principal(client, target, credential.attributes.get("unique", ""))
    return cut(client, target, credential.attributes.get("issued_by", ""))


class Look(NamedTuple):
    """What is seen of a cut: `at` is its moment where it reaches the session."""

    liveness: Liveness
    evidence: str
    answer: Answer | None
    at: datetime | None = None


def judge(client: AwsClient, target: Target, facts: Mapping[str, str]) -> Look:
    """Tell whether a policy of the target cuts a session of these facts. Raises typed provider errors."""
    at, policy, answer = in_force(client, target)
    whose = f"{target.what} {target.name}"
    if at is None:
        return Look(Liveness.LIVE, f"no policy of {whose} denies older sessions", answer)
    shown = f"{policy} on {whose} denies everything to sessions issued before {rfc3339(at)}"
    if facts.get("bound_by") != _trail.TRAIL:
        why = f"{shown}; but only the machine says that this session is of {whose}, CloudTrail shows nothing of it"
        return Look(Liveness.UNKNOWN, why, answer)
    issued = facts.get("issued_by", "")
    if not issued:
        return Look(Liveness.UNKNOWN, f"{shown}; when this one was issued is not known", answer)
    if parse_rfc3339(issued) < at:
        return Look(Liveness.DEAD, f"{shown}; CloudTrail shows this one issued by {issued}", answer, at)
    return Look(Liveness.LIVE, f"{shown}; this one may be newer ({issued})", answer)


def verify(client: AwsClient, credential: Credential) -> Observation:
    """Read the policy back: `DEAD` when it denies what was issued before a moment after this session's issue, as CloudTrail tells it.

    Raises typed provider errors, `NotFound` when role or user are not shown or were made anew.
    """
    target = _target(client, credential)
    # a missing policy counts only beside its role
    _, answer = principal(client, target, credential.attributes.get("unique", ""))
    look = judge(client, target, credential.attributes)
    dead = look.liveness is Liveness.DEAD
    seen = _held.seen(look.answer or answer, look.liveness, look.evidence, reversible=dead)
    if look.at is None:
        return seen
    # it authenticates until it expires, and roles that it assumed before live on
    more = _held.HONOURED + (_held.CHAINED_SECONDS if target.what == "role" else _held.ROLE_SECONDS)
    roles = rfc3339(look.at - MARGIN + timedelta(seconds=more))
    return replace(seen, residual_until=max(roles, credential.attributes.get("expires", "")))


def control(client: AwsClient, credential: Credential) -> Observation:
    """Show that the session's role or user can be read in this run. Raises typed provider errors.

    Without a credential (`rescind doctor`): that CloudTrail's history can.
    """
    if not credential.identifier:
        return _held.seen(_trail.readable(client), Liveness.LIVE, "LookupEvents answers")
    row, answer = principal(client, _target(client, credential))
    return _held.seen(answer, Liveness.LIVE, f"IAM shows {row['Arn']}")
