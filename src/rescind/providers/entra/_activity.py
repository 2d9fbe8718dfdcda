"""Read the sign-in log and the audit log of Graph v1.0: one request for each user, or application, of the case, and its further pages.

Graph filters by time and by who; times are those at which Entra saw it. A user that could not be asked about is said to be missing.
https://learn.microsoft.com/en-us/graph/api/resources/signin
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from rescind.errors import NotFound, ProviderError
from rescind.models.clock import parse_rfc3339, rfc3339
from rescind.models.use import Ask, Asked, Event, Span
from rescind.providers.entra import _person
from rescind.providers.entra._connect import Entra
from rescind.providers.entra._graph import Row, pages, quoted, text
from rescind.wire.http import Answer, raise_for

SIGN_INS, AUDITS = "/auditLogs/signIns", "/auditLogs/directoryAudits"
MOST = "1000"
"""Entries in a page, the most that Graph gives."""


def check_sign_ins(client: Entra) -> None:
    """Show that the sign-in log can be read. Raises typed provider errors."""
    raise_for(client.http.send("GET", SIGN_INS, query={"$top": "1"}), what="sign-in log")


def check_audits(client: Entra) -> None:
    """Show that the audit log can be read. Raises typed provider errors."""
    raise_for(client.http.send("GET", AUDITS, query={"$top": "1"}), what="audit log")


def _users(client: Entra, asked: Asked, ask: Ask) -> Iterator[str | Span]:
    """Name the users of the case by the ids that never change."""
    held = [c.attributes.get("user_id", "") for c in asked.credentials] + [c.identifier for c in asked.of("entra.user")]
    known = dict.fromkeys(i.lower() for i in held if i)
    told = {c.subject.casefold() for c in asked.credentials if c.attributes.get("user_id")}
    for name in (n for n in asked.names if n.casefold() not in told):
        try:
            row, _ = ask(functools.partial(_person.find, client, name))
            known[text(row, "id").lower()] = None
        except NotFound:
            continue  # the enumeration told that nobody is called so here
        except ProviderError as error:
            yield Span(part=name, problem=error.message)
    yield from known


def sign_ins(client: Entra, asked: Asked, ask: Ask) -> Iterator[Event | Span]:
    """Yield the users' sign-ins since then."""
    for user in _users(client, asked, ask):
        if isinstance(user, Span):
            yield user
        else:
            wanted = f"createdDateTime ge {asked.since} and userId eq '{quoted(user)}'"
            yield from _read(client, SIGN_INS, wanted, f"user {user}", sign_in, ask)


def audits(client: Entra, asked: Asked, ask: Ask) -> Iterator[Event | Span]:
    """Yield what the users and the applications changed since then."""
    kinds = ("entra.client-secret", "entra.certificate", "entra.federated-credential")
    since = f"activityDateTime ge {asked.since} and"
    for user in _users(client, asked, ask):
        if isinstance(user, Span):
            yield user
        else:
            yield from _read(
                client, AUDITS, f"{since} initiatedBy/user/id eq '{quoted(user)}'", f"user {user}", audit, ask
            )
    for app in dict.fromkeys(c.subject for c in asked.of(*kinds) if c.subject):
        wanted = f"{since} initiatedBy/app/appId eq '{quoted(app)}'"
        yield from _read(client, AUDITS, wanted, f"application {app}", audit, ask)


def _read(
    client: Entra, path: str, wanted: str, part: str, made: Callable[[Row], Event | None], ask: Ask
) -> Iterator[Event | Span]:
    try:
        rows: list[Row]
        answer: Answer
        rows, answer = ask(lambda: pages(client, path, what=part, query={"$filter": wanted, "$top": MOST}))
    except ProviderError as error:
        yield Span(part=part, problem=error.message)
        return
    events = [made(row) for row in rows]
    yield from (e for e in events if e)
    if None in events:
        yield Span(part=part, problem="an entry without an id or a time")
    else:
        yield Span(part=part, asked_at=answer.provider_time)


def sign_in(row: Row) -> Event | None:
    """Return what one sign-in says; a refused one may or may not have been a use."""
    at, status = _time(text(row, "createdDateTime")), _inner(row, "status")
    if not at or not text(row, "id"):
        return None
    device = text(_inner(row, "deviceDetail"), "deviceId")
    named = frozenset(f"{what}:{value}" for what, value in (("user", text(row, "userId")), ("device", device)) if value)
    code = status.get("errorCode")
    went_well = code == 0 and not isinstance(code, bool)
    return Event(
        id=text(row, "id"),
        at=at,
        action=f"sign-in: {text(row, 'appDisplayName') or text(row, 'appId')}",
        marks=named if went_well else frozenset(),
        doubts=frozenset() if went_well else named,
        who=text(row, "userPrincipalName"),
        key=device,
        ip=text(row, "ipAddress"),
        agent=text(row, "userAgent") or text(row, "clientAppUsed"),
        outcome="" if went_well else str(code),
        place=text(row, "resourceDisplayName"),
    )


def audit(row: Row) -> Event | None:
    """Return what one entry of the audit log says of who did it."""
    at = _time(text(row, "activityDateTime"))
    if not at or not text(row, "id"):
        return None
    user, app = (_inner(_inner(row, "initiatedBy"), who) for who in ("user", "app"))
    marks = [f"user:{text(user, 'id')}"] if text(user, "id") else []
    marks += [f"app:{text(app, 'appId')}"] if text(app, "appId") else []
    return Event(
        id=text(row, "id"),
        at=at,
        action=text(row, "activityDisplayName"),
        marks=frozenset(marks),
        who=text(user, "userPrincipalName") or text(app, "displayName"),
        key=text(app, "appId"),
        ip=text(user, "ipAddress"),
        outcome="" if text(row, "result") == "success" else text(row, "result"),
        place=text(row, "loggedByService"),
    )


def _inner(row: Row, key: str) -> Mapping[str, Any]:
    value = row.get(key)
    return value if isinstance(value, Mapping) else {}


def _time(value: str) -> str:
    try:
        return rfc3339(parse_rfc3339(value))
    except ValueError:
        return ""
