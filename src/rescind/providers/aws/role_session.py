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

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from rescind.errors import NotFound, ProviderError, Rejected, Throttled, Unreachable, Unrecognised
from rescind.models.clock import parse_rfc3339, rfc3339
from rescind.models.credential import Credential, EndState
from rescind.models.evidence import Gap
from rescind.models.kind import Act, CallResult, Death, Kind, Known, Liveness, Observation, Residual, Subject, Verb
from rescind.providers.aws import _trail
from rescind.providers.aws._connect import Answer, AwsClient, call
from rescind.providers.aws._held import CHAINED_SECONDS, HONOURED, ROLE_SECONDS
from rescind.providers.aws._iam import principals
from rescind.providers.aws._older import MARGIN, Target, cut, in_force, principal
from rescind.providers.aws._ours import refuse_sessions
from rescind.secret import Secret

TRAIL, MACHINE = "CloudTrail", "the machine"
_RESERVED = "AWSReservedSSO_"
_KEY = re.compile(r"ASIA[A-Z0-9]{12,16}")


def _account(client: AwsClient, key_id: str) -> str:
    if not _KEY.fullmatch(key_id):  # it becomes part of a policy's name
        raise NotFound("this is no id of a session", code="ValidationError")
    body = call(client.service("sts").get_access_key_info, AccessKeyId=key_id).body
    if not re.fullmatch(r"\d{12}", str(body.get("Account", ""))):
        raise Unrecognised("GetAccessKeyInfo named no account")
    return str(body["Account"])


def _claimed(client: AwsClient, credential: Credential) -> _trail.Session:
    """Return the session that the machine's files claim this to be. Raises `NotFound` when they claim none of this account."""
    arn = credential.attributes.get("assumed_role", "") or credential.subject
    role, _ = _trail.role_of(arn, client.account)
    if not role:
        raise NotFound(
            "CloudTrail shows neither who was given this session nor a use of it, and nothing beside it names a role",
            code="NoSuchEntity",
        )
    return _trail.Session(credential.identifier, f"role:{role}")


def _same(row: Mapping[str, Any], what: str, unique: str) -> None:
    shown, was = str(row.get(f"{what.capitalize()}Id", "")), unique.partition(":")[0]
    if was and shown != was:
        raise NotFound(f"the {what} was deleted and made anew since: it is another one now", code="NoSuchEntity")


def _known(client: AwsClient, session: _trail.Session, bound_by: str) -> Known:
    what, _, name = session.principal.partition(":")
    if what == "root":
        return Known(
            identifier=session.key_id,
            issuer=client.account,
            subject=f"arn:{client.partition}:iam::{client.account}:root",
            owner="root",
            expires_at=_trail.end_of(session) or None,
            irrevocable=(
                "a session of the account's root user: no policy of the account reaches it, a service control policy only in a member account"
            ),
        )
    row, _ = principal(client, Target(what, name))
    _same(row, what, session.unique)
    owner = _trail.owner_of(session)
    only = session.unique if what == "role" and owner != session.principal else ""
    facts = {"cut": session.principal, "only": only, "unique": session.unique, "issued_by": session.issued_by}
    facts |= {"bound_by": bound_by, "expires": _trail.end_of(session)}
    return Known(
        identifier=session.key_id,
        issuer=client.account,
        subject=str(row["Arn"]),
        owner=owner,
        attributes=facts,
        expires_at=facts["expires"] or None,
        created_at=session.issued_by or None,
        parent=session.parent,
        liveness=_judge(client, Target(what, name, only, session.key_id), facts).liveness,
    )


def identify(client: AwsClient, credential: Credential, secret: Secret | None) -> Known:  # noqa: ARG001  it is never used
    """Ask STS which account issued the session, and CloudTrail whose it is. One of another account comes back without an owner.

    Where CloudTrail shows nothing, the role that the machine names is looked up, and `bound_by` says that only the machine does.
    Raises `NotFound` when nothing tells whose it is, other typed errors when it could not be asked.
    """
    account = _account(client, credential.identifier)
    if account != client.account:
        return Known(identifier=credential.identifier, issuer=account)
    session = _trail.find(client, credential.identifier)
    if session is not None:
        return _known(client, session, TRAIL)
    return _known(client, _claimed(client, credential), MACHINE)


def enumerate(client: AwsClient, subject: Subject) -> Iterator[Known | Gap]:  # noqa: A001  the row's own word
    """List the sessions that CloudTrail says were given to the person's users (36 hours back) and mapped roles (12 hours back).

    Those that such a session asked for are among them, down the whole chain. What CloudTrail says has expired is left out. Sessions of
    the last minutes may not be there yet. Whatever could not be read whole is a `Gap`. Raises `Throttled` and `Unreachable`, worth another try.
    """
    source = f"tenant:{client.tenant.name}"
    for name in principals(subject.names):
        kind = "role" if name.startswith("role:") else "user"
        missed: list[ProviderError] = []
        try:
            sessions, now = _trail.given(client, name, missed)
        except NotFound:
            yield Gap(source=source, reason=f"mapped IAM {kind} {name.removeprefix('role:')} does not exist")
            continue
        except (Throttled, Unreachable):
            raise  # the caller asks again, and makes the gap if that does not help
        except ProviderError as error:
            yield Gap(source=source, reason=f"sessions of IAM {kind} {name} could not be listed: {error.message}")
            continue
        yield from _trail.unread(client, missed, f"sessions of IAM {kind} {name}")
        for session in sessions:
            if now and session.expires_at and session.expires_at <= now:
                continue
            try:
                yield _known(client, session, TRAIL)
            except (Throttled, Unreachable):
                raise
            except ProviderError as error:
                yield Gap(source=source, reason=f"session {session.key_id} could not be looked at: {error.message}")


def _target(credential: Credential, client: AwsClient) -> Target:
    """Return whose sessions are to be cut. Raises `Rejected` where `identify` did not tell."""
    what, _, name = credential.attributes.get("cut", "").partition(":")
    if what not in {"role", "user"} or not name or not credential.owner:
        raise Rejected("it is not known whose session this is", code="NoOwner")
    if credential.issuer and credential.issuer != client.account:
        raise Rejected("the session belongs to another account than this tenant", code="OtherAccount")
    return Target(what, name, credential.attributes.get("only", ""), credential.identifier)


def revoke(client: AwsClient, credential: Credential) -> CallResult:
    """Deny everything to what was issued before AWS's now: for the session's own name where its user is proven, else the principal.

    Raises typed provider errors; `Rejected` for roles that nobody can edit and for sessions that this run works with.
    """
    target = _target(credential, client)
    if target.name.startswith((_RESERVED, "AWSServiceRoleFor")):
        raise Rejected(
            "IAM does not let anybody change this role: end the person's sessions and assignments in IAM Identity Center "
            "(a service's own role: at that service)",
            code="UnmodifiableEntity",
        )
    refuse_sessions(client, target)
    row, _ = principal(client, target)
    _same(row, target.what, credential.attributes.get("unique", ""))
    return cut(client, target, credential.attributes.get("issued_by", ""))


class _Look(NamedTuple):
    liveness: Liveness
    evidence: str
    answer: Answer | None
    at: datetime | None = None


def _judge(client: AwsClient, target: Target, facts: Mapping[str, str]) -> _Look:
    at, policy, answer = in_force(client, target)
    whose = f"{target.what} {target.name}"
    if at is None:
        return _Look(Liveness.LIVE, f"no policy of {whose} denies older sessions", answer)
    shown = f"{policy} on {whose} denies everything to sessions issued before {rfc3339(at)}"
    if facts.get("bound_by") != TRAIL:
        why = f"{shown}; but only the machine says that this session is of {whose}, CloudTrail shows nothing of it"
        return _Look(Liveness.UNKNOWN, why, answer)
    issued = facts.get("issued_by", "")
    if not issued:
        return _Look(Liveness.UNKNOWN, f"{shown}; when this one was issued is not known", answer)
    if parse_rfc3339(issued) < at:
        return _Look(Liveness.DEAD, f"{shown}; CloudTrail shows this one issued by {issued}", answer, at)
    return _Look(Liveness.LIVE, f"{shown}; this one may be newer ({issued})", answer)


def verify(client: AwsClient, credential: Credential) -> Observation:
    """Read the policy back: `DEAD` when it denies what was issued before a moment after this session's issue, as CloudTrail tells it.

    Raises typed provider errors, `NotFound` when role or user are not shown or were made anew.
    """
    target = _target(credential, client)
    row, answer = principal(client, target)  # a missing policy counts only beside its role
    _same(row, target.what, credential.attributes.get("unique", ""))
    look = _judge(client, target, credential.attributes)
    seen = _seen(look.answer or answer, look.liveness, look.evidence)
    if look.at is None:
        return seen
    # it authenticates until it expires, and roles that it assumed before live on
    more = HONOURED + (CHAINED_SECONDS if target.what == "role" else ROLE_SECONDS)
    roles = rfc3339(look.at - MARGIN + timedelta(seconds=more))
    return replace(seen, residual_until=max(roles, credential.attributes.get("expires", "")))


def control(client: AwsClient, credential: Credential) -> Observation:
    """Show that the session's role or user can be read in this run. Raises typed provider errors.

    Without a credential (`rescind doctor`): that CloudTrail's history can.
    """
    if not credential.identifier:
        return _seen(_trail.readable(client), Liveness.LIVE, "LookupEvents answers")
    row, answer = principal(client, _target(credential, client))
    return _seen(answer, Liveness.LIVE, f"IAM shows {row['Arn']}")


def _seen(answer: Answer, liveness: Liveness, evidence: str) -> Observation:
    return Observation(
        liveness=liveness,
        evidence=evidence,
        request_id=answer.request_id,
        provider_time=answer.provider_time,
        reversible=liveness is Liveness.DEAD,
    )


KIND = Kind(
    id="aws.role-session",
    title="AWS session of a role or user (STS)",
    provider="aws",
    actions={
        Verb.REVOKE: Act(
            call=revoke,
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
    verify=verify,
    control=control,
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
        seconds=ROLE_SECONDS + HONOURED,
        what=(
            "roles that the session assumed before the cut: for up to 12 hours, up to 1 hour when it was itself a role's session; each role "
            "that such a one assumes adds an hour. GetCallerIdentity answers until the session expires, and so does what takes a signed "
            "one for a login"
        ),
        source="https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html",
    ),
    death=Death(
        negatives=3,
        seconds=10.0,
        source="https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency",
    ),
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
