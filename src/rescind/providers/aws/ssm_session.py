"""Open shells of Session Manager: once open, they need no credential any more, and end only when somebody closes them.

Terminated by their id, wherever the machine is that they are on; AWS keeps what it knew of one for 30 days, and that it calls it terminated is the
evidence (https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_DescribeSessions.html). Whose one is, its `Owner` says: a user, or
a role's session; in the roles of IAM Identity Center that session is named by the directory's user. A session of any other role is its role's: whom the
session name means, its caller chose.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from rescind.errors import NotFound, ProviderError, Rejected, Throttled, Unreachable, Unrecognised
from rescind.models.credential import Credential
from rescind.models.evidence import Gap
from rescind.models.kind import Act, CallResult, Death, Kind, Known, Liveness, Observation, Subject, Verb
from rescind.providers.aws import _held
from rescind.providers.aws._center import everything
from rescind.providers.aws._connect import Answer, AwsClient, call
from rescind.providers.aws._regions import regions
from rescind.secret import Secret

_OWNER = re.compile(
    r"arn:[\w-]+:(?:iam::(\d{12}):user/(?:.*/)?([\w+=,.@-]+)|sts::(\d{12}):assumed-role/([\w+=,.@-]+)/([\w+=,.@-]+))"
)
_LIVENESS = {
    "Connected": Liveness.LIVE,
    "Connecting": Liveness.LIVE,
    "Disconnected": Liveness.LIVE,  # it can be resumed
    "Terminating": Liveness.UNKNOWN,
    "Terminated": Liveness.DEAD,
    "Failed": Liveness.DEAD,
}
_DOC = "https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-working-with-sessions-end.html"


def _owner(client: AwsClient, arn: str) -> str:
    """Return whose a session is, by the name that this tenant knows them by; the ARN itself for whoever is not of this account."""
    found = _OWNER.fullmatch(arn)
    if not found or client.account not in {found[1], found[3]}:
        return arn
    if found[2]:
        return found[2]
    return f"sso:{found[5]}" if found[4].startswith("AWSReservedSSO_") else f"role:{found[4]}"


def _sessions(client: AwsClient, region: str, state: str, ident: str = "") -> tuple[list[Mapping[str, Any]], Answer]:
    only: dict[str, Any] = {"Filters": [{"key": "SessionId", "value": ident}]} if ident else {}
    rows, answer = everything(client.service("ssm", region).describe_sessions, "Sessions", State=state, **only)
    if not all(isinstance(r, Mapping) and r.get("SessionId") and r.get("Status") in _LIVENESS for r in rows):
        raise Unrecognised("DescribeSessions showed one without an id or state", request_id=answer.request_id)
    return [r for r in rows if ident in {"", r["SessionId"]}], answer


def _place(credential: Credential) -> tuple[str, str]:
    region = credential.attributes.get("region", "")
    if not region or not re.fullmatch(r"[\w+=,.@-]{1,96}", credential.identifier):
        raise Rejected("it is not known which session of which region it is", code="incomplete")
    return region, credential.identifier


def _find(client: AwsClient, region: str, ident: str) -> tuple[Mapping[str, Any] | None, Answer]:
    for state in ("Active", "History"):
        rows, answer = _sessions(client, region, state, ident)
        if rows:
            return rows[0], answer
    return None, answer


def _known(client: AwsClient, region: str, row: Mapping[str, Any]) -> Known:
    arn = str(row.get("Owner") or "")
    facts = {"region": region, "machine": str(row.get("Target") or ""), "document": str(row.get("DocumentName") or "")}
    return Known(
        identifier=str(row["SessionId"]),
        issuer=client.account,
        subject=arn,
        owner=_owner(client, arn),
        attributes={k: v for k, v in facts.items() if v},
        created_at=_held.time(row.get("StartDate")),
        liveness=_LIVENESS[str(row["Status"])],
    )


def identify(client: AwsClient, credential: Credential, secret: Secret | None) -> Known:  # noqa: ARG001  there is none
    """Look the session up, among the open ones and those that ended. Raises `NotFound` when it is in neither, other typed errors."""
    region, ident = _place(credential)
    row, answer = _find(client, region, ident)
    if row is None:
        raise NotFound("Session Manager shows no such session", request_id=answer.request_id)
    return _known(client, region, row)


def enumerate(client: AwsClient, subject: Subject) -> Iterator[Known | Gap]:  # noqa: A001  the row's own word
    """Show the open sessions of the person in every region. What could not be read is a `Gap`."""
    source = f"tenant:{client.tenant.name}"
    places, doubt = regions(client)
    if doubt:
        yield Gap(source=source, reason=f"sessions of Session Manager: {doubt}")
    for region in places:
        try:
            rows, _ = _sessions(client, region, "Active")
        except (Throttled, Unreachable):
            raise
        except ProviderError as error:
            yield Gap(
                source=source, reason=f"sessions of Session Manager in {region} could not be read: {error.message}"
            )
            continue
        yield from (k for k in (_known(client, region, r) for r in rows) if k.owner in subject.names)


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
    row, answer = _find(client, region, ident)
    if row is None:
        return _held.seen(answer, Liveness.UNKNOWN, "Session Manager shows no such session any more")
    state = str(row["Status"])
    return _held.seen(answer, _LIVENESS[state], f"DescribeSessions shows it as {state}")


def control(client: AwsClient, credential: Credential) -> Observation:
    """Show that sessions can be listed in this run, in the session's region. Raises typed errors."""
    region = credential.attributes.get("region") or regions(client)[0][0]
    rows, answer = _sessions(client, region, "Active")
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
    since="0.2",
    tested=("a server of ours made of botocore's model",),
)
