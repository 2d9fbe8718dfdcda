"""Roles that account access manager gives to a group of IAM Identity Center: a member has them until they are out of the group.

Taking the role from the group would hit all its members, so nothing here ends it: it ends with `aws.sso-group-membership`.
"""

from __future__ import annotations

from collections.abc import Iterator

from rescind.errors import NotFound
from rescind.models.credential import Credential
from rescind.models.evidence import Gap
from rescind.models.kind import Kind, Known, Liveness, Residual, Subject
from rescind.providers.aws import _center, _center_people, _entitlements
from rescind.providers.aws._center import User
from rescind.providers.aws._connect import AwsClient
from rescind.secret import Secret


def _all(client: AwsClient, user: User, owner: str) -> Iterator[Known]:
    applications, _ = _entitlements.applications(client)
    for group in _center.groups_of(client, user) if applications else ():
        for application in applications:
            for one in _entitlements.of(client, application, groupId=group)[0]:
                yield Known(
                    identifier=f"{user.identifier}/{group}/{one.id}",
                    issuer=client.account,
                    subject=user.id,
                    owner=owner,
                    attributes={**_entitlements.facts(user, one), "group_id": group},
                    parent=f"{user.identifier}/{group}",
                    liveness=Liveness.LIVE,
                )


def identify(client: AwsClient, credential: Credential, secret: Secret | None) -> Known:  # noqa: ARG001  there is no value
    """Ask AWS what the user's groups are entitled to now. Raises `NotFound` for an entitlement that is not there."""
    user, owner, _ = _center_people.whose(client, credential)
    for known in _all(client, user, owner):
        if known.identifier == credential.identifier:
            return known
    raise NotFound("no group of the user has such an entitlement", code="NoSuchEntity")


def enumerate(client: AwsClient, subject: Subject) -> Iterator[Known | Gap]:  # noqa: A001  the row's own word
    """Show the roles that the person may assume as a member of a group. A page that could not be read is a `Gap`."""
    return _entitlements.offered(client, lambda: _center_people.each(client, subject, _all))


KIND = Kind(
    id="aws.account-access-group-role",
    title="AWS account access manager role of a group",
    provider="aws",
    actions={},
    control=_entitlements.control,
    enumerate=enumerate,
    identify=identify,
    read_permissions=(
        "account-access:ListApplications",
        "account-access:ListEntitlements",
        "identitystore:DescribeUser",
        "identitystore:GetUserId",
        "identitystore:ListGroupMembershipsForMember",
        "sso:ListInstances",
    ),
    issuer_is_account=True,
    residual=Residual(
        seconds=43_210,  # 12 hours, and those over which a death is watched
        what=_entitlements.SESSIONS,
        source="https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_manage-assume.html#id_roles_use_view-role-max-session",
    ),
    steps_by_hand=(
        "As an administrator of IAM Identity Center: take the person out of the group. Taking the role from the group would hit everybody "
        "in it. In the role's account use Revoke sessions on the role for those that are out."
    ),
    reference="https://docs.aws.amazon.com/account-access/latest/APIReference/API_ListEntitlements.html",
    since="0.1",
    tested=("a server of ours made of botocore's models (account-access, identitystore)",),
)
