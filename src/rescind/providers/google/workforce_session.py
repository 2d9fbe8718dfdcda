"""Sessions of people who sign in to Google Cloud through an identity provider of their own (Workforce Identity Federation).

Google shows neither the person nor a session of theirs, so a person is mapped as
`principal://iam.googleapis.com/locations/global/workforcePools/<pool>/subject/<subject>`, and nothing can prove the end: the best end state is
`acknowledged`. Revoking ends sessions and everything that was issued before at once, and keeps nobody from signing in again
(https://cloud.google.com/iam/docs/workforce-revoke-sessions): disable the account at its identity provider first. `delete` does keep them
out, for 30 days, and takes the person's data with it (https://cloud.google.com/iam/docs/workforce-delete-user-data).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rescind.errors import NotFound, ProviderError, Rejected, Throttled, Unreachable
from rescind.models.credential import Credential
from rescind.models.evidence import Gap
from rescind.models.kind import Act, CallResult, CallStatus, Kind, Known, Liveness, Observation, Subject, Verb
from rescind.models.tenant import AUTHORITY
from rescind.providers.google._api import called, gone, left, read, seen, seg, shown, text, unclear
from rescind.providers.google._connect import Google
from rescind.secret import Secret

_PRINCIPAL = re.compile(
    r"(?://iam\.googleapis\.com/|principal://iam\.googleapis\.com/)?"
    r"(?P<pool>locations/[a-z0-9-]+/workforcePools/[a-z0-9-]+)/subjects?/(?P<subject>\S.*)"
)
_POOL = re.compile(r"(?:/?/iam\.googleapis\.com/)?(locations/[a-z0-9-]+/workforcePools/[a-z0-9-]+)(?:/.*)?")
_PREFIX = "iam.googleapis.com/workforcePool"


def _parts(name: str) -> tuple[str, str]:
    found = _PRINCIPAL.fullmatch(name)
    if found is None:
        raise Rejected("nothing is known of which subject of which pool it is", code="incomplete")
    return found["pool"], found["subject"]


def _path(name: str, rest: str = "") -> str:
    pool, subject = _parts(name)
    return f"/v1/{pool}/subjects/{seg(subject)}{rest}"


def _known(client: Google, name: str, owner: str) -> Known:
    pool, subject = _parts(name)
    row, _ = read(client, "iam", f"/v1/{pool}", "name", what="workforce pool")
    length = text(row, "sessionDuration").removesuffix("s")
    return Known(
        identifier=f"{pool}/subjects/{subject}",
        issuer=pool,
        subject=f"principal://iam.googleapis.com/{pool}/subject/{subject}",
        owner=owner or f"principal://iam.googleapis.com/{pool}/subject/{subject}",
        attributes={"session_seconds": length or "3600", AUTHORITY: f"the identity provider of {pool}"},
    )


def identify(client: Google, credential: Credential, secret: Secret | None) -> Known:  # noqa: ARG001  no token is ever sent
    """Ask for the pool of a subject: of a subject itself Google shows nothing. Raises typed errors."""
    return _known(client, credential.identifier or credential.owner, credential.owner)


def enumerate_(client: Google, subject: Subject) -> Iterator[Known | Gap]:
    """Show one entry for each subject of a pool that the person is mapped to."""
    for name in subject.names:
        if not _PRINCIPAL.fullmatch(name):
            continue
        try:
            yield _known(client, name, name)
        except (Throttled, Unreachable):
            raise
        except ProviderError as error:
            gone_ = "does not exist" if isinstance(error, NotFound) else f"could not be read: {error.message}"
            why = f"the workforce pool of {name} {gone_}"
            yield Gap(source=f"tenant:{client.tenant.name}", reason=why)


def revoke(client: Google, credential: Credential) -> CallResult:
    """End every session of the subject, and all that was issued to it. Raises typed errors; a 404 is one of them."""
    answer = client.send("iam", "POST", _path(credential.identifier, ":revokeSessions"), json={})
    row, _ = shown(answer, "name", what="revocation of sessions")
    if "error" in row:
        raise unclear(answer, "revocation of sessions: Google says that it failed")
    status = CallStatus.DONE if row.get("done") is True else CallStatus.ACCEPTED
    return called(answer, status, operation=text(row, "name").rpartition("/")[2])


def delete(client: Google, credential: Credential) -> CallResult:
    """Delete the subject with its data: nobody signs in as it for 30 days. Raises typed errors."""
    answer = client.send("iam", "DELETE", _path(credential.identifier))
    if answer.status == 404:
        return gone(answer, "removal of the subject")
    row, _ = shown(answer, "name", what="removal of the subject")
    if "error" in row:
        raise unclear(answer, "removal of the subject: Google says that it failed")
    return called(answer, CallStatus.DONE if row.get("done") is True else CallStatus.ACCEPTED, removed="yes")


def undelete(client: Google, credential: Credential) -> CallResult:
    """Bring the subject back, with what Google still has of its data, if it was this run that deleted it. Raises typed errors."""
    if credential.attributes.get("did.removed") != "yes":
        return left("it is not known that this run deleted the subject")
    row, answer = shown(
        client.send("iam", "POST", _path(credential.identifier, ":undelete"), json={}), "name", what="its return"
    )
    if "error" in row:
        raise unclear(answer, "its return: Google says that it failed")
    return called(answer, CallStatus.DONE if row.get("done") is True else CallStatus.ACCEPTED)


def covers(session: Credential, other: Credential) -> bool:
    """Tell whether a token from evidence was issued to a subject: by Google's token service, for its pool, under its name."""
    if other.kind not in {"oauth.refresh-token", "oauth.access-token"} or other.issuer != "https://sts.googleapis.com":
        return False
    pool, subject = _parts(session.identifier)
    theirs = _PRINCIPAL.fullmatch(other.attributes.get("account") or other.subject)
    audience = _POOL.fullmatch(other.attributes.get("audience", ""))
    return (
        theirs is not None
        and (theirs["pool"], theirs["subject"]) == (pool, subject)
        and (audience is None or audience[1] == pool)
    )


def control(client: Google, credential: Credential) -> Observation:
    """Show that a pool can be read in this run: the subject's, else the first of the tenant's. Raises typed errors."""
    found = _PRINCIPAL.fullmatch(credential.identifier)
    if found is None and not client.workforce_pools:
        raise Rejected("this tenant names no workforce pool to read", code="incomplete")
    pool = found["pool"] if found else client.workforce_pools[0]
    row, answer = read(client, "iam", f"/v1/{pool}", "name", what="workforce pool")
    return seen(answer, Liveness.LIVE, f"IAM shows workforce pool {text(row, 'name')}")


KIND = Kind(
    id="google.workforce-session",
    title="Sessions of a workforce identity at Google Cloud",
    provider="google",
    actions={
        Verb.REVOKE: Act(
            call=revoke,
            reversible=False,
            idempotent=True,
            permissions=(f"{_PREFIX}Subjects.revokeSessions",),
            undo="none: sign in again",
        ),
        Verb.DELETE: Act(
            call=delete,
            reversible=False,
            idempotent=True,
            permissions=(f"{_PREFIX}Subjects.delete",),
            undo="undelete the subject within 30 days, with what Google still has of its data (iam.googleapis.com/workforcePoolSubjects.undelete)",
            restore=undelete,
        ),
    },
    control=control,
    enumerate=enumerate_,
    identify=identify,
    covers=covers,
    read_permissions=(f"{_PREFIX}s.get",),
    steps_by_hand=(
        "Disable the account at its identity provider, then gcloud iam workforce-pools subjects revoke-sessions SUBJECT --workforce-pool=POOL "
        "--location=global. For an instant cut without it: remove the IAM bindings of principal://… and of the groups it is in."
    ),
    reference="https://cloud.google.com/iam/docs/reference/rest/v1/locations.workforcePools.subjects/revokeSessions",
    since="0.2",
    tested=("a simulator of ours, made of Google's discovery document iam:v1 (20261023); no real organisation",),
)
