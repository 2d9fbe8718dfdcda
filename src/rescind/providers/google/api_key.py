"""API keys of Google Cloud (`AIza…`): found by value or in a project, deleted, and counted until the last server has heard of it.

A deleted key was seen to be accepted, now and then and nowhere predictably, for up to 23 minutes; Google says that this stays so
(https://www.aikido.dev/blog/google-api-keys-deletion). So it is residual for half an hour, and dead only then. The value is asked for in
the body of a request, as Google's own client does with what is too long for an address; never in one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta

from rescind.errors import NotFound, ProviderError, Rejected, Throttled, Unreachable, Unrecognised
from rescind.models.clock import parse_rfc3339, rfc3339
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
from rescind.providers.google._api import LAG, Row, called, left, moment, pages, read, seen, seg, shown, text, unclear
from rescind.providers.google._connect import READS, Google
from rescind.providers.google._next_api_key import ROTATION
from rescind.secret import Secret
from rescind.wire.http import Answer, raise_for

HONOURED = 1800
_NAME = re.compile(r"projects/[^/]+/locations/[^/]+/keys/[^/]+")


def _path(name: str, rest: str = "") -> str:
    if not _NAME.fullmatch(name):
        raise Rejected("nothing is known of which key it is", code="incomplete")
    return "/v2/" + "/".join(map(seg, name.split("/"))) + rest


def _name(client: Google, secret: Secret) -> str:
    answer = client.send("apikeys", "POST", "/v2/keys:lookupKey", form={"keyString": secret}, headers=READS)
    row, _ = shown(answer, "parent", what="API key by its value")
    if not text(row, "name"):
        raise NotFound("Google has purged this API key", status=200, request_id=answer.request_id)
    return text(row, "name")


def _known(row: Row, project: str) -> Known:
    bound = text(row, "serviceAccountEmail")
    limits = sorted(row["restrictions"]) if isinstance(row.get("restrictions"), dict) else ()
    more = {"name": text(row, "displayName"), "project": project, "restricted_by": ", ".join(map(str, limits))}
    return Known(
        identifier=text(row, "name"),
        issuer=project,
        subject=bound,
        owner=bound or f"projects/{project}",
        attributes={k: v for k, v in more.items() if v},
        created_at=moment(text(row, "createTime")),
        liveness=Liveness.DEAD if text(row, "deleteTime") else Liveness.LIVE,
    )


def identify(client: Google, credential: Credential, secret: Secret | None) -> Known:
    """Ask for a key by its name, else by its value. Raises `NotFound` for one that Google does not show us, other typed errors."""
    named = credential.identifier.startswith("projects/")
    if not named and not secret:
        raise Rejected("an API key can only be looked up by its value", code="incomplete")
    name = credential.identifier if named else _name(client, secret or Secret(""))
    row, answer = read(client, "apikeys", _path(name), "name", "uid", what="API key")
    if text(row, "name") != name:
        raise unclear(answer, "another API key than the one asked for was shown")
    return _known(row, _projects.project_id(client, name.split("/")[1]))


def enumerate_(client: Google, subject: Subject) -> Iterator[Known | Gap]:
    """List every key of the projects that the person is mapped to, and those bound to the person's service accounts."""
    for found in _projects.of_person(client, subject):
        if isinstance(found, Gap):
            yield found
            continue
        project, account = found
        where, query = f"/v2/projects/{seg(project)}/locations/global/keys", {"pageSize": "300"}
        try:
            rows, answer = pages(client, "apikeys", where, "keys", what=f"API keys of {project}", query=query)
            if not all(_NAME.fullmatch(text(r, "name")) for r in rows):
                raise unclear(answer, "a key without a name")
        except (Throttled, Unreachable):
            raise
        except ProviderError as error:
            why = f"API keys of project {project} could not be listed: {error.message}"
            yield Gap(source=f"tenant:{client.tenant.name}", reason=why)
        else:
            yield from (_known(r, project) for r in rows if account in {"", text(r, "serviceAccountEmail")})


def _operation(answer: Answer, what: str) -> CallResult:
    row, _ = shown(answer, "name", what=what)
    if "error" in row or not text(row, "name").startswith("operations/"):
        raise unclear(answer, f"{what}: Google says that it failed")
    return called(answer, CallStatus.DONE if row.get("done") is True else CallStatus.ACCEPTED)


def delete(client: Google, credential: Credential) -> CallResult:
    """Delete the key; it can be brought back for 30 days. `ALREADY` when Google does not know it. Raises other typed errors."""
    answer = client.send("apikeys", "DELETE", _path(credential.identifier))
    try:
        raise_for(answer, what="API key removal")
    except NotFound:
        if not answer.intelligible:
            raise Unrecognised("API key removal: not the answer of an API", status=answer.status) from None
        return called(answer, CallStatus.ALREADY)
    return _operation(answer, "API key removal")


def snapshot(client: Google, credential: Credential) -> Mapping[str, str]:
    """Tell whether the key was deleted before the run. Raises typed errors."""
    row, _ = read(client, "apikeys", _path(credential.identifier), "name", what="API key")
    return {"deleted": "yes" if text(row, "deleteTime") else "no"}


def undelete(client: Google, credential: Credential) -> CallResult:
    """Bring the key back, if it was there before the run: somebody may have deleted it for good reason. Raises typed errors."""
    if credential.attributes.get("before.deleted") != "no":
        return left("the key was not known to be there before the run")
    return _operation(
        client.send("apikeys", "POST", _path(credential.identifier, ":undelete"), json={}), "API key return"
    )


def verify(client: Google, credential: Credential) -> Observation:
    """Read when the key was deleted, and count until every server has heard of it. Raises typed errors."""
    row, answer = read(client, "apikeys", _path(credential.identifier), "name", "uid", what="API key")
    if not text(row, "deleteTime"):
        return seen(answer, Liveness.LIVE, "Google shows the key without a time of deletion")
    deleted = moment(text(row, "deleteTime"))
    if deleted is None:
        raise unclear(answer, "a time of deletion that is none")
    # A second more: the times that Google gives are cut to whole seconds here.
    until = rfc3339(parse_rfc3339(deleted) + timedelta(seconds=HONOURED + 1))
    told = f"Google shows the key as deleted at {deleted}; some of its servers may take it until {until}"
    return seen(answer, Liveness.DEAD, told, reversible=True, until=until)


def control(client: Google, credential: Credential) -> Observation:
    """Show that keys can be read in this run, in the key's project. Raises typed errors."""
    named = _NAME.fullmatch(credential.identifier)
    if not named and not client.projects:
        raise Rejected("this tenant names no project to read", code="incomplete")
    parent = credential.identifier.split("/")[1] if named else client.projects[0]
    answer = client.send("apikeys", "GET", f"/v2/projects/{seg(parent)}/locations/global/keys", query={"pageSize": "1"})
    row, _ = shown(answer, what="API keys")
    if set(row) - {"keys", "nextPageToken"}:
        raise unclear(answer, "API keys: no list")
    return seen(answer, Liveness.LIVE, f"Google lists the API keys of project {parent}")


KIND = Kind(
    id="google.api-key",
    title="Google Cloud API key",
    provider="google",
    actions={
        Verb.REVOKE: Act(
            call=delete,
            reversible=True,
            idempotent=True,
            permissions=("apikeys.keys.delete",),
            undo="undelete the key within 30 days (apikeys.keys.undelete)",
            snapshot=snapshot,
            restore=undelete,
        )
    },
    verify=verify,
    control=control,
    enumerate=enumerate_,
    identify=identify,
    read_permissions=("apikeys.keys.get", "apikeys.keys.list", "apikeys.keys.lookup", _projects.READ),
    rotation=ROTATION,
    residual=Residual(
        seconds=HONOURED,
        what="the key itself, at servers of Google's that have not heard of its deletion",
        source="https://www.aikido.dev/blog/google-api-keys-deletion",
    ),
    death=Death(negatives=2, seconds=10.0, source=LAG),
    steps_by_hand=(
        "Google Cloud console, APIs and Services, Credentials, the key: Delete API key; count half an hour, and read the traffic of "
        "`apikey:UNKNOWN` under Metrics meanwhile."
    ),
    reference="https://cloud.google.com/api-keys/docs/reference/rest/v2/projects.locations.keys/delete",
    since="0.2",
    tested=("a simulator of ours, made of Google's discovery document apikeys:v2 (20260818); no real project",),
)
