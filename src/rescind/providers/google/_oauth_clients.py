"""OAuth clients of IAM, and their secrets: `projects/<id>/locations/global/oauthClients/<id>/credentials/<id>`, listed, compared, switched.

Google shows living secrets in its listings: they are compared in memory here and never kept, shown or logged.
"""

from __future__ import annotations

import hmac
import re

from rescind.errors import NotFound, Rejected
from rescind.models.credential import Credential
from rescind.models.kind import BY_HAND, CallResult
from rescind.providers.google import _api, _projects
from rescind.providers.google._api import Row, called, flag, gone, pages, read, same, seg, shown, text, unclear
from rescind.providers.google._connect import Google
from rescind.secret import Secret
from rescind.wire.http import Answer

PREFIX = "iam.googleapis.com/oauthClient"
READ = tuple(f"{PREFIX}{verb}" for verb in ("s.get", "s.list", "Credentials.get", "Credentials.list"))
UPDATE, DELETE = f"{PREFIX}Credentials.update", f"{PREFIX}Credentials.delete"
NAME = re.compile(r"projects/[^/]+/locations/[^/]+/oauthClients/[^/]+/credentials/[^/]+")
_CLASSIC = re.compile(r"(?P<number>\d{6,20})(?:-[a-z0-9]+)?\.apps\.googleusercontent\.com")


def path(name: str) -> str:
    """Return the path of a secret. Raises `Rejected` for what is no name of one."""
    if not NAME.fullmatch(name):
        raise Rejected("nothing is known of which secret it is", code="incomplete")
    return _api.by_name("v1", name)


def owner(name: str) -> str:
    """Return the name of the client that a secret belongs to."""
    return name.partition("/credentials/")[0]


def clients(client: Google, project: str) -> tuple[list[Row], Answer]:
    """Return every OAuth client of a project. Raises typed errors."""
    where = f"/v1/projects/{seg(project)}/locations/global/oauthClients"
    return pages(client, "iam", where, "oauthClients", what=f"OAuth clients of {project}")


def listed(client: Google, name: str) -> tuple[list[Row], Answer]:
    """Return every secret of an OAuth client. Raises typed errors."""
    where = path(f"{name}/credentials/x").removesuffix("/x")
    rows, answer = pages(client, "iam", where, "oauthClientCredentials", what="its secrets")
    if not all(NAME.fullmatch(text(r, "name")) for r in rows):
        raise unclear(answer, "a secret without a name")
    return rows, answer


def beside(client: Google, credential: Credential) -> tuple[set[str], Answer]:
    """Return the names of all secrets of the client that a secret is of. Raises typed errors."""
    rows, answer = listed(client, owner(credential.identifier))
    return {text(r, "name") for r in rows}, answer


def find(client: Google, credential: Credential) -> tuple[Row, Answer]:
    """Return a secret by its name. Raises typed errors."""
    name, what = credential.identifier, "secret of an OAuth client"
    return same(*read(client, "iam", path(name), "name", what=what), "name", name, what)


def by_name(client: Google, credential: Credential) -> tuple[Row, Row, Answer, str]:
    """Return the client of a secret, the secret, and their project. Raises typed errors."""
    name, (row, answer) = credential.identifier, find(client, credential)
    held_by, _ = read(client, "iam", owner(path(name)), "name", what="client")
    return held_by, row, answer, _projects.project_id(client, name.split("/")[1])


def by_value(client: Google, client_id: str, secret: Secret | None) -> tuple[Row, Row, Answer, str]:
    """Return the client and the secret that has a value, and their project; of one client only where its id is known.

    Raises `NotFound` where none has it, with the code `BY_HAND` where it is of a classic client of ours; other typed errors.
    """
    if classic := _CLASSIC.fullmatch(client_id):
        project = _projects.project_id(client, classic["number"])
        why = f"Google has no API for the secrets of this sort of client; project {project} is ours"
        raise NotFound(why, code=BY_HAND)
    for project in client.projects:
        for row in (r for r in clients(client, project)[0] if client_id in {"", text(r, "clientId")}):
            rows, answer = listed(client, text(row, "name"))
            for one in rows:
                if secret and hmac.compare_digest(text(one, "clientSecret").encode(), secret.reveal().encode()):
                    return row, one, answer, project
    raise NotFound("no OAuth client of this tenant's projects has this secret")


def _update(client: Google, credential: Credential, *, disabled: bool) -> Answer:
    where, query = path(credential.identifier), {"updateMask": "disabled"}
    return client.send("iam", "PATCH", where, json={"disabled": disabled}, query=query)


def switch(client: Google, credential: Credential, *, disabled: bool) -> CallResult:
    """Switch a secret off or on. Raises typed errors."""
    row, answer = shown(_update(client, credential, disabled=disabled), "name", what="secret update")
    if text(row, "name") != credential.identifier or flag(row, "disabled", answer) is not disabled:
        raise unclear(answer, "secret update: the answer shows something else than was asked")
    return called(answer)


def delete(client: Google, credential: Credential) -> CallResult:
    """Switch the secret off, then delete it: only one that is off can be. `ALREADY` when it is not there. Raises typed errors."""
    answer = _update(client, credential, disabled=True)
    if answer.status == 404:
        return gone(answer, "secret update", empty=200)
    shown(answer, "name", what="secret update")
    return gone(client.send("iam", "DELETE", path(credential.identifier)), "secret removal", empty=200)
