"""Sessions of AWS STS (`ASIA…`): whose they are by CloudTrail's word, and access cut by denying everything issued before now.

Nothing lists sessions and nothing ends one. What can be done is to deny its principal everything for tokens issued before a moment
(https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_revoke-sessions.html); newer sessions work on. The best end state is
`contained`: the session still authenticates, and `sts:GetCallerIdentity`, which no policy can deny, still answers it
(https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html). See docs/adr/0006.

Whose: the role ARN beside a session on the machine, and the session's name, can be written by anybody. Only CloudTrail proves which
principal a session is of and which IAM user asked for it, through whatever sessions in between. Such a user owns the session, and
only that session name is cut in a shared role. Otherwise the owner is `role:<name>`: the person's only where the configuration maps that, and the cut then hits
everybody in the role. A binding that only the machine claims is never reported as proven cut.
"""

from __future__ import annotations

from collections.abc import Iterator

from rescind.errors import ProviderError, Throttled, Unreachable
from rescind.models.credential import Credential, EndState
from rescind.models.evidence import Gap
from rescind.models.kind import Act, Kind, Known, Residual, Subject, Verb
from rescind.providers.aws import _held, _older_sessions, _sts_sessions, _trail
from rescind.providers.aws._connect import AwsClient
from rescind.providers.aws._iam import principals
from rescind.secret import Secret


def identify(client: AwsClient, credential: Credential, secret: Secret | None) -> Known:  # noqa: ARG001  it is never used
    """Ask STS which account issued the session, and CloudTrail whose it is. One of another account comes back without an owner.

    Where CloudTrail shows nothing, the role that the machine names is looked up, and `bound_by` says that only the machine does.
    Raises `NotFound` when nothing tells whose it is, other typed errors when it could not be asked.
    """
    account = _sts_sessions.account(client, credential.identifier)
    if account != client.account:
        return Known(identifier=credential.identifier, issuer=account)
    session = _trail.find(client, credential.identifier)
    if session is not None:
        return _sts_sessions.known(client, session, _trail.TRAIL)
    return _sts_sessions.known(client, _sts_sessions.claimed(client, credential), _trail.MACHINE)


def enumerate(client: AwsClient, subject: Subject) -> Iterator[Known | Gap]:  # noqa: A001  the row's own word
    """List the sessions that CloudTrail says were given to the person's users (36 hours back) and mapped roles (12 hours back).

    Those that such a session asked for are among them, down the whole chain. What CloudTrail says has expired is left out. Sessions of
    the last minutes may not be there yet. Whatever could not be read whole is a `Gap`. Raises `Throttled` and `Unreachable`, worth another try.
    """
    for name in principals(subject.names):
        for session in _sts_sessions.given(client, name):
            if isinstance(session, Gap):
                yield session
                continue
            try:
                yield _sts_sessions.known(client, session, _trail.TRAIL)
            except (Throttled, Unreachable):
                raise
            except ProviderError as error:
                why = f"session {session.key_id} could not be looked at: {error.message}"
                yield Gap(source=f"tenant:{client.tenant.name}", reason=why)


KIND = Kind(
    id="aws.role-session",
    title="AWS session of a role or user (STS)",
    provider="aws",
    actions={
        Verb.REVOKE: Act(
            call=_older_sessions.revoke,
            reversible=True,
            idempotent=True,
            permissions=(
                "iam:GetRole",
                "iam:GetRolePolicy",
                "iam:PutRolePolicy",
                "iam:GetUser",
                "iam:GetUserPolicy",
                "iam:PutUserPolicy",
            ),
            ends=EndState.CONTAINED,
            undo=(
                "delete the inline policy that the step's notes name (iam:DeleteRolePolicy, iam:DeleteUserPolicy), or put the former "
                "document in the notes back; sessions that have not expired work again"
            ),
        ),
    },
    verify=_older_sessions.verify,
    control=_older_sessions.control,
    enumerate=enumerate,
    identify=identify,
    read_permissions=(
        "sts:GetAccessKeyInfo",
        "account:ListRegions",
        "cloudtrail:LookupEvents",
        "iam:GetRole",
        "iam:GetRolePolicy",
        "iam:GetUser",
        "iam:GetUserPolicy",
    ),
    issuer_is_account=True,
    residual=Residual(
        seconds=_held.ROLE_SECONDS + _held.HONOURED,
        what=(
            "roles that the session assumed before the cut: for up to 12 hours, up to 1 hour when it was itself a role's session; each role "
            "that such a one assumes adds an hour. GetCallerIdentity answers until the session expires, and so does what takes a signed "
            "one for a login"
        ),
        source="https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html",
    ),
    death=_held.DEATH,
    steps_by_hand=(
        "As an IAM administrator of the session's account: search CloudTrail's event history for the session's key id (resource name, "
        "then AWS access key) to learn its role or user and who asked for it. IAM console, Roles, that role, Revoke sessions; for a "
        "user's session, deny the user older sessions with the same policy; for an AWSReservedSSO_ role, end the person's sessions and "
        "assignments in IAM Identity Center. Note until when the session runs: 12 hours at most for a role's, 36 for a user's."
    ),
    reference="https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_revoke-sessions.html",
    since="0.1",
    tested=("ministack 1.5.33 (AUTH=true), with CloudTrail's answers scripted",),
)
