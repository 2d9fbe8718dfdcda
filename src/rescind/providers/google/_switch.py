"""What IAM can switch off and on again: whether it is off, and whether a run may switch it on."""

from __future__ import annotations

from collections.abc import Callable, Collection

from rescind.errors import NotFound
from rescind.models.credential import Credential
from rescind.models.kind import CallResult, Liveness, Observation
from rescind.providers.google._api import Row, flag, left, seen, text
from rescind.providers.google._connect import Google
from rescind.wire.http import Answer


def verify(
    client: Google,
    credential: Credential,
    *,
    find: Callable[[Google, Credential], tuple[Row, Answer]],
    beside: Callable[[Google, Credential], tuple[Collection[str], Answer]],
    what: str,
    of: str,
    outlived: bool = False,
) -> Observation:
    """Read whether something is off; what is not shown counts only `beside` the whole list of what it belongs to. Raises typed errors.

    `outlived`: access tokens made with it go on for as long as the tenant lets them.
    """
    seconds = client.access_seconds or None if outlived else None
    try:
        row, answer = find(client, credential)
    except NotFound:
        names, answer = beside(client, credential)
        if credential.identifier in names:
            return seen(answer, Liveness.UNKNOWN, f"IAM lists the {what}, and does not show it")
        told = f"IAM lists {len(names)} {what}s of its {of}, read whole, and not this one; asked for it, it knows none"
        return seen(answer, Liveness.DEAD, told, seconds=seconds)
    if flag(row, "disabled", answer):
        told = f"IAM shows the {what} as disabled {text(row, 'disableReason')}".strip()
        return seen(answer, Liveness.DEAD, told, reversible=True, seconds=seconds)
    return seen(answer, Liveness.LIVE, f"IAM shows the {what} as enabled")


def kept_off(credential: Credential, key: str, what: str) -> CallResult | None:
    """Return that something is left off where it was not known to be on before the run, None where it was."""
    was = credential.attributes.get(f"before.{key}") or credential.attributes.get(key)
    return None if was == "false" else left(f"the {what} was not known to be enabled before")
