"""What the identity that signs in may do, by Azure's own answer for each resource group; nothing is done for it.

https://learn.microsoft.com/en-us/rest/api/authorization/permissions/list-for-resource-group. Deny assignments are not in that answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from rescind.errors import Unrecognised
from rescind.providers.azure._connect import Azure, Row

GROUPS, PERMISSIONS = "2022-09-01", "2022-04-01"
MOST = 20
"""More resource groups than this are not asked: the answer is then that nobody can tell."""


def _matches(pattern: Any, action: str) -> bool:
    shape = ".*".join(map(re.escape, str(pattern).split("*")))
    return re.fullmatch(shape, action, re.IGNORECASE) is not None


def _held(rows: Iterable[Row], action: str) -> bool:
    """Tell whether a role allows an action. What one role takes back (`notActions`) another may give."""
    return any(
        any(_matches(p, action) for p in row.get("actions") or ())
        and not any(_matches(p, action) for p in row.get("notActions") or ())
        for row in rows
    )


def _groups(client: Azure) -> Iterator[str]:
    for sub in client.subscriptions():
        path = f"/subscriptions/{sub['subscriptionId']}"
        for group in client.listed(f"{path}/resourcegroups", GROUPS, what="resource groups"):
            if not re.fullmatch(r"[\w.()-]{1,90}", str(group.get("name"))):
                raise Unrecognised("resource groups: one without a name")
            yield f"{path}/resourcegroups/{group['name']}"


def may(client: Azure, permissions: Iterable[str]) -> Mapping[str, bool]:
    """Say of each action whether it is allowed: everywhere, or nowhere. What is allowed here and not there is left out.

    Empty when nobody can tell: another identity writes, or there is more than we ask. Raises typed errors.
    """
    if client.tenant.write or client.tenant.write_refs:
        return {}
    groups = []
    for group in _groups(client):
        groups.append(group)
        if len(groups) > MOST:
            return {}
    told = []
    for group in groups:
        where = f"{group}/providers/Microsoft.Authorization/permissions"
        told.append(list(client.listed(where, PERMISSIONS, what="what we may do")))
    found: dict[str, bool] = {}
    for action in permissions:
        held = {_held(rows, action) for rows in told}
        if len(held) == 1:
            found[action] = held.pop()
    return found
