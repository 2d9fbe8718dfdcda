"""Console passwords as IAM shows them, by user; and the account whose sign-in page one is typed into."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from rescind.errors import NotFound, Unrecognised
from rescind.models.kind import Known, Liveness
from rescind.providers.aws import _held
from rescind.providers.aws._connect import Answer, AwsClient, call, pages

PREFIX = "password:"
_PAGE = re.compile(
    r"https://([a-z0-9-]{3,63})\.signin\.(?:aws\.amazon\.com|amazonaws-us-gov\.com|amazonaws\.cn)(?:/console/?)?"
)
_DIGITS = 12


def profile(client: AwsClient, name: str) -> tuple[Mapping[str, Any], Answer]:
    """Return a user's login profile. Raises `NotFound` for a user without a password, and for a user who is not there."""
    answer = call(client.service("iam").get_login_profile, UserName=name)
    shown = answer.body.get("LoginProfile")
    if not isinstance(shown, Mapping) or shown.get("UserName") != name:
        raise Unrecognised(f"GetLoginProfile did not show user {name}", request_id=answer.request_id)
    return shown, answer


def known(client: AwsClient, user: Mapping[str, Any]) -> Known:
    """Return a user's password as the catalogue shows it. Raises `NotFound` for none, other typed errors."""
    shown, _ = profile(client, str(user["UserName"]))
    return Known(
        identifier=f"{PREFIX}{user['Arn']}",
        issuer=client.account,
        subject=str(user["Arn"]),
        owner=str(user["UserName"]),
        attributes={"user_id": str(user.get("UserId", ""))},
        created_at=_held.time(shown.get("CreateDate")),
        last_used=_held.time(user.get("PasswordLastUsed")),
        liveness=Liveness.LIVE,
    )


def other_account(client: AwsClient, url: str) -> str:
    """Return which other account a sign-in page is of, "" for this one's. Raises `NotFound` where that is not known, other typed errors.

    The page is called by the account's id, or by its alias: https://docs.aws.amazon.com/IAM/latest/UserGuide/console-account-alias.html
    """
    page = _PAGE.fullmatch(url)
    if not page:
        raise NotFound("nothing tells of which account the password is", code="NoSuchEntity")
    if page[1].isdigit() and len(page[1]) == _DIGITS:
        return "" if page[1] == client.account else page[1]
    aliases, _ = pages(client.service("iam").list_account_aliases, "AccountAliases")
    if page[1] not in map(str, aliases):
        raise NotFound("the password is for the sign-in page of another account", code="NoSuchEntity")
    return ""
