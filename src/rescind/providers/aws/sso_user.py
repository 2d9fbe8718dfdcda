"""Users of IAM Identity Center as a whole: the identity behind sign-ins, assignments and groups, denied everything at once.

AWS's own order is the other way round than elsewhere (https://docs.aws.amazon.com/singlesignon/latest/userguide/revoke-user-permissions.html):
deny the user by id first, in the organisation's policy and in every permission set; then take away assignments and groups; have the
sign-ins deleted in the console; disable the user last, because a disabled user whose sign-in lives can still get role sessions. The
directory's API shows whether a user is switched on and has no documented way to switch one off, so that is a task for a person. Where
an identity provider writes the user (`source_of_authority`), the user is switched off there.
"""

from __future__ import annotations

from collections.abc import Iterator

from rescind.errors import NotFound
from rescind.models.credential import Credential
from rescind.models.evidence import Gap
from rescind.models.kind import Kind, Known, Residual, Subject, Verb
from rescind.providers.aws import _center, _center_deny, _center_people, _held
from rescind.providers.aws._center import User
from rescind.providers.aws._connect import AwsClient
from rescind.secret import Secret


def identify(client: AwsClient, credential: Credential, secret: Secret | None) -> Known:  # noqa: ARG001  a user has no value
    """Ask the directory for the user of this id. Raises `NotFound` if it is not there, other typed errors else."""
    if credential.identifier.count("/") != 1:
        raise NotFound("not a directory and a user id", code="NoSuchEntity")
    return _center_deny.known(client, *_center_people.whose(client, credential))


def enumerate(client: AwsClient, subject: Subject) -> Iterator[Known | Gap]:  # noqa: A001  the row's own word
    """Show the person's users, by the names that the configuration marks with `sso:`; whether they are denied already is not asked.

    A name that no instance has is a `Gap`. Raises what may be worth another try.
    """

    def rows(client: AwsClient, user: User, name: str) -> Iterator[Known]:
        yield _center_deny.known(client, user, name, _center.describe(client, user.store, user.id)[1], quick=True)

    return _center_people.each(client, subject, rows)


KIND = Kind(
    id="aws.sso-user",
    title="AWS IAM Identity Center user (identity)",
    provider="aws",
    actions={Verb.DENY: _center_deny.DENY},
    verify=_center_deny.verify,
    control=_center_deny.control,
    enumerate=enumerate,
    identify=identify,
    read_permissions=_center_deny.READ,
    issuer_is_account=True,
    identity=True,
    residual=Residual(
        seconds=7_776_000,
        what=(
            "sign-ins for up to 90 days, and what they open beside AWS accounts (applications, and roles by account access manager that no "
            "organisation's policy denies); GetCallerIdentity, and what takes a signed one for a login"
        ),
        source="https://docs.aws.amazon.com/singlesignon/latest/userguide/authconcept.html",
    ),
    death=_held.DEATH,
    steps_by_hand=(
        "As an administrator of IAM Identity Center, after the user is denied and off every assignment and group: Users, the person, Active "
        "sessions, delete every session; last, Disable user access. No API does these two. Where an identity provider or a directory "
        "writes the user, disable the person there instead, or it is switched on again."
    ),
    reference="https://docs.aws.amazon.com/singlesignon/latest/userguide/revoke-user-permissions.html",
    since="0.1",
    tested=(
        "a server of ours made of botocore's models (sso-admin, identitystore, organizations), with provisioning that takes its time",
    ),
)
