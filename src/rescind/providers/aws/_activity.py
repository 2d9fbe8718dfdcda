"""Read from CloudTrail's event history what the case's users, keys and sessions did, in every region that the account has switched on.

Region by region, because the history is kept so; one attribute a request, because there can be one only; two requests a second in each
region (`PROVIDER.paces`). A region that could not be read, or that was switched off after the loss, is said to be missing.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from typing import Any

from rescind.errors import Denied, ProviderError, Rejected, Unrecognised
from rescind.models.clock import parse_rfc3339
from rescind.models.use import Ask, Asked, Event, Span
from rescind.providers.aws import _trail
from rescind.providers.aws._center import everything
from rescind.providers.aws._connect import Answer, AwsClient, call

GLOBAL = "us-east-1"
"""Where AWS keeps the events of its global services: IAM, the global STS, the account itself."""
_KEY = re.compile(r"A(?:KIA|SIA)[A-Z0-9]{12,124}")
_SSO = re.compile(r"AWSReservedSSO_[\w+=,.@-]+")


def check(client: AwsClient) -> None:
    """Show that the history can be read. Raises typed provider errors."""
    _trail.readable(client)


def _places(client: AwsClient) -> tuple[list[str], str]:
    """Return the regions whose history there is, and why these may not be all. An endpoint of one's own is one region."""
    own = client.tenant.text("region", GLOBAL)
    if client.tenant.text("endpoint_url"):
        return [own], ""
    try:
        listed = client.service("account").list_regions
        rows, _ = everything(listed, "Regions", RegionOptStatusContains=["ENABLED", "ENABLED_BY_DEFAULT", "DISABLING"])
    except (Denied, Rejected) as error:
        named = re.findall(r"[a-z0-9-]+", client.tenant.text("regions"))
        return list(dict.fromkeys([*named, own])), f"the account's regions could not be listed: {error.message}"
    return sorted(str(row.get("RegionName", "")) for row in rows), ""


def _wanted(asked: Asked) -> list[tuple[str, str]]:
    """Return by which attributes events are looked up: a user's name covers all of the user's keys."""
    people = [n for n in asked.names if ":" not in n] + [
        n.removeprefix("sso:") for n in asked.names if n.startswith("sso:")
    ]
    held = [c.owner for c in asked.credentials if c.owner and c.owner != "root"]
    people += [o.removeprefix("sso:") for o in held if ":" not in o or o.startswith("sso:")]
    people += ["root"] if asked.of("aws.root-user") else []
    keys = [c.identifier for c in asked.of("aws.role-session")]
    keys += [c.identifier for c in asked.of("aws.access-key") if not c.owner]
    found = [("Username", p) for p in people] + [("AccessKeyId", k) for k in keys if _KEY.fullmatch(k)]
    return list(dict.fromkeys(found))


def read(client: AwsClient, asked: Asked, ask: Ask) -> Iterator[Event | Span]:
    """Yield what was recorded since then, and how far each region's history was read."""
    wanted = _wanted(asked)
    if not wanted:
        return
    try:
        places, missing = ask(lambda: _places(client))
    except ProviderError as error:
        yield Span(part="regions", problem=error.message)
        return
    if missing or not places:
        yield Span(part="regions", problem=missing or "the account shows none that is switched on")
    if not places:
        return
    if GLOBAL in places and not client.tenant.text("endpoint_url"):
        yield from _switched_off(client, asked, ask)
    try:
        wanted = _with_old_names(client, wanted, GLOBAL if GLOBAL in places else places[0], asked.since, ask)
    except ProviderError as error:
        yield Span(part="names", problem=f"whether a user was renamed could not be seen: {error.message}")
    for region in places:
        at, odd = "", ""
        try:
            for attribute, value in wanted:
                for answer, rows in _pages(client, region, attribute, value, asked.since, ask):
                    at = at or answer.provider_time
                    events = [event(row, client.account) for row in rows]
                    odd = "an event without a time" if None in events else odd
                    yield from (e for e in events if e)
        except ProviderError as error:
            yield Span(part=region, problem=error.message)
        else:
            yield Span(part=region, asked_at=at, problem=odd)


def _with_old_names(
    client: AwsClient, wanted: list[tuple[str, str]], region: str, since: str, ask: Ask
) -> list[tuple[str, str]]:
    """Add what the users were called since then: whoever renames one would leave what it did under the other name unseen."""
    found = dict.fromkeys(wanted)
    renames = [
        (_text(row, "requestParameters", "userName"), _text(row, "requestParameters", "newUserName"))
        for _, rows in _pages(client, region, "EventName", "UpdateUser", since, ask)
        for row in rows
    ]
    for _ in renames:  # one rename may follow another
        for old, new in renames:
            if old and new and {("Username", old), ("Username", new)} & found.keys():
                found |= {("Username", old): None, ("Username", new): None}
    return list(found)


def _switched_off(client: AwsClient, asked: Asked, ask: Ask) -> Iterator[Span]:
    """Say which regions were switched off since then: what happened there is not shown any more."""
    try:
        for _, rows in _pages(client, GLOBAL, "EventName", "DisableRegion", asked.since, ask):
            for row in rows:
                name = _text(row, "requestParameters", "RegionName") or "a region"
                yield Span(part=name, problem="it was switched off after the loss, and its history with it")
    except ProviderError as error:
        yield Span(part="regions", problem=f"whether one was switched off could not be seen: {error.message}")


def _pages(
    client: AwsClient, region: str, attribute: str, value: str, since: str, ask: Ask
) -> Iterator[tuple[Answer, list[Mapping[str, Any]]]]:
    """Yield every page under one attribute since then. Raises typed provider errors, and `Unrecognised` for a history that does not end."""
    trail = client.service("cloudtrail", "" if client.tenant.text("endpoint_url") else region)
    wanted = {
        "LookupAttributes": [{"AttributeKey": attribute, "AttributeValue": value}],
        "StartTime": parse_rfc3339(since),
    }
    token, seen = "", set[str]()
    while True:
        more = {"NextToken": token} if token else {}
        answer: Answer = ask(functools.partial(call, trail.lookup_events, **wanted, MaxResults=50, **more))
        rows = answer.body.get("Events")
        if not isinstance(rows, list):
            raise Unrecognised("LookupEvents did not answer with events", request_id=answer.request_id)
        yield answer, [_trail.event_of(row, answer.request_id) for row in rows]
        token = str(answer.body.get("NextToken") or "")
        if not token:
            return
        if token in seen or len(seen) >= 10 * _trail.MOST_PAGES:
            raise Unrecognised("CloudTrail's history did not end in time", request_id=answer.request_id)
        seen.add(token)


def event(row: Mapping[str, Any], account: str) -> Event | None:
    """Return what one record says, None for one without a time."""
    who, at = _part(row, "userIdentity"), _trail.when(_text(row, "eventTime"))
    if not at:
        return None
    source, name = _text(row, "eventSource"), _text(row, "eventName")
    marks, doubts = set(_marks(row, who, account)), set[str]()
    user = _text(who, "userName") if _text(who, "type") == "IAMUser" else ""
    if user and source == "signin.amazonaws.com":
        refused = _text(row, "responseElements", "ConsoleLogin") == "Failure" or _text(row, "errorMessage")
        # a refused sign-in may have had the right password and no second factor; anything else there comes after the password
        (doubts if refused else marks).update((f"console:{user}", f"console:{_text(who, 'principalId')}"))
    return Event(
        id=_text(row, "eventID") or f"{at} {source} {name} {_text(row, 'requestID')} {_text(who, 'accessKeyId')}",
        at=at,
        action=f"{source.removesuffix('.amazonaws.com')}:{name}",
        marks=frozenset(marks),
        doubts=frozenset(doubts),
        who=_text(who, "arn") or user,
        key=_text(who, "accessKeyId") or _text(who, "credentialId"),
        ip=_text(row, "sourceIPAddress"),
        agent=_text(row, "userAgent"),
        outcome=_text(row, "errorCode"),
        place=_text(row, "awsRegion"),
    )


def _marks(row: Mapping[str, Any], who: Any, account: str) -> Iterator[str]:
    """Name what an event shows the use of. Session names are chosen by the caller, except in Identity Center's own roles."""
    if key := _text(who, "accessKeyId"):
        yield f"key:{key}"
    if credential := _text(who, "credentialId"):
        yield f"credential:{credential}"
    if person := _text(who, "onBehalfOf", "userId"):
        yield f"identity:{person}"
    # elsewhere a serial number is what a request is about: who takes a device away does not use it
    asked = _text(row, "requestParameters", "serialNumber") if _text(row, "eventSource") == "sts.amazonaws.com" else ""
    yield from (f"mfa:{serial}" for serial in (_text(row, "additionalEventData", "MFAIdentifier"), asked) if serial)
    if _text(who, "type") == "Root" and _text(who, "accountId") == account:
        yield f"root:{account}"
    issuer = _part(who, "sessionContext", "sessionIssuer")
    named = who if _text(who, "type") == "IAMUser" else issuer if _text(issuer, "type") == "IAMUser" else None
    if named is not None and _text(named, "accountId") in {account, ""}:
        yield f"user:{_text(named, 'userName')}"
    role, session = _trail.role_of(_text(who, "arn"), account)
    if _SSO.fullmatch(role):
        yield f"sso:{session}"


def _part(value: object, *path: str) -> Any:
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _text(value: object, *path: str) -> str:
    found = _part(value, *path)
    return found if isinstance(found, str) else ""
