"""API keys of Google Cloud (`AIza…`): found by value or in a project, deleted, and counted until the last server has heard of it.

A deleted key was seen to be accepted, now and then and nowhere predictably, for up to 23 minutes; Google says that this stays so
(https://www.aikido.dev/blog/google-api-keys-deletion). So it is residual for half an hour, and dead only then. The value is asked for in
the body of a request, as Google's own client does with what is too long for an address; never in one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta

from rescind.errors import Rejected
from rescind.models.clock import parse_rfc3339, rfc3339
from rescind.models.credential import Credential
from rescind.models.evidence import Gap
from rescind.models.kind import Act, CallResult, Death, Kind, Known, Liveness, Observation, Residual, Subject, Verb
from rescind.providers.google import _api_keys, _projects
from rescind.providers.google._api import LAG, Row, left, moment, same, seen, text, unclear
from rescind.providers.google._connect import Google
from rescind.providers.google._next_api_key import ROTATION
from rescind.secret import Secret

HONOURED = 1800


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
    name = credential.identifier if named else _api_keys.by_value(client, secret or Secret(""))
    row, _ = same(*_api_keys.find(client, name), "name", name, "API key")
    return _known(row, _projects.project_id(client, name.split("/")[1]))


def enumerate_(client: Google, subject: Subject) -> Iterator[Known | Gap]:
    """List every key of the projects that the person is mapped to, and those bound to the person's service accounts."""
    return _projects.each(
        client, subject, "API keys", lambda of, whose: (_known(r, of) for r in _api_keys.listed(client, of, whose))
    )


def snapshot(client: Google, credential: Credential) -> Mapping[str, str]:
    """Tell whether the key was deleted before the run. Raises typed errors."""
    row, _ = _api_keys.find(client, credential.identifier)
    return {"deleted": "yes" if text(row, "deleteTime") else "no"}


def undelete(client: Google, credential: Credential) -> CallResult:
    """Bring the key back, if it was there before the run: somebody may have deleted it for good reason. Raises typed errors."""
    if credential.attributes.get("before.deleted") != "no":
        return left("the key was not known to be there before the run")
    return _api_keys.undelete(client, credential)


def verify(client: Google, credential: Credential) -> Observation:
    """Read when the key was deleted, and count until every server has heard of it. Raises typed errors."""
    row, answer = _api_keys.find(client, credential.identifier)
    if not text(row, "deleteTime"):
        return seen(answer, Liveness.LIVE, "Google shows the key without a time of deletion")
    deleted = moment(text(row, "deleteTime"))
    if deleted is None:
        raise unclear(answer, "a time of deletion that is none")
    # A second more: the times that Google gives are cut to whole seconds here.
    until = rfc3339(parse_rfc3339(deleted) + timedelta(seconds=HONOURED + 1))
    told = f"Google shows the key as deleted at {deleted}; some of its servers may take it until {until}"
    return seen(answer, Liveness.DEAD, told, reversible=True, until=until)


KIND = Kind(
    id="google.api-key",
    title="Google Cloud API key",
    provider="google",
    actions={
        Verb.REVOKE: Act(
            call=_api_keys.delete,
            reversible=True,
            idempotent=True,
            permissions=("apikeys.keys.delete",),
            undo="undelete the key within 30 days (apikeys.keys.undelete)",
            snapshot=snapshot,
            restore=undelete,
        )
    },
    verify=verify,
    control=_api_keys.control,
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
    since="0.1",
    tested=("a simulator of ours, made of Google's discovery document apikeys:v2 (20260818); no real project",),
)
