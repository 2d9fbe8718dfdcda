"""Sessions of STS as CloudTrail and IAM show them: of which account and principal one is, who owns it, and what cuts it off."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rescind.errors import NotFound, ProviderError, Throttled, Unreachable, Unrecognised
from rescind.models.credential import Credential
from rescind.models.evidence import Gap
from rescind.models.kind import Known
from rescind.providers.aws import _older_sessions, _trail
from rescind.providers.aws._connect import AwsClient, call
from rescind.providers.aws._older import Target, principal

_KEY = re.compile(r"ASIA[A-Z0-9]{12,16}")


def account(client: AwsClient, key_id: str) -> str:
    """Return the account that STS names for a session's key id. Raises `NotFound` for what is no such id, other typed errors."""
    if not _KEY.fullmatch(key_id):  # it becomes part of a policy's name
        raise NotFound("this is no id of a session", code="ValidationError")
    body = call(client.service("sts").get_access_key_info, AccessKeyId=key_id).body
    if not re.fullmatch(r"\d{12}", str(body.get("Account", ""))):
        raise Unrecognised("GetAccessKeyInfo named no account")
    return str(body["Account"])


def claimed(client: AwsClient, credential: Credential) -> _trail.Session:
    """Return the session that the machine's files claim this to be. Raises `NotFound` when they claim none of this account."""
    arn = credential.attributes.get("assumed_role", "") or credential.subject
    role, _ = _trail.role_of(arn, client.account)
    if not role:
        raise NotFound(
            "CloudTrail shows neither who was given this session nor a use of it, and nothing beside it names a role",
            code="NoSuchEntity",
        )
    return _trail.Session(credential.identifier, f"role:{role}")


def known(client: AwsClient, session: _trail.Session, bound_by: str) -> Known:
    """Return a session as the catalogue shows it, beside IAM's own row of its principal. Raises typed provider errors."""
    what, _, name = session.principal.partition(":")
    if what == "root":
        return Known(
            identifier=session.key_id,
            issuer=client.account,
            subject=f"arn:{client.partition}:iam::{client.account}:root",
            owner="root",
            expires_at=_trail.end_of(session) or None,
            irrevocable=(
                "a session of the account's root user: no policy of the account reaches it, a service control policy only in a member account"
            ),
        )
    row, _ = principal(client, Target(what, name), session.unique)
    owner = _trail.owner_of(session)
    only = session.unique if what == "role" and owner != session.principal else ""
    facts = {"cut": session.principal, "only": only, "unique": session.unique, "issued_by": session.issued_by}
    facts |= {"bound_by": bound_by, "expires": _trail.end_of(session)}
    return Known(
        identifier=session.key_id,
        issuer=client.account,
        subject=str(row["Arn"]),
        owner=owner,
        attributes=facts,
        expires_at=facts["expires"] or None,
        created_at=session.issued_by or None,
        parent=session.parent,
        liveness=_older_sessions.judge(client, Target(what, name, only, session.key_id), facts).liveness,
    )


def given(client: AwsClient, name: str) -> Iterator[_trail.Session | Gap]:
    """List what was given to a user or role (`role:NAME`) and has not expired; what could not be read whole is a `Gap`.

    Raises `Throttled` and `Unreachable`, worth another try.
    """
    source, kind = f"tenant:{client.tenant.name}", "role" if name.startswith("role:") else "user"
    missed: list[ProviderError] = []
    try:
        sessions, now = _trail.given(client, name, missed)
    except NotFound:
        yield Gap(source=source, reason=f"mapped IAM {kind} {name.removeprefix('role:')} does not exist")
        return
    except (Throttled, Unreachable):
        raise  # the caller asks again, and makes the gap if that does not help
    except ProviderError as error:
        yield Gap(source=source, reason=f"sessions of IAM {kind} {name} could not be listed: {error.message}")
        return
    yield from _trail.unread(client, missed, f"sessions of IAM {kind} {name}")
    yield from (s for s in sessions if not (now and s.expires_at and s.expires_at <= now))
