"""Who is in the deny lists of one service control policy: what whoever is inside an account can neither lift nor outrun.

IAM enforces a change after seconds, and in these an intruder with rights in IAM takes a deny off again. A service control policy is
written from outside the account (https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html); it does not
bind the organisation's management account. The operator makes one policy beforehand, attaches it and names it in the tenant's
`scp_policy_id`; two statements in it are ours. `RescindDenyList` names IAM users by their ARN, `RescindDenyUsers` the users of IAM
Identity Center by their id. Both name single people, so the responder is outside of them as long as the responder is somebody else.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from typing import Any, NamedTuple

from rescind.errors import Rejected, Unrecognised
from rescind.providers.aws._connect import Answer, AwsClient, call


class DenyList(NamedTuple):
    """One statement of ours: its name, and the condition that holds those whom it denies everything."""

    sid: str
    operator: str
    key: str


PRINCIPALS = DenyList("RescindDenyList", "ArnEquals", "aws:PrincipalArn")
USERS = DenyList("RescindDenyUsers", "StringEquals", "identitystore:UserId")
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


def _listed(row: object, which: DenyList) -> list[str]:
    """Return whom a statement denies everything; nobody for one that is not exactly ours."""
    if not isinstance(row, Mapping) or set(row) != {"Sid", "Effect", "Action", "Resource", "Condition"}:
        return []
    if (row["Sid"], row["Effect"], row["Action"], row["Resource"]) != (which.sid, "Deny", "*", "*"):
        return []
    condition = row["Condition"]
    equals = condition.get(which.operator) if isinstance(condition, Mapping) and len(condition) == 1 else None
    if not isinstance(equals, Mapping) or set(equals) != {which.key}:
        return []
    named = equals[which.key]
    return [str(n) for n in named] if isinstance(named, list) else [str(named)]


def denied(document: Mapping[str, Any], which: DenyList = PRINCIPALS) -> list[str]:
    """Return whom a policy denies everything, by ARN or by id."""
    return [who for row in document.get("Statement", []) for who in _listed(row, which)]


def attached(client: AwsClient) -> bool:
    """Tell whether the policy is attached to anything: one that is not denies nobody. Raises typed provider errors."""
    answer = call(client.service("organizations").list_targets_for_policy, PolicyId=policy_id(client))
    rows = answer.body.get("Targets")
    if not isinstance(rows, list):
        raise Unrecognised("ListTargetsForPolicy did not answer with targets", request_id=answer.request_id)
    return bool(rows)


def _statement(which: DenyList, named: list[str]) -> dict[str, Any]:
    condition = {which.operator: {which.key: named}}
    return {"Sid": which.sid, "Effect": "Deny", "Action": "*", "Resource": "*", "Condition": condition}


def change(client: AwsClient, who: str, *, deny: bool, which: DenyList = PRINCIPALS) -> bool:
    """Put somebody on a list, or take them off it; everything else in the policy stays. Returns whether something was written.

    Raises `Rejected` with code `LimitExceeded` where the list has no room, `NotAttached` for a policy without effect.
    """
    with _CHANGE:
        document, _ = read(client)
        if (who in denied(document, which)) is deny:
            return False
        if deny and not attached(client):
            why = (
                "the service control policy of this tenant is attached to nothing: what it denies, it denies to nobody"
            )
            raise Rejected(why, code="NotAttached")
        named = [n for n in denied(document, which) if n != who] + ([who] if deny else [])
        others = [row for row in document.get("Statement", []) if not _listed(row, which)]
        ours = [_statement(which, named)] if named else []
        if not ours and not others:  # a policy without statements is refused
            ours = [_statement(PRINCIPALS, [_NOBODY])]
        made = {"Version": "2012-10-17", **document, "Statement": [*others, *ours]}
        text = json.dumps(made, separators=(",", ":"))
        if len(text) > MOST_CHARACTERS:
            raise Rejected("the service control policy has no room for another user", code="LimitExceeded")
        call(client.service("organizations").update_policy, PolicyId=policy_id(client), Content=text)
        return True
