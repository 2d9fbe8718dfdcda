"""A person's sign-ins to IAM Identity Center, and all the role sessions that these can get: denied everything, not ended.

No API lists a user's sign-ins, ends one, or says whose a token is: the console can
(https://docs.aws.amazon.com/singlesignon/latest/userguide/manage-app-session.html; `identitystore-auth:BatchDeleteSession` is a
permission without an operation). So the credential here is "whatever this user has signed in to", one for each user, and a token
that was found on a machine stays a task for a person. Each permission set that reaches the user denies them everything, in sessions
that are out already too. The sign-in lives on, for up to 90 days, and so do applications that are no AWS accounts: the best end is
`contained`.
"""

from __future__ import annotations

from collections.abc import Iterator

from rescind.errors import NotFound
from rescind.models.credential import Credential
from rescind.models.evidence import Gap
from rescind.models.kind import BY_HAND, Kind, Known, Residual, Subject, Verb
from rescind.providers.aws import _center, _center_deny, _center_people, _held
from rescind.providers.aws._center import User
from rescind.providers.aws._connect import AwsClient
from rescind.secret import Secret


def _of_machine(client: AwsClient, credential: Credential) -> NotFound:
    """Say what becomes of a token from a machine: a task, where it is a sign-in to one of this tenant's portals."""
    url = credential.attributes.get("start_url", "") or credential.issuer
    mine = [i for pair in _center.instances(client) for i in (pair[0].rpartition("/")[2], pair[1]) if i]
    portal = client.tenant.text("sso_start_url").rstrip("/#")
    if any(i in url for i in mine) or (portal and url.startswith(portal)):
        why = "a sign-in to this tenant's Identity Center, which says of no token whose it is and ends none by API"
        return NotFound(why, code=BY_HAND)
    return NotFound("the portal is none of this tenant's that we know (sso_start_url)", code="NoSuchEntity")


def identify(client: AwsClient, credential: Credential, secret: Secret | None) -> Known:  # noqa: ARG001  it is never used
    """Ask the directory for the user. Raises `NotFound` for a token from a machine: nothing tells whose it is."""
    if "/" not in credential.identifier:
        raise _of_machine(client, credential)
    return _center_deny.known(client, *_center_people.whose(client, credential))


def enumerate(client: AwsClient, subject: Subject) -> Iterator[Known | Gap]:  # noqa: A001  the row's own word
    """Show the person's users, by the names that the configuration marks with `sso:` (user name, e-mail or user id).

    A name that no instance has is a `Gap`. Raises what may be worth another try.
    """

    def rows(client: AwsClient, user: User, name: str) -> Iterator[Known]:
        yield _center_deny.known(client, user, name, _center.describe(client, user.store, user.id)[1])

    return _center_people.each(client, subject, rows)


KIND = Kind(
    id="aws.sso-session",
    title="AWS IAM Identity Center sign-ins of a user",
    provider="aws",
    actions={Verb.DENY: _center_deny.DENY},
    verify=_center_deny.verify,
    control=_center_deny.control,
    enumerate=enumerate,
    identify=identify,
    read_permissions=_center_deny.READ,
    issuer_is_account=True,
    residual=Residual(
        seconds=7_776_000,
        what=(
            "the sign-in itself, for up to 90 days, and what it opens beside AWS accounts (applications); for up to 12 hours sessions of "
            "permission sets that were taken from the user before the deny; GetCallerIdentity, and what takes a signed one for a login"
        ),
        source="https://docs.aws.amazon.com/singlesignon/latest/userguide/authconcept.html",
    ),
    death=_held.DEATH,
    steps_by_hand=(
        "As an administrator of IAM Identity Center: Users, the person, Active sessions, delete every session; the device must sign in "
        "again. Role sessions that were made before live on for up to 12 hours: have the person's permission sets, or a service control "
        "policy, deny everything to their identitystore:UserId until then. With Identity Center's own directory disable the user last, "
        "after the assignments are gone."
    ),
    reference="https://docs.aws.amazon.com/singlesignon/latest/userguide/prereqs-revoking-user-permissions.html",
    since="0.1",
    tested=(
        "moto 5.2.5 (sso-admin, identitystore), with the provisioning state scripted",
        "a server of ours made of botocore's models, with provisioning that takes its time",
    ),
)
