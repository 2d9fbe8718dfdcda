"""The root user of an account: whether it has access keys, signing certificates or a password, and their deletion where that is managed centrally.

It is nobody's by IAM's word, so it is looked at only for a person who is mapped to it (`root:ACCOUNT`). No policy of the account reaches it; a
service control policy does, in a member account. Without central management (`root_profile`), and in the management account itself, only whoever
has its mailbox can end it: a task. A console session that is open goes on for 12 hours, a session of a key for one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from rescind.errors import NotFound, ProviderError, Throttled, Unreachable
from rescind.models.credential import Credential
from rescind.models.evidence import Gap
from rescind.models.kind import Act, CallResult, CallStatus, Kind, Known, Liveness, Observation, Residual, Subject, Verb
from rescind.providers.aws import _held, _ours, _root
from rescind.providers.aws._connect import AwsClient
from rescind.secret import Secret

PREFIX = "root:"
_HANDS = "who can read the mail of the account's root user"


def _known(client: AwsClient) -> Known:
    has, _ = _root.summary(client)
    there = [what for what, n in has.items() if n]
    by_hand = "" if _root.profile(client) or not there else (
        f"the root user has {', '.join(there)}; no policy of the account reaches it, and the tenant names no profile that may assume it "
        "(root_profile)"
    )  # fmt: skip
    return Known(
        identifier=f"{PREFIX}{client.account}",
        issuer=client.account,
        subject=f"arn:{client.partition}:iam::{client.account}:root",
        owner=f"{PREFIX}{client.account}",
        attributes={"has": ", ".join(there)},
        liveness=Liveness.LIVE if there else Liveness.DEAD,
        by_hand=by_hand,
        hands=_HANDS,
    )


def identify(client: AwsClient, credential: Credential, secret: Secret | None) -> Known:  # noqa: ARG001  it is never used
    """Ask IAM what the root user of this account has. Raises `NotFound` for another account's, other typed errors."""
    if credential.identifier != f"{PREFIX}{client.account}":
        raise NotFound("this is the root user of another account", code="NoSuchEntity")
    return _known(client)


def enumerate(client: AwsClient, subject: Subject) -> Iterator[Known | Gap]:  # noqa: A001  the row's own word
    """Show the root user of this account to whom the configuration maps it. What could not be read is a `Gap`."""
    if f"{PREFIX}{client.account}" not in subject.names:
        return
    try:
        yield _known(client)
    except (Throttled, Unreachable):
        raise
    except ProviderError as error:
        why = f"the root user could not be looked at: {error.message}"
        yield Gap(source=f"tenant:{client.tenant.name}", reason=why)


def delete(client: AwsClient, credential: Credential) -> CallResult:
    """Assume the root user for this one task, and delete its keys, certificates and password. Raises typed errors, for whoever acts as root too."""
    _ours.refuse_root(client)
    answer, notes = _root.emptied(_root.assumed(client))
    status = CallStatus.DONE if any(n != "0" for n in notes.values()) else CallStatus.ALREADY
    return replace(_held.done(answer, credential.owner, status), notes=notes)


def verify(client: AwsClient, credential: Credential) -> Observation:  # noqa: ARG001  there is one in an account
    """Ask IAM's summary: `DEAD` when it says of each sort that the root user has none. Raises typed provider errors."""
    has, answer = _root.summary(client)
    there = [what for what, n in has.items() if n]
    shown = f"GetAccountSummary says that the root user of {client.account} has {', '.join(there) or 'none of'}"
    more = "" if there else f" {', '.join(has)}"
    return _held.seen(answer, Liveness.LIVE if there else Liveness.DEAD, shown + more)


def control(client: AwsClient, credential: Credential) -> Observation:  # noqa: ARG001  there is one in an account
    """Show that the account's summary can be read in this run. Raises typed provider errors."""
    return _held.seen(_root.summary(client)[1], Liveness.LIVE, "GetAccountSummary answers")


KIND = Kind(
    id="aws.root-user",
    title="Root user of an AWS account (access keys, signing certificates, password)",
    provider="aws",
    actions={
        Verb.DELETE: Act(
            call=delete,
            reversible=False,
            idempotent=True,
            permissions=("sts:AssumeRoot",),
            undo="none: allow the root user to set a password again (task IAMCreateRootUserPassword), or recover it by mail",
        ),
    },
    verify=verify,
    control=control,
    enumerate=enumerate,
    identify=identify,
    read_permissions=("iam:GetAccountSummary",),
    issuer_is_account=True,
    residual=Residual(
        seconds=43_200 + _held.HONOURED,
        what="a console session of the root user that was open, for up to 12 hours, and sessions of its keys, for one",
        source="https://docs.aws.amazon.com/IAM/latest/UserGuide/id_root-user-privileged-task.html",
    ),
    death=_held.DEATH,
    steps_by_hand=(
        "Sign in as the account's root user (recover the password by mail if need be): Security credentials, delete every access key and X.509 "
        "certificate, set a new password, replace the MFA devices. A session that is open goes on for up to 12 hours: in a member account deny "
        "everything to arn:aws:iam::*:root in a service control policy until then. For member accounts, manage root access centrally "
        "(IAM, Root access management) and delete the credentials there."
    ),
    reference="https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoot.html",
    since="0.1",
    tested=("a server of ours made of botocore's model",),
)
