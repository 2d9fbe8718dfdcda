"""Read the Workspace's audit reports, user by user and application by application, and the audit logs of projects, for all accounts at once.

https://developers.google.com/workspace/admin/reports/reference/rest/v1/activities/list,
https://cloud.google.com/logging/docs/reference/audit/auditlog/rest/Shared.Types/AuditLog
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from typing import Any

from rescind.errors import NotFound, ProviderError
from rescind.models.use import Ask, Asked, Event, Span
from rescind.providers.google import _people
from rescind.providers.google._api import Row, moment, pages, seg, text, unclear
from rescind.providers.google._connect import Google
from rescind.wire.http import Answer, raise_for

APPLICATIONS = ("login", "token", "saml", "admin")
USES = {
    "login": {"login_success", "login_verification", "logout"},
    "token": {"activity", "authorize", "request"},
    "saml": {"login_success"},
}
"""Events that are the user's own doing; of `admin` all are. Others may be Google's, or somebody's who was refused."""
MOST_PAGES, MOST_NAMED = 1000, 30
_MAIL = re.compile(r"[^\s@\"\\()]+@[^\s@\"\\()]+")
_SUBJECT = re.compile(r"principal://iam\.googleapis\.com/[^\s\"\\()]{1,400}")
_KEY = re.compile(r"//iam\.googleapis\.com/projects/[^/]+/serviceAccounts/[^/]+/keys/(?P<key>[0-9a-f]+)")
_LOGS = 'log_id("cloudaudit.googleapis.com/activity") OR log_id("cloudaudit.googleapis.com/data_access")'
_NOT_SIGNED_IN = 16
"""UNAUTHENTICATED: https://cloud.google.com/apis/design/errors."""


def check_reports(client: Google) -> None:
    """Show that the reports can be read. Raises typed provider errors."""
    raise_for(client.send("reports", "GET", _path("all", "login"), query={"maxResults": "1"}), what="audit reports")


def check_audit_logs(client: Google) -> None:
    """Show that the logs of the first project can be read. Raises typed provider errors."""
    body = {"resourceNames": [f"projects/{client.projects[0]}"], "filter": _LOGS, "pageSize": 1}
    raise_for(client.send("logging", "POST", "/v2/entries:list", json=body), what="audit logs")


def _path(user: str, application: str) -> str:
    return f"/admin/reports/v1/activity/users/{seg(user)}/applications/{application}"


def _users(client: Google, asked: Asked, ask: Ask) -> Iterator[str | Span]:
    """Name the users of the case by the ids that outlive a change of address."""
    held = [c.attributes.get("user_id", "") for c in asked.credentials] + [
        c.identifier for c in asked.of("google.user")
    ]
    known, told = (
        dict.fromkeys(i for i in held if i),
        {c.owner.casefold() for c in asked.credentials if c.attributes.get("user_id")},
    )
    for name in (n for n in asked.names if _MAIL.fullmatch(n) and not n.endswith(".gserviceaccount.com")):
        if name.casefold() in told:
            continue
        try:
            row, _ = ask(functools.partial(_people.find, client, name))
            known[text(row, "id")] = None
        except NotFound:
            continue  # the enumeration told that nobody is called so here
        except ProviderError as error:
            yield Span(part=name, problem=error.message)
    yield from known


def reports(client: Google, asked: Asked, ask: Ask) -> Iterator[Event | Span]:
    """Yield what the users did since then, by application."""
    for user in _users(client, asked, ask):
        if isinstance(user, Span):
            yield user
            continue
        for name in APPLICATIONS:
            part, query = f"{name} of user {user}", {"startTime": asked.since, "maxResults": "1000"}
            try:
                rows: list[Row]
                answer: Answer
                rows, answer = ask(
                    functools.partial(
                        pages, client, "reports", _path(user, name), "items", what="audit reports", query=query
                    )
                )
            except ProviderError as error:
                yield Span(part=part, problem=error.message)
                continue
            yield from (event for row in rows for event in activity(row, name))
            odd = any(not moment(text(_inner(row, "id"), "time")) for row in rows)
            problem = "an entry without a time" if odd else ""
            yield Span(part=part, asked_at=answer.provider_time, problem=problem)


def activity(row: Row, application: str) -> Iterator[Event]:
    """Yield what one entry of the reports says: one event for each thing that was done at once."""
    ident, actor = _inner(row, "id"), _inner(row, "actor")
    at, user = moment(text(ident, "time")), text(actor, "profileId")
    happened = row.get("events")
    for n, event in enumerate(happened if at and isinstance(happened, list) else ()):
        name, given = text(event, "name") if isinstance(event, Mapping) else "", _parameters(event)
        marks = [f"user:{user}"] if user else []
        if application == "token" and given.get("client_id"):
            marks.append(f"grant:{user}/{given['client_id']}")
        if application == "login" and "backup_code" in given.get("login_challenge_method", ""):
            marks.append(f"codes:{user}")
        own = application == "admin" or name in USES.get(application, ())
        yield Event(
            id=f"{application}:{text(ident, 'time')}:{text(ident, 'uniqueQualifier')}:{n}",
            at=at or "",
            action=f"{application}:{name}",
            marks=frozenset(marks) if own else frozenset(),
            doubts=frozenset() if own else frozenset(marks),
            who=text(actor, "email"),
            key=given.get("client_id", ""),
            ip=text(row, "ipAddress"),
            outcome="" if own else name,
            place=given.get("app_name", "") or given.get("orgunit_path", ""),
        )


def _parameters(event: object) -> dict[str, str]:
    """Return the named values of an event; of several under one name all, with spaces between."""
    rows = event.get("parameters") if isinstance(event, Mapping) else None
    found: dict[str, str] = {}
    for row in rows if isinstance(rows, list) else ():
        if isinstance(row, Mapping) and isinstance(row.get("name"), str):
            several = row.get("multiValue")
            values = several if isinstance(several, list) else [row.get("value")]
            found[row["name"]] = " ".join(v for v in values if isinstance(v, str))
    return found


def audit_logs(client: Google, asked: Asked, ask: Ask) -> Iterator[Event | Span]:
    """Yield what the users and service accounts did since then in the projects of this tenant and of their own keys."""
    kinds = ("google.service-account", "google.service-account-key", "google.hmac-key")
    held = [c.owner for c in asked.of(*kinds)]
    held += [c.subject for c in asked.of("google.user", "google.oauth-grant", "google.workforce-session")]
    whom = {m.casefold(): m for m in (*held, *asked.names) if _MAIL.fullmatch(m) or _SUBJECT.fullmatch(m)}
    named = list(whom.values())
    own = [c.attributes.get("project", "") for c in asked.of(*kinds)]
    projects = dict.fromkeys(p for p in (*client.projects, *own) if re.fullmatch(r"[a-z0-9.:-]{1,80}", p))
    for project in projects if named else ():
        for first in range(0, len(named), MOST_NAMED):
            who = [("Subject" if _SUBJECT.fullmatch(m) else "Email", m) for m in named[first : first + MOST_NAMED]]
            asks = " OR ".join(f'protoPayload.authenticationInfo.principal{field}="{m}"' for field, m in who)
            wanted = f'({_LOGS}) AND timestamp>="{asked.since}" AND ({asks})'
            yield from _entries(client, project, wanted, ask)


def _entries(client: Google, project: str, wanted: str, ask: Ask) -> Iterator[Event | Span]:
    body = {"resourceNames": [f"projects/{project}"], "filter": wanted, "orderBy": "timestamp asc", "pageSize": 1000}
    part, mark, seen, odd = f"project {project}", "", set[str](), ""
    while True:
        try:
            more = {**body, **({"pageToken": mark} if mark else {})}
            rows, mark, at = ask(functools.partial(_page, client, more))
        except ProviderError as error:
            yield Span(part=part, problem=error.message)
            return
        events = [entry(row) for row in rows]
        odd = "an entry without an id or a time" if None in events else odd
        yield from (e for e in events if e)
        if not mark or mark in seen or len(seen) >= MOST_PAGES:
            yield Span(part=part, asked_at=at, problem=odd or ("a listing that does not end" if mark else ""))
            return
        seen.add(mark)


def _page(client: Google, body: Mapping[str, Any]) -> tuple[list[Row], str, str]:
    """Return one page of entries, what names the next, and Google's time. A page may be empty and not the last."""
    answer = client.send("logging", "POST", "/v2/entries:list", json=body)
    raise_for(answer, what="audit logs")
    said = answer.json
    rows = said.get("entries", []) if isinstance(said, dict) else None
    if not isinstance(said, dict) or set(said) - {"entries", "nextPageToken"} or not isinstance(rows, list):
        raise unclear(answer, "audit logs: no entries")
    return [r if isinstance(r, dict) else {} for r in rows], text(said, "nextPageToken"), answer.provider_time


def entry(row: Row) -> Event | None:
    """Return what one entry of an audit log says of who did it."""
    said = _inner(row, "protoPayload")
    who, request, status = (_inner(said, part) for part in ("authenticationInfo", "requestMetadata", "status"))
    at, ident = moment(text(row, "timestamp")), text(row, "insertId")
    if not at or not ident:
        return None
    mail, key = text(who, "principalEmail"), _KEY.fullmatch(text(who, "serviceAccountKeyName"))
    subject = text(who, "principalSubject")  # whom a workforce or workload identity stands for
    marks = [f"mail:{mail}"] if mail else []
    marks += ([f"key:{key['key']}"] if key else []) + ([subject] if _SUBJECT.fullmatch(subject) else [])
    code = status.get("code", 0)
    taken = code != _NOT_SIGNED_IN
    return Event(
        id=f"{text(row, 'logName')}:{text(row, 'timestamp')}:{ident}",
        at=at,
        action=f"{text(said, 'serviceName').removesuffix('.googleapis.com')}:{text(said, 'methodName')}",
        marks=frozenset(marks) if taken else frozenset(),
        doubts=frozenset() if taken else frozenset(marks),
        who=mail or subject,
        key=key["key"] if key else "",
        ip=text(request, "callerIp"),
        agent=text(request, "callerSuppliedUserAgent"),
        outcome=str(code) if code else "",
        place=text(said, "resourceName"),
    )


def _inner(row: Row, key: str) -> Mapping[str, Any]:
    value = row.get(key)
    return value if isinstance(value, Mapping) else {}
