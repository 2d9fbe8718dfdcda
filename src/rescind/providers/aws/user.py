"""IAM users as a whole: the identity behind keys, console logins and sessions, denied everything in one reversible call.

A deny on the user reaches its access keys, its console session and the sessions that `GetSessionToken` and `GetFederationToken` made
(https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_disable-perms.html). It does not reach sessions of
roles that the user assumed before: those are `aws.role-session`. The credentials still exist, so the best end is `contained`.

Where the tenant names a service control policy (`scp_policy_id`), the user is put on its deny list first: nobody in the account can
take that off again, and the deny in IAM follows.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from rescind.errors import NotFound, ProviderError, Rejected, Throttled, Unreachable
from rescind.models.clock import rfc3339
from rescind.models.credential import Credential, EndState
from rescind.models.evidence import Gap
from rescind.models.kind import Act, CallResult, Death, Kind, Known, Liveness, Observation, Residual, Subject, Verb
from rescind.providers.aws import _scp
from rescind.providers.aws._connect import AwsClient, call, pages
from rescind.providers.aws._held import HONOURED, ROLE_SECONDS
from rescind.providers.aws._iam import find_user, user_of
from rescind.providers.aws._ours import refuse_user
from rescind.providers.aws._policy import before, deny, restore, same_user, verify_deny
from rescind.secret import Secret


def _time(value: object) -> str | None:
    return rfc3339(value) if isinstance(value, datetime) else None


def _known(client: AwsClient, user: Mapping[str, Any], liveness: Liveness) -> Known:
    used = _time(user.get("PasswordLastUsed"))
    return Known(
        identifier=str(user["Arn"]),
        issuer=client.account,
        subject=str(user["Arn"]),
        owner=str(user["UserName"]),
        attributes={"user_id": str(user.get("UserId", ""))},
        created_at=_time(user.get("CreateDate")),
        last_used=used,
        liveness=liveness,
    )


def identify(client: AwsClient, credential: Credential, secret: Secret | None) -> Known:  # noqa: ARG001  a user has no value
    """Ask IAM for the user of this name. Raises `NotFound` if it is not there or is another user by now, other typed errors else."""
    name = credential.owner or credential.identifier.rpartition("/")[2]
    if not name:  # IAM takes a missing user name for the caller
        raise Rejected("neither a user name nor an ARN to ask for", code="incomplete")
    user, _ = find_user(client, name)
    known_id = credential.attributes.get("user_id", "")
    if (credential.identifier and user["Arn"] != credential.identifier) or (
        known_id and user.get("UserId") != known_id
    ):
        raise NotFound(f"the IAM user that is called {name} now is another one", code="NoSuchEntity")
    probe = Credential(kind=KIND.id, provider="aws", identifier=str(user["Arn"]), owner=name)
    return _known(client, user, verify(client, probe).liveness)


def enumerate(client: AwsClient, subject: Subject) -> Iterator[Known | Gap]:  # noqa: A001  the row's own word
    """Show the person's IAM users, one GetUser each; whether they are denied already is not asked. What could not be read is a `Gap`.

    Raises `Throttled` and `Unreachable`, which are worth another try.
    """
    source = f"tenant:{client.tenant.name}"
    for name in (n for n in subject.names if ":" not in n):  # `role:` and `sso:` names are no IAM users
        try:
            user, _ = find_user(client, name)
        except NotFound:
            yield Gap(source=source, reason=f"mapped IAM user {name} does not exist")
        except (Throttled, Unreachable):
            raise  # the caller asks again, and makes the gap if that does not help
        except ProviderError as error:
            yield Gap(source=source, reason=f"IAM user {name} could not be read: {error.message}")
        else:
            yield _known(client, user, Liveness.UNKNOWN)


def deny_first_from_outside(client: AwsClient, credential: Credential) -> CallResult:
    """Deny everything to the user: in the organisation's policy first, where there is one, then in IAM. Raises typed provider errors.

    What keeps the organisation from it does not keep IAM: it is raised after the deny there.
    """
    if not _scp.policy_id(client):
        return deny(client, credential)
    user, _ = find_user(client, same_user(client, credential))
    refuse_user(client, str(user["UserName"]))
    try:
        wrote = _scp.change(client, str(user["Arn"]), deny=True)
    except ProviderError:
        deny(client, credential)
        raise
    result = deny(client, credential)
    return replace(result, notes={**result.notes, "scp": _scp.policy_id(client), "scp_wrote": "yes" if wrote else "no"})


def allow(client: AwsClient, credential: Credential) -> CallResult:
    """Take back what a run denied, in IAM first and only then in the organisation's policy. Raises typed provider errors."""
    result = restore(client, credential)
    if not _scp.policy_id(client) or credential.attributes.get("before.scp") != "no":
        return result
    user, _ = find_user(client, same_user(client, credential))
    wrote = _scp.change(client, str(user["Arn"]), deny=False)
    return replace(result, notes={**result.notes, "scp": _scp.policy_id(client), "scp_wrote": "yes" if wrote else "no"})


def verify(client: AwsClient, credential: Credential) -> Observation:
    """Read back every deny that this tenant asks for: `DEAD` when all are there. Raises typed provider errors."""
    seen = verify_deny(client, credential)
    if not _scp.policy_id(client) or seen.liveness is not Liveness.DEAD:
        return seen
    user, _ = find_user(client, same_user(client, credential))
    if user["Arn"] in _scp.denied(_scp.read(client)[0]):
        return replace(seen, evidence=f"{seen.evidence}; the organisation's policy denies it as well")
    why = f"the organisation's policy does not deny user {user['UserName']}, and a deny in IAM alone can be taken off in the account"
    return replace(seen, liveness=Liveness.LIVE, evidence=why, reversible=False)


def snapshot(client: AwsClient, credential: Credential) -> Mapping[str, str]:
    """Return what a deny would hide: the user's own policies and the managed ones. Raises typed provider errors."""
    iam, user = client.service("iam"), user_of(client, credential)
    facts = before(client, credential)
    inline, _ = pages(iam.list_user_policies, "PolicyNames", UserName=user)
    shown = call(iam.get_user, UserName=user).body.get("User", {})
    created = _time(shown.get("CreateDate")) if isinstance(shown, Mapping) else None
    if _scp.policy_id(client):
        document, _ = _scp.read(client)
        there = isinstance(shown, Mapping) and shown.get("Arn") in _scp.denied(document)
        facts = {**facts, "scp": "yes" if there else "no", "scp_document": json.dumps(document)}
    return {**facts, "inline": ",".join(sorted(map(str, inline))), "created_at": created or ""}


def control(client: AwsClient, credential: Credential) -> Observation:
    """Show that users of this account can be read in this run: GetUser of this user. Raises typed provider errors."""
    user, answer = find_user(client, user_of(client, credential))
    return Observation(
        liveness=Liveness.LIVE,
        evidence=f"GetUser shows {user['Arn']}",
        request_id=answer.request_id,
        provider_time=answer.provider_time,
    )


KIND = Kind(
    id="aws.user",
    title="AWS IAM user (identity)",
    provider="aws",
    actions={
        Verb.DENY: Act(
            call=deny_first_from_outside,
            reversible=True,
            idempotent=True,
            permissions=(
                "iam:PutUserPolicy",
                "iam:AttachUserPolicy",
                "iam:GetUserPolicy",
                "iam:ListAttachedUserPolicies",
                "iam:ListAccessKeys",
                "organizations:ListTargetsForPolicy",
                "organizations:UpdatePolicy",
            ),
            ends=EndState.CONTAINED,
            verify=verify,
            undo=(
                "delete the user's inline policy RescindDenyAll (iam:DeleteUserPolicy), or detach AWSDenyAll (iam:DetachUserPolicy); then "
                "take the user out of RescindDenyList in the organisation's policy (organizations:UpdatePolicy)"
            ),
            snapshot=snapshot,
            restore=allow,
        ),
    },
    verify=verify,
    control=control,
    enumerate=enumerate,
    identify=identify,
    read_permissions=(
        "iam:GetUser",
        "iam:GetUserPolicy",
        "iam:ListAttachedUserPolicies",
        "iam:ListUserPolicies",
        "organizations:DescribePolicy",
    ),
    issuer_is_account=True,
    identity=True,
    residual=Residual(
        seconds=ROLE_SECONDS + HONOURED,
        what="roles that the user assumed before the deny, for up to 12 hours; each role that such a session assumes adds an hour",
        source="https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_disable-perms.html",
    ),
    death=Death(
        negatives=3,
        seconds=10.0,
        source="https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency",
    ),
    steps_by_hand=(
        "As an IAM administrator of the user's account: attach the managed policy AWSDenyAll to the user, and use Revoke sessions on "
        "each role that the user assumed."
    ),
    reference="https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutUserPolicy.html",
    since="0.1",
    tested=("ministack 1.5.33 (AUTH=true)", "a server of ours made of botocore's model (the organisation's policy)"),
)
