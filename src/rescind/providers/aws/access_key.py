"""Long-term access keys of IAM users (`AKIA…`): found by user, switched off, deleted, and proven dead from IAM's own listing.

The key itself is never used. What outlives it: sessions made from it, for up to 36 hours, and what those sessions went on to make.
Deactivating or deleting a key ends none of them; denying the user does
(https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_disable-perms.html).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rescind.errors import Denied, NotFound
from rescind.models.credential import Credential
from rescind.models.evidence import Gap
from rescind.models.kind import Act, Kind, Known, Residual, Subject, Verb
from rescind.providers.aws import _held, _root, _user_keys
from rescind.providers.aws._connect import AwsClient
from rescind.providers.aws._iam import account_of, find_user, keys_of, last_used
from rescind.providers.aws._next_key import ROTATION
from rescind.providers.aws._policy import DENY
from rescind.providers.aws._user_keys import HELD
from rescind.secret import Secret


def identify(client: AwsClient, credential: Credential, secret: Secret | None) -> Known:  # noqa: ARG001  the key is never used
    """Ask IAM whose key it is. A key id that carries another account comes back with that account as issuer and no owner.

    Raises `NotFound` when IAM does not show it, other typed errors when it could not be asked.
    """
    used: object = None
    try:
        name, used = last_used(client, credential.identifier)
    except (Denied, NotFound) as error:
        elsewhere = account_of(credential.identifier)
        if elsewhere and elsewhere != client.account and not credential.owner:
            return Known(identifier=credential.identifier, issuer=elsewhere)
        # AWS answers AccessDenied also for ids it does not hold, so a listing of the known owner decides what a denial means.
        if isinstance(error, NotFound) or not credential.owner:
            _root.refuse_key(client, elsewhere)
            raise
        name = credential.owner
    if not name:
        raise NotFound("IAM names no user for this key id", code="NoSuchEntity")
    row = keys_of(client, name)[0].get(credential.identifier)
    if row is None:
        raise NotFound(f"ListAccessKeys of user {name} does not show this key", code="NoSuchEntity")
    return _user_keys.known(client, row, find_user(client, name)[0], used)


def enumerate(client: AwsClient, subject: Subject) -> Iterator[Known | Gap]:  # noqa: A001  the row's own word
    """List every key of the person's IAM users, inactive ones too. A user that could not be read whole is a `Gap`, no short list.

    Raises `Throttled` and `Unreachable`, which are worth another try.
    """

    def look(user: Mapping[str, Any]) -> Iterator[Known]:
        rows = keys_of(client, str(user["UserName"]))[0]
        return (_user_keys.known(client, row, user, _user_keys.use(client, key)) for key, row in rows.items())

    return _held.of_users(client, subject, "access keys", look)


KIND = Kind(
    id="aws.access-key",
    title="AWS access key of an IAM user",
    provider="aws",
    actions={
        Verb.DENY: DENY,
        Verb.DEACTIVATE: Act(
            call=_held.setter(HELD, "Inactive"),
            reversible=True,
            idempotent=True,
            permissions=("iam:UpdateAccessKey",),
            undo="set the key to Active again (iam:UpdateAccessKey)",
            restore=_held.setter(HELD, "Active"),
        ),
        Verb.DELETE: Act(
            call=_held.deleter(HELD), reversible=False, idempotent=True, permissions=("iam:DeleteAccessKey",)
        ),
    },
    verify=_user_keys.verify,
    control=_held.control,
    enumerate=enumerate,
    identify=identify,
    read_permissions=(
        "iam:GetUser",
        "iam:ListAccessKeys",
        "iam:GetAccessKeyLastUsed",
        "iam:GetAccountSummary",
        "iam:SimulatePrincipalPolicy",  # `doctor` only
    ),
    rotation=ROTATION,
    issuer_is_account=True,
    residual=Residual(
        # A session of GetSessionToken lives up to 36 hours and may assume a role in its last minute, for up to 12 hours more.
        seconds=129_600 + _held.ROLE_SECONDS + _held.HONOURED,
        what=(
            "sessions made from the key: GetSessionToken and GetFederationToken for up to 36 hours, and roles assumed by the key or "
            "by such a session for up to 12 hours more; each role that such a one assumes adds an hour, so cut those too"
        ),
        source="https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html",
        # A deny on the user stops those sessions at once, but not the sessions of roles assumed before (AssumeRole: 12 hours at most).
        shortened_by={Verb.DENY: _held.ROLE_SECONDS + _held.HONOURED},
    ),
    death=_held.DEATH,
    steps_by_hand=(
        "As an IAM administrator of the key's account: IAM console, Users, the key's user, Security credentials: deactivate the key, "
        "later delete it. To stop sessions made from it, attach the managed policy AWSDenyAll to the user; for roles it assumed, "
        "use Revoke sessions on each role."
    ),
    reference="https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateAccessKey.html",
    since="0.1",
    tested=("ministack 1.5.33 (AUTH=true)", "moto 5.2.5"),
)
