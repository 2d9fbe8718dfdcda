"""Sign-ins of `aws login`: a console session lent to a command line, denied its next token; the one it holds lives 15 minutes at most.

The refresh token and the key that it is bound to lie in one file, for up to 12 hours. No API ends one: what renews it is allowed to a
principal by two actions (https://docs.aws.amazon.com/aws-managed-policy/latest/reference/SignInLocalDevelopmentAccess.html), and these
are denied, to the one session name where CloudTrail proves it, else to the whole user or role. A root user needs no permission for it
(https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-sign-in.html), so no policy of the account reaches that.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from rescind.errors import ProviderError, Throttled, Unreachable
from rescind.models.credential import Credential, EndState
from rescind.models.evidence import Gap
from rescind.models.kind import Act, Kind, Known, Liveness, Observation, Residual, Subject, Verb
from rescind.providers.aws import _held, _signin_deny, _signins, _trail
from rescind.providers.aws._connect import AwsClient
from rescind.providers.aws._iam import principals
from rescind.secret import Secret


def identify(client: AwsClient, credential: Credential, secret: Secret | None) -> Known:  # noqa: ARG001  it is never used
    """Say whose a sign-in is, by CloudTrail's word of its key, else by the user whom it is listed under. Raises typed errors."""
    known = _signins.known(client, credential)
    if "principal" not in known.attributes:
        return known
    whole = replace(credential, owner=known.owner, issuer=known.issuer, attributes=known.attributes)
    return replace(known, liveness=_signin_deny.verify(client, whole).liveness)


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


def control(client: AwsClient, credential: Credential) -> Observation:
    """Show that the user or role can be read in this run. Raises typed provider errors.

    Without a credential (`rescind doctor`): that CloudTrail's history can.
    """
    if not credential.identifier:
        return _held.seen(_trail.readable(client), Liveness.LIVE, "LookupEvents answers")
    _, row, answer = _signin_deny.of(client, credential)
    return _held.seen(answer, Liveness.LIVE, f"IAM shows {row['Arn']}")


KIND = Kind(
    id="aws.login-session",
    title="AWS sign-in of `aws login`",
    provider="aws",
    actions={
        Verb.DENY: Act(
            call=_signin_deny.deny,
            reversible=True,
            idempotent=True,
            permissions=("iam:GetRole", "iam:GetUser", "iam:PutRolePolicy", "iam:PutUserPolicy"),
            ends=EndState.CONTAINED,
            undo="delete the inline policy that the step's notes name (iam:DeleteUserPolicy, iam:DeleteRolePolicy)",
            snapshot=_signin_deny.snapshot,
            restore=_signin_deny.restore,
        ),
    },
    verify=_signin_deny.verify,
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
        seconds=_signin_deny.TOKEN_SECONDS + _held.ROLE_SECONDS + _held.HONOURED,
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
