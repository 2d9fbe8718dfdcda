"""Roles that account access manager gives to a user of IAM Identity Center itself: ordinary roles, which no permission set's deny reaches.

Deleting one is repeatable, and making one again gives another id; so what counts is whether the user is entitled to the role. It stops new
sessions of the role, and leaves those that are out.
"""

from __future__ import annotations

from collections.abc import Iterator

from rescind.errors import NotFound
from rescind.models.credential import Credential
from rescind.models.evidence import Gap
from rescind.models.kind import Act, Kind, Known, Liveness, Residual, Subject, Verb
from rescind.providers.aws import _center_people, _entitlements, _granted, _held
from rescind.providers.aws._center import User
from rescind.providers.aws._connect import AwsClient
from rescind.secret import Secret


def _known(client: AwsClient, user: User, owner: str, one: _entitlements.Entitlement) -> Known:
    return Known(
        identifier=f"{user.identifier}/{one.id}",
        issuer=client.account,
        subject=user.id,
        owner=owner,
        attributes=_entitlements.facts(user, one),
        liveness=Liveness.LIVE,
    )


def identify(client: AwsClient, credential: Credential, secret: Secret | None) -> Known:  # noqa: ARG001  there is no value
    """Ask AWS what the user is entitled to now. Raises `NotFound` for an entitlement that is not there."""
    user, owner, _ = _center_people.whose(client, credential)
    for one in _all(client, user):
        if credential.identifier == f"{user.identifier}/{one.id}":
            return _known(client, user, owner, one)
    raise NotFound("the user has no such entitlement", code="NoSuchEntity")


def _all(client: AwsClient, user: User) -> Iterator[_entitlements.Entitlement]:
    for application in _entitlements.applications(client)[0]:
        yield from _entitlements.of(client, application, userId=user.id)[0]


def enumerate(client: AwsClient, subject: Subject) -> Iterator[Known | Gap]:  # noqa: A001  the row's own word
    """Show the roles that the person's users may assume themselves. A page that could not be read is a `Gap`."""

    def rows(client: AwsClient, user: User, name: str) -> Iterator[Known]:
        for one in _all(client, user):
            yield _known(client, user, name, one)

    return _entitlements.offered(client, lambda: _center_people.each(client, subject, rows))


KIND = Kind(
    id="aws.account-access-entitlement",
    title="AWS account access manager role of a user",
    provider="aws",
    actions={
        Verb.REVOKE: Act(
            call=_granted.revoke,
            reversible=True,
            idempotent=True,
            permissions=(
                "account-access:DeleteEntitlement",
                "account-access:ListEntitlements",
                "identitystore:DescribeUser",
            ),
            undo="give the user the role again (account-access:CreateEntitlement)",
            snapshot=_granted.snapshot,
            restore=_granted.restore,
        ),
    },
    verify=_granted.verify,
    control=_granted.control,
    enumerate=enumerate,
    identify=identify,
    read_permissions=(
        "account-access:GetApplication",
        "account-access:ListApplications",
        "account-access:ListEntitlements",
        "identitystore:DescribeUser",
        "identitystore:GetUserId",
        "sso:ListInstances",
    ),
    issuer_is_account=True,
    residual=Residual(
        seconds=43_210,  # 12 hours, and those over which a death is watched
        what=_entitlements.SESSIONS,
        source="https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_manage-assume.html#id_roles_use_view-role-max-session",
    ),
    death=_held.DEATH,
    steps_by_hand=(
        "As an administrator of account access manager: remove the person's entitlement to the role. In the role's account use Revoke "
        "sessions on the role for those that are out."
    ),
    reference="https://docs.aws.amazon.com/account-access/latest/APIReference/API_DeleteEntitlement.html",
    since="0.1",
    tested=("a server of ours made of botocore's model (account-access)",),
)
