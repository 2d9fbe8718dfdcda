"""Sessions of people who sign in to Google Cloud through an identity provider of their own (Workforce Identity Federation).

Google shows neither the person nor a session of theirs, so a person is mapped as
`principal://iam.googleapis.com/locations/global/workforcePools/<pool>/subject/<subject>`, and nothing can prove the end: the best end state is
`acknowledged`. Revoking ends sessions and everything that was issued before at once, and keeps nobody from signing in again
(https://cloud.google.com/iam/docs/workforce-revoke-sessions): disable the account at its identity provider first. `delete` does keep them
out, for 30 days, and takes the person's data with it (https://cloud.google.com/iam/docs/workforce-delete-user-data).
"""

from __future__ import annotations

from collections.abc import Iterator

from rescind.errors import NotFound, ProviderError, Throttled, Unreachable
from rescind.models.credential import Credential
from rescind.models.evidence import Gap
from rescind.models.kind import Act, CallResult, Kind, Known, Subject, Verb
from rescind.models.tenant import AUTHORITY
from rescind.providers.google import _listings, _subjects
from rescind.providers.google._api import left, text
from rescind.providers.google._connect import Google
from rescind.secret import Secret

_PREFIX = "iam.googleapis.com/workforcePool"


def _known(client: Google, name: str, owner: str) -> Known:
    pool, subject = _subjects.parts(name)
    row, _ = _subjects.pool(client, pool)
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
        if not _subjects.PRINCIPAL.fullmatch(name):
            continue
        try:
            yield _known(client, name, name)
        except (Throttled, Unreachable):
            raise
        except ProviderError as error:
            gone_ = "does not exist" if isinstance(error, NotFound) else f"could not be read: {error.message}"
            yield _listings.gap(client, f"the workforce pool of {name} {gone_}")


def undelete(client: Google, credential: Credential) -> CallResult:
    """Bring the subject back, with what Google still has of its data, if it was this run that deleted it. Raises typed errors."""
    if credential.attributes.get("did.removed") != "yes":
        return left("it is not known that this run deleted the subject")
    return _subjects.undelete(client, credential)


def covers(session: Credential, other: Credential) -> bool:
    """Tell whether a token from evidence was issued to a subject: by Google's token service, for its pool, under its name."""
    if other.kind not in {"oauth.refresh-token", "oauth.access-token"} or other.issuer != "https://sts.googleapis.com":
        return False
    facts = other.attributes
    return _subjects.issued_to(session.identifier, facts.get("account") or other.subject, facts.get("audience", ""))


KIND = Kind(
    id="google.workforce-session",
    title="Sessions of a workforce identity at Google Cloud",
    provider="google",
    actions={
        Verb.REVOKE: Act(
            call=_subjects.revoke,
            reversible=False,
            idempotent=True,
            permissions=(f"{_PREFIX}Subjects.revokeSessions",),
            undo="none: sign in again",
        ),
        Verb.DELETE: Act(
            call=_subjects.delete,
            reversible=False,
            idempotent=True,
            permissions=(f"{_PREFIX}Subjects.delete",),
            undo="undelete the subject within 30 days, with what Google still has of its data (iam.googleapis.com/workforcePoolSubjects.undelete)",
            restore=undelete,
        ),
    },
    control=_subjects.control,
    enumerate=enumerate_,
    identify=identify,
    covers=covers,
    read_permissions=(f"{_PREFIX}s.get",),
    steps_by_hand=(
        "Disable the account at its identity provider, then gcloud iam workforce-pools subjects revoke-sessions SUBJECT --workforce-pool=POOL "
        "--location=global. For an instant cut without it: remove the IAM bindings of principal://… and of the groups it is in."
    ),
    reference="https://cloud.google.com/iam/docs/reference/rest/v1/locations.workforcePools.subjects/revokeSessions",
    since="0.1",
    tested=("a simulator of ours, made of Google's discovery document iam:v1 (20261023); no real organisation",),
)
