"""IAM users as a whole: the identity behind keys, console logins and sessions, denied everything in one reversible call.

A deny on the user reaches its access keys, its console session and the sessions that `GetSessionToken` and `GetFederationToken` made
(https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_disable-perms.html). It does not reach sessions of
roles that the user assumed before: those are `aws.role-session`. The credentials still exist, so the best end is `contained`.

Where the tenant names a service control policy (`scp_policy_id`), the user is put on its deny list first: nobody in the account can
take that off again, and the deny in IAM follows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rescind.errors import NotFound, Rejected
from rescind.models.credential import Credential, EndState
from rescind.models.evidence import Gap
from rescind.models.kind import Act, Kind, Known, Liveness, Residual, Subject, Verb
from rescind.providers.aws import _held, _user_deny
from rescind.providers.aws._connect import AwsClient
from rescind.providers.aws._iam import find_user
from rescind.secret import Secret


def _known(client: AwsClient, user: Mapping[str, Any], liveness: Liveness) -> Known:
    used = _held.time(user.get("PasswordLastUsed"))
    return Known(
        identifier=str(user["Arn"]),
        issuer=client.account,
        subject=str(user["Arn"]),
        owner=str(user["UserName"]),
        attributes={"user_id": str(user.get("UserId", ""))},
        created_at=_held.time(user.get("CreateDate")),
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
    return _known(client, user, _user_deny.verify(client, probe).liveness)


def enumerate(client: AwsClient, subject: Subject) -> Iterator[Known | Gap]:  # noqa: A001  the row's own word
    """Show the person's IAM users, one GetUser each; whether they are denied already is not asked. What could not be read is a `Gap`.

    Raises `Throttled` and `Unreachable`, which are worth another try.
    """
    return _held.of_users(client, subject, "", lambda user: [_known(client, user, Liveness.UNKNOWN)])


KIND = Kind(
    id="aws.user",
    title="AWS IAM user (identity)",
    provider="aws",
    actions={
        Verb.DENY: Act(
            call=_user_deny.deny,
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
            verify=_user_deny.verify,
            undo=(
                "delete the user's inline policy RescindDenyAll (iam:DeleteUserPolicy), or detach AWSDenyAll (iam:DetachUserPolicy); then "
                "take the user out of RescindDenyList in the organisation's policy (organizations:UpdatePolicy)"
            ),
            snapshot=_user_deny.snapshot,
            restore=_user_deny.restore,
        ),
    },
    verify=_user_deny.verify,
    control=_held.control,
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
        seconds=_held.ROLE_SECONDS + _held.HONOURED,
        what="roles that the user assumed before the deny, for up to 12 hours; each role that such a session assumes adds an hour",
        source="https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_disable-perms.html",
    ),
    death=_held.DEATH,
    steps_by_hand=(
        "As an IAM administrator of the user's account: attach the managed policy AWSDenyAll to the user, and use Revoke sessions on "
        "each role that the user assumed."
    ),
    reference="https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutUserPolicy.html",
    since="0.1",
    tested=("ministack 1.5.33 (AUTH=true)", "a server of ours made of botocore's model (the organisation's policy)"),
)
