"""What a user of IAM Identity Center is assigned: one permission set, in every account where they have it, taken away and given back.

AWS takes an assignment away after its answer (https://docs.aws.amazon.com/singlesignon/latest/APIReference/API_DeleteAccountAssignment.html):
it is gone when the listing does not show it any more and no deletion of it is under way. What the set's role sessions can do does
not end with it: each lasts as long as the set says, unless the set denies the user, which is why the deny comes first.
"""

from __future__ import annotations

from collections.abc import Iterator

from rescind.errors import NotFound
from rescind.models.credential import Credential
from rescind.models.evidence import Gap
from rescind.models.kind import Act, Death, Kind, Known, Residual, Subject, Verb
from rescind.providers.aws import _assignments, _center, _center_deny, _center_people
from rescind.providers.aws._center import User
from rescind.providers.aws._connect import AwsClient
from rescind.secret import Secret


def identify(client: AwsClient, credential: Credential, secret: Secret | None) -> Known:  # noqa: ARG001  there is no value
    """Ask AWS what the user is assigned now. Raises `NotFound` for a permission set that they have nowhere."""
    user, owner, _ = _center_people.whose(client, credential)
    found, _ = _center.assignments(client, user.instance, user.id, "USER")
    for arn, accounts in found.items():
        if f"{user.identifier}/{_center.short(arn)}" == credential.identifier:
            return _assignments.known(client, user, owner, arn, accounts)
    raise NotFound("the user is not assigned this permission set in any account", code="NoSuchEntity")


def enumerate(client: AwsClient, subject: Subject) -> Iterator[Known | Gap]:  # noqa: A001  the row's own word
    """Show what the person's users are assigned themselves, one row per permission set. A page that could not be read is a `Gap`."""

    def rows(client: AwsClient, user: User, name: str) -> Iterator[Known]:
        found, _ = _center.assignments(client, user.instance, user.id, "USER")
        for arn in sorted(found):
            yield _assignments.known(client, user, name, arn, found[arn])

    return _center_people.each(client, subject, rows)


KIND = Kind(
    id="aws.sso-assignment",
    title="AWS IAM Identity Center permission set of a user",
    provider="aws",
    actions={
        Verb.REVOKE: Act(
            call=_assignments.revoke,
            reversible=True,
            idempotent=True,
            permissions=(
                "identitystore:DescribeUser",
                "sso:DeleteAccountAssignment",
                "sso:ListAccountAssignmentsForPrincipal",
            ),
            undo="assign the permission set to the user again, in the same accounts (sso:CreateAccountAssignment)",
            snapshot=_assignments.snapshot,
            restore=_assignments.restore,
        ),
    },
    verify=_assignments.verify,
    control=_center_deny.control,
    enumerate=enumerate,
    identify=identify,
    read_permissions=(
        "identitystore:DescribeUser",
        "identitystore:GetUserId",
        "sso:DescribeAccountAssignmentDeletionStatus",
        "sso:DescribePermissionSet",
        "sso:GetInlinePolicyForPermissionSet",
        "sso:ListAccountAssignmentDeletionStatus",
        "sso:ListAccountAssignmentsForPrincipal",
        "sso:ListAccountsForProvisionedPermissionSet",
        "sso:ListInstances",
        "sso:ListPermissionSets",
    ),
    issuer_is_account=True,
    identity=True,
    residual=Residual(
        seconds=43_210,  # 12 hours, and those over which a death is watched
        what="role sessions of the permission set that were made before, where nothing denies them",
        source="https://docs.aws.amazon.com/singlesignon/latest/userguide/howtosessionduration.html",
    ),
    death=Death(
        negatives=3,
        seconds=10.0,
        source="https://docs.aws.amazon.com/singlesignon/latest/APIReference/API_DescribeAccountAssignmentDeletionStatus.html",
    ),
    steps_by_hand="As an administrator of IAM Identity Center: AWS accounts, each account, Assigned users, remove the person.",
    reference="https://docs.aws.amazon.com/singlesignon/latest/APIReference/API_DeleteAccountAssignment.html",
    since="0.1",
    tested=(
        "a server of ours made of botocore's models (sso-admin, identitystore), with deletions that take their time",
    ),
)
