"""HMAC keys of service accounts, by which tools made for S3 use Cloud Storage: switched off, deleted, and proven from their state.

Only a key that is switched off can be deleted, so `delete` does both. HMAC keys of users are not listed by any API.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rescind.errors import NotFound, ProviderError, Rejected, Throttled, Unreachable
from rescind.models.credential import Credential
from rescind.models.evidence import Gap
from rescind.models.kind import (
    Act,
    CallResult,
    CallStatus,
    Death,
    Kind,
    Known,
    Liveness,
    Observation,
    Residual,
    Subject,
    Verb,
)
from rescind.providers.google import _projects
from rescind.providers.google._api import Row, called, gone, moment, pages, read, seen, seg, shown, text, unclear
from rescind.providers.google._connect import Google
from rescind.providers.google._next_hmac import ROTATION
from rescind.secret import Secret
from rescind.wire.http import Answer

_LIVENESS = {"ACTIVE": Liveness.LIVE, "INACTIVE": Liveness.DEAD, "DELETED": Liveness.DEAD}
_DOC = "https://cloud.google.com/storage/docs/authentication/hmackeys"


def _path(project: str, access_id: str = "") -> str:
    return f"/storage/v1/projects/{seg(project)}/hmacKeys" + (f"/{seg(access_id)}" if access_id else "")


def _places(client: Google, credential: Credential) -> tuple[str, ...]:
    named = credential.attributes.get("project") or credential.issuer
    if not credential.identifier or not (named or client.projects):
        raise Rejected("nothing is known of which key of which project it is", code="incomplete")
    return (named,) if re.fullmatch(r"[a-z0-9.:-]+", named) else client.projects


def _find(client: Google, credential: Credential) -> tuple[Row, Answer]:
    """Read the key in its project, else in every project of the tenant. Raises `NotFound` where none shows it, other typed errors."""
    last: NotFound | None = None
    for project in _places(client, credential):
        try:
            where = _path(project, credential.identifier)
            row, answer = read(client, "storage", where, "accessId", "state", "projectId", what="HMAC key")
        except NotFound as error:
            last = error
            continue
        if text(row, "accessId") != credential.identifier or text(row, "state") not in _LIVENESS:
            raise unclear(answer, "another HMAC key, or one in an unknown state, was shown")
        return row, answer
    raise last or NotFound("no project was asked")


def _known(row: Row) -> Known:
    return Known(
        identifier=text(row, "accessId"),
        issuer=text(row, "projectId"),
        subject=text(row, "serviceAccountEmail"),
        owner=text(row, "serviceAccountEmail"),
        attributes={"project": text(row, "projectId"), "status": text(row, "state")},
        created_at=moment(text(row, "timeCreated")),
        liveness=_LIVENESS.get(text(row, "state"), Liveness.UNKNOWN),
    )


def identify(client: Google, credential: Credential, secret: Secret | None) -> Known:  # noqa: ARG001  the key is never used
    """Ask Cloud Storage whose key it is. Raises `NotFound` when no project shows it, other typed errors."""
    return _known(_find(client, credential)[0])


def enumerate_(client: Google, subject: Subject) -> Iterator[Known | Gap]:
    """List every HMAC key of the person's service accounts and projects. What could not be read whole is a `Gap`."""
    for found in _projects.of_person(client, subject):
        if isinstance(found, Gap):
            yield found
            continue
        project, account = found
        query = {"maxResults": "250", **({"serviceAccountEmail": account} if account else {})}
        try:
            rows, answer = pages(
                client, "storage", _path(project), "items", what=f"HMAC keys of {project}", query=query
            )
            if not all(text(r, "accessId") for r in rows):
                raise unclear(answer, "an HMAC key without an id")
        except (Throttled, Unreachable):
            raise
        except ProviderError as error:
            why = f"HMAC keys of project {project} could not be listed: {error.message}"
            yield Gap(source=f"tenant:{client.tenant.name}", reason=why)
        else:
            yield from map(_known, rows)


def _set(client: Google, credential: Credential, state: str) -> CallResult:
    where = _path(_places(client, credential)[0], credential.identifier)
    row, answer = shown(client.send("storage", "PUT", where, json={"state": state}), "accessId", what="HMAC key update")
    if text(row, "state") != state:
        raise unclear(answer, "HMAC key update: the answer shows another state than was asked for")
    return called(answer, CallStatus.DONE)


def deactivate(client: Google, credential: Credential) -> CallResult:
    """Switch the key off. Raises typed errors."""
    return _set(client, credential, "INACTIVE")


def activate(client: Google, credential: Credential) -> CallResult:
    """Switch the key on again, if it was on before the run. Raises typed errors."""
    was = credential.attributes.get("status", "")
    if was != "ACTIVE":
        return CallResult(
            status=CallStatus.ALREADY, notes={"left": f"the key was {was or 'not known to be ACTIVE'} before"}
        )
    return _set(client, credential, "ACTIVE")


def delete(client: Google, credential: Credential) -> CallResult:
    """Switch the key off, then delete it; `ALREADY` when it is deleted. Raises typed errors."""
    try:
        deactivate(client, credential)
    except Rejected:  # also how a deleted key answers
        row, answer = _find(client, credential)
        if text(row, "state") != "DELETED":
            raise
        return called(answer, CallStatus.ALREADY)
    where = _path(_places(client, credential)[0], credential.identifier)
    return gone(client.send("storage", "DELETE", where), "HMAC key removal")


def verify(client: Google, credential: Credential) -> Observation:
    """Read the state of the key. One that is not shown is no proof: `NotFound`. Raises other typed errors."""
    row, answer = _find(client, credential)
    state = text(row, "state")
    return seen(answer, _LIVENESS[state], f"Cloud Storage shows the key as {state}", reversible=state == "INACTIVE")


def control(client: Google, credential: Credential) -> Observation:
    """Show that HMAC keys can be read in this run, in the key's project. Raises typed errors."""
    places = _places(client, credential) if credential.identifier else client.projects
    if not places:
        raise Rejected("this tenant names no project to read", code="incomplete")
    answer = client.send("storage", "GET", _path(places[0]), query={"maxResults": "1"})
    shown(answer, "kind", what="HMAC keys")
    return seen(answer, Liveness.LIVE, f"Cloud Storage lists the HMAC keys of project {places[0]}")


KIND = Kind(
    id="google.hmac-key",
    title="Google Cloud Storage HMAC key",
    provider="google",
    actions={
        Verb.DEACTIVATE: Act(
            call=deactivate,
            reversible=True,
            idempotent=True,
            permissions=("storage.hmacKeys.update",),
            undo="set the key to ACTIVE again (storage.hmacKeys.update)",
            restore=activate,
        ),
        Verb.DELETE: Act(
            call=delete,
            reversible=False,
            idempotent=True,
            permissions=("storage.hmacKeys.update", "storage.hmacKeys.delete"),
            undo="none",
        ),
    },
    verify=verify,
    control=control,
    enumerate=enumerate_,
    identify=identify,
    read_permissions=("storage.hmacKeys.get", "storage.hmacKeys.list", _projects.READ),
    rotation=ROTATION,
    residual=Residual(
        seconds=180,
        what="the key itself, at servers of Cloud Storage that have not heard of its new state",
        source=_DOC,
    ),
    death=Death(negatives=2, seconds=10.0, source=_DOC),
    steps_by_hand="Google Cloud console, Cloud Storage, Settings, Interoperability, the account's HMAC key: Deactivate, later Delete.",
    reference="https://cloud.google.com/storage/docs/json_api/v1/projects/hmacKeys/update",
    since="0.2",
    tested=("a simulator of ours, made of Google's discovery document storage:v1 (20261009); no real project",),
)
