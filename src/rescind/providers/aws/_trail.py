"""What CloudTrail's event history says of one session: which principal it is of, who asked for it, and when at the latest it was issued.

AWS names these events as the way to learn who requested temporary credentials
(https://docs.aws.amazon.com/STS/latest/APIReference/API_GetAccessKeyInfo.html). Two kinds of event tell: the one in which STS handed
the session out, found by the session's key id as a resource, and any that the session signed itself. Session names in them are
chosen by the caller and decide nothing; `userIdentity` and `responseElements` are AWS's own words
(https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html).

The history reaches back 90 days, lags by minutes, and is kept per region: STS records in the region whose endpoint was asked, so each one
that the account has switched on is looked at.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from rescind.errors import Denied, ProviderError, Throttled, Unreachable, Unrecognised
from rescind.models.clock import parse_rfc3339, rfc3339
from rescind.models.evidence import Gap
from rescind.providers.aws._connect import Answer, AwsClient, call
from rescind.providers.aws._older import Target, principal
from rescind.providers.aws._regions import regions

OF_ROLE = {"AssumeRole", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity"}
OF_USER = {"GetSessionToken", "GetFederationToken"}
MOST_PAGES = 200
MOST_FOLLOWED, LONGEST_CHAIN = 500, 20
LONGEST_USER, LONGEST_ROLE = timedelta(hours=36), timedelta(hours=12)
TRAIL, MACHINE = "CloudTrail", "the machine"
"""Whose word it is that a session or sign-in is of a principal."""
_SHOWN = 3
_EXPIRY_FORMS = ("%b %d, %Y, %I:%M:%S %p", "%b %d, %Y %I:%M:%S %p")  # how STS events print it; UTC
_ASSUMED = re.compile(r"arn:[a-z-]+:sts::(\d{12}):assumed-role/([\w+=,.@-]{1,64})/([\w+=,.@-]{2,64})")


class Session(NamedTuple):
    """One session as the provider's records show it.

    `principal` is `role:NAME`, `user:NAME` or `root`; `unique` is AWS's unchangeable id of it, for a role with the session's name
    (`AROA…:name`, the value of `aws:userid`). `asked_by` is the IAM user of this account who asked for it, "" when it was somebody
    else. `issued_by` is the latest moment at which it can have been issued. `parent` is the key that asked for it; where that is a
    session's own, `asked_by` is the owner of the session at the beginning of the chain, as a person's names call it.
    """

    key_id: str
    principal: str
    unique: str = ""
    asked_by: str = ""
    issued_by: str = ""
    expires_at: str = ""
    parent: str = ""


def role_of(arn: str, account: str) -> tuple[str, str]:
    """Return role and session name of an assumed-role ARN of this account, two empty texts for anything else."""
    found = _ASSUMED.fullmatch(arn)
    return (found[2], found[3]) if found and found[1] == account else ("", "")


def owner_of(session: Session) -> str:
    """Return whose a session is: who asked for it, for Identity Center's own roles its user, else its principal."""
    if session.asked_by:
        return session.asked_by
    # Identity Center itself chooses the session's name in its own roles, whose prefix IAM lets nobody else use.
    if session.principal.startswith("role:AWSReservedSSO_") and ":" in session.unique:
        return "sso:" + session.unique.partition(":")[2]
    return session.principal


def end_of(session: Session) -> str:
    """Return when a session ends at the latest: as STS told when it handed it out, else the longest that such a one can live, "" unknown.

    A role's maximum is what it is today: a session may be older than that, and longer.
    """
    if session.expires_at or not session.issued_by:
        return session.expires_at
    # of the root user: an hour where STS gave it out, which then tells; a console's 12 hours
    longest = LONGEST_USER if session.principal.startswith("user:") else LONGEST_ROLE
    return rfc3339(parse_rfc3339(session.issued_by) + longest)


def _part(value: object, *path: str) -> Any:
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _text(value: object, *path: str) -> str:
    found = _part(value, *path)
    return found if isinstance(found, str) else ""


def when(text: str) -> str:
    """Return a moment as CloudTrail prints it as RFC 3339 UTC, "" for what is none."""
    try:
        return rfc3339(parse_rfc3339(text))
    except ValueError:
        pass
    for form in _EXPIRY_FORMS:
        try:
            return rfc3339(datetime.strptime(text, form).replace(tzinfo=UTC))
        except ValueError:
            continue
    return ""


def _user(identity: object, account: str) -> str:
    mine = _text(identity, "type") == "IAMUser" and _text(identity, "accountId") == account
    return _text(identity, "userName") if mine else ""


def minted(event: Mapping[str, Any], account: str) -> Session | None:
    """Return the session that STS handed out in this event; None for any other event and for a session of another account."""
    name, key = _text(event, "eventName"), _text(event, "responseElements", "credentials", "accessKeyId")
    if _text(event, "eventSource") != "sts.amazonaws.com" or not key or event.get("errorCode"):
        return None
    times = when(_text(event, "eventTime")), when(_text(event, "responseElements", "credentials", "expiration"))
    caller = event.get("userIdentity")
    user, parent = _user(caller, account), _text(caller, "accessKeyId")
    if name in OF_ROLE:
        role, _ = role_of(_text(event, "responseElements", "assumedRoleUser", "arn"), account)
        unique = _text(event, "responseElements", "assumedRoleUser", "assumedRoleId")
        return Session(key, f"role:{role}", unique, user, *times, parent) if role else None
    if name in OF_USER and user:
        return Session(key, f"user:{user}", _text(caller, "principalId"), user, *times, parent)
    if name in OF_USER and _text(caller, "type") == "Root" and _text(caller, "accountId") == account:
        return Session(key, "root", "", "", *times)
    return None


def signed(event: Mapping[str, Any], account: str) -> Session | None:
    """Return the session that signed this event, None when it is no session of this account. Who asked for it is not told here."""
    who = event.get("userIdentity")
    key, kind = _text(who, "accessKeyId"), _text(who, "type")
    if not key or _text(who, "accountId") != account:
        return None
    # issued no later than it was used, where AWS does not print when
    at = when(_text(who, "sessionContext", "attributes", "creationDate")) or when(_text(event, "eventTime"))
    if kind == "AssumedRole":
        role, _ = role_of(_text(who, "arn"), account)
        return Session(key, f"role:{role}", _text(who, "principalId"), "", at) if role else None
    issuer = _part(who, "sessionContext", "sessionIssuer")
    user = _user(who, account) if kind == "IAMUser" else ""
    if kind == "FederatedUser" and _text(issuer, "type") == "IAMUser" and _text(issuer, "accountId") == account:
        user = _text(issuer, "userName")
    if user:
        return Session(key, f"user:{user}", "", user, at)
    return Session(key, "root", "", "", at) if kind == "Root" else None


def _places(client: AwsClient, missed: list[ProviderError] | None) -> list[str]:
    """Return the regions to look in, the tenant's own and that of the global STS first. Raises typed provider errors."""
    own, (found, doubt) = client.tenant.text("region", "us-east-1"), regions(client)
    if doubt:
        found = [own, *(["us-east-1"] if client.partition == "aws" else [])]
        if missed is None:
            raise Denied(doubt)
        missed.append(Denied(doubt))
    first = [r for r in (own, "us-east-1") if r in found]
    return list(dict.fromkeys([*first, *found]))


def events(
    client: AwsClient,
    attribute: str,
    value: str,
    *,
    back: timedelta | None = None,
    missed: list[ProviderError] | None = None,
) -> Iterator[Mapping[str, Any]]:
    """Yield the events that CloudTrail holds under one attribute, every page, newest first in each region; `back` from AWS's own now.

    What kept a region from being read is added to `missed`, or raised where nobody asks for it. Raises typed provider errors that are
    worth another try.
    """
    for region in _places(client, missed):
        try:
            yield from _in(client.service("cloudtrail", region), attribute, value, back)
        except (Throttled, Unreachable):
            raise
        except ProviderError as error:
            if missed is None:
                raise
            why = f"CloudTrail in {region}: {error.message}"
            missed.append(Denied(why) if isinstance(error, Denied) else Unrecognised(why))


def _in(trail: Any, attribute: str, value: str, back: timedelta | None) -> Iterator[Mapping[str, Any]]:
    wanted: dict[str, Any] = {"LookupAttributes": [{"AttributeKey": attribute, "AttributeValue": value}]}
    token, seen, until = "", set[str](), None
    while True:
        answer = call(trail.lookup_events, **wanted, MaxResults=50, **({"NextToken": token} if token else {}))
        rows = answer.body.get("Events")
        if not isinstance(rows, list):
            raise Unrecognised("LookupEvents did not answer with events", request_id=answer.request_id)
        if back and answer.provider_time and until is None:
            until = rfc3339(parse_rfc3339(answer.provider_time) - back)
        found = [event_of(row, answer.request_id) for row in rows]
        yield from (e for e in found if not until or _text(e, "eventTime") >= until)
        token = str(answer.body.get("NextToken") or "")
        if not token or (until and found and _text(found[-1], "eventTime") < until):
            return
        if token in seen or len(seen) >= MOST_PAGES:
            raise Unrecognised("CloudTrail's history did not end in time", request_id=answer.request_id)
        seen.add(token)


def event_of(row: object, request_id: str) -> Mapping[str, Any]:
    """Return the record that a row of `LookupEvents` holds. Raises `Unrecognised` for what is none."""
    try:
        event = json.loads(_text(row, "CloudTrailEvent"))
    except ValueError:
        event = None
    if not isinstance(event, Mapping):
        raise Unrecognised("LookupEvents answered with something that is no event", request_id=request_id)
    return event


def unread(client: AwsClient, missed: Iterable[ProviderError], what: str) -> Iterator[Gap]:
    """Return the gap that regions leave which could not be read; none where all could."""
    whys = list(dict.fromkeys(error.message for error in missed))
    more = f"; and so on in {len(whys) - _SHOWN} more" if len(whys) > _SHOWN else ""
    if whys:
        reason = f"{what} are not all known: {'; '.join(whys[:_SHOWN])}{more}"
        yield Gap(source=f"tenant:{client.tenant.name}", reason=reason)


def readable(client: AwsClient) -> Answer:
    """Ask CloudTrail for one event, to show that its history can be read. Raises typed provider errors."""
    asked = [{"AttributeKey": "EventName", "AttributeValue": "AssumeRole"}]
    return call(client.service("cloudtrail").lookup_events, LookupAttributes=asked, MaxResults=1)


def find(client: AwsClient, key_id: str, depth: int = 0) -> Session | None:
    """Return what CloudTrail shows of a session, None when it shows nothing in any region. Raises typed provider errors.

    One that another session asked for is followed up to the beginning of its chain: its owner is whose that one is.
    """
    missed: list[ProviderError] = []
    for event in events(client, "ResourceName", key_id, missed=missed):
        session = minted(event, client.account)
        if session and session.key_id == key_id:
            chained = not session.asked_by and session.parent.startswith("ASIA") and depth < LONGEST_CHAIN
            above = find(client, session.parent, depth + 1) if chained else None
            return session._replace(asked_by=owner_of(above)) if above else session
    for event in events(client, "AccessKeyId", key_id, missed=missed):
        session = signed(event, client.account)
        if session and session.key_id == key_id:
            return session
    if missed:  # it may be in a region that could not be read
        raise missed[0]
    return None


def given(client: AwsClient, name: str, missed: list[ProviderError]) -> tuple[list[Session], str]:
    """Return the sessions that a user asked for (36 hours back), or a role (`role:NAME`) was given out as (12 hours), and AWS's time.

    No session lives longer: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_request.html. What kept a region from
    being read is added to `missed`. Raises typed provider errors, `NotFound` for a user or role that does not exist.
    """
    role = name.removeprefix("role:") if name.startswith("role:") else ""
    row, answer = principal(client, Target("role", role) if role else Target("user", name))
    by, value, back = ("ResourceName", str(row["Arn"]), LONGEST_ROLE) if role else ("Username", name, LONGEST_USER)
    found: dict[str, Session] = {}
    for event in events(client, by, value, back=back, missed=missed):
        session = minted(event, client.account)
        if session and (session.principal == name if role else session.asked_by == name):
            found[session.key_id] = session
    return list(_with_chains(client, found, missed).values()), answer.provider_time


def _with_chains(client: AwsClient, found: dict[str, Session], missed: list[ProviderError]) -> dict[str, Session]:
    """Add the sessions that these asked for, and those again, until nothing new turns up: ending one does not end what it made.

    Raises typed provider errors, and `Unrecognised` where there are more than can be followed: never a short list.
    """
    waiting = list(found)
    for _ in range(MOST_FOLLOWED):
        if not waiting:
            return found
        above = found[waiting.pop()]
        for event in events(client, "AccessKeyId", above.key_id, back=LONGEST_USER, missed=missed):
            session = minted(event, client.account)
            if session and session.parent == above.key_id and session.key_id not in found:
                found[session.key_id] = session._replace(asked_by=owner_of(above))
                waiting.append(session.key_id)
    raise Unrecognised("there are more sessions of sessions than can be followed")
