"""What a user is in: groups, directory roles, and the applications that are assigned to it.

None of it is a credential: a disabled account gets no token for any of it, and an enabled one has all of it again. So it is recorded before
an account is switched off, and nothing is taken away: who takes a person's groups away loses what no undo of ours could put back as
it was (dynamic groups, groups that come from on premises, roles that were activated for an hour).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rescind.errors import Denied
from rescind.providers.entra._connect import Entra
from rescind.providers.entra._graph import Row, pages, seg, sort, text

WIDE = {"$top": "999"}
_MOST = 100


def of(client: Entra, user_id: str) -> list[Row]:
    """Return every group, role and administrative unit that a user is in, also through others. Raises typed provider errors."""
    return pages(client, f"/users/{seg(user_id)}/transitiveMemberOf", what="memberships", query=WIDE)[0]


def named(row: Row) -> str:
    """Return the name of a role or group, else its id: without the right to read it Graph shows no more."""
    return text(row, "displayName") or text(row, "roleTemplateId") or text(row, "id")


def standing(client: Entra, user_id: str) -> Mapping[str, str]:
    """Return groups, roles and applications of a user in words; `unknown` for what we may not read. Raises other typed errors."""
    facts = dict.fromkeys(("groups", "roles", "applications"), "unknown")
    try:
        rows = of(client, user_id)
        facts["groups"] = _some(named(r) for r in rows if sort(r) == "group")
        facts["roles"] = _some(named(r) for r in rows if sort(r) == "directoryRole")
    except Denied:
        pass
    try:
        path = f"/users/{seg(user_id)}/appRoleAssignments"
        rows = pages(client, path, what="assigned applications", query=WIDE)[0]
        facts["applications"] = _some(text(r, "resourceDisplayName") or text(r, "resourceId") for r in rows)
    except Denied:
        pass
    return facts


def _some(names: Iterable[str]) -> str:
    found = sorted(set(names))
    more = f" and {len(found) - _MOST} more" if len(found) > _MOST else ""
    return (", ".join(found[:_MOST]) or "none") + more
