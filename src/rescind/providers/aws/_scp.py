"""A user in the deny list of one service control policy: what whoever is inside the account can neither lift nor outrun.

IAM enforces a change after seconds, and in these an intruder with rights in IAM takes a deny off again. A service control policy is
written from outside the account (https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html); it does not
bind the organisation's management account. The operator makes one policy beforehand, attaches it and names it in the tenant's
`scp_policy_id`; one statement in it, `RescindDenyList`, is ours.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from typing import Any

from rescind.errors import Rejected, Unrecognised
from rescind.providers.aws._connect import Answer, AwsClient, call

SID, KEY = "RescindDenyList", "aws:PrincipalArn"
MOST_CHARACTERS = 5120
_NOBODY = "arn:aws:iam::000000000000:user/nobody"
_CHANGE = threading.Lock()  # reading, adding and writing back: two steps of one run must not undo each other's


def policy_id(client: AwsClient) -> str:
    """Return the policy that the tenant names, "" for none: then nothing of the organisation is asked or written."""
    return client.tenant.text("scp_policy_id")


def read(client: AwsClient) -> tuple[Mapping[str, Any], Answer]:
    """Return the policy's document. Raises typed provider errors."""
    answer = call(client.service("organizations").describe_policy, PolicyId=policy_id(client))
    shown = answer.body.get("Policy")
    try:
        document = json.loads(shown["Content"]) if isinstance(shown, Mapping) else None
    except (KeyError, TypeError, ValueError):
        document = None
    if not isinstance(document, Mapping) or not isinstance(document.get("Statement", []), list):
        raise Unrecognised("DescribePolicy did not show a policy", request_id=answer.request_id)
    return document, answer


def _listed(row: object) -> list[str]:
    """Return whom a statement denies everything; nobody for one that is not exactly ours."""
    if not isinstance(row, Mapping) or set(row) != {"Sid", "Effect", "Action", "Resource", "Condition"}:
        return []
    if (row["Sid"], row["Effect"], row["Action"], row["Resource"]) != (SID, "Deny", "*", "*"):
        return []
    condition = row["Condition"]
    equals = condition.get("ArnEquals") if isinstance(condition, Mapping) and len(condition) == 1 else None
    if not isinstance(equals, Mapping) or set(equals) != {KEY}:
        return []
    named = equals[KEY]
    return [str(n) for n in named] if isinstance(named, list) else [str(named)]


def denied(document: Mapping[str, Any]) -> list[str]:
    """Return the ARNs to which a policy denies everything."""
    return [arn for row in document.get("Statement", []) for arn in _listed(row)]


def attached(client: AwsClient) -> bool:
    """Tell whether the policy is attached to anything: one that is not denies nobody. Raises typed provider errors."""
    answer = call(client.service("organizations").list_targets_for_policy, PolicyId=policy_id(client))
    rows = answer.body.get("Targets")
    if not isinstance(rows, list):
        raise Unrecognised("ListTargetsForPolicy did not answer with targets", request_id=answer.request_id)
    return bool(rows)


def change(client: AwsClient, arn: str, *, deny: bool) -> bool:
    """Put a user on the list, or take them off it; everything else in the policy stays. Returns whether something was written.

    Raises `Rejected` with code `LimitExceeded` where the list has no room, `NotAttached` for a policy without effect.
    """
    with _CHANGE:
        document, _ = read(client)
        if (arn in denied(document)) is deny:
            return False
        if deny and not attached(client):
            why = (
                "the service control policy of this tenant is attached to nothing: what it denies, it denies to nobody"
            )
            raise Rejected(why, code="NotAttached")
        users = [a for a in denied(document) if a != arn] + ([arn] if deny else [])
        others = [row for row in document.get("Statement", []) if not _listed(row)]
        if not users and not others:  # a policy without statements is refused
            users = [_NOBODY]
        condition = {"ArnEquals": {KEY: users}}
        ours = {"Sid": SID, "Effect": "Deny", "Action": "*", "Resource": "*", "Condition": condition}
        made = {"Version": "2012-10-17", **document, "Statement": [*others, *([ours] if users else [])]}
        text = json.dumps(made, separators=(",", ":"))
        if len(text) > MOST_CHARACTERS:
            raise Rejected("the service control policy has no room for another user", code="LimitExceeded")
        call(client.service("organizations").update_policy, PolicyId=policy_id(client), Content=text)
        return True
