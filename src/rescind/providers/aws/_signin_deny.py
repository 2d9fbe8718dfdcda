"""The denial of a sign-in's next token: written to one principal, or to one session name of it, read back, and taken away."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from rescind.errors import Rejected
from rescind.models.credential import Credential
from rescind.models.kind import CallResult, CallStatus, Liveness, Observation
from rescind.providers.aws import _held, _signins, _trail
from rescind.providers.aws._connect import Answer, AwsClient, call
from rescind.providers.aws._older import FIXED, Target, arguments, principal, read, target_of
from rescind.providers.aws._ours import refuse_sessions
from rescind.providers.aws._policy import verify_deny

NAME = "RescindDenySignIn"
TOKEN_SECONDS = 900


def document(only: str = "") -> dict[str, Any]:
    """Return the policy that denies a principal, or one `aws:userid` of it, the next token of a sign-in."""
    statement: dict[str, Any] = {"Sid": NAME, "Effect": "Deny", "Action": list(_signins.ACTIONS), "Resource": "*"}
    if only:
        statement["Condition"] = {"StringEquals": {"aws:userid": only}}
    return {"Version": "2012-10-17", "Statement": [statement]}


def of(client: AwsClient, credential: Credential) -> tuple[Target, Mapping[str, Any], Answer]:
    """Return the target beside IAM's own row of it. Raises `NotFound` for one that was made anew since, `Rejected` where none is known."""
    target = target_of(client, credential, credential.attributes.get("principal", ""), "sign-in")
    row, answer = principal(client, target, credential.attributes.get("unique", ""))
    label = f"{NAME}-{target.only.partition(':')[2]}" if target.only else NAME
    return target._replace(label=label), row, answer


def deny(client: AwsClient, credential: Credential) -> CallResult:
    """Write the denial. Raises `Rejected` for roles that nobody can edit and for what this run works as, other typed errors."""
    target, _, _ = of(client, credential)
    refuse_sessions(client, target)
    if target.name.startswith(FIXED):
        raise Rejected(
            "IAM lets nobody change this role: end the sign-in in IAM Identity Center", code="UnmodifiableEntity"
        )
    put = getattr(client.service("iam"), f"put_{target.what}_policy")
    answer = call(put, **arguments(target), PolicyName=target.label, PolicyDocument=json.dumps(document(target.only)))
    result = _held.done(answer, target.name)
    return replace(result, notes={target.what: target.name, "policy": target.label})


def snapshot(client: AwsClient, credential: Credential) -> Mapping[str, str]:
    """Return what is under the policy's name now. Raises typed provider errors."""
    target, _, _ = of(client, credential)
    former, _ = read(client, target, target.label)
    return {"document": json.dumps(former) if former else ""}


def restore(client: AwsClient, credential: Credential) -> CallResult:
    """Take the denial away, or put back what was under its name. Raises `Rejected` where that is not known or it was changed."""
    target, _, answer = of(client, credential)
    was = credential.attributes.get("before.document")
    if was is None:
        raise Rejected("what was there before is not known; nothing was removed", code="no-snapshot")
    now, _ = read(client, target, target.label)
    notes = {target.what: target.name, "policy": target.label}
    if not now or json.dumps(now) == was:
        return CallResult(status=CallStatus.ALREADY, request_id=answer.request_id, notes=notes)
    if now != document(target.only):
        raise Rejected(f"{target.label} is not what this run wrote; nothing was removed", code="changed")
    iam, named = client.service("iam"), {**arguments(target), "PolicyName": target.label}
    if was:
        answer = call(getattr(iam, f"put_{target.what}_policy"), **named, PolicyDocument=was)
    else:
        answer = call(getattr(iam, f"delete_{target.what}_policy"), **named)
    return replace(_held.done(answer, target.name), notes=notes)


def verify(client: AwsClient, credential: Credential) -> Observation:
    """Read the denial back; a user to whom everything is denied counts as well. Raises typed provider errors."""
    target, _, answer = of(client, credential)
    shown, read_at = read(client, target, target.label)
    whose = f"{target.what} {target.name}"
    if shown == document(target.only):
        if credential.attributes.get("bound_by") == _trail.MACHINE:
            why = f"{target.label} denies {whose} the next token; but only the machine says that this sign-in is theirs"
            return _held.seen(read_at or answer, Liveness.UNKNOWN, why)
        why = f"{target.label} denies {whose} {' and '.join(_signins.ACTIONS)}"
        seen = _held.seen(read_at or answer, Liveness.DEAD, why, reversible=True)
        roles = _held.CHAINED_SECONDS if target.what == "role" else _held.ROLE_SECONDS
        return replace(seen, residual_seconds=TOKEN_SECONDS + roles + _held.HONOURED)
    if target.what == "user" and credential.attributes.get("bound_by") != _trail.MACHINE:
        facts = {"user_id": credential.attributes.get("unique", "")}
        whole = Credential(kind=credential.kind, provider="aws", owner=target.name, attributes=facts)
        everything = verify_deny(client, whole)
        if everything.liveness is Liveness.DEAD:
            return everything
    return _held.seen(answer, Liveness.LIVE, f"nothing denies {whose} the next token of a sign-in")
