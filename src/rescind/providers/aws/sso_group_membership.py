"""Memberships in the groups of IAM Identity Center: what a group is assigned, its members have. Taken away, and given back.

Where an identity provider writes the group (`source_of_authority`), its next synchronisation can put the person back: it must be done
there as well.
"""

from __future__ import annotations

from collections.abc import Iterator

from rescind.errors import NotFound
from rescind.models.credential import Credential
from rescind.models.evidence import Gap
from rescind.models.kind import Act, Death, Kind, Known, Residual, Subject, Verb
from rescind.providers.aws import _center, _center_deny, _center_people, _memberships
from rescind.providers.aws._center import User
from rescind.providers.aws._connect import AwsClient
from rescind.secret import Secret


def identify(client: AwsClient, credential: Credential, secret: Secret | None) -> Known:  # noqa: ARG001  there is no value
    """Ask the directory whether the user is in the group. Raises `NotFound` for somebody who is not."""
    user, owner, _ = _center_people.whose(client, credential)
    group = credential.identifier.rpartition("/")[2]
    if credential.identifier != f"{user.identifier}/{group}" or not _memberships.member(client, user, group)[0]:
        raise NotFound("the user is not a member of that group", code="NoSuchEntity")
    return _memberships.known(client, user, owner, group)


def enumerate(client: AwsClient, subject: Subject) -> Iterator[Known | Gap]:  # noqa: A001  the row's own word
    """Show the groups that the person's users are in. A page that could not be read is a `Gap`."""

    def rows(client: AwsClient, user: User, name: str) -> Iterator[Known]:
        for group in _center.groups_of(client, user):
            yield _memberships.known(client, user, name, group)

    return _center_people.each(client, subject, rows)


def covers(credential: Credential, other: Credential) -> bool:
    """Tell whether something is reached through this group only: it ends with the membership."""
    same = all(
        credential.attributes.get(part) == other.attributes.get(part) for part in ("user_id", "group_id", "directory")
    )
    return other.kind == "aws.account-access-group-role" and same


KIND = Kind(
    id="aws.sso-group-membership",
    title="AWS IAM Identity Center group membership",
    provider="aws",
    actions={
        Verb.REVOKE: Act(
            call=_memberships.revoke,
            reversible=True,
            idempotent=True,
            permissions=(
                "identitystore:DeleteGroupMembership",
                "identitystore:DescribeUser",
                "identitystore:GetGroupMembershipId",
                "identitystore:IsMemberInGroups",
            ),
            undo="put the user back into the group (identitystore:CreateGroupMembership)",
            snapshot=_memberships.snapshot,
            restore=_memberships.restore,
        ),
    },
    verify=_memberships.verify,
    control=_center_deny.control,
    enumerate=enumerate,
    identify=identify,
    read_permissions=(
        "identitystore:DescribeGroup",
        "identitystore:DescribeUser",
        "identitystore:GetUserId",
        "identitystore:IsMemberInGroups",
        "identitystore:ListGroupMembershipsForMember",
        "sso:DescribePermissionSet",
        "sso:GetInlinePolicyForPermissionSet",
        "sso:ListAccountAssignmentsForPrincipal",
        "sso:ListAccountsForProvisionedPermissionSet",
        "sso:ListInstances",
        "sso:ListPermissionSets",
    ),
    issuer_is_account=True,
    identity=True,
    covers=covers,
    residual=Residual(
        seconds=43_210,  # 12 hours, and those over which a death is watched
        what="role sessions that the group gave, made before, where nothing denies them; applications, until they ask again",
        source="https://docs.aws.amazon.com/singlesignon/latest/userguide/howtosessionduration.html",
    ),
    death=Death(
        negatives=3,
        seconds=10.0,
        source="https://docs.aws.amazon.com/singlesignon/latest/userguide/authconcept.html",
    ),
    steps_by_hand=(
        "As an administrator of IAM Identity Center: Groups, the group, Users, remove the person. Where an identity provider writes the "
        "group, take the person out of it there."
    ),
    reference="https://docs.aws.amazon.com/singlesignon/latest/IdentityStoreAPIReference/API_DeleteGroupMembership.html",
    since="0.1",
    tested=("a server of ours made of botocore's models (identitystore, sso-admin)",),
)
