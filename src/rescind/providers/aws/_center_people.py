"""The person's users in IAM Identity Center: by the names that the configuration marks with `sso:`, and where their account comes from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from rescind.errors import NotFound, ProviderError, Rejected, Throttled, Unreachable
from rescind.models.credential import Credential
from rescind.models.evidence import Gap
from rescind.models.kind import Known, Subject
from rescind.providers.aws import _center
from rescind.providers.aws._center import PREFIX, User
from rescind.providers.aws._connect import Answer, AwsClient


def facts(user: User, answer: Answer) -> dict[str, str]:
    """Return what DescribeUser says of a user: where they are, whether they are switched on, and who else keeps their account.

    An external identity provider that writes the account (SCIM) leaves its name in `ExternalIds`: it can write it again
    (https://docs.aws.amazon.com/singlesignon/latest/IdentityStoreAPIReference/API_ExternalId.html).
    """
    status = str(answer.body.get("UserStatus") or "")
    source = source_of(answer.body)
    return {
        "instance": user.instance,
        "directory": user.store,
        "user_id": user.id,
        **({"user_status": status} if status else {}),
        **({"source_of_authority": source} if source else {}),
    }


def source_of(body: Mapping[str, object]) -> str:
    """Return who writes a user or a group into the directory from outside ("scim:" and the issuer), "" for the directory itself."""
    rows = body.get("ExternalIds")
    named = [str(r.get("Issuer", "")) for r in rows if isinstance(r, Mapping)] if isinstance(rows, list) else []
    return f"scim:{named[0][:200]}" if named and named[0] else ""


def each(
    client: AwsClient, subject: Subject, rows: Callable[[AwsClient, User, str], Iterable[Known | Gap]]
) -> Iterator[Known | Gap]:
    """Yield what `rows` shows of each of the person's users. A name that no instance has, and what could not be read, is a `Gap`.

    Raises what may be worth another try.
    """
    source = f"tenant:{client.tenant.name}"
    names = [n for n in subject.names if n.startswith(PREFIX)]
    there = _center.instances(client) if names else []
    for name in names:
        seen = 0
        for instance, store in there:
            try:
                user_id = _center.resolve(client, store, name.removeprefix(PREFIX))
            except NotFound:
                continue
            except (Throttled, Unreachable):
                raise
            except ProviderError as error:
                yield Gap(source=source, reason=f"Identity Center user {name} could not be read: {error.message}")
                seen += 1
                continue
            seen += 1
            try:
                yield from list(rows(client, User(instance, store, user_id), name))
            except (Throttled, Unreachable):
                raise
            except ProviderError as error:
                yield Gap(source=source, reason=f"Identity Center user {name} could not be read: {error.message}")
        if not seen:
            yield Gap(source=source, reason=f"no Identity Center instance here has a user {name.removeprefix(PREFIX)}")


def whose(client: AwsClient, credential: Credential) -> tuple[User, str, Answer]:
    """Return the user that an identifier (`directory/user id/…`) names, by which of their names the case knows them, and DescribeUser.

    Raises `NotFound` for a directory or a user that is not here.
    """
    store, _, rest = credential.identifier.partition("/")
    user_id = rest.partition("/")[0]
    found = next((arn for arn, directory in _center.instances(client) if directory == store), "")
    if not found:
        raise NotFound("this account shows no Identity Center instance with that directory", code="NoSuchEntity")
    name, answer = _center.describe(client, store, user_id)
    asked, owner = credential.owner.removeprefix(PREFIX), PREFIX + name
    if asked == user_id:
        owner = PREFIX + user_id
    elif asked and asked != name and _center.resolve(client, store, asked) == user_id:
        owner = credential.owner
    return User(found, store, user_id), owner, answer


def somebody_else(client: AwsClient, name: str) -> None:
    """Raise `Rejected` where this run itself works with a session of that user: it would saw off its own branch."""
    me = client.identity().principal
    if ":assumed-role/AWSReservedSSO_" in me and me.rpartition("/")[2] == name:
        raise Rejected(
            "this run itself works with such a session: sign in as somebody else to cut it", code="OwnSession"
        )
