"""Sign-ins of `aws login`: a console session lent to a command line, denied its next token; the one it holds lives 15 minutes at most.

The refresh token and the key that it is bound to lie in one file, for up to 12 hours. No API ends one: what renews it is allowed to a
principal by two actions (https://docs.aws.amazon.com/aws-managed-policy/latest/reference/SignInLocalDevelopmentAccess.html), and these
are denied, to the one session name where CloudTrail proves it, else to the whole user or role. A root user needs no permission for it
(https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-sign-in.html), so no policy of the account reaches that.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from rescind.errors import NotFound, ProviderError, Rejected, Throttled, Unreachable
from rescind.models.credential import Credential, EndState
from rescind.models.evidence import Gap
from rescind.models.kind import Act, CallResult, CallStatus, Kind, Known, Liveness, Observation, Residual, Subject, Verb
from rescind.providers.aws import _held, _signins, _trail
from rescind.providers.aws._connect import AwsClient, call
from rescind.providers.aws._iam import principals
from rescind.providers.aws._older import Target, arguments, principal, read
from rescind.providers.aws._ours import refuse_sessions
from rescind.providers.aws._policy import verify_deny
from rescind.secret import Secret

NAME = "RescindDenySignIn"
_TOKEN_SECONDS = 900


def document(only: str = "") -> dict[str, Any]:
    """Return the policy that denies a principal, or one `aws:userid` of it, the next token of a sign-in."""
    statement: dict[str, Any] = {"Sid": NAME, "Effect": "Deny", "Action": list(_signins.ACTIONS), "Resource": "*"}
    if only:
        statement["Condition"] = {"StringEquals": {"aws:userid": only}}
    return {"Version": "2012-10-17", "Statement": [statement]}


def _target(client: AwsClient, credential: Credential) -> Target:
    what, _, name = credential.attributes.get("principal", "").partition(":")
    if what not in {"role", "user"} or not name or not credential.owner:
        raise Rejected("it is not known whose sign-in this is", code="NoOwner")
    if credential.issuer and credential.issuer != client.account:
        raise Rejected("the sign-in belongs to another account than this tenant", code="OtherAccount")
    only = credential.attributes.get("only", "")
    return Target(what, name, only, f"{NAME}-{only.partition(':')[2]}" if only else NAME)


def _of(client: AwsClient, credential: Credential) -> tuple[Target, Mapping[str, Any], Any]:
    """Return the target beside IAM's own row of it. Raises `NotFound` for one that was made anew since."""
    target = _target(client, credential)
    row, answer = principal(client, target)
    was = credential.attributes.get("unique", "")
    if was and str(row.get(f"{target.what.capitalize()}Id", "")) != was:
        raise NotFound(f"the {target.what} was deleted and made anew since: it is another one now", code="NoSuchEntity")
    return target, row, answer


def identify(client: AwsClient, credential: Credential, secret: Secret | None) -> Known:  # noqa: ARG001  it is never used
    """Say whose a sign-in is, by CloudTrail's word of its key, else by the user whom it is listed under. Raises typed errors."""
    known = _signins.known(client, credential)
    if "principal" not in known.attributes:
        return known
    whole = replace(credential, owner=known.owner, issuer=known.issuer, attributes=known.attributes)
    return replace(known, liveness=verify(client, whole).liveness)


def enumerate(client: AwsClient, subject: Subject) -> Iterator[Known | Gap]:  # noqa: A001  the row's own word
    """Show each user and mapped role of the person that CloudTrail saw take a token of `aws login` in the last 12 hours."""
    source = f"tenant:{client.tenant.name}"
    names = principals(subject.names)
    missed: list[ProviderError] = []
    seen = _signins.taken(client, _trail.LONGEST_ROLE, missed) if names else {}
    yield from _trail.unread(client, missed, "sign-ins of `aws login`")
    for name in names:
        if name not in seen:
            continue
        try:
            yield _signins.listed(client, name, seen[name])
        except (Throttled, Unreachable):
            raise
        except ProviderError as error:
            yield Gap(source=source, reason=f"the sign-in of {name} could not be looked at: {error.message}")


def deny(client: AwsClient, credential: Credential) -> CallResult:
    """Write the denial. Raises `Rejected` for roles that nobody can edit and for what this run works as, other typed errors."""
    target, _, _ = _of(client, credential)
    refuse_sessions(client, target)
    if target.name.startswith(("AWSReservedSSO_", "AWSServiceRoleFor")):
        raise Rejected(
            "IAM lets nobody change this role: end the sign-in in IAM Identity Center", code="UnmodifiableEntity"
        )
    put = getattr(client.service("iam"), f"put_{target.what}_policy")
    answer = call(put, **arguments(target), PolicyName=target.label, PolicyDocument=json.dumps(document(target.only)))
    result = _held.done(answer, target.name)
    return replace(result, notes={target.what: target.name, "policy": target.label})


def snapshot(client: AwsClient, credential: Credential) -> Mapping[str, str]:
    """Return what is under the policy's name now. Raises typed provider errors."""
    target, _, _ = _of(client, credential)
    former, _ = read(client, target, target.label)
    return {"document": json.dumps(former) if former else ""}


def restore(client: AwsClient, credential: Credential) -> CallResult:
    """Take the denial away, or put back what was under its name. Raises `Rejected` where that is not known or it was changed."""
    target, _, answer = _of(client, credential)
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
    target, _, answer = _of(client, credential)
    shown, read_at = read(client, target, target.label)
    whose = f"{target.what} {target.name}"
    if shown == document(target.only):
        if credential.attributes.get("bound_by") == _signins.MACHINE:
            why = f"{target.label} denies {whose} the next token; but only the machine says that this sign-in is theirs"
            return _held.seen(read_at or answer, Liveness.UNKNOWN, why)
        why = f"{target.label} denies {whose} {' and '.join(_signins.ACTIONS)}"
        seen = _held.seen(read_at or answer, Liveness.DEAD, why, reversible=True)
        roles = _held.CHAINED_SECONDS if target.what == "role" else _held.ROLE_SECONDS
        return replace(seen, residual_seconds=_TOKEN_SECONDS + roles + _held.HONOURED)
    if target.what == "user" and credential.attributes.get("bound_by") != _signins.MACHINE:
        facts = {"user_id": credential.attributes.get("unique", "")}
        whole = Credential(kind=KIND.id, provider="aws", owner=target.name, attributes=facts)
        everything = verify_deny(client, whole)
        if everything.liveness is Liveness.DEAD:
            return everything
    return _held.seen(answer, Liveness.LIVE, f"nothing denies {whose} the next token of a sign-in")


def control(client: AwsClient, credential: Credential) -> Observation:
    """Show that the user or role can be read in this run. Raises typed provider errors.

    Without a credential (`rescind doctor`): that CloudTrail's history can.
    """
    if not credential.identifier:
        return _held.seen(_trail.readable(client), Liveness.LIVE, "LookupEvents answers")
    _, row, answer = _of(client, credential)
    return _held.seen(answer, Liveness.LIVE, f"IAM shows {row['Arn']}")


KIND = Kind(
    id="aws.login-session",
    title="AWS sign-in of `aws login`",
    provider="aws",
    actions={
        Verb.DENY: Act(
            call=deny,
            reversible=True,
            idempotent=True,
            permissions=("iam:GetRole", "iam:GetUser", "iam:PutRolePolicy", "iam:PutUserPolicy"),
            ends=EndState.CONTAINED,
            undo="delete the inline policy that the step's notes name (iam:DeleteUserPolicy, iam:DeleteRolePolicy)",
            snapshot=snapshot,
            restore=restore,
        ),
    },
    verify=verify,
    control=control,
    enumerate=enumerate,
    identify=identify,
    read_permissions=(
        "account:ListRegions",
        "cloudtrail:LookupEvents",
        "iam:GetRole",
        "iam:GetRolePolicy",
        "iam:GetUser",
        "iam:GetUserPolicy",
        "iam:ListAttachedUserPolicies",
        "sts:GetAccessKeyInfo",
    ),
    issuer_is_account=True,
    residual=Residual(
        seconds=_TOKEN_SECONDS + _held.ROLE_SECONDS + _held.HONOURED,
        what="the access token that is out, for up to 15 minutes, and roles assumed with it, for up to 12 hours (1 hour by a role's)",
        source="https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-sign-in.html",
    ),
    death=_held.DEATH,
    steps_by_hand=(
        "As an IAM administrator: deny the user or role signin:AuthorizeOAuth2Access and signin:CreateOAuth2Token, or delete the user's "
        "console password; for a root user change its password. The token that is out lives 15 minutes at most. `aws logout` only "
        "deletes the file."
    ),
    reference="https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-sign-in.html",
    since="0.1",
    tested=("a server of ours made of botocore's model, with CloudTrail's answers scripted",),
)
