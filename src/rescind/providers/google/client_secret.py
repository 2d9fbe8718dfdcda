"""Secrets of OAuth clients. Those of IAM's own clients are switched off and deleted; for the classic ones Google has no API.

A classic client's id begins with the number of its project: that one is ours when we can read the project, and is then a task for a
person. Google shows the living secrets of IAM's clients in its listings: they are compared in memory and never kept, shown or logged.
What outlives one: access tokens that were made with it; refresh tokens of the client wait for a secret that works.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from rescind.models.credential import Credential
from rescind.models.evidence import Gap
from rescind.models.kind import Act, CallResult, Death, Kind, Known, Liveness, Observation, Residual, Subject, Verb
from rescind.providers.google import _oauth_clients, _projects, _switch
from rescind.providers.google._api import LAG, Row, flag, seen, text
from rescind.providers.google._connect import Google
from rescind.providers.google._next_client_secret import ROTATION
from rescind.secret import Secret
from rescind.wire.http import Answer


def _known(client_row: Row, row: Row, answer: Answer, project: str) -> Known:
    disabled = flag(row, "disabled", answer)
    facts = {"client_id": text(client_row, "clientId"), "name": text(row, "displayName"), "project": project}
    return Known(
        identifier=text(row, "name"),
        issuer=project,
        subject=text(client_row, "name"),
        owner=f"projects/{project}",
        attributes={k: v for k, v in {**facts, "disabled": str(disabled).lower()}.items() if v},
        liveness=Liveness.DEAD if disabled else Liveness.LIVE,
    )


def identify(client: Google, credential: Credential, secret: Secret | None) -> Known:
    """Ask for a secret by its name, else look for its value among those of the tenant's projects. Raises typed errors.

    `NotFound` with the code `BY_HAND` says: it is of a classic client of a project of ours.
    """
    if _oauth_clients.NAME.fullmatch(credential.identifier):
        return _known(*_oauth_clients.by_name(client, credential))
    client_id = credential.attributes.get("client_id") or credential.identifier
    return _known(*_oauth_clients.by_value(client, client_id, secret))


def enumerate_(client: Google, subject: Subject) -> Iterator[Known | Gap]:
    """List every secret of IAM's OAuth clients in the projects that the person is mapped to. Classic ones no API lists."""

    def of_project(project: str, account: str) -> Iterator[Known]:
        for row in () if account else _oauth_clients.clients(client, project)[0]:
            ones, answer = _oauth_clients.listed(client, text(row, "name"))
            yield from (_known(row, one, answer, project) for one in ones)

    return _projects.each(client, subject, "OAuth clients", of_project)


def enable(client: Google, credential: Credential) -> CallResult:
    """Switch the secret on again, if it was on before the run. Raises typed errors."""
    return _switch.kept_off(credential, "disabled", "secret") or _oauth_clients.switch(
        client, credential, disabled=False
    )


def control(client: Google, credential: Credential) -> Observation:
    """Show that OAuth clients can be read in this run, in the secret's project. Raises typed errors."""
    named = _oauth_clients.NAME.fullmatch(credential.identifier)
    project = _projects.readable(client, credential.identifier.split("/")[1] if named else "")
    rows, answer = _oauth_clients.clients(client, project)
    return seen(answer, Liveness.LIVE, f"IAM lists {len(rows)} OAuth clients of project {project}")


KIND = Kind(
    id="google.client-secret",
    title="Secret of a Google OAuth client",
    provider="google",
    actions={
        Verb.DEACTIVATE: Act(
            call=partial(_oauth_clients.switch, disabled=True),
            reversible=True,
            idempotent=True,
            permissions=(_oauth_clients.UPDATE,),
            undo=f"enable the secret ({_oauth_clients.UPDATE})",
            restore=enable,
        ),
        Verb.DELETE: Act(
            call=_oauth_clients.delete,
            reversible=False,
            idempotent=True,
            permissions=(_oauth_clients.UPDATE, _oauth_clients.DELETE),
            undo="none",
        ),
    },
    verify=partial(_switch.verify, find=_oauth_clients.find, beside=_oauth_clients.beside, what="secret", of="client"),
    control=control,
    enumerate=enumerate_,
    identify=identify,
    read_permissions=(*_oauth_clients.READ, _projects.READ),
    rotation=ROTATION,
    residual=Residual(
        seconds=3600,
        what="access tokens that were made with it; they are not revoked",
        source="https://cloud.google.com/iam/docs/workforce-manage-oauth-app",
    ),
    death=Death(negatives=3, seconds=10.0, source=LAG),
    steps_by_hand=(
        "Google Cloud console, APIs and Services, Credentials, the OAuth client: add a new secret, deliver it, then disable and delete the "
        "old one."
    ),
    reference="https://cloud.google.com/iam/docs/reference/rest/v1/projects.locations.oauthClients.credentials/patch",
    since="0.1",
    tested=("a simulator of ours, made of Google's discovery document iam:v1 (20261023); no real project",),
)
