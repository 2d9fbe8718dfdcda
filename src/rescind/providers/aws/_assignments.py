"""Permission sets of one user of IAM Identity Center: taken away in every account, looked for, and given back."""

from __future__ import annotations

from collections.abc import Mapping

from rescind.errors import Denied, NotFound, ProviderError, Rejected
from rescind.models.credential import Credential
from rescind.models.kind import CallResult, CallStatus, Known, Liveness, Observation
from rescind.providers.aws import _center, _center_deny, _center_people
from rescind.providers.aws._center import User
from rescind.providers.aws._center_deny import result, seen
from rescind.providers.aws._connect import AwsClient, call


def known(client: AwsClient, user: User, owner: str, arn: str, accounts: list[str]) -> Known:
    """Return what is known of one permission set of a user."""
    return Known(
        identifier=f"{user.identifier}/{_center.short(arn)}",
        issuer=client.account,
        subject=user.id,
        owner=owner,
        attributes={
            "instance": user.instance,
            "directory": user.store,
            "user_id": user.id,
            "permission_set": arn,
            "accounts": ",".join(sorted(accounts)),
        },
        liveness=Liveness.LIVE,
    )


def _of(credential: Credential) -> tuple[User, str]:
    given = credential.attributes
    user = User(given.get("instance", ""), given.get("directory", ""), given.get("user_id", ""))
    arn = given.get("permission_set", "")
    if not all((*user, arn)) or credential.identifier != f"{user.identifier}/{_center.short(arn)}":
        raise Rejected("it is not known whose assignment this is", code="NoOwner")
    return user, arn


def _one(user: User, arn: str, account: str) -> dict[str, str]:
    who = {"PrincipalType": "USER", "PrincipalId": user.id, "TargetType": "AWS_ACCOUNT", "TargetId": account}
    return {"InstanceArn": user.instance, "PermissionSetArn": arn, **who}


def revoke(client: AwsClient, credential: Credential) -> CallResult:
    """Take the permission set from the user in every account. `ACCEPTED` while AWS goes on with it, `ALREADY` when they have it nowhere.

    An account that refuses it does not keep the others: what it said is raised last. Raises typed provider errors.
    """
    user, arn = _of(credential)
    name, shown = _center.describe(client, user.store, user.id)
    _center_people.somebody_else(client, name)
    mine = _center.assignments(client, user.instance, user.id, "USER")[0].get(arn, [])
    taken: list[str] = []
    trouble: dict[bool, ProviderError] = {}
    going = False
    for account in sorted(mine):
        try:
            shown = _center.settled(_center.admin(client).delete_account_assignment, **_one(user, arn, account))
            going |= _center.progress(shown, "AccountAssignmentDeletionStatus", "the deletion") == "IN_PROGRESS"
        except NotFound:
            continue  # somebody was faster; the look decides
        except (Denied, Rejected, _center.Conflict) as error:
            trouble[isinstance(error, _center.Conflict)] = error
            continue
        taken.append(account)
    if trouble:
        raise trouble[max(trouble)]  # first what another try can mend
    status = CallStatus.ACCEPTED if going else CallStatus.DONE if taken else CallStatus.ALREADY
    return result(status, shown, {"user": user.id, "permission_set": arn, "accounts": ",".join(taken)})


def _under_way(client: AwsClient, user: User, arn: str) -> list[str]:
    """Return the accounts from which AWS is still taking this away. Raises typed provider errors."""
    rows, _ = _center.everything(
        _center.admin(client).list_account_assignment_deletion_status,
        "AccountAssignmentsDeletionStatus",
        InstanceArn=user.instance,
        Filter={"Status": "IN_PROGRESS"},
        MaxResults=_center.PAGE,
    )
    found = []
    for row in rows:
        answer = call(
            _center.admin(client).describe_account_assignment_deletion_status,
            InstanceArn=user.instance,
            AccountAssignmentDeletionRequestId=str(row.get("RequestId", "")),
        )
        shown = answer.body.get("AccountAssignmentDeletionStatus")
        if isinstance(shown, Mapping) and (shown.get("PrincipalId"), shown.get("PermissionSetArn")) == (user.id, arn):
            found += [str(shown.get("TargetId", ""))] if shown.get("Status") == "IN_PROGRESS" else []
    return found


def verify(client: AwsClient, credential: Credential) -> Observation:
    """Ask what the user is assigned, and what AWS is still about: `DEAD` when neither names it. Raises typed provider errors."""
    user, arn = _of(credential)
    _center.describe(client, user.store, user.id)
    found, answer = _center.assignments(client, user.instance, user.id, "USER")
    left, before = sorted(found.get(arn, [])), credential.attributes.get("before.accounts", "")
    under_way = _under_way(client, user, arn)
    name = _center.short(arn)
    if under_way:
        return seen(answer, Liveness.UNKNOWN, f"AWS is still taking {name} away in {len(under_way)} accounts")
    if left and set(before.split(",")) - {"", *left}:
        return seen(answer, Liveness.UNKNOWN, f"{name} is back in {len(left)} accounts, not in all of them yet")
    if left:
        where = ", ".join(left[:5]) + (" …" if len(left) > 5 else "")
        return seen(answer, Liveness.LIVE, f"the user is assigned {name} in {len(left)} accounts: {where}")
    until, why = _center_deny.sessions_until(client, user, [arn], answer.provider_time)
    return seen(answer, Liveness.DEAD, f"the user is assigned {name} in no account any more; {why}", until)


def snapshot(client: AwsClient, credential: Credential) -> Mapping[str, str]:
    """Return the accounts where the user has the permission set. Raises typed provider errors."""
    user, arn = _of(credential)
    found, _ = _center.assignments(client, user.instance, user.id, "USER")
    return {"permission_set": arn, "accounts": ",".join(sorted(found.get(arn, [])))}


def restore(client: AwsClient, credential: Credential) -> CallResult:
    """Assign the permission set again, in exactly the accounts where the user had it. Raises typed provider errors."""
    user, arn = _of(credential)
    if "before.accounts" not in credential.attributes:
        raise Rejected("what the user was assigned before is not known; nothing was given", code="no-snapshot")
    _, shown = _center.describe(client, user.store, user.id)
    now = _center.assignments(client, user.instance, user.id, "USER")[0].get(arn, [])
    given, going = [], False
    for account in sorted(set(credential.attributes["before.accounts"].split(",")) - {"", *now}):
        shown = _center.settled(_center.admin(client).create_account_assignment, **_one(user, arn, account))
        going |= _center.progress(shown, "AccountAssignmentCreationStatus", "the assignment") == "IN_PROGRESS"
        given.append(account)
    status = CallStatus.ACCEPTED if going else CallStatus.DONE if given else CallStatus.ALREADY
    return result(status, shown, {"user": user.id, "permission_set": arn, "accounts": ",".join(given)})
