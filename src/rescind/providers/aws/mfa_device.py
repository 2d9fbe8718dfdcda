"""MFA devices of IAM users: a seed or a passkey that was on the machine is taken off the user, last of all.

Whoever holds the password gets in more easily without the device, so it is refused while the user has a password or an active access
key. A hardware device stays the owner's; a virtual one still has its seed in IAM until it is deleted. Only enrolling anew puts it back.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rescind.errors import NotFound, Rejected
from rescind.models.credential import Credential
from rescind.models.kind import Act, CallResult, Kind, Verb
from rescind.providers.aws import _held
from rescind.providers.aws._connect import AwsClient, call
from rescind.providers.aws._iam import keys_of, user_of
from rescind.providers.aws._ours import refuse_user
from rescind.providers.aws._passwords import profile

HELD = _held.Held(
    what="MFA device",
    listing="list_mfa_devices",
    field="MFADevices",
    id="SerialNumber",
    update="",
    delete="deactivate_mfa_device",
    made="EnableDate",
)
_take_off = _held.deleter(HELD)


def _owner(client: AwsClient, serial: str) -> str:
    shown: Mapping[str, Any] = call(client.service("iam").get_mfa_device, SerialNumber=serial).body
    return str(shown.get("UserName") or "")


def deactivate(client: AwsClient, credential: Credential) -> CallResult:
    """Take the device off its user. Raises `Rejected` while the user can sign in or sign requests and for the user who acts, other typed errors else."""
    user = user_of(client, credential)
    refuse_user(client, user)
    live = sorted(key for key, row in keys_of(client, user)[0].items() if row.get("Status") == "Active")
    try:
        profile(client, user)
        live.append("a password")
    except NotFound:
        pass
    if live:
        why = f"user {user} still has {', '.join(live)}: without the second factor these would be weaker, so they end first"
        raise Rejected(why, code="Order")
    return _take_off(client, credential)


KIND = Kind(
    id="aws.mfa-device",
    title="MFA device of an IAM user",
    provider="aws",
    actions={
        Verb.DEACTIVATE: Act(
            call=deactivate,
            reversible=False,
            idempotent=True,
            permissions=("iam:DeactivateMFADevice", "iam:GetLoginProfile", "iam:ListAccessKeys"),
            undo="none: enrol a device again (iam:EnableMFADevice)",
        ),
    },
    verify=_held.verifier(HELD),
    control=_held.control,
    enumerate=_held.lister(HELD),
    identify=_held.identifier(HELD, _owner),
    read_permissions=("iam:GetUser", "iam:GetMFADevice", "iam:ListMFADevices"),
    issuer_is_account=True,
    death=_held.DEATH,
    steps_by_hand=(
        "As an IAM administrator, after the user's password and keys are dead: IAM console, Users, the user, Security credentials, "
        "Multi-factor authentication: remove the device. A hardware key is handed in or destroyed."
    ),
    reference="https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeactivateMFADevice.html",
    since="0.1",
    tested=("moto 5.2.5", "a server of ours made of botocore's model"),
)
