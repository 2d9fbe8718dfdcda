"""What Graph answers, read strictly: one object, a listing to its last page, a write without a body."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

from rescind.errors import Unrecognised
from rescind.models.evidence import Gap
from rescind.models.kind import CallResult, CallStatus, Death, Liveness, Observation
from rescind.providers.entra._connect import Entra
from rescind.wire.http import Answer, raise_for

MOST_PAGES = 1000
Row = Mapping[str, Any]
LAG = "https://learn.microsoft.com/en-us/entra/architecture/architecture"
"""Where Microsoft says that a replica may answer before it has heard of a write."""
DEATH = Death(negatives=2, seconds=30.0, source=LAG)
TESTED = ("a simulator of ours, made of Graph's v1.0 CSDL and its permission map; no real tenant",)


def seg(value: str) -> str:
    """Return a value as one segment of a path, whatever it holds."""
    return quote(value, safe="", errors="surrogateescape")


def text(row: Row, key: str) -> str:
    """Return a text member, empty when there is none."""
    value = row.get(key)
    return value if isinstance(value, str) else ""


def sort(row: Row) -> str:
    """Return the type of an object, without its namespace."""
    return text(row, "@odata.type").rpartition(".")[2]


def quoted(value: str) -> str:
    """Return a value as it stands between the quotes of a filter."""
    return value.replace("'", "''")


def gap(client: Entra, reason: str) -> Gap:
    """Return what the tenant could not tell."""
    return Gap(source=f"tenant:{client.tenant.name}", reason=reason)


def unclear(answer: Answer, what: str) -> Unrecognised:
    """Return the error for an answer that says something else than documented."""
    return Unrecognised(what, status=answer.status, request_id=answer.request_id)


def read(client: Entra, path: str, select: str, *, what: str) -> tuple[Row, Answer]:
    """Return one object with its id. Raises typed provider errors, `NotFound` for one that Graph does not show."""
    answer = client.http.send("GET", path, query={"$select": select} if select else None)
    raise_for(answer, what=what)
    if not isinstance(answer.json, dict) or not text(answer.json, "id"):
        raise unclear(answer, f"{what}: an answer without an id")
    return answer.json, answer


def pages(client: Entra, path: str, *, what: str, query: Mapping[str, str] | None = None) -> tuple[list[Row], Answer]:
    """Return every object of a listing, to its last page, and the last answer. Raises typed errors rather than a short list."""
    found: list[Row] = []
    visited: set[str] = set()
    answer = client.http.send("GET", path, query=query)
    while len(visited) < MOST_PAGES:
        raise_for(answer, what=what)
        rows = answer.json.get("value") if isinstance(answer.json, dict) else None
        if not isinstance(rows, list) or not all(isinstance(r, dict) for r in rows):
            raise unclear(answer, f"{what}: no list")
        found += rows
        mark = answer.json.get("@odata.nextLink") if isinstance(answer.json, dict) else None
        if mark is None:
            return found, answer
        if not isinstance(mark, str) or mark in visited:
            break
        visited.add(mark)
        answer = _follow(client, mark)
    raise unclear(answer, f"{what}: a listing that does not end")


def _follow(client: Entra, mark: str) -> Answer:
    base, to = urlsplit(client.http.base_url), urlsplit(mark)
    # A next page is followed only below the tenant's own address: our bearer goes with it.
    if (to.scheme, to.netloc) != (base.scheme, base.netloc) or not to.path.startswith(base.path + "/"):
        raise Unrecognised("a listing whose next page lies at another address")
    query = dict(parse_qsl(to.query, keep_blank_values=True))
    return client.http.send("GET", to.path[len(base.path) :], query=query or None)


def written(answer: Answer, what: str) -> CallResult:
    """Return what a write without an answer's body means. Raises typed errors, `Unrecognised` for anything but 204."""
    raise_for(answer, what=what)
    if answer.status != 204:
        raise unclear(answer, f"{what}: {answer.status}, not 204")
    return called(answer, CallStatus.DONE)


def switched(client: Entra, path: str, what: str, *, on: bool) -> CallResult:
    """Set `accountEnabled` of a user, a device or a service principal. Raises typed errors."""
    return written(client.http.send("PATCH", path, json={"accountEnabled": on}), f"{what} update")


def deleted(client: Entra, path: str, what: str) -> CallResult:
    """Delete an object. Raises typed errors; one that Graph itself says is not there is `already`, which the look then decides on."""
    answer = client.http.send("DELETE", path)
    if answer.status == 404 and isinstance(answer.json, dict) and isinstance(answer.json.get("error"), dict):
        return called(answer, CallStatus.ALREADY)
    return written(answer, what)


def called(answer: Answer, status: CallStatus, **notes: str) -> CallResult:
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
    deaf: int | None = None,
) -> Observation:
    """Return one look with its evidence, and how long what was derived goes on in this tenant."""
    return Observation(
        liveness=liveness,
        evidence=evidence,
        request_id=answer.request_id,
        provider_time=answer.provider_time,
        reversible=reversible,
        residual_until=until,
        residual_seconds=seconds,
        deaf_seconds=deaf,
    )
