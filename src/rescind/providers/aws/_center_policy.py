"""The inline policy of a permission set: a deny for one user in it, and where it is in effect.

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
from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple

from rescind.errors import Rejected, Unrecognised
from rescind.providers.aws._center import PAGE, admin, everything, progress, settled
from rescind.providers.aws._connect import Answer, AwsClient, call

SID = "RescindDenyUsers"
KEY = "identitystore:UserId"
# https://docs.aws.amazon.com/singlesignon/latest/userguide/limits.html
MOST_CHARACTERS, MOST_VISIBLE = 32_768, 10_240  # all of them, and those that are no white space


class Policy(NamedTuple):
    """The inline policy of one permission set: as text ("": none), and parsed."""

    set_arn: str
    text: str
    document: Mapping[str, Any]
    answer: Answer


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
        MaxResults=PAGE,
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
    if len(text) > MOST_CHARACTERS or len(re.sub(r"\s", "", text)) > MOST_VISIBLE:
        raise Rejected("the permission set's inline policy has no room for the deny", code="LimitExceeded")
    named = {"InstanceArn": instance, "PermissionSetArn": set_arn}
    if text:
        settled(admin(client).put_inline_policy_to_permission_set, **named, InlinePolicy=text)
    else:
        settled(admin(client).delete_inline_policy_from_permission_set, **named)


def provision(client: AwsClient, instance: str, set_arn: str) -> tuple[Answer, bool]:
    """Have a permission set take effect in every account that has it. Returns the answer, and whether AWS still goes on with it."""
    answer = settled(
        admin(client).provision_permission_set,
        InstanceArn=instance,
        PermissionSetArn=set_arn,
        TargetType="ALL_PROVISIONED_ACCOUNTS",
    )
    return answer, progress(answer, "PermissionSetProvisioningStatus", "ProvisionPermissionSet") == "IN_PROGRESS"


def under_way(client: AwsClient, instance: str, sets: Collection[str]) -> list[str]:
    """Return which of these permission sets AWS is still provisioning. Raises typed provider errors."""
    rows, _ = everything(
        admin(client).list_permission_set_provisioning_status,
        "PermissionSetsProvisioningStatus",
        InstanceArn=instance,
        Filter={"Status": "IN_PROGRESS"},
        MaxResults=PAGE,
    )
    found = set()
    for row in rows:
        answer = call(
            admin(client).describe_permission_set_provisioning_status,
            InstanceArn=instance,
            ProvisionPermissionSetRequestId=str(row.get("RequestId", "")),
        )
        shown = answer.body.get("PermissionSetProvisioningStatus")
        if isinstance(shown, Mapping) and shown.get("Status") == "IN_PROGRESS":
            found.add(str(shown.get("PermissionSetArn", "")))
    return sorted(found & set(sets))
