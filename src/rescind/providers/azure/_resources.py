"""Resources of Azure by their id: found from what evidence says of them, mapped to a person, changed, and long operations followed."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar
from urllib.parse import quote

from rescind.errors import Denied, NotFound, ProviderError, Rejected, Throttled, Unreachable, Unrecognised
from rescind.models.evidence import Gap
from rescind.models.kind import CallResult, CallStatus, Liveness, Observation, Subject
from rescind.providers.azure._connect import Azure, Row
from rescind.wire.http import Answer, raise_for

PRODUCT = "https://learn.microsoft.com/en-us/azure/"
TESTED = ("a simulator of ours, held to Microsoft's own clients; no real subscription",)
_ID = r"/subscriptions/[0-9a-f-]{36}/resourceGroups/[^/]{1,90}/providers"
_NAME = r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}"
T = TypeVar("T")
_OVER = {"failed", "canceled", "cancelled"}


def is_of(ident: str, sort: str) -> bool:
    """Tell whether this is the id of a resource of a type (`Microsoft.Storage/storageAccounts`); a child's type is one word more."""
    names = sort.split("/")
    shape = names[0] + "".join(f"/{part}/{_NAME}" for part in names[1:])
    return re.fullmatch(f"{_ID}/{shape}", ident, re.IGNORECASE) is not None


def path(ident: str, sort: str) -> str:
    """Return the path of a resource. Raises `Rejected` for anything that is no id of its type."""
    if not is_of(ident, sort):
        raise Rejected(f"this names no {sort}", code="incomplete")
    return quote(ident, safe="/")


def read(client: Azure, ident: str, sort: str, version: str) -> tuple[Row, Answer]:
    """Return a resource as it stands. Raises typed errors."""
    answer = client.http.send("GET", path(ident, sort), query={"api-version": version})
    return shown(answer, ident, _word(sort))


def shown(answer: Answer, ident: str, what: str) -> tuple[Row, Answer]:
    """Return the resource in an answer. Raises typed errors, `Unrecognised` for another one or none."""
    raise_for(answer, what=what)
    row = answer.json if isinstance(answer.json, dict) else {}
    if str(row.get("id", "")).lower() != ident.lower():
        raise Unrecognised(f"{what}: another one, or none, was shown", status=answer.status)
    return row, answer


def inner(row: Mapping[str, Any], *keys: str) -> Any:
    """Return what lies below some keys of an answer, None where there is nothing."""
    found: Any = row
    for key in keys:
        found = found.get(key) if isinstance(found, Mapping) else None
    return found


def _word(sort: str) -> str:
    return sort.rpartition("/")[2]


def look(client: Azure, sort: str, version: str, match: Callable[[Row], bool]) -> Row:
    """Return the resource that evidence means, in whichever subscription we see.

    Raises `NotFound` only when each of them was read whole, else the error of the one that was not.
    """
    trouble: ProviderError | None = None
    for sub in client.subscriptions():
        try:
            for row in client.listed(
                f"/subscriptions/{sub['subscriptionId']}/providers/{sort}", version, what=_word(sort)
            ):
                if match(row) and is_of(str(row.get("id")), sort):
                    return row
        except (Denied, Rejected, Unrecognised) as error:
            trouble = error
    raise trouble or NotFound(f"no subscription that we see has it among its {_word(sort)}")


def mapped(client: Azure, subject: Subject, sort: str, version: str) -> Iterator[Row | Gap]:
    """Show the resources of a type that the person is mapped to by id. Azure says of none whose it is, so without a mapping that is a `Gap`."""
    ids = [n for n in subject.names if n.startswith("/subscriptions/")]
    if not ids:
        why = "Azure does not say whose a resource's keys are, and no resource is mapped to this person"
        yield gap(client, f'{why} (rescind.toml, [person] azure = ["/subscriptions/…"])')
    for ident in (i for i in ids if is_of(i, sort)):
        told = f"{ident} is mapped to this person and could not be read"
        found = tried(client, functools.partial(read, client, ident, sort, version), told)
        yield found if isinstance(found, Gap) else found[0]


def gap(client: Azure, reason: str) -> Gap:
    """Return what the tenant could not tell."""
    return Gap(source=f"tenant:{client.tenant.name}", reason=reason)


def tried(client: Azure, look: Callable[[], T], told: str) -> T | Gap:
    """Return what was read, or the `Gap` that says why it was not. Raises what is worth another try: `Throttled` and `Unreachable`."""
    try:
        return look()
    except (Throttled, Unreachable):
        raise
    except ProviderError as error:
        return gap(client, f"{told}: {error.message}")


def _below(client: Azure, sub: Row, sort: str, version: str) -> list[Row]:
    where = f"/subscriptions/{sub['subscriptionId']}/providers/{sort}"
    return list(client.listed(where, version, what=_word(sort)))


def every(client: Azure, sort: str, version: str) -> Iterator[Row | Gap]:
    """Show the resources of a type in every subscription that we see. What could not be listed is a `Gap`. Raises typed errors."""
    for sub in client.subscriptions():
        told = f"{_word(sort)} of /subscriptions/{sub['subscriptionId']} could not be listed"
        rows = tried(client, functools.partial(_below, client, sub, sort, version), told)
        yield from (rows,) if isinstance(rows, Gap) else rows


def sees(client: Azure, sort: str, version: str) -> Observation:
    """Show that resources of a type can be listed, in every subscription that we see (`rescind doctor` has no resource to name). Raises typed errors."""
    subs = client.subscriptions()
    found = sum(len(_below(client, s, sort, version)) for s in subs)
    told = f"Azure lists {found} {_word(sort)} in {len(subs)} subscriptions"
    return Observation(liveness=Liveness.LIVE, evidence=told)


def control(client: Azure, ident: str, sort: str, version: str) -> Observation:
    """Show that a resource can be read in this run; without one, all of its type that we see. Raises typed errors."""
    if not ident:
        return sees(client, sort, version)
    _, answer = read(client, ident, sort, version)
    return seen(answer, Liveness.LIVE, f"Azure shows {ident.rpartition('/')[2]} among its {_word(sort)}")


def seen(answer: Answer, liveness: Liveness, evidence: str, *, reversible: bool = False) -> Observation:
    """Return one look with its evidence, and what the answer says of itself."""
    return Observation(
        liveness=liveness,
        evidence=evidence,
        request_id=answer.request_id,
        provider_time=answer.provider_time,
        reversible=reversible,
    )


def finished(client: Azure, answer: Answer, what: str) -> bool:
    """Ask once how a long operation stands (https://learn.microsoft.com/en-us/azure/azure-resource-manager/management/async-operations).

    Raises `Rejected` for one that failed. That it cannot be asked changes nothing: it was accepted, and only what the resource shows later
    is proof.
    """
    told = answer.headers.get("azure-asyncoperation", "")
    mark = told or answer.headers.get("location", "")
    if not mark:
        return False
    try:
        said = client.follow(mark)
        raise_for(said, what=what)
    except ProviderError:
        return False
    row = said.json if isinstance(said.json, dict) else {}
    state = str(inner(row, "status") or "").lower()
    if state in _OVER:
        code = str(inner(row, "error", "code") or state)
        raise Rejected(f"{what}: Azure says that the operation {state}: {code}", code=code, request_id=said.request_id)
    return state == "succeeded" if told or state else said.status in {200, 204}


def called(answer: Answer, status: CallStatus, **notes: str) -> CallResult:
    """Return the result of an action that an answer tells."""
    return CallResult(
        status=status,
        request_id=answer.request_id,
        provider_time=answer.provider_time,
        http_status=answer.status,
        notes=notes,
    )


def accepted(client: Azure, answer: Answer, what: str) -> CallResult:
    """Return the result of a long operation: done if it has ended already, else no more than accepted. Raises typed errors."""
    raise_for(answer, what=what)
    if answer.status not in {202, 204} or answer.body.strip() not in {b"", b"null"}:
        raise Unrecognised(f"{what}: {answer.status}", status=answer.status, request_id=answer.request_id)
    over = answer.status == 202 and finished(client, answer, what)
    return called(answer, CallStatus.DONE if over else CallStatus.ACCEPTED)


def updated(client: Azure, answer: Answer, ident: str, what: str, done: Callable[[Row], bool]) -> CallResult:
    """Return the result of an update, at once or as a long operation; `done` tells it from the resource shown. Raises typed errors."""
    if answer.status == 202:
        return accepted(client, answer, what)
    row, _ = shown(answer, ident, what)
    if answer.status == 201 or inner(row, "properties", "provisioningState") not in {None, "Succeeded"}:
        return called(answer, CallStatus.DONE if finished(client, answer, what) else CallStatus.ACCEPTED)
    if not done(row):
        raise Unrecognised(f"{what}: the answer does not show what was asked for", status=answer.status)
    return called(answer, CallStatus.DONE)
