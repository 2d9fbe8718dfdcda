"""HMAC keys as Cloud Storage has them: by access id in a project, read with their state, listed, and set to another state."""

from __future__ import annotations

import re
from collections.abc import Mapping

from rescind.errors import NotFound, Rejected
from rescind.models.credential import Credential
from rescind.models.kind import CallResult, Liveness
from rescind.providers.google._api import Row, called, pages, read, seg, shown, text, unclear
from rescind.providers.google._connect import Google
from rescind.wire.http import Answer

STATES: Mapping[str, Liveness] = {"ACTIVE": Liveness.LIVE, "INACTIVE": Liveness.DEAD, "DELETED": Liveness.DEAD}
DOC = "https://cloud.google.com/storage/docs/authentication/hmackeys"


def path(project: str, access_id: str = "") -> str:
    """Return the path of a key, or of all keys of a project."""
    return f"/storage/v1/projects/{seg(project)}/hmacKeys" + (f"/{seg(access_id)}" if access_id else "")


def projects(client: Google, credential: Credential) -> tuple[str, ...]:
    """Return the project of a key, or all where it may be. Raises `Rejected` where nothing is known of it."""
    named = credential.attributes.get("project") or credential.issuer
    places = (named,) if re.fullmatch(r"[a-z0-9.:-]+", named) else client.projects
    if not credential.identifier or not places:
        raise Rejected("nothing is known of which key of which project it is", code="incomplete")
    return places


def find(client: Google, credential: Credential) -> tuple[Row, Answer]:
    """Read the key in its project, else in every project of the tenant. Raises `NotFound` where none shows it, other typed errors."""
    last: NotFound | None = None
    for project in projects(client, credential):
        try:
            where = path(project, credential.identifier)
            row, answer = read(client, "storage", where, "accessId", "state", "projectId", what="HMAC key")
        except NotFound as error:
            last = error
            continue
        if text(row, "accessId") != credential.identifier or text(row, "state") not in STATES:
            raise unclear(answer, "another HMAC key, or one in an unknown state, was shown")
        return row, answer
    raise last or NotFound("no project was asked")


def listed(client: Google, project: str, account: str) -> list[Row]:
    """Return every key of a project, or of one of its service accounts. Raises typed errors."""
    query = {"maxResults": "250", **({"serviceAccountEmail": account} if account else {})}
    rows, answer = pages(client, "storage", path(project), "items", what=f"HMAC keys of {project}", query=query)
    if not all(text(r, "accessId") for r in rows):
        raise unclear(answer, "an HMAC key without an id")
    return rows


def put(client: Google, credential: Credential, state: str) -> CallResult:
    """Set a key to a state. Raises typed errors."""
    where = path(projects(client, credential)[0], credential.identifier)
    row, answer = shown(client.send("storage", "PUT", where, json={"state": state}), "accessId", what="HMAC key update")
    if text(row, "state") != state:
        raise unclear(answer, "HMAC key update: the answer shows another state than was asked for")
    return called(answer)
