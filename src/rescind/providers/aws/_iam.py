"""What the AWS kinds read from IAM: users, their keys, and whose a key id is."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Mapping
from typing import Any

from rescind.errors import Rejected, Unrecognised
from rescind.models.credential import Credential
from rescind.providers.aws._connect import Answer, AwsClient, call, pages


def account_of(key_id: str) -> str:
    """Return the account that a key id carries, "" for an id that carries none (older ids, and what is no AWS id at all).

    Ids whose fifth character is Q or later carry it: https://docs.aws.amazon.com/STS/latest/APIReference/API_GetAccessKeyInfo.html
    is the authority, the arithmetic is described at https://trufflesecurity.com/blog/research-uncovers-aws-account-numbers-hidden-in-access-keys
    """
    if not re.fullmatch(r"A(KI|SI)A[Q-Z2-7][A-Z2-7]{15}", key_id):
        return ""
    try:
        number = int.from_bytes(base64.b32decode(key_id[4:])[:6], "big")
    except binascii.Error:
        return ""
    return f"{(number & 0x7FFFFFFFFF80) >> 7:012d}"


def principals(names: Iterable[str]) -> list[str]:
    """Return the names of IAM users and roles (`role:NAME`) among a person's; others (`sso:`, `thing:`, `cert:`) name other things."""
    return [n for n in names if ":" not in n or n.startswith("role:")]


def find_user(client: AwsClient, name: str) -> tuple[Mapping[str, Any], Answer]:
    """Return an IAM user of the tenant's account. Raises `NotFound`, and `Rejected` for a user of another account."""
    answer = call(client.service("iam").get_user, UserName=name)
    user = answer.body.get("User")
    if not isinstance(user, Mapping) or user.get("UserName") != name:
        raise Unrecognised(f"GetUser did not show user {name}", request_id=answer.request_id)
    if f":{client.account}:" not in str(user.get("Arn", "")):
        raise Rejected(
            f"GetUser shows a user of another account than {client.account}",
            code="OtherAccount",
            request_id=answer.request_id,
        )
    return user, answer


def keys_of(client: AwsClient, user: str) -> tuple[dict[str, Mapping[str, Any]], Answer]:
    """Return all keys of a user by id, every page. An empty answer is no proof that the user exists. Raises typed errors."""
    rows, answer = pages(client.service("iam").list_access_keys, "AccessKeyMetadata", UserName=user)
    return {str(row.get("AccessKeyId", "")): row for row in rows}, answer


def last_used(client: AwsClient, key_id: str) -> tuple[str, object]:
    """Return the user that IAM names for a key id, and when the key was last used (None: never, as far as IAM tracks it)."""
    body = call(client.service("iam").get_access_key_last_used, AccessKeyId=key_id).body
    used = body.get("AccessKeyLastUsed")
    return str(body.get("UserName") or ""), used.get("LastUsedDate") if isinstance(used, Mapping) else None


def user_of(client: AwsClient, credential: Credential) -> str:
    """Return the IAM user that the provider named as owner.

    Raises `Rejected` without one (IAM would then act on the operator itself) and for a key of another account.
    """
    if not credential.owner:
        raise Rejected("the key's owner is not known, and IAM takes a missing user name for the caller", code="NoOwner")
    if credential.issuer and credential.issuer != client.account:
        raise Rejected("the key belongs to another account than this tenant", code="OtherAccount")
    return credential.owner
