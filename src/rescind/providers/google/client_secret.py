"""Secrets of OAuth clients. Those of IAM's own clients are switched off and deleted; for the classic ones Google has no API.

A classic client's id begins with the number of its project: that one is ours when we can read the project, and is then a task for a
person. Google shows the living secrets of IAM's clients in its listings: they are compared in memory and never kept, shown or logged.
What outlives one: access tokens that were made with it; refresh tokens of the client wait for a secret that works.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterator

from rescind.errors import NotFound, ProviderError, Rejected, Throttled, Unreachable
from rescind.models.credential import Credential
from rescind.models.evidence import Gap
from rescind.models.kind import (
    BY_HAND,
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
from rescind.providers.google._api import LAG, Row, called, flag, gone, pages, read, seen, seg, shown, text, unclear
from rescind.providers.google._connect import Google
from rescind.providers.google._next_client_secret import ROTATION
from rescind.secret import Secret
from rescind.wire.http import Answer

_NAME = re.compile(r"projects/[^/]+/locations/[^/]+/oauthClients/[^/]+/credentials/[^/]+")
_CLASSIC = re.compile(r"(?P<number>\d{6,20})(?:-[a-z0-9]+)?\.apps\.googleusercontent\.com")


def _path(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise Rejected("nothing is known of which secret it is", code="incomplete")
    return "/v1/" + "/".join(map(seg, name.split("/")))


def _known(client_row: Row, row: Row, project: str, answer: Answer) -> Known:
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


def _clients(client: Google, project: str) -> list[Row]:
    where = f"/v1/projects/{seg(project)}/locations/global/oauthClients"
    return pages(client, "iam", where, "oauthClients", what=f"OAuth clients of {project}")[0]


def _held(client: Google, row: Row) -> tuple[list[Row], Answer]:
    name = text(row, "name")
    rows, answer = pages(
        client, "iam", _path(f"{name}/credentials/x").removesuffix("/x"), "oauthClientCredentials", what="its secrets"
    )
    if not all(_NAME.fullmatch(text(r, "name")) for r in rows):
        raise unclear(answer, "a secret without a name")
    return rows, answer


def identify(client: Google, credential: Credential, secret: Secret | None) -> Known:
    """Ask for a secret by its name, else look for its value among those of the tenant's projects. Raises typed errors.

    `NotFound` with the code `BY_HAND` says: it is of a classic client of a project of ours.
    """
    if _NAME.fullmatch(credential.identifier):
        row, answer = read(client, "iam", _path(credential.identifier), "name", what="secret of an OAuth client")
        if text(row, "name") != credential.identifier:
            raise unclear(answer, "another secret than the one asked for was shown")
        owner, _ = read(
            client, "iam", _path(credential.identifier).partition("/credentials/")[0], "name", what="client"
        )
        return _known(owner, row, _projects.project_id(client, credential.identifier.split("/")[1]), answer)
    name = credential.attributes.get("client_id") or credential.identifier
    if classic := _CLASSIC.fullmatch(name):
        project = _projects.project_id(client, classic["number"])
        why = f"Google has no API for the secrets of this sort of client; project {project} is ours"
        raise NotFound(why, code=BY_HAND)
    for project in client.projects:
        for row in (r for r in _clients(client, project) if name in {"", text(r, "clientId")}):
            rows, answer = _held(client, row)
            for one in rows:
                if secret and hmac.compare_digest(text(one, "clientSecret").encode(), secret.reveal().encode()):
                    return _known(row, one, project, answer)
    raise NotFound("no OAuth client of this tenant's projects has this secret")


def enumerate_(client: Google, subject: Subject) -> Iterator[Known | Gap]:
    """List every secret of IAM's OAuth clients in the projects that the person is mapped to. Classic ones no API lists."""
    for found in _projects.of_person(client, subject):
        if isinstance(found, Gap):
            yield found
            continue
        project, account = found
        if account:
            continue
        try:
            held = [(row, *_held(client, row)) for row in _clients(client, project)]
            rows = [_known(row, one, project, answer) for row, ones, answer in held for one in ones]
        except (Throttled, Unreachable):
            raise
        except ProviderError as error:
            why = f"OAuth clients of project {project} could not be listed: {error.message}"
            yield Gap(source=f"tenant:{client.tenant.name}", reason=why)
        else:
            yield from rows


def _set(client: Google, credential: Credential, *, disabled: bool) -> CallResult:
    answer = client.send(
        "iam", "PATCH", _path(credential.identifier), json={"disabled": disabled}, query={"updateMask": "disabled"}
    )
    row, _ = shown(answer, "name", what="secret update")
    if text(row, "name") != credential.identifier or flag(row, "disabled", answer) is not disabled:
        raise unclear(answer, "secret update: the answer shows something else than was asked")
    return called(answer, CallStatus.DONE)


def disable(client: Google, credential: Credential) -> CallResult:
    """Switch the secret off. Raises typed errors."""
    return _set(client, credential, disabled=True)


def enable(client: Google, credential: Credential) -> CallResult:
    """Switch the secret on again, if it was on before the run. Raises typed errors."""
    if credential.attributes.get("disabled") != "false":
        return CallResult(status=CallStatus.ALREADY, notes={"left": "the secret was not known to be enabled before"})
    return _set(client, credential, disabled=False)


def delete(client: Google, credential: Credential) -> CallResult:
    """Switch the secret off, then delete it: only one that is off can be. `ALREADY` when it is not there. Raises typed errors."""
    answer = client.send(
        "iam", "PATCH", _path(credential.identifier), json={"disabled": True}, query={"updateMask": "disabled"}
    )
    if answer.status == 404:
        return gone(answer, "secret update", empty=200)
    shown(answer, "name", what="secret update")
    return gone(client.send("iam", "DELETE", _path(credential.identifier)), "secret removal", empty=200)


def verify(client: Google, credential: Credential) -> Observation:
    """Read whether the secret is off; one that is not shown counts only beside the whole list of its client's. Raises typed errors."""
    try:
        row, answer = read(client, "iam", _path(credential.identifier), "name", what="secret of an OAuth client")
    except NotFound:
        rows, answer = _held(client, {"name": credential.identifier.partition("/credentials/")[0]})
        if credential.identifier in {text(r, "name") for r in rows}:
            return seen(answer, Liveness.UNKNOWN, "IAM lists the secret, and does not show it")
        return seen(answer, Liveness.DEAD, f"IAM lists {len(rows)} secrets of its client, read whole, and not this one")
    if flag(row, "disabled", answer):
        return seen(answer, Liveness.DEAD, "IAM shows the secret as disabled", reversible=True)
    return seen(answer, Liveness.LIVE, "IAM shows the secret as enabled")


def control(client: Google, credential: Credential) -> Observation:
    """Show that OAuth clients can be read in this run, in the secret's project. Raises typed errors."""
    named = _NAME.fullmatch(credential.identifier)
    if not named and not client.projects:
        raise Rejected("this tenant names no project to read", code="incomplete")
    project = credential.identifier.split("/")[1] if named else client.projects[0]
    where = f"/v1/projects/{seg(project)}/locations/global/oauthClients"
    rows, answer = pages(client, "iam", where, "oauthClients", what="OAuth clients")
    return seen(answer, Liveness.LIVE, f"IAM lists {len(rows)} OAuth clients of project {project}")


KIND = Kind(
    id="google.client-secret",
    title="Secret of a Google OAuth client",
    provider="google",
    actions={
        Verb.DEACTIVATE: Act(
            call=disable,
            reversible=True,
            idempotent=True,
            permissions=("iam.googleapis.com/oauthClientCredentials.update",),
            undo="enable the secret (iam.googleapis.com/oauthClientCredentials.update)",
            restore=enable,
        ),
        Verb.DELETE: Act(
            call=delete,
            reversible=False,
            idempotent=True,
            permissions=(
                "iam.googleapis.com/oauthClientCredentials.update",
                "iam.googleapis.com/oauthClientCredentials.delete",
            ),
            undo="none",
        ),
    },
    verify=verify,
    control=control,
    enumerate=enumerate_,
    identify=identify,
    read_permissions=(
        "iam.googleapis.com/oauthClients.get",
        "iam.googleapis.com/oauthClients.list",
        "iam.googleapis.com/oauthClientCredentials.get",
        "iam.googleapis.com/oauthClientCredentials.list",
        _projects.READ,
    ),
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
    since="0.2",
    tested=("a simulator of ours, made of Google's discovery document iam:v1 (20261023); no real project",),
)
