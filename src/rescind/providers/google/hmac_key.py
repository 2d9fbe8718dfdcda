"""HMAC keys of service accounts, by which tools made for S3 use Cloud Storage: switched off, deleted, and proven from their state.

Only a key that is switched off can be deleted, so `delete` does both. HMAC keys of users are not listed by any API.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from rescind.errors import Rejected
from rescind.models.credential import Credential
from rescind.models.evidence import Gap
from rescind.models.kind import Act, CallResult, Death, Kind, Known, Liveness, Observation, Residual, Subject, Verb
from rescind.providers.google import _hmac_keys, _projects
from rescind.providers.google._api import Row, already, gone, left, moment, read, seen, text
from rescind.providers.google._connect import Google
from rescind.providers.google._next_hmac import ROTATION
from rescind.secret import Secret


def _known(row: Row) -> Known:
    return Known(
        identifier=text(row, "accessId"),
        issuer=text(row, "projectId"),
        subject=text(row, "serviceAccountEmail"),
        owner=text(row, "serviceAccountEmail"),
        attributes={"project": text(row, "projectId"), "status": text(row, "state")},
        created_at=moment(text(row, "timeCreated")),
        liveness=_hmac_keys.STATES.get(text(row, "state"), Liveness.UNKNOWN),
    )


def identify(client: Google, credential: Credential, secret: Secret | None) -> Known:  # noqa: ARG001  the key is never used
    """Ask Cloud Storage whose key it is. Raises `NotFound` when no project shows it, other typed errors."""
    return _known(_hmac_keys.find(client, credential)[0])


def enumerate_(client: Google, subject: Subject) -> Iterator[Known | Gap]:
    """List every HMAC key of the person's service accounts and projects. What could not be read whole is a `Gap`."""
    return _projects.each(client, subject, "HMAC keys", lambda *of: map(_known, _hmac_keys.listed(client, *of)))


deactivate = partial(_hmac_keys.put, state="INACTIVE")


def activate(client: Google, credential: Credential) -> CallResult:
    """Switch the key on again, if it was on before the run. Raises typed errors."""
    was = credential.attributes.get("status", "")
    if was != "ACTIVE":
        return left(f"the key was {was or 'not known to be ACTIVE'} before")
    return _hmac_keys.put(client, credential, "ACTIVE")


def delete(client: Google, credential: Credential) -> CallResult:
    """Switch the key off, then delete it; `ALREADY` when it is deleted. Raises typed errors."""
    try:
        deactivate(client, credential)
    except Rejected:  # also how a deleted key answers
        row, answer = _hmac_keys.find(client, credential)
        if text(row, "state") != "DELETED":
            raise
        return already(answer)
    where = _hmac_keys.path(_hmac_keys.projects(client, credential)[0], credential.identifier)
    return gone(client.send("storage", "DELETE", where), "HMAC key removal")


def verify(client: Google, credential: Credential) -> Observation:
    """Read the state of the key. One that is not shown is no proof: `NotFound`. Raises other typed errors."""
    row, answer = _hmac_keys.find(client, credential)
    state, told = text(row, "state"), f"Cloud Storage shows the key as {text(row, 'state')}"
    return seen(answer, _hmac_keys.STATES[state], told, reversible=state == "INACTIVE")


def control(client: Google, credential: Credential) -> Observation:
    """Show that HMAC keys can be read in this run, in the key's project. Raises typed errors."""
    where = _hmac_keys.projects(client, credential)[0] if credential.identifier else ""
    project = _projects.readable(client, where)
    _, answer = read(client, "storage", _hmac_keys.path(project), "kind", what="HMAC keys", query={"maxResults": "1"})
    return seen(answer, Liveness.LIVE, f"Cloud Storage lists the HMAC keys of project {project}")


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
        source=_hmac_keys.DOC,
    ),
    death=Death(negatives=2, seconds=10.0, source=_hmac_keys.DOC),
    steps_by_hand="Google Cloud console, Cloud Storage, Settings, Interoperability, the account's HMAC key: Deactivate, later Delete.",
    reference="https://cloud.google.com/storage/docs/json_api/v1/projects/hmacKeys/update",
    since="0.1",
    tested=("a simulator of ours, made of Google's discovery document storage:v1 (20261009); no real project",),
)
