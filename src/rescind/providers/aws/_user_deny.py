"""Everything is denied to an IAM user: in the organisation's policy first, where the tenant names one, and in IAM."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace

from rescind.errors import ProviderError
from rescind.models.credential import Credential
from rescind.models.kind import CallResult, Liveness, Observation
from rescind.providers.aws import _held, _policy, _scp
from rescind.providers.aws._connect import AwsClient, call, pages
from rescind.providers.aws._iam import find_user, user_of
from rescind.providers.aws._ours import refuse_user


def deny(client: AwsClient, credential: Credential) -> CallResult:
    """Deny everything to the user: in the organisation's policy first, where there is one, then in IAM. Raises typed provider errors.

    What keeps the organisation from it does not keep IAM: it is raised after the deny there.
    """
    if not _scp.policy_id(client):
        return _policy.deny(client, credential)
    user, _ = find_user(client, _policy.same_user(client, credential))
    refuse_user(client, str(user["UserName"]))
    try:
        wrote = _scp.change(client, str(user["Arn"]), deny=True)
    except ProviderError:
        _policy.deny(client, credential)
        raise
    result = _policy.deny(client, credential)
    return replace(result, notes={**result.notes, "scp": _scp.policy_id(client), "scp_wrote": "yes" if wrote else "no"})


def restore(client: AwsClient, credential: Credential) -> CallResult:
    """Take back what a run denied, in IAM first and only then in the organisation's policy. Raises typed provider errors."""
    result = _policy.restore(client, credential)
    if not _scp.policy_id(client) or credential.attributes.get("before.scp") != "no":
        return result
    user, _ = find_user(client, _policy.same_user(client, credential))
    wrote = _scp.change(client, str(user["Arn"]), deny=False)
    return replace(result, notes={**result.notes, "scp": _scp.policy_id(client), "scp_wrote": "yes" if wrote else "no"})


def verify(client: AwsClient, credential: Credential) -> Observation:
    """Read back every deny that this tenant asks for: `DEAD` when all are there. Raises typed provider errors."""
    seen = _policy.verify_deny(client, credential)
    if not _scp.policy_id(client) or seen.liveness is not Liveness.DEAD:
        return seen
    user, _ = find_user(client, _policy.same_user(client, credential))
    if user["Arn"] in _scp.denied(_scp.read(client)[0]):
        return replace(seen, evidence=f"{seen.evidence}; the organisation's policy denies it as well")
    why = f"the organisation's policy does not deny user {user['UserName']}, and a deny in IAM alone can be taken off in the account"
    return replace(seen, liveness=Liveness.LIVE, evidence=why, reversible=False)


def snapshot(client: AwsClient, credential: Credential) -> Mapping[str, str]:
    """Return what a deny would hide: the user's own policies and the managed ones. Raises typed provider errors."""
    iam, user = client.service("iam"), user_of(client, credential)
    facts = _policy.before(client, credential)
    inline, _ = pages(iam.list_user_policies, "PolicyNames", UserName=user)
    shown = call(iam.get_user, UserName=user).body.get("User", {})
    created = _held.time(shown.get("CreateDate")) if isinstance(shown, Mapping) else None
    if _scp.policy_id(client):
        document, _ = _scp.read(client)
        there = isinstance(shown, Mapping) and shown.get("Arn") in _scp.denied(document)
        facts = {**facts, "scp": "yes" if there else "no", "scp_document": json.dumps(document)}
    return {**facts, "inline": ",".join(sorted(map(str, inline))), "created_at": created or ""}
