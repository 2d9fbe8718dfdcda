"""What this run itself stands on: whoever cuts that cannot clean up any more, so it is refused before anything is sent."""

from __future__ import annotations

from rescind.errors import NotFound, Rejected
from rescind.providers.aws._connect import AwsClient
from rescind.providers.aws._iam import keys_of
from rescind.providers.aws._older import Target


def refuse_user(client: AwsClient, name: str) -> None:
    """Refuse to cut the user who acts, or whose key the role that acts is assumed with.

    Raises `Rejected` with code `OwnIdentity`, other typed errors when it could not be asked.
    """
    me = client.identity()
    ours = (
        me.principal.startswith(f"arn:{client.partition}:iam::{client.account}:user/") and _last(me.principal) == name
    )
    long_term = {i for i in me.identifiers if i.startswith("AKIA")}
    if ours or (long_term and long_term & set(keys_of(client, name)[0])):
        raise Rejected("this run itself works as this user: sign in as somebody else to cut it", code="OwnIdentity")


def refuse_sessions(client: AwsClient, target: Target) -> None:
    """Refuse to cut sessions among which is the one that this run works with. Raises `Rejected` with code `OwnSession`.

    A cut by the time of issue spares a user's long-term keys.
    """
    me = client.identity()
    if target.what == "user":
        temporary = any(i.startswith("ASIA") for i in me.identifiers)
        ours = ":user/" in me.principal and _last(me.principal) == target.name and temporary
    elif target.only:
        ours = target.only in me.identifiers
    else:
        ours = f":assumed-role/{target.name}/" in me.principal
    if ours:
        raise Rejected(
            "this run itself works with such a session: sign in as somebody else to cut it", code="OwnSession"
        )


def refuse_root(client: AwsClient) -> None:
    """Refuse to take the root user's credentials away where that one acts. Raises as the others do."""
    if client.identity().principal == f"arn:{client.partition}:iam::{client.account}:root":
        raise Rejected("this run itself works as the root user: sign in as somebody else to cut it", code="OwnIdentity")


def refuse_principal(client: AwsClient, arn: str) -> None:
    """Refuse to shut out the user or role that acts, by IAM's ARN of it. Raises as the other two do; who is gone does not act."""
    account, what = arn.split(":")[4:6] if arn.count(":") == 5 else ("", "")
    if account != client.account:
        return
    name = _last(what)
    if what.startswith("role/"):
        refuse_sessions(client, Target("role", name))
    elif what.startswith("user/"):
        try:
            refuse_user(client, name)
        except NotFound:
            return


def _last(arn: str) -> str:
    return arn.rsplit("/", 1)[-1]
