"""Long-term access keys of IAM users (`AKIA…`): found by user, switched off, deleted, and proven dead from IAM's own listing.

The key itself is never used. What outlives it: sessions made from it, for up to 36 hours, and what those sessions went on to make.
Deactivating or deleting a key ends none of them; denying the user does
(https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_disable-perms.html).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from rescind.errors import Denied, NotFound, ProviderError, Throttled, Unreachable
from rescind.models.clock import rfc3339
from rescind.models.credential import Credential, EndState
from rescind.models.evidence import Gap
from rescind.models.kind import (
    BY_HAND,
    Act,
    CallResult,
    CallStatus,
    Death,
    Kind,
    Known,
    Liveness,
    Observation,
    Residual,
    Subject,
    Verb,
)
from rescind.providers.aws._connect import Answer, AwsClient, call
from rescind.providers.aws._held import HONOURED, ROLE_SECONDS
from rescind.providers.aws._iam import account_of, find_user, keys_of, last_used, user_of
from rescind.providers.aws._next_key import ROTATION
from rescind.providers.aws._policy import before, deny, restore, verify_deny
from rescind.providers.aws._root import summary
from rescind.secret import Secret

_LIVENESS = {"Active": Liveness.LIVE, "Inactive": Liveness.DEAD, "Expired": Liveness.DEAD}


def _time(value: object) -> str | None:
    return rfc3339(value) if isinstance(value, datetime) else None


def _known(client: AwsClient, row: Mapping[str, Any], user: Mapping[str, Any], used: object) -> Known:
    return Known(
        identifier=str(row["AccessKeyId"]),
        issuer=client.account,
        subject=str(user["Arn"]),
        owner=str(user["UserName"]),
        attributes={"status": str(row.get("Status", "")), "user_id": str(user.get("UserId", ""))},
        created_at=_time(row.get("CreateDate")),
        last_used=_time(used),
        liveness=_LIVENESS.get(str(row.get("Status", "")), Liveness.UNKNOWN),
    )


def identify(client: AwsClient, credential: Credential, secret: Secret | None) -> Known:  # noqa: ARG001  the key is never used
    """Ask IAM whose key it is. A key id that carries another account comes back with that account as issuer and no owner.

    Raises `NotFound` when IAM does not show it, other typed errors when it could not be asked.
    """
    used: object = None
    try:
        name, used = last_used(client, credential.identifier)
    except (Denied, NotFound) as error:
        elsewhere = account_of(credential.identifier)
        if elsewhere and elsewhere != client.account and not credential.owner:
            return Known(identifier=credential.identifier, issuer=elsewhere)
        # AWS answers AccessDenied also for ids it does not hold, so a listing of the known owner decides what a denial means.
        if isinstance(error, NotFound) or not credential.owner:
            _unless_roots(client, elsewhere)
            raise
        name = credential.owner
    if not name:
        raise NotFound("IAM names no user for this key id", code="NoSuchEntity")
    row = keys_of(client, name)[0].get(credential.identifier)
    if row is None:
        raise NotFound(f"ListAccessKeys of user {name} does not show this key", code="NoSuchEntity")
    return _known(client, row, find_user(client, name)[0], used)


def _unless_roots(client: AwsClient, account: str) -> None:
    """Raise that a key of this account, which IAM names no user for, may be its root user's, where that one has keys."""
    try:
        has = account == client.account and summary(client)[0]["access keys"]
    except ProviderError:
        return
    if has:
        why = f"IAM names no user for this key of account {account}, whose root user has access keys: it may be one of these"
        raise NotFound(f"{why}. Only the root user, or central root access, can end it", code=BY_HAND)


def _use(client: AwsClient, key_id: str) -> object:
    try:
        return last_used(client, key_id)[1]
    except (Denied, NotFound):  # a key that is listed stays listed, with its last use unknown
        return None


def enumerate(client: AwsClient, subject: Subject) -> Iterator[Known | Gap]:  # noqa: A001  the row's own word
    """List every key of the person's IAM users, inactive ones too. A user that could not be read whole is a `Gap`, no short list.

    Raises `Throttled` and `Unreachable`, which are worth another try.
    """
    for name in (n for n in subject.names if ":" not in n):  # `role:` and `sso:` names are no IAM users
        try:
            user, _ = find_user(client, name)
            found = [_known(client, row, user, _use(client, key)) for key, row in keys_of(client, name)[0].items()]
        except NotFound:
            yield Gap(source=f"tenant:{client.tenant.name}", reason=f"mapped IAM user {name} does not exist")
        except (Throttled, Unreachable):
            raise  # the caller asks again, and makes the gap if that does not help
        except ProviderError as error:
            yield Gap(
                source=f"tenant:{client.tenant.name}",
                reason=f"access keys of IAM user {name} could not be listed: {error.message}",
            )
        else:
            yield from found


def _done(answer: Answer, user: str) -> CallResult:
    return CallResult(
        status=CallStatus.DONE,
        request_id=answer.request_id,
        provider_time=answer.provider_time,
        http_status=200,
        notes={"user": user},
    )


def deactivate(client: AwsClient, credential: Credential) -> CallResult:
    """Set the key to Inactive. Raises typed provider errors, `NotFound` when user or key are not there."""
    user = user_of(client, credential)
    method = client.service("iam").update_access_key
    return _done(call(method, UserName=user, AccessKeyId=credential.identifier, Status="Inactive"), user)


def activate(client: AwsClient, credential: Credential) -> CallResult:
    """Set the key to Active again, if that is what it was when the plan was made. Raises typed provider errors."""
    user, was = user_of(client, credential), credential.attributes.get("status", "")
    if was != "Active":
        left = f"the key was {was or 'not known to be Active'} before the run"
        return CallResult(status=CallStatus.ALREADY, notes={"user": user, "left": left})
    method = client.service("iam").update_access_key
    return _done(call(method, UserName=user, AccessKeyId=credential.identifier, Status="Active"), user)


def delete(client: AwsClient, credential: Credential) -> CallResult:
    """Delete the key; `ALREADY` when IAM does not know it. Raises typed provider errors."""
    user = user_of(client, credential)
    try:
        return _done(
            call(client.service("iam").delete_access_key, UserName=user, AccessKeyId=credential.identifier), user
        )
    except NotFound as error:
        return CallResult(
            status=CallStatus.ALREADY, request_id=error.request_id, http_status=error.status, notes={"user": user}
        )


def verify(client: AwsClient, credential: Credential) -> Observation:
    """Look for the key in the complete listing of its user's keys.

    Absent counts only beside the user itself, and only if IAM does not name another user for the key: a renamed user would otherwise
    leave a living key out of sight. Raises typed provider errors, `NotFound` when the user is not shown.
    """
    user = user_of(client, credential)
    keys, answer = keys_of(client, user)
    row = keys.get(credential.identifier)
    if row is None:
        who, _ = find_user(client, user)  # raises where the empty listing means "no such user"
        if who.get("UserId") != credential.attributes.get("user_id", who.get("UserId")):
            return _seen(
                answer,
                Liveness.UNKNOWN,
                f"user {user} does not have the key, but is not the user who had it: the name was given to another",
            )
        now = _moved(client, credential.identifier)
        if not now or now == user:
            return _seen(
                answer,
                Liveness.DEAD,
                f"ListAccessKeys of user {user}, read whole, does not show the key; GetUser shows the user",
            )
        keys, answer = keys_of(client, now)
        row = keys.get(credential.identifier)
        if row is None:
            return _seen(answer, Liveness.UNKNOWN, f"IAM names user {now} for the key, whose listing does not show it")
        user = now
    status = str(row.get("Status", ""))
    return _seen(
        answer,
        _LIVENESS.get(status, Liveness.UNKNOWN),
        f"ListAccessKeys of user {user} shows the key as {status or 'nothing'}",
        status,
    )


def _moved(client: AwsClient, key_id: str) -> str:
    try:
        return last_used(client, key_id)[0]
    except (Denied, NotFound):  # how IAM answers for an id that it does not hold
        return ""


def control(client: AwsClient, credential: Credential) -> Observation:
    """Show that users of this account can be read in this run: GetUser of the key's owner. Raises typed provider errors."""
    user, answer = find_user(client, user_of(client, credential))
    return _seen(answer, Liveness.LIVE, f"GetUser shows {user['Arn']}")


def _seen(answer: Answer, liveness: Liveness, evidence: str, status: str = "") -> Observation:
    return Observation(
        liveness=liveness,
        evidence=evidence,
        request_id=answer.request_id,
        provider_time=answer.provider_time,
        reversible=status == "Inactive",
    )


KIND = Kind(
    id="aws.access-key",
    title="AWS access key of an IAM user",
    provider="aws",
    actions={
        Verb.DENY: Act(
            call=deny,
            reversible=True,
            idempotent=True,
            permissions=(
                "iam:PutUserPolicy",
                "iam:AttachUserPolicy",
                "iam:GetUserPolicy",
                "iam:ListAttachedUserPolicies",
            ),
            ends=EndState.CONTAINED,
            supports=True,
            verify=verify_deny,
            undo="delete the user's inline policy RescindDenyAll (iam:DeleteUserPolicy), or detach AWSDenyAll (iam:DetachUserPolicy)",
            snapshot=before,
            restore=restore,
        ),
        Verb.DEACTIVATE: Act(
            call=deactivate,
            reversible=True,
            idempotent=True,
            permissions=("iam:UpdateAccessKey",),
            undo="set the key to Active again (iam:UpdateAccessKey)",
            restore=activate,
        ),
        Verb.DELETE: Act(call=delete, reversible=False, idempotent=True, permissions=("iam:DeleteAccessKey",)),
    },
    verify=verify,
    control=control,
    enumerate=enumerate,
    identify=identify,
    read_permissions=(
        "iam:GetUser",
        "iam:ListAccessKeys",
        "iam:GetAccessKeyLastUsed",
        "iam:GetAccountSummary",
        "iam:SimulatePrincipalPolicy",  # `doctor` only
    ),
    rotation=ROTATION,
    issuer_is_account=True,
    residual=Residual(
        # A session of GetSessionToken lives up to 36 hours and may assume a role in its last minute, for up to 12 hours more.
        seconds=129_600 + ROLE_SECONDS + HONOURED,
        what=(
            "sessions made from the key: GetSessionToken and GetFederationToken for up to 36 hours, and roles assumed by the key or "
            "by such a session for up to 12 hours more; each role that such a one assumes adds an hour, so cut those too"
        ),
        source="https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html",
        # A deny on the user stops those sessions at once, but not the sessions of roles assumed before (AssumeRole: 12 hours at most).
        shortened_by={Verb.DENY: ROLE_SECONDS + HONOURED},
    ),
    death=Death(
        negatives=3,
        seconds=10.0,
        source="https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency",
    ),
    steps_by_hand=(
        "As an IAM administrator of the key's account: IAM console, Users, the key's user, Security credentials: deactivate the key, "
        "later delete it. To stop sessions made from it, attach the managed policy AWSDenyAll to the user; for roles it assumed, "
        "use Revoke sessions on each role."
    ),
    reference="https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateAccessKey.html",
    since="0.1",
    tested=("ministack 1.5.33 (AUTH=true)", "moto 5.2.5"),
)
