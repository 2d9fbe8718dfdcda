"""Deny everything to one IAM user, and see whether it is denied.

The only quick end of sessions that `GetSessionToken` and `GetFederationToken` made from a key: their rights are the user's, weighed
again at each request, so an unconditional deny on the user reaches them
(https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_disable-perms.html).
It hits everything the user does, not only the key. `sts:GetCallerIdentity` needs no permission and still answers, so it is no probe
for a deny (https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html); neither do tokens made of a signed
`GetCallerIdentity` stop.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote

from rescind.errors import NotFound, Rejected, Unrecognised
from rescind.models.credential import Credential, EndState
from rescind.models.kind import Act, CallResult, CallStatus, Liveness, Observation
from rescind.providers.aws._connect import AwsClient, call, pages
from rescind.providers.aws._iam import find_user, user_of
from rescind.providers.aws._ours import refuse_user

NAME = "RescindDenyAll"
DOCUMENT: Mapping[str, Any] = {
    "Version": "2012-10-17",
    "Statement": [{"Sid": NAME, "Effect": "Deny", "Action": "*", "Resource": "*"}],
}


def managed_arn(client: AwsClient) -> str:
    """Return the ARN of AWS's own deny-all policy in the tenant's partition."""
    return f"arn:{client.partition}:iam::aws:policy/AWSDenyAll"


def same_user(client: AwsClient, credential: Credential) -> str:
    """Return the user's name if it still is that user. A name can be given to somebody else, an id cannot. Raises typed errors.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
    """
    name, known_id = user_of(client, credential), credential.attributes.get("user_id", "")
    if known_id and find_user(client, name)[0].get("UserId") != known_id:
        raise NotFound(f"the IAM user that is called {name} now is another one", code="NoSuchEntity")
    return name


def deny(client: AwsClient, credential: Credential) -> CallResult:
    """Embed `RescindDenyAll` in the key's user; where inline space is used up, attach AWS's managed `AWSDenyAll`.

    Raises typed provider errors; `Rejected` for the user who acts, and with code `LimitExceeded` when both quotas are used up
    (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html).
    """
    iam, user = client.service("iam"), same_user(client, credential)
    refuse_user(client, user)
    policy = NAME
    try:
        answer = call(iam.put_user_policy, UserName=user, PolicyName=NAME, PolicyDocument=json.dumps(DOCUMENT))
    except Rejected as error:
        if error.code != "LimitExceeded":
            raise
        policy = managed_arn(client)
        answer = call(iam.attach_user_policy, UserName=user, PolicyArn=policy)
    return CallResult(
        status=CallStatus.DONE,
        request_id=answer.request_id,
        provider_time=answer.provider_time,
        http_status=200,
        notes={"user": user, "policy": policy},
    )


def _as_document(shown: object) -> object:
    # AWS sends it percent-encoded; boto3 decodes it, other implementations may leave that to the reader.
    if not isinstance(shown, str):
        return shown
    try:
        return json.loads(unquote(shown))
    except ValueError:
        raise Unrecognised("GetUserPolicy answered with something that is no policy") from None


def before(client: AwsClient, credential: Credential) -> Mapping[str, str]:
    """Return what is on the user before a deny: the managed policies, and `RescindDenyAll` with its content if it is there.

    Raises typed provider errors.
    """
    iam, user = client.service("iam"), same_user(client, credential)
    facts = {"user": user, "deny": "no"}
    try:
        shown = call(iam.get_user_policy, UserName=user, PolicyName=NAME).body.get("PolicyDocument")
    except NotFound:
        pass
    else:
        document = _as_document(shown)
        facts |= {"deny": "yes" if document == DOCUMENT else "other", "document": json.dumps(document)}
    attached, _ = pages(iam.list_attached_user_policies, "AttachedPolicies", UserName=user)
    arns = sorted(str(row.get("PolicyArn", "")) for row in attached)
    return {**facts, "attached": ",".join(arns), "managed_deny": "yes" if managed_arn(client) in arns else "no"}


def restore(client: AwsClient, credential: Credential) -> CallResult:
    """Take away the deny that a run added, and nothing that was there before it. Raises typed provider errors.

    `Rejected` where what was there before is not known, or where the policy of our name is not what we wrote.
    """
    iam, user, facts = client.service("iam"), same_user(client, credential), credential.attributes
    was = facts.get("before.deny")
    if was is None:
        raise Rejected("what was on the user before the deny is not known; nothing was removed", code="no-snapshot")
    by_us = facts.get("did.policy", NAME)
    left = "was there before the run"
    if by_us == managed_arn(client):
        if facts.get("before.managed_deny") != "no":
            return CallResult(status=CallStatus.ALREADY, notes={"user": user, "left": f"AWSDenyAll {left}"})
        return _taken(user, by_us, lambda: call(iam.detach_user_policy, UserName=user, PolicyArn=by_us))
    if was == "yes":
        return CallResult(status=CallStatus.ALREADY, notes={"user": user, "left": f"{NAME} {left}"})
    try:
        now = _as_document(call(iam.get_user_policy, UserName=user, PolicyName=NAME).body.get("PolicyDocument"))
    except NotFound:
        return CallResult(status=CallStatus.ALREADY, notes={"user": user, "policy": NAME})
    if now != DOCUMENT:
        raise Rejected(f"{NAME} is not what this run wrote; nothing was removed", code="changed")
    if was == "other":
        document = facts.get("before.document", "")
        return _taken(
            user, NAME, lambda: call(iam.put_user_policy, UserName=user, PolicyName=NAME, PolicyDocument=document)
        )
    return _taken(user, NAME, lambda: call(iam.delete_user_policy, UserName=user, PolicyName=NAME))


def _taken(user: str, policy: str, send: Callable[[], Any]) -> CallResult:
    notes = {"user": user, "policy": policy}
    try:
        answer = send()
    except NotFound as error:
        return CallResult(status=CallStatus.ALREADY, request_id=error.request_id, notes=notes)
    return CallResult(
        status=CallStatus.DONE,
        request_id=answer.request_id,
        provider_time=answer.provider_time,
        http_status=200,
        notes=notes,
    )


def verify_deny(client: AwsClient, credential: Credential) -> Observation:
    """Read the user's policies back: `DEAD` when everything is denied to the user, `LIVE` when it is not.

    Raises typed provider errors, `NotFound` when the user is not shown.
    """
    iam, user = client.service("iam"), same_user(client, credential)
    other = ""
    try:
        answer = call(iam.get_user_policy, UserName=user, PolicyName=NAME)
    except NotFound:
        pass
    else:
        if _as_document(answer.body.get("PolicyDocument")) == DOCUMENT:
            return _seen(Liveness.DEAD, f"GetUserPolicy shows {NAME} on user {user}, denying every action", answer)
        other = f" ({NAME} is there with other content)"
    attached, answer = pages(iam.list_attached_user_policies, "AttachedPolicies", UserName=user)
    if any(row.get("PolicyArn") == managed_arn(client) for row in attached):
        return _seen(Liveness.DEAD, f"ListAttachedUserPolicies shows AWSDenyAll on user {user}", answer)
    return _seen(Liveness.LIVE, f"no deny-all policy is on user {user}{other}", answer)


def _seen(liveness: Liveness, evidence: str, answer: Any) -> Observation:
    return Observation(
        liveness=liveness,
        evidence=evidence,
        request_id=answer.request_id,
        provider_time=answer.provider_time,
        reversible=liveness is Liveness.DEAD,
    )


DENY = Act(
    call=deny,
    reversible=True,
    idempotent=True,
    permissions=(
        "iam:PutUserPolicy",
        "iam:AttachUserPolicy",
        "iam:GetUserPolicy",
        "iam:ListAttachedUserPolicies",
        "iam:ListAccessKeys",
    ),
    ends=EndState.CONTAINED,
    supports=True,
    verify=verify_deny,
    undo="delete the user's inline policy RescindDenyAll (iam:DeleteUserPolicy), or detach AWSDenyAll (iam:DetachUserPolicy)",
    snapshot=before,
    restore=restore,
)
"""What stops everything that was made of one of a user's credentials, beside the acts that end that credential itself."""
