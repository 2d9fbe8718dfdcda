"""What an IAM user has beside access keys: listed by user, switched off and deleted by id, proven from the whole listing.

Every call names the user: IAM takes a missing user name for the caller
(https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateSSHPublicKey.html and its sisters). `Expired` is a status that IAM shows
and nobody sends.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from rescind.errors import NotFound, ProviderError, Throttled, Unreachable
from rescind.models.clock import rfc3339
from rescind.models.credential import Credential
from rescind.models.evidence import Gap
from rescind.models.kind import CallResult, CallStatus, Death, Known, Liveness, Observation, Subject
from rescind.providers.aws._connect import Answer, AwsClient, call, pages
from rescind.providers.aws._iam import find_user, user_of
from rescind.secret import Secret

LIVENESS = {"Active": Liveness.LIVE, "Inactive": Liveness.DEAD, "Expired": Liveness.DEAD}
DEATH = Death(
    negatives=3,
    seconds=10.0,
    source="https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency",
)
HONOURED = 10
"""Seconds for which AWS may still honour what it calls gone: whatever was made in them counts from their end."""
ROLE_SECONDS, CHAINED_SECONDS = 43_200, 3_600
"""The longest that a role can be assumed for, and that a role's session can assume another one for.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_terms-and-concepts.html
"""


class Held(NamedTuple):
    """How IAM calls one sort of them: the SDK's methods, and the fields of a row. `facts` become attributes.

    Without `update` they have no status: what is listed lives.
    """

    what: str
    listing: str
    field: str
    id: str
    update: str
    delete: str
    made: str
    facts: tuple[tuple[str, str], ...] = ()


def _liveness(held: Held, row: Mapping[str, Any]) -> Liveness:
    return LIVENESS.get(str(row.get("Status", "")), Liveness.UNKNOWN) if held.update else Liveness.LIVE


def time(value: object) -> str | None:
    """Return a moment of the SDK as RFC 3339, None for anything else."""
    return rfc3339(value) if isinstance(value, datetime) else None


def rows_of(client: AwsClient, held: Held, user: str) -> tuple[dict[str, Mapping[str, Any]], Answer]:
    """Return all of a user's by id, every page. An empty answer is no proof that the user exists. Raises typed errors."""
    rows, answer = pages(getattr(client.service("iam"), held.listing), held.field, UserName=user)
    return {str(row.get(held.id, "")): row for row in rows}, answer


def known(client: AwsClient, held: Held, row: Mapping[str, Any], user: Mapping[str, Any]) -> Known:
    """Return a row of IAM's listing as the catalogue shows it."""
    status = str(row.get("Status", ""))
    facts = {name: str(row[field]) for name, field in held.facts if row.get(field)}
    return Known(
        identifier=str(row[held.id]),
        issuer=client.account,
        subject=str(user["Arn"]),
        owner=str(user["UserName"]),
        attributes={"status": status, "user_id": str(user.get("UserId", "")), **facts},
        created_at=time(row.get(held.made)),
        expires_at=time(row.get("ExpirationDate")),
        liveness=_liveness(held, row),
    )


def of_users(
    client: AwsClient, subject: Subject, what: str, look: Callable[[Mapping[str, Any]], Iterable[Known]]
) -> Iterator[Known | Gap]:
    """Look at each IAM user of the person, for `what` ("": the user alone). One that could not be read whole is a `Gap`, no short list.

    Raises `Throttled` and `Unreachable`, which are worth another try.
    """
    source = f"tenant:{client.tenant.name}"
    for name in (n for n in subject.names if ":" not in n):  # `role:` and `sso:` names are no IAM users
        try:
            found = list(look(find_user(client, name)[0]))
        except NotFound:
            yield Gap(source=source, reason=f"mapped IAM user {name} does not exist")
        except (Throttled, Unreachable):
            raise  # the caller asks again, and makes the gap if that does not help
        except ProviderError as error:
            lost = f"{what} of IAM user {name} could not be listed" if what else f"IAM user {name} could not be read"
            yield Gap(source=source, reason=f"{lost}: {error.message}")
        else:
            yield from found


def lister(held: Held) -> Callable[[AwsClient, Subject], Iterator[Known | Gap]]:
    """Return what lists all of the person's users' of one sort."""

    def enumerate_(client: AwsClient, subject: Subject) -> Iterator[Known | Gap]:
        def look(user: Mapping[str, Any]) -> Iterator[Known]:
            rows, _ = rows_of(client, held, str(user["UserName"]))
            return (known(client, held, row, user) for row in rows.values())

        return of_users(client, subject, held.what + "s", look)

    return enumerate_


def identifier(
    held: Held, owner: Callable[[AwsClient, str], str] | None = None
) -> Callable[[AwsClient, Credential, Secret | None], Known]:
    """Return what says whose one is: by the owner that is known, else by `owner`, where IAM has a way to ask."""

    def identify(client: AwsClient, credential: Credential, secret: Secret | None) -> Known:  # noqa: ARG001  never used
        name = credential.owner or (owner(client, credential.identifier) if owner else "")
        if not name:
            raise NotFound(f"IAM has no way to ask whose {held.what} this is", code="NoSuchEntity")
        user, _ = find_user(client, name)
        row = rows_of(client, held, name)[0].get(credential.identifier)
        if row is None:
            raise NotFound(f"the listing of user {name} does not show this {held.what}", code="NoSuchEntity")
        return known(client, held, row, user)

    return identify


def done(answer: Answer, user: str, status: CallStatus = CallStatus.DONE) -> CallResult:
    """Return the result of an action that IAM answered."""
    return CallResult(
        status=status,
        request_id=answer.request_id,
        provider_time=answer.provider_time,
        http_status=200,
        notes={"user": user},
    )


def already(error: NotFound, user: str) -> CallResult:
    """Return the result of a deletion of what was not there; the look decides what that means."""
    return CallResult(
        status=CallStatus.ALREADY, request_id=error.request_id, http_status=error.status, notes={"user": user}
    )


def setter(held: Held, status: str) -> Callable[[AwsClient, Credential], CallResult]:
    """Return what sets the status of one; `Active` only where that is what it was when the plan was made."""

    def set_(client: AwsClient, credential: Credential) -> CallResult:
        user, was = user_of(client, credential), credential.attributes.get("status", "")
        if status == "Active" and was != "Active":
            left = f"the {held.what} was {was or 'not known to be Active'} before the run"
            return CallResult(status=CallStatus.ALREADY, notes={"user": user, "left": left})
        method = getattr(client.service("iam"), held.update)
        return done(call(method, UserName=user, Status=status, **{held.id: credential.identifier}), user)

    return set_


def deleter(held: Held) -> Callable[[AwsClient, Credential], CallResult]:
    """Return what deletes one; `ALREADY` when IAM does not know it."""

    def delete(client: AwsClient, credential: Credential) -> CallResult:
        user = user_of(client, credential)
        try:
            method = getattr(client.service("iam"), held.delete)
            return done(call(method, UserName=user, **{held.id: credential.identifier}), user)
        except NotFound as error:
            return already(error, user)

    return delete


def same_user(client: AwsClient, credential: Credential) -> str:
    """Return what is wrong with taking the user of this name for the credential's, "" if nothing is. Raises `NotFound`.

    A name can be given to somebody else, an id cannot; a credential stays with its user, whatever that user is called.
    """
    name = user_of(client, credential)
    who, was = find_user(client, name)[0].get("UserId"), credential.attributes.get("user_id", "")
    if not was:
        return f"which user had it is not known by id, and the name {name} may have been given to another"
    return "" if who == was else f"user {name} is not the user who had it: the name was given to another"


def verifier(held: Held) -> Callable[[AwsClient, Credential], Observation]:
    """Return what looks for one in the whole listing of its user; absent counts only beside the very same user."""

    def verify(client: AwsClient, credential: Credential) -> Observation:
        user = user_of(client, credential)
        rows, answer = rows_of(client, held, user)
        row = rows.get(credential.identifier)
        if row is not None:
            status = str(row.get("Status", ""))
            shown = f"IAM's listing of user {user} shows the {held.what}" + (f" as {status}" if status else "")
            return seen(answer, _liveness(held, row), shown, reversible=status == "Inactive")
        doubt = same_user(client, credential)
        if doubt:
            return seen(answer, Liveness.UNKNOWN, f"the listing does not show the {held.what}, but {doubt}")
        shown = f"the listing of user {user}, read whole, does not show the {held.what}; GetUser shows the same user"
        return seen(answer, Liveness.DEAD, shown)

    return verify


def control(client: AwsClient, credential: Credential) -> Observation:
    """Show that users of this account can be read in this run: GetUser of the owner. Raises typed provider errors.

    Without a credential (`rescind doctor`) IAM's word that there is no such user shows it as well.
    """
    try:
        user, answer = find_user(client, user_of(client, credential))
    except NotFound as error:
        if credential.identifier:
            raise
        return seen(
            Answer({}, error.request_id, ""), Liveness.LIVE, f"GetUser says that no user is called {credential.owner}"
        )
    return seen(answer, Liveness.LIVE, f"GetUser shows {user['Arn']}")


def seen(answer: Answer, liveness: Liveness, evidence: str, *, reversible: bool = False) -> Observation:
    """Return one look, with AWS's request id and clock."""
    return Observation(
        liveness=liveness,
        evidence=evidence,
        request_id=answer.request_id,
        provider_time=answer.provider_time,
        reversible=reversible,
    )
