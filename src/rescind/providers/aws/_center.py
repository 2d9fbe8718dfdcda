"""IAM Identity Center: who a user is, which permission sets reach them, and a deny for one user in the sets' inline policies.

AWS documents two places for such a deny, a service control policy and the inline policy of each permission set
(https://docs.aws.amazon.com/singlesignon/latest/userguide/authconcept-revoke-access.html), with the condition
`identitystore:UserId`, which unlike a name cannot change hands. It reaches role sessions that are already out. It has no moment in
it: whoever holds the person's sign-in would simply get a newer role session. An inline policy takes effect in an account only once
the set is provisioned there again
(https://docs.aws.amazon.com/singlesignon/latest/APIReference/API_PutInlinePolicyToPermissionSet.html).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from rescind.errors import NotFound, Rejected, Unrecognised
from rescind.models.credential import Credential
from rescind.providers.aws._connect import MOST_PAGES, Answer, AwsClient, call

PREFIX = "sso:"
SID = "RescindDenyUsers"
MOST_CHARACTERS = 32_768
KEY = "identitystore:UserId"
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


class Policy(NamedTuple):
    """The inline policy of one permission set: as text ("": none), and parsed."""

    set_arn: str
    text: str
    document: Mapping[str, Any]
    answer: Answer


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
    rows, _ = everything(admin(client).list_instances, "Instances")
    return [(str(row.get("InstanceArn", "")), str(row.get("IdentityStoreId", ""))) for row in rows]


def permission_sets(client: AwsClient) -> tuple[Answer, int]:
    """Return how many permission sets the instances of this account have, and the last answer. Raises typed provider errors."""
    rows, answer = everything(admin(client).list_instances, "Instances")
    total = 0
    for row in rows:
        sets, answer = everything(
            admin(client).list_permission_sets, "PermissionSets", InstanceArn=str(row.get("InstanceArn", ""))
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


def sets_of(client: AwsClient, user: User) -> list[str]:
    """Return the permission sets that reach a user, their own and those of their groups."""
    groups, _ = everything(
        directory(client).list_group_memberships_for_member,
        "GroupMemberships",
        IdentityStoreId=user.store,
        MemberId={"UserId": user.id},
    )
    found: set[str] = set()
    for kind, who in (("USER", user.id), *(("GROUP", str(row.get("GroupId", ""))) for row in groups)):
        rows, _ = everything(
            admin(client).list_account_assignments_for_principal,
            "AccountAssignments",
            InstanceArn=user.instance,
            PrincipalId=who,
            PrincipalType=kind,
        )
        found |= {str(row.get("PermissionSetArn", "")) for row in rows}
    return sorted(found - {""})


def read(client: AwsClient, instance: str, set_arn: str) -> Policy:
    """Return the inline policy of a permission set. Raises typed provider errors."""
    answer = call(admin(client).get_inline_policy_for_permission_set, InstanceArn=instance, PermissionSetArn=set_arn)
    text = answer.body.get("InlinePolicy") or ""
    try:
        document = json.loads(text) if text else {}
    except ValueError:
        document = None
    if not isinstance(document, Mapping):
        raise Unrecognised("the permission set's inline policy is none", request_id=answer.request_id)
    return Policy(set_arn, str(text), document, answer)


def stale(client: AwsClient, instance: str, set_arn: str) -> tuple[list[str], Answer]:
    """Return the accounts that hold an older version of a permission set than the one it has now."""
    return everything(
        admin(client).list_accounts_for_provisioned_permission_set,
        "AccountIds",
        InstanceArn=instance,
        PermissionSetArn=set_arn,
        ProvisioningStatus="LATEST_PERMISSION_SET_NOT_PROVISIONED",
    )


def _statements(document: Mapping[str, Any]) -> list[Any]:
    rows = document.get("Statement", [])
    return rows if isinstance(rows, list) else [rows]


def _users(row: object) -> list[str]:
    """Return whom a statement denies everything; nobody for one that is not exactly ours."""
    if not isinstance(row, Mapping) or row.get("Sid") != SID or row.get("Effect") != "Deny":
        return []
    if (row.get("Action"), row.get("Resource")) != ("*", "*") or set(row) & {"NotAction", "NotResource"}:
        return []
    condition = row.get("Condition")
    equals = condition.get("StringEquals") if isinstance(condition, Mapping) and len(condition) == 1 else None
    if not isinstance(equals, Mapping) or set(equals) != {KEY}:
        return []
    named = equals[KEY]
    return [str(n) for n in named] if isinstance(named, list) else [str(named)]


def denied(document: Mapping[str, Any]) -> Iterator[str]:
    """Yield the ids of the users whom a policy denies everything."""
    for row in _statements(document):
        yield from _users(row)


def changed(document: Mapping[str, Any], user_id: str, *, deny: bool) -> dict[str, Any]:
    """Return a policy that denies a user everything, or does so no more; everything else in it stays as it is."""
    users = [u for u in denied(document) if u != user_id] + ([user_id] if deny else [])
    others = [row for row in _statements(document) if not _users(row)]
    ours = {"Sid": SID, "Effect": "Deny", "Action": "*", "Resource": "*"}
    ours_now = [{**ours, "Condition": {"StringEquals": {KEY: users}}}] if users else []
    return {"Version": "2012-10-17", **document, "Statement": [*others, *ours_now]}


def as_text(document: Mapping[str, Any]) -> str:
    """Return a policy as it is written, "" for one that says nothing any more."""
    return json.dumps(document) if _statements(document) else ""


def write(client: AwsClient, instance: str, set_arn: str, text: str) -> None:
    """Give a permission set this inline policy ("": none). Raises `Rejected` for one that is too long."""
    if len(text) > MOST_CHARACTERS:
        raise Rejected("the permission set's inline policy has no room for the deny", code="LimitExceeded")
    named = {"InstanceArn": instance, "PermissionSetArn": set_arn}
    if text:
        call(admin(client).put_inline_policy_to_permission_set, **named, InlinePolicy=text)
    else:
        call(admin(client).delete_inline_policy_from_permission_set, **named)


def provision(client: AwsClient, instance: str, set_arn: str) -> Answer:
    """Have a permission set take effect in every account that has it. AWS goes on with that after the answer."""
    answer = call(
        admin(client).provision_permission_set,
        InstanceArn=instance,
        PermissionSetArn=set_arn,
        TargetType="ALL_PROVISIONED_ACCOUNTS",
    )
    if not isinstance(answer.body.get("PermissionSetProvisioningStatus"), Mapping):
        raise Unrecognised("ProvisionPermissionSet gave no status", request_id=answer.request_id)
    return answer


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
