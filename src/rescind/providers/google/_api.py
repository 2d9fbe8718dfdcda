"""What Google's APIs answer, read strictly: one object, a listing to its last page, a write, the moments they give."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from rescind.errors import NotFound, Unrecognised
from rescind.models.clock import parse_rfc3339, rfc3339
from rescind.models.kind import CallResult, CallStatus, Liveness, Observation
from rescind.providers.google._connect import Google
from rescind.wire.http import Answer, raise_for

MOST_PAGES = 1000
Row = Mapping[str, Any]
LAG = "https://cloud.google.com/iam/docs/access-change-propagation"
"""Where Google says how long a change of access takes to reach all of its servers."""


def seg(value: str) -> str:
    """Return a value as one segment of a path, whatever it holds."""
    return quote(value, safe="", errors="surrogateescape")


def text(row: Row, key: str) -> str:
    """Return a text member, empty when there is none."""
    value = row.get(key)
    return value if isinstance(value, str) else ""


def texts(row: Row, key: str) -> list[str]:
    """Return a list of texts, empty when there is none."""
    value = row.get(key)
    return [v for v in value if isinstance(v, str)] if isinstance(value, list) else []


def unclear(answer: Answer, what: str) -> Unrecognised:
    """Return the error for an answer that says something else than documented."""
    return Unrecognised(what, status=answer.status, request_id=answer.request_id)


def flag(row: Row, key: str, answer: Answer) -> bool:
    """Return a truth value; one that is left out is false, as in all of Google's JSON. Raises `Unrecognised` for anything else."""
    value = row.get(key, False)
    if not isinstance(value, bool):
        raise unclear(answer, f"{key} is neither true nor false")
    return value


def by_name(version: str, name: str, rest: str = "") -> str:
    """Return the path of what Google gave a name with slashes in it, or of something below it."""
    return f"/{version}/{'/'.join(map(seg, name.split('/')))}{rest}"


def read(
    client: Google, api: str, path: str, *needs: str, what: str, query: Mapping[str, str] | None = None
) -> tuple[Row, Answer]:
    """Return one object that has the members it `needs`. Raises typed errors, `NotFound` for one that is not shown."""
    return shown(client.send(api, "GET", path, query=query), *needs, what=what)


def same(row: Row, answer: Answer, key: str, value: str, what: str) -> tuple[Row, Answer]:
    """Return an object that was asked for by `value`. Raises `Unrecognised` where `key` says that it is another one."""
    if text(row, key) != value:
        raise unclear(answer, f"another {what} than the one asked for was shown")
    return row, answer


def shown(answer: Answer, *needs: str, what: str) -> tuple[Row, Answer]:
    """Return the object of an answer, which has the members it `needs`. Raises typed errors."""
    raise_for(answer, what=what)
    if not isinstance(answer.json, dict) or not all(text(answer.json, n) for n in needs):
        raise unclear(answer, f"{what}: an answer without {' and '.join(needs)}")
    return answer.json, answer


def pages(
    client: Google, api: str, path: str, items: str, *, what: str, query: Mapping[str, str] | None = None
) -> tuple[list[Row], Answer]:
    """Return every object of a listing, to its last page, and the last answer. Raises typed errors rather than a short list.

    Google leaves an empty list out. So no list is an empty one only in an answer that holds nothing else than a listing does.
    """
    found: list[Row] = []
    mark, visited = "", set[str]()
    while len(visited) < MOST_PAGES:
        answer = client.send(api, "GET", path, query={**(query or {}), **({"pageToken": mark} if mark else {})} or None)
        raise_for(answer, what=what)
        body = answer.json
        if not isinstance(body, dict) or (items not in body and set(body) - {"kind", "etag", "nextPageToken"}):
            raise unclear(answer, f"{what}: no list")
        rows = body.get(items, [])
        if not isinstance(rows, list) or not all(isinstance(r, dict) for r in rows):
            raise unclear(answer, f"{what}: no list")
        found += rows
        mark = body.get("nextPageToken", "")
        if not mark:
            return found, answer
        if not isinstance(mark, str) or mark in visited:
            break
        visited.add(mark)
    raise unclear(answer, f"{what}: a listing that does not end")


def gone(answer: Answer, what: str, *, empty: int = 204) -> CallResult:
    """Return what a write that answers with nothing means: `{}` with 200, or 204; a 404 is `ALREADY`. Raises other typed errors."""
    try:
        raise_for(answer, what=what)
    except NotFound:
        if not answer.intelligible:
            raise
        return already(answer)
    if answer.status != empty or (empty == 200 and answer.json != {}):
        raise unclear(answer, f"{what}: an answer that nobody documented")
    return called(answer, CallStatus.DONE)


def operation(answer: Answer, *needs: str, what: str, named: str = "", **notes: str) -> CallResult:
    """Return what an operation of Google's means that a write was answered with: done, or still at it. Raises typed errors."""
    row, _ = shown(answer, *needs, what=what)
    if "error" in row or not text(row, "name").startswith(named):
        raise unclear(answer, f"{what}: Google says that it failed")
    return called(answer, CallStatus.DONE if row.get("done") is True else CallStatus.ACCEPTED, **notes)


def already(answer: Answer) -> CallResult:
    """Return that a write found nothing to end any more."""
    return called(answer, CallStatus.ALREADY)


def left(told: str) -> CallResult:
    """Return that something is left as it is, and why: a run gives back no more than it took."""
    return CallResult(status=CallStatus.ALREADY, notes={"left": told})


def called(answer: Answer, status: CallStatus = CallStatus.DONE, **notes: str) -> CallResult:
    """Return the result of a call with what the answer says of itself."""
    return CallResult(
        status=status,
        request_id=answer.request_id,
        provider_time=answer.provider_time,
        http_status=answer.status,
        notes=notes,
    )


def seen(
    answer: Answer,
    liveness: Liveness,
    evidence: str,
    *,
    reversible: bool = False,
    until: str = "",
    seconds: int | None = None,
) -> Observation:
    """Return one look with its evidence."""
    return Observation(
        liveness=liveness,
        evidence=evidence,
        request_id=answer.request_id,
        provider_time=answer.provider_time,
        reversible=reversible,
        residual_until=until,
        residual_seconds=seconds,
    )


def moment(value: str) -> str | None:
    """Return a time of Google's as we write it: RFC 3339, or milliseconds since 1970; None for none, and for the year 1970 itself."""
    try:
        when = datetime.fromtimestamp(int(value) / 1000, UTC) if value.isdecimal() else parse_rfc3339(value)
        return rfc3339(when) if when.year > 1970 else None
    except (ValueError, OverflowError, OSError):
        return None
