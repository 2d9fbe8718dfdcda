"""API keys as Google has them: `projects/<number>/locations/global/keys/<id>`, found by that name or by their value."""

from __future__ import annotations

import re

from rescind.errors import NotFound, Rejected
from rescind.models.credential import Credential
from rescind.models.kind import CallResult, Liveness, Observation
from rescind.providers.google import _projects
from rescind.providers.google._api import Row, by_name, gone, operation, pages, read, seen, seg, shown, text, unclear
from rescind.providers.google._connect import READS, Google
from rescind.secret import Secret
from rescind.wire.http import Answer

_NAME = re.compile(r"projects/[^/]+/locations/[^/]+/keys/[^/]+")


def path(name: str, rest: str = "") -> str:
    """Return the path of a key, or of something below it. Raises `Rejected` for what is no name of one."""
    if not _NAME.fullmatch(name):
        raise Rejected("nothing is known of which key it is", code="incomplete")
    return by_name("v2", name, rest)


def _of_project(project: str) -> str:
    return f"/v2/projects/{seg(project)}/locations/global/keys"


def find(client: Google, name: str) -> tuple[Row, Answer]:
    """Return a key by its name. Raises typed errors, `NotFound` for one that Google does not show us."""
    return read(client, "apikeys", path(name), "name", "uid", what="API key")


def by_value(client: Google, secret: Secret) -> str:
    """Return the name of the key that has a value, which goes in the body. Raises `NotFound` where there is none, other typed errors."""
    answer = client.send("apikeys", "POST", "/v2/keys:lookupKey", form={"keyString": secret}, headers=READS)
    row, _ = shown(answer, "parent", what="API key by its value")
    if not text(row, "name"):
        raise NotFound("Google has purged this API key", status=200, request_id=answer.request_id)
    return text(row, "name")


def listed(client: Google, project: str, account: str) -> list[Row]:
    """Return every key of a project, or those bound to one of its service accounts, deleted ones too. Raises typed errors."""
    what, query = f"API keys of {project}", {"pageSize": "300"}
    rows, answer = pages(client, "apikeys", _of_project(project), "keys", what=what, query=query)
    if not all(_NAME.fullmatch(text(r, "name")) for r in rows):
        raise unclear(answer, "a key without a name")
    return [r for r in rows if account in {"", text(r, "serviceAccountEmail")}]


def delete(client: Google, credential: Credential) -> CallResult:
    """Delete the key; it can be brought back for 30 days. `ALREADY` when Google does not know it. Raises other typed errors."""
    answer, what = client.send("apikeys", "DELETE", path(credential.identifier)), "API key removal"
    return gone(answer, what) if answer.status == 404 else operation(answer, "name", what=what, named="operations/")


def undelete(client: Google, credential: Credential) -> CallResult:
    """Bring a deleted key back. Raises typed errors."""
    answer = client.send("apikeys", "POST", path(credential.identifier, ":undelete"), json={})
    return operation(answer, "name", what="API key return", named="operations/")


def control(client: Google, credential: Credential) -> Observation:
    """Show that keys can be read in this run, in the key's project. Raises typed errors."""
    named = _NAME.fullmatch(credential.identifier)
    parent = _projects.readable(client, credential.identifier.split("/")[1] if named else "")
    row, answer = read(client, "apikeys", _of_project(parent), what="API keys", query={"pageSize": "1"})
    if set(row) - {"keys", "nextPageToken"}:
        raise unclear(answer, "API keys: no list")
    return seen(answer, Liveness.LIVE, f"Google lists the API keys of project {parent}")
