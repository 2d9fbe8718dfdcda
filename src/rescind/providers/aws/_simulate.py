"""Whether the identity that acts would be allowed to, by IAM's own policy simulator; nothing is done by asking.

A right that is granted for some resources only counts as not granted: whom a case is about is not known beforehand
(https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from rescind.errors import Unrecognised
from rescind.providers.aws._connect import AwsClient, call, pages

_OPTIONAL = {"organizations:": "scp_policy_id", "sts:AssumeRoot": "root_profile"}
"""Permissions, or services, that are needed only where the tenant has a setting."""
_ARN = re.compile(r"arn:[a-z-]+:iam::\d{12}:(user|role)/[\x21-\x7e]+")


def _source(client: AwsClient) -> str:
    """Return the user or role that acts, "" where that is another identity than ours and the configuration names no role."""
    role = str(client.tenant.write.get("role_arn") or "")
    if role or client.tenant.write or client.tenant.write_refs:
        return role
    me = client.identity().principal
    session = re.fullmatch(r"arn:[a-z-]+:sts::\d{12}:assumed-role/([^/]+)/.+", me)
    if not session:
        return me if _ARN.fullmatch(me) else ""
    shown = call(client.service("iam").get_role, RoleName=session[1]).body.get("Role")
    arn = str(shown.get("Arn", "")) if isinstance(shown, Mapping) else ""
    return arn if _ARN.fullmatch(arn) else ""


def may(client: AwsClient, permissions: Iterable[str]) -> Mapping[str, bool]:
    """Say of each permission whether it is allowed; empty where nobody can tell. Raises typed provider errors.

    What only the organisation's policy needs, or the root user's deletion, is allowed where the tenant names none: it is not asked for
    then. Whether another profile may assume the root user is not told here.
    """
    wanted = sorted(set(permissions))
    spare = {
        p
        for p in wanted
        if (setting := _OPTIONAL.get(p.split(":")[0] + ":", _OPTIONAL.get(p))) and not client.tenant.text(setting)
    }
    asked = [p for p in wanted if p not in spare and p not in _OPTIONAL]
    source = _source(client) if asked else ""
    if not source:
        return {}
    method = client.service("iam").simulate_principal_policy
    rows, answer = pages(method, "EvaluationResults", PolicySourceArn=source, ActionNames=asked)
    told = {str(row.get("EvalActionName", "")): row.get("EvalDecision") == "allowed" for row in rows}
    if set(told) != set(asked):
        raise Unrecognised("SimulatePrincipalPolicy did not answer for every action", request_id=answer.request_id)
    return {**dict.fromkeys(spare, True), **told}
