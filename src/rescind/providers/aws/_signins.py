"""Whose a sign-in of `aws login` is: CloudTrail records who took a token (`CreateOAuth2Token`), and what the token's key did since."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from rescind.errors import NotFound, ProviderError
from rescind.models.credential import Credential
from rescind.models.kind import Known, Liveness
from rescind.providers.aws import _trail
from rescind.providers.aws._connect import AwsClient, call
from rescind.providers.aws._older import Target, principal

ACTIONS = ("signin:AuthorizeOAuth2Access", "signin:CreateOAuth2Token")
PREFIX = "login:"
_USER = re.compile(r"arn:[a-z-]+:iam::(\d{12}):user/(?:[\x21-\x7e]*/)?([\w+=,.@-]{1,64})")


def who(event: Mapping[str, Any], account: str) -> str:
    """Return who signed an event, as `subject.names` call them, "" for anybody of another account or kind."""
    identity = event.get("userIdentity")
    if not isinstance(identity, Mapping) or str(identity.get("accountId", "")) != account:
        return ""
    if identity.get("type") == "IAMUser":
        return str(identity.get("userName") or "")
    role, _ = _trail.role_of(str(identity.get("arn", "")), account)
    return f"role:{role}" if role else ""


def taken(client: AwsClient, back: timedelta, missed: list[ProviderError]) -> dict[str, str]:
    """Return by name when somebody took the first token that CloudTrail shows in that time. Raises typed provider errors.

    What kept a region from being read is added to `missed`.
    """
    found: dict[str, str] = {}
    for event in _trail.events(client, "EventName", "CreateOAuth2Token", back=back, missed=missed):
        if event.get("eventSource") != "signin.amazonaws.com" or event.get("errorCode"):
            continue
        name, at = who(event, client.account), _trail.when(str(event.get("eventTime", "")))
        if name:
            found[name] = min(found.get(name, at), at)
    return found


def listed(client: AwsClient, name: str, since: str) -> Known:
    """Return the sign-in that a user or role (`role:NAME`) has. Raises typed provider errors."""
    what = "role" if name.startswith("role:") else "user"
    plain = name.removeprefix("role:")
    row, _ = principal(client, Target(what, plain))
    return Known(
        identifier=f"{PREFIX}{row['Arn']}",
        issuer=client.account,
        subject=str(row["Arn"]),
        owner=name,
        attributes={
            "principal": f"{what}:{plain}",
            "unique": str(row.get(f"{what.capitalize()}Id", "")),
            "bound_by": _trail.TRAIL,
        },
        created_at=since or None,
        parent=f"password:{row['Arn']}" if what == "user" else "",
    )


def known(client: AwsClient, credential: Credential) -> Known:
    """Return whose a sign-in is. Raises `NotFound` when nothing tells, other typed errors when it could not be asked."""
    if credential.identifier.startswith(PREFIX):
        arn = credential.identifier.removeprefix(PREFIX)
        again = listed(client, _name(arn, client.account), "")
        if again.subject != arn:
            raise NotFound("the user or role of this name is another one now", code="NoSuchEntity")
        return again
    if not re.fullmatch(r"ASIA[A-Z0-9]{12,16}", credential.identifier):
        raise NotFound("this is no id of a session", code="ValidationError")
    account = str(
        call(client.service("sts").get_access_key_info, AccessKeyId=credential.identifier).body.get("Account")
    )
    if account != client.account:
        return Known(identifier=credential.identifier, issuer=account)
    session = _trail.find(client, credential.identifier)
    name = session.principal.removeprefix("user:") if session else _name(credential.subject, client.account)
    if name == "root":
        why = "a sign-in of the account's root user: no policy reaches it; change the root user's password"
        return Known(identifier=credential.identifier, issuer=account, owner="root", irrevocable=why)
    shown = listed(client, name, "")
    unique = session.unique if session and ":" in session.unique else ""
    facts = {**shown.attributes, "only": unique, "bound_by": _trail.TRAIL if session else _trail.MACHINE}
    return Known(
        identifier=credential.identifier,
        issuer=account,
        subject=shown.subject,
        owner=name,
        attributes=facts,
        created_at=(session.issued_by if session else "") or None,
        liveness=Liveness.UNKNOWN,
        parent=shown.parent,
    )


def _name(arn: str, account: str) -> str:
    """Return what `subject.names` call the principal of an ARN. Raises `NotFound` for none of this account."""
    user = _USER.fullmatch(arn)
    if user and user[1] == account:
        return user[2]
    role = re.fullmatch(r"arn:[a-z-]+:iam::(\d{12}):role/(?:[\x21-\x7e]*/)?([\w+=,.@-]{1,64})", arn)
    name = role[2] if role and role[1] == account else _trail.role_of(arn, account)[0]
    if not name:
        raise NotFound(
            "CloudTrail shows nothing of this sign-in, and nothing beside it names a principal", code="NoSuchEntity"
        )
    return f"role:{name}"
