"""Console passwords of IAM users: there is one for a user or none, and only deleting it ends it.

A console session that is open already goes on without it, for up to 12 hours; a deny on the user stops that at once, and so it
stops what `aws login` would refresh; roles that were assumed in it live on. IAM keeps no history of a password, so a new one can be set but the old one cannot come back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rescind.errors import NotFound
from rescind.models.credential import Credential
from rescind.models.evidence import Gap
from rescind.models.kind import Act, CallResult, Kind, Known, Liveness, Observation, Residual, Subject, Verb
from rescind.providers.aws import _held
from rescind.providers.aws._connect import Answer, AwsClient, call
from rescind.providers.aws._iam import find_user, user_of
from rescind.providers.aws._passwords import known, other_account, profile
from rescind.providers.aws._policy import DENY
from rescind.secret import Secret


def identify(client: AwsClient, credential: Credential, secret: Secret | None) -> Known:  # noqa: ARG001  never used
    """Ask IAM for the password of the user of this name. Raises `NotFound` for none, other typed errors else.

    A downloaded table names a user and a sign-in page; whose the user is, IAM and the configuration say.
    """
    name = credential.owner or credential.identifier.rpartition("/")[2]
    if not name and credential.subject and (elsewhere := other_account(client, credential.issuer)):
        return Known(identifier="", issuer=elsewhere)
    name = name or credential.subject
    if not name:
        raise NotFound("neither a user name nor an ARN to ask for", code="NoSuchEntity")
    user, _ = find_user(client, name)
    return known(client, user)


def enumerate(client: AwsClient, subject: Subject) -> Iterator[Known | Gap]:  # noqa: A001  the row's own word
    """Show the password of each IAM user of the person who has one. What could not be read is a `Gap`."""

    def look(user: Mapping[str, Any]) -> list[Known]:
        try:
            return [known(client, user)]
        except NotFound:  # the user was shown just before: there is no password
            return []

    return _held.of_users(client, subject, "the password", look)


def delete(client: AwsClient, credential: Credential) -> CallResult:
    """Delete the password; `ALREADY` when there is none. Raises typed provider errors."""
    user = user_of(client, credential)
    try:
        return _held.done(call(client.service("iam").delete_login_profile, UserName=user), user)
    except NotFound as error:
        return _held.already(error, user)


def verify(client: AwsClient, credential: Credential) -> Observation:
    """Ask for the login profile: none counts only beside the very same user. Raises typed provider errors."""
    name = user_of(client, credential)
    try:
        _, answer = profile(client, name)
    except NotFound as error:
        answer = Answer({}, error.request_id, "")
    else:
        return _held.seen(answer, Liveness.LIVE, f"GetLoginProfile shows a password of user {name}")
    doubt = _held.same_user(client, credential)
    if doubt:
        return _held.seen(answer, Liveness.UNKNOWN, f"there is no password, but {doubt}")
    shown = f"GetLoginProfile answered NoSuchEntity for user {name}, and GetUser shows the same user"
    return _held.seen(answer, Liveness.DEAD, shown)


KIND = Kind(
    id="aws.login-profile",
    title="Console password of an IAM user",
    provider="aws",
    actions={
        Verb.DENY: DENY,
        Verb.REVOKE: Act(
            call=delete,
            reversible=False,
            idempotent=True,
            permissions=("iam:DeleteLoginProfile",),
            undo="none: set a new password (iam:CreateLoginProfile)",
        ),
    },
    verify=verify,
    control=_held.control,
    enumerate=enumerate,
    identify=identify,
    read_permissions=("iam:GetUser", "iam:GetLoginProfile", "iam:ListAccountAliases"),
    issuer_is_account=True,
    residual=Residual(
        seconds=43_200 + _held.ROLE_SECONDS + _held.HONOURED,
        what=(
            "a console session that was open, and sessions of `aws login` made from one, for up to 12 hours; roles assumed in one, for up to "
            "12 hours more"
        ),
        source="https://docs.aws.amazon.com/IAM/latest/UserGuide/console.html",
        shortened_by={Verb.DENY: _held.ROLE_SECONDS + _held.HONOURED},
    ),
    death=_held.DEATH,
    steps_by_hand=(
        "As an IAM administrator: IAM console, Users, the user, Security credentials, Manage console access: disable it. To stop a "
        "console that is open, attach the managed policy AWSDenyAll to the user."
    ),
    reference="https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteLoginProfile.html",
    since="0.1",
    tested=("moto 5.2.5", "a server of ours made of botocore's model"),
)
