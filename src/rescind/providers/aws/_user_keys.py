"""The access keys that an IAM user has: how IAM calls them, and whether one is still there, under whatever name its user has by now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from rescind.errors import Denied, NotFound
from rescind.models.credential import Credential
from rescind.models.kind import Known, Liveness, Observation
from rescind.providers.aws import _held
from rescind.providers.aws._connect import AwsClient
from rescind.providers.aws._iam import find_user, keys_of, last_used, user_of

HELD = _held.Held(
    what="key",
    listing="list_access_keys",
    field="AccessKeyMetadata",
    id="AccessKeyId",
    update="update_access_key",
    delete="delete_access_key",
    made="CreateDate",
)


def known(client: AwsClient, row: Mapping[str, Any], user: Mapping[str, Any], used: object) -> Known:
    """Return a row of IAM's listing as the catalogue shows it."""
    return replace(_held.known(client, HELD, row, user), last_used=_held.time(used))


def use(client: AwsClient, key_id: str) -> object:
    """Return when a key was last used, None where IAM does not tell: a key that is listed stays listed."""
    try:
        return last_used(client, key_id)[1]
    except (Denied, NotFound):
        return None


def verify(client: AwsClient, credential: Credential) -> Observation:
    """Look for the key in the complete listing of its user's keys.

    Absent counts only beside the user itself, and only if IAM does not name another user for the key: a renamed user would otherwise
    leave a living key out of sight. Raises typed provider errors, `NotFound` when the user is not shown.
    """
    user = user_of(client, credential)
    keys, answer = keys_of(client, user)
    row = keys.get(credential.identifier)
    if row is None:
        who, _ = find_user(client, user)  # raises where the empty listing means "no such user"
        if who.get("UserId") != credential.attributes.get("user_id", who.get("UserId")):
            why = f"user {user} does not have the key, but is not the user who had it: the name was given to another"
            return _held.seen(answer, Liveness.UNKNOWN, why)
        now = _moved(client, credential.identifier)
        if not now or now == user:
            why = f"ListAccessKeys of user {user}, read whole, does not show the key; GetUser shows the user"
            return _held.seen(answer, Liveness.DEAD, why)
        keys, answer = keys_of(client, now)
        row = keys.get(credential.identifier)
        if row is None:
            why = f"IAM names user {now} for the key, whose listing does not show it"
            return _held.seen(answer, Liveness.UNKNOWN, why)
        user = now
    status = str(row.get("Status", ""))
    why = f"ListAccessKeys of user {user} shows the key as {status or 'nothing'}"
    liveness = _held.LIVENESS.get(status, Liveness.UNKNOWN)
    return _held.seen(answer, liveness, why, reversible=status == "Inactive")


def _moved(client: AwsClient, key_id: str) -> str:
    try:
        return last_used(client, key_id)[0]
    except (Denied, NotFound):  # how IAM answers for an id that it does not hold
        return ""
