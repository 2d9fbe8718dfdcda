"""Memberships of one user of IAM Identity Center: asked for, taken away, and given back."""

from __future__ import annotations

from collections.abc import Mapping

from rescind.errors import Rejected, Throttled, Unrecognised
from rescind.models.credential import Credential
from rescind.models.kind import CallResult, CallStatus, Known, Liveness, Observation
from rescind.providers.aws import _center, _center_deny, _center_people
from rescind.providers.aws._center import User
from rescind.providers.aws._center_deny import result, seen
from rescind.providers.aws._connect import Answer, AwsClient, call


def known(client: AwsClient, user: User, owner: str, group: str) -> Known:
    """Return what the directory says of a user's group. Raises typed provider errors."""
    answer = call(_center.directory(client).describe_group, IdentityStoreId=user.store, GroupId=group)
    if answer.body.get("GroupId") != group:
        raise Unrecognised("DescribeGroup did not show the group", request_id=answer.request_id)
    source = _center_people.source_of(answer.body)
    return Known(
        identifier=f"{user.identifier}/{group}",
        issuer=client.account,
        subject=user.id,
        owner=owner,
        attributes={
            "instance": user.instance,
            "directory": user.store,
            "user_id": user.id,
            "group_id": group,
            "group": str(answer.body.get("DisplayName") or ""),
            **({"source_of_authority": source} if source else {}),
        },
        liveness=Liveness.LIVE,
    )


def _of(credential: Credential) -> tuple[User, str]:
    given = credential.attributes
    user = User(given.get("instance", ""), given.get("directory", ""), given.get("user_id", ""))
    group = given.get("group_id", "")
    if not all((*user, group)) or credential.identifier != f"{user.identifier}/{group}":
        raise Rejected("it is not known whose membership this is", code="NoOwner")
    return user, group


def _pair(user: User, group: str) -> dict[str, object]:
    return {"IdentityStoreId": user.store, "GroupId": group, "MemberId": {"UserId": user.id}}


def member(client: AwsClient, user: User, group: str) -> tuple[bool, Answer]:
    """Say whether the user is in the group, by the directory's own yes or no. Raises typed provider errors."""
    answer = call(
        _center.directory(client).is_member_in_groups,
        IdentityStoreId=user.store,
        MemberId={"UserId": user.id},
        GroupIds=[group],
    )
    rows = answer.body.get("Results")
    told = (
        [r.get("MembershipExists") for r in rows if isinstance(r, Mapping) and r.get("GroupId") == group]
        if isinstance(rows, list)
        else []
    )
    if len(told) != 1 or not isinstance(told[0], bool):
        raise Unrecognised("IsMemberInGroups did not say yes or no", request_id=answer.request_id)
    return told[0], answer


def revoke(client: AwsClient, credential: Credential) -> CallResult:
    """Take the user out of the group. `ALREADY` for somebody who is not in it. Raises typed provider errors."""
    user, group = _of(credential)
    name, _ = _center.describe(client, user.store, user.id)
    _center_people.somebody_else(client, name)
    there, shown = member(client, user, group)
    if not there:
        return result(CallStatus.ALREADY, shown, {"user": user.id, "group": group})
    found = call(_center.directory(client).get_group_membership_id, **_pair(user, group))
    shown = _center.settled(
        _center.directory(client).delete_group_membership,
        IdentityStoreId=user.store,
        MembershipId=str(found.body.get("MembershipId", "")),
    )
    return result(CallStatus.DONE, shown, {"user": user.id, "group": group})


def verify(client: AwsClient, credential: Credential) -> Observation:
    """Ask whether the user is in the group: `DEAD` when the directory says no. Raises typed provider errors."""
    user, group = _of(credential)
    _center.describe(client, user.store, user.id)
    there, answer = member(client, user, group)
    if there:
        return seen(answer, Liveness.LIVE, f"IsMemberInGroups says that the user is in group {group}")
    sets, _ = _center.assignments(client, user.instance, group, "GROUP")
    until, why = _center_deny.sessions_until(client, user, sets, answer.provider_time)
    return seen(answer, Liveness.DEAD, f"IsMemberInGroups says that the user is not in group {group}; {why}", until)


def snapshot(client: AwsClient, credential: Credential) -> Mapping[str, str]:
    """Return whether the user is in the group. Raises typed provider errors."""
    user, group = _of(credential)
    return {"member": "yes" if member(client, user, group)[0] else "no"}


def restore(client: AwsClient, credential: Credential) -> CallResult:
    """Put the user back into the group, if they were in it before. Raises typed provider errors."""
    user, group = _of(credential)
    there, shown = member(client, user, group)
    notes = {"user": user.id, "group": group}
    if credential.attributes.get("before.member") != "yes":
        return result(CallStatus.ALREADY, shown, {**notes, "left": "the user was not in the group before"})
    if there:
        return result(CallStatus.ALREADY, shown, notes)
    try:
        shown = _center.settled(_center.directory(client).create_group_membership, **_pair(user, group))
    except Throttled:
        there, shown = member(client, user, group)
        if not there:
            raise
    return result(CallStatus.DONE, shown, notes)
