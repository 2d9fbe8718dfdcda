"""Open shells of Session Manager: once open, they need no credential any more, and end only when somebody closes them.

Terminated by their id, wherever the machine is that they are on; AWS keeps what it knew of one for 30 days, and that it calls it terminated is the
evidence (https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_DescribeSessions.html). Whose one is, its `Owner` says: a user, or
a role's session; in the roles of IAM Identity Center that session is named by the directory's user. A session of any other role is its role's: whom the
session name means, its caller chose.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rescind.errors import NotFound, Rejected, Unrecognised
from rescind.models.credential import Credential
from rescind.models.evidence import Gap
from rescind.models.kind import Act, CallResult, Death, Kind, Known, Liveness, Observation, Subject, Verb
from rescind.providers.aws import _held, _shells
from rescind.providers.aws._connect import AwsClient, call
from rescind.providers.aws._regions import each, regions
from rescind.secret import Secret

_DOC = "https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-working-with-sessions-end.html"


def _place(credential: Credential) -> tuple[str, str]:
    region = credential.attributes.get("region", "")
    if not region or not re.fullmatch(r"[\w+=,.@-]{1,96}", credential.identifier):
        raise Rejected("it is not known which session of which region it is", code="incomplete")
    return region, credential.identifier


def identify(client: AwsClient, credential: Credential, secret: Secret | None) -> Known:  # noqa: ARG001  there is none
    """Look the session up, among the open ones and those that ended. Raises `NotFound` when it is in neither, other typed errors."""
    region, ident = _place(credential)
    row, answer = _shells.find(client, region, ident)
    if row is None:
        raise NotFound("Session Manager shows no such session", request_id=answer.request_id)
    return _shells.known(client, region, row)


def enumerate(client: AwsClient, subject: Subject) -> Iterator[Known | Gap]:  # noqa: A001  the row's own word
    """Show the open sessions of the person in every region. What could not be read is a `Gap`."""

    def look(region: str) -> Iterator[Known]:
        rows, _ = _shells.listed(client, region, "Active")
        return (k for k in (_shells.known(client, region, r) for r in rows) if k.owner in subject.names)

    return each(client, "sessions of Session Manager", look)


def terminate(client: AwsClient, credential: Credential) -> CallResult:
    """Close the session. Raises typed errors."""
    region, ident = _place(credential)
    answer = call(client.service("ssm", region).terminate_session, SessionId=ident)
    if answer.body.get("SessionId") != ident:
        raise Unrecognised("TerminateSession named another session, or none", request_id=answer.request_id)
    return _held.done(answer, credential.owner)


def verify(client: AwsClient, credential: Credential) -> Observation:
    """Look at the session's state. One that is shown nowhere is no proof. Raises typed errors."""
    region, ident = _place(credential)
    row, answer = _shells.find(client, region, ident)
    if row is None:
        return _held.seen(answer, Liveness.UNKNOWN, "Session Manager shows no such session any more")
    state = str(row["Status"])
    return _held.seen(answer, _shells.LIVENESS[state], f"DescribeSessions shows it as {state}")


def control(client: AwsClient, credential: Credential) -> Observation:
    """Show that sessions can be listed in this run, in the session's region. Raises typed errors."""
    region = credential.attributes.get("region") or regions(client)[0][0]
    rows, answer = _shells.listed(client, region, "Active")
    return _held.seen(answer, Liveness.LIVE, f"DescribeSessions lists {len(rows)} open sessions in {region}")


KIND = Kind(
    id="aws.ssm-session",
    title="Open shell of AWS Session Manager",
    provider="aws",
    actions={
        Verb.REVOKE: Act(
            call=terminate,
            reversible=False,
            idempotent=True,
            permissions=("ssm:TerminateSession",),
            undo="none: the person opens a new one",
        )
    },
    verify=verify,
    control=control,
    enumerate=enumerate,
    identify=identify,
    read_permissions=("account:ListRegions", "ssm:DescribeSessions"),
    issuer_is_account=True,
    death=Death(negatives=2, seconds=10.0, source=_DOC),
    steps_by_hand="Systems Manager console, Session Manager, Sessions, the session: Terminate. What was started in it may go on on the machine.",
    reference="https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_TerminateSession.html",
    since="0.1",
    tested=("a server of ours made of botocore's model",),
)
