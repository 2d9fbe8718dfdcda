"""IAM Identity Center: who a user is, which groups and permission sets reach them, and how far AWS is with what it was asked for."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from rescind.errors import NotFound, Rejected, Throttled, Unrecognised
from rescind.models.credential import Credential
from rescind.providers.aws._connect import MOST_PAGES, Answer, AwsClient, call

PREFIX = "sso:"
PAGE = 100  # the most that one answer holds
_ID = re.compile(r"([0-9a-f]{10}-|)[A-Fa-f0-9]{8}(-[A-Fa-f0-9]{4}){3}-[A-Fa-f0-9]{12}")


class User(NamedTuple):
    """One user of one instance, by the ids that cannot change hands."""

    instance: str
    store: str
    id: str

    @property
    def identifier(self) -> str:
        """What the catalogue calls it."""
        return f"{self.store}/{self.id}"


def admin(client: AwsClient) -> Any:
    """Return the client of Identity Center's administration, in the region of the instance."""
    return client.service("sso-admin", client.tenant.text("sso_region"))


def directory(client: AwsClient) -> Any:
    """Return the client of the instance's directory."""
    return client.service("identitystore", client.tenant.text("sso_region"))


def everything(
    method: Callable[..., Mapping[str, Any]], field: str, mark: str = "NextToken", **arguments: Any
) -> tuple[list[Any], Answer]:
    """Return everything of a listing that pages with a token (`mark`), and the last answer; all of it or an error."""
    found: list[Any] = []
    seen: set[str] = set()
    token = ""
    while True:
        answer = call(method, **arguments, **({mark: token} if token else {}))
        rows = answer.body.get(field)
        if not isinstance(rows, list):
            raise Unrecognised(f"the answer has no {field}", request_id=answer.request_id)
        found += rows
        token = str(answer.body.get(mark) or "")
        if not token:
            return found, answer
        if token in seen or len(seen) >= MOST_PAGES:
            raise Unrecognised(f"the list of {field} does not end", request_id=answer.request_id)
        seen.add(token)


def instances(client: AwsClient) -> list[tuple[str, str]]:
    """Return ARN and directory of each instance that this account can see."""
    rows, _ = everything(admin(client).list_instances, "Instances", MaxResults=PAGE)
    return [(str(row.get("InstanceArn", "")), str(row.get("IdentityStoreId", ""))) for row in rows]


def permission_sets(client: AwsClient) -> tuple[Answer, int]:
    """Return how many permission sets the instances of this account have, and the last answer. Raises typed provider errors."""
    rows, answer = everything(admin(client).list_instances, "Instances")
    total = 0
    for row in rows:
        sets, answer = everything(
            admin(client).list_permission_sets,
            "PermissionSets",
            InstanceArn=str(row.get("InstanceArn", "")),
            MaxResults=PAGE,
        )
        total += len(sets)
    return answer, total


def describe(client: AwsClient, store: str, user_id: str) -> tuple[str, Answer]:
    """Return the user's name now. Raises `NotFound` for one that is gone."""
    answer = call(directory(client).describe_user, IdentityStoreId=store, UserId=user_id)
    if answer.body.get("UserId") != user_id or not answer.body.get("UserName"):
        raise Unrecognised("DescribeUser did not show the user", request_id=answer.request_id)
    return str(answer.body["UserName"]), answer


def resolve(client: AwsClient, store: str, name: str) -> str:
    """Return the id of a user by id, user name or e-mail. Raises `NotFound` when the directory has no such user."""
    if _ID.fullmatch(name):
        describe(client, store, name)
        return name
    for last, path in enumerate(("userName", "emails.value")):
        asked = {"UniqueAttribute": {"AttributePath": path, "AttributeValue": name}}
        try:
            answer = call(directory(client).get_user_id, IdentityStoreId=store, AlternateIdentifier=asked)
        except NotFound:
            if last:
                raise
            continue
        if not _ID.fullmatch(str(answer.body.get("UserId", ""))):
            raise Unrecognised("GetUserId named no user", request_id=answer.request_id)
        return str(answer.body["UserId"])
    raise NotFound(f"no user {name}", code="ResourceNotFoundException")


def groups_of(client: AwsClient, user: User) -> list[str]:
    """Return the ids of the groups that a user is a member of. Raises typed provider errors."""
    rows, _ = everything(
        directory(client).list_group_memberships_for_member,
        "GroupMemberships",
        IdentityStoreId=user.store,
        MemberId={"UserId": user.id},
        MaxResults=PAGE,
    )
    return sorted({str(row.get("GroupId", "")) for row in rows} - {""})


def assignments(client: AwsClient, instance: str, who: str, kind: str) -> tuple[dict[str, list[str]], Answer]:
    """Return the accounts of each permission set that a `USER` or a `GROUP` is assigned itself, and the last answer.

    For a user AWS may show the assignments of the user's groups too; each row says whose it is.
    """
    rows, answer = everything(
        admin(client).list_account_assignments_for_principal,
        "AccountAssignments",
        InstanceArn=instance,
        PrincipalId=who,
        PrincipalType=kind,
        MaxResults=PAGE,
    )
    found: dict[str, list[str]] = {}
    for row in rows:
        if (row.get("PrincipalType", kind), row.get("PrincipalId", who)) == (kind, who):
            found.setdefault(str(row.get("PermissionSetArn", "")), []).append(str(row.get("AccountId", "")))
    return found, answer


def sets_of(client: AwsClient, user: User) -> list[str]:
    """Return the permission sets that reach a user, their own and those of their groups."""
    found: set[str] = set()
    for kind, who in (("USER", user.id), *(("GROUP", group) for group in groups_of(client, user))):
        found |= set(assignments(client, user.instance, who, kind)[0])
    return sorted(found - {""})


def short(arn: str) -> str:
    """Return the last part of a permission set's ARN."""
    return arn.rpartition("/")[2]


def session_seconds(client: AwsClient, instance: str, arn: str) -> int:
    """Return how long a role session of a permission set lasts. Raises typed provider errors.

    https://docs.aws.amazon.com/singlesignon/latest/userguide/howtosessionduration.html: an hour unless it says something else, 12 at most.
    """
    answer = call(admin(client).describe_permission_set, InstanceArn=instance, PermissionSetArn=arn)
    shown = answer.body.get("PermissionSet")
    if not isinstance(shown, Mapping) or shown.get("PermissionSetArn") != arn:
        raise Unrecognised("DescribePermissionSet did not show the set", request_id=answer.request_id)
    m = re.fullmatch(
        r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?", str(shown.get("SessionDuration") or "PT1H")
    )
    parts = [int(n or 0) for n in m.groups()] if m else [0, 12, 0, 0]
    return sum(n * size for n, size in zip(parts, (86_400, 3_600, 60, 1), strict=True))


class Conflict(Throttled):
    """An earlier change of the same thing is under way; it says nothing of how fast we ask."""


def settled(method: Callable[..., Mapping[str, Any]], **arguments: Any) -> Answer:
    """Send one request. A conflict with a change that AWS has not spread yet is a `Conflict`: AWS asks for it again a little later.

    https://docs.aws.amazon.com/singlesignon/latest/APIReference/API_DeleteAccountAssignment.html#API_DeleteAccountAssignment_Errors
    """
    try:
        return call(method, **arguments)
    except Rejected as error:
        if error.code != "ConflictException":
            raise
        raise Conflict(f"{error.message}: an earlier change is under way", request_id=error.request_id) from None


def progress(answer: Answer, field: str, what: str) -> str:
    """Return how far something is that AWS goes on with after its answer. Raises `Rejected` where it failed at once."""
    shown = answer.body.get(field)
    state = str(shown.get("Status", "")) if isinstance(shown, Mapping) else ""
    if state == "FAILED":
        raise Rejected(f"AWS could not carry out {what}", code="Failed", request_id=answer.request_id)
    if state not in {"IN_PROGRESS", "SUCCEEDED"}:
        raise Unrecognised(f"{what} gave no status", request_id=answer.request_id)
    return state


def user_of(credential: Credential) -> User:
    """Return the user that `identify` found. Raises `Rejected` where it did not."""
    user = User(
        credential.attributes.get("instance", ""),
        credential.attributes.get("directory", ""),
        credential.attributes.get("user_id", ""),
    )
    if not all(user) or credential.identifier != user.identifier:
        raise Rejected("it is not known whose sign-in this is", code="NoOwner")
    return user
