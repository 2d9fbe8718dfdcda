"""Above a user of this tenant: which system is the master of the account, which roles it holds, and whether we may touch those who hold one.

An account that comes from a directory on premises is written over by it; one of a federated domain signs in at that domain's identity
provider (https://learn.microsoft.com/en-us/entra/identity/hybrid/connect/whatis-fed). Who holds a directory role, or is in a group that
may hold one, is switched off only by a Global Administrator or a Privileged Authentication Administrator, whatever permissions an
application has (https://learn.microsoft.com/en-us/graph/api/resources/users#who-can-perform-sensitive-actions).
"""

from __future__ import annotations

from rescind.errors import Denied, NotFound
from rescind.providers.entra import _memberships, _person
from rescind.providers.entra._connect import Entra
from rescind.providers.entra._graph import Row, pages, read, seg, sort, text

PRIVILEGED = frozenset({"62e90394-69f5-4237-9190-012177145e10", "7be44c8a-adaf-4e2a-84d6-ab2649e08a13"})
"""The templates of Global Administrator and Privileged Authentication Administrator, the same in every tenant:
https://learn.microsoft.com/en-us/entra/identity/role-based-access-control/permissions-reference"""
READ = ("Domain.Read.All", "GroupMember.Read.All")
UNTOLD = "it could not be told"


def upstream(client: Entra, user: Row) -> str:
    """Name the system that is the master of a user, empty when it is this tenant, `UNTOLD` when we may not ask. Raises typed errors."""
    if where := _person.master(user):
        return where
    domain = text(user, "userPrincipalName").rpartition("@")[2].lower()
    if not domain or _person.external(user):
        return ""
    key = f"domain:{domain}"
    if key not in client.memo:
        try:
            row, _ = read(client, f"/domains/{seg(domain)}", "id,authenticationType", what="domain")
        except (Denied, NotFound):
            client.memo[key] = UNTOLD
        else:
            federated = text(row, "authenticationType") == "Federated"
            client.memo[key] = f"the identity provider that domain {domain} is federated with" if federated else ""
    return client.memo[key]


def roles(client: Entra, user: Row) -> tuple[list[str], list[str]]:
    """Return the directory roles that a user holds, and the groups it is in that may hold one. Raises typed errors."""
    rows = _memberships.of(client, text(user, "id"))
    held = [r for r in rows if sort(r) == "directoryRole"]
    groups = [r for r in rows if r.get("isAssignableToRole") is True]
    return sorted(map(_memberships.named, held)), sorted(map(_memberships.named, groups))


def commanding(client: Entra) -> bool | None:
    """Tell whether what ends things holds a role that may touch everybody. None: a signed-in user, or nobody can tell."""
    if not client.acting:
        return None
    if "commands" not in client.memo:
        row, _ = read(client, f"/servicePrincipals(appId='{client.acting}')", "id", what="the application that acts")
        path = f"/servicePrincipals/{seg(text(row, 'id'))}/transitiveMemberOf"
        rows, _ = pages(client, path, what="our own memberships", query=_memberships.WIDE)
        client.memo["commands"] = "yes" if PRIVILEGED & {text(r, "roleTemplateId").lower() for r in rows} else "no"
    return client.memo["commands"] == "yes"


def beyond_us(client: Entra, user: Row) -> tuple[list[str], str]:
    """Return the roles of a user, and why we cannot switch it off ("" when we can, or cannot tell). Raises typed errors but `Denied`."""
    try:
        held, groups = roles(client, user)
        may = commanding(client) if held or groups else True
    except (Denied, NotFound):
        return [], ""  # the step will show it
    if may is not False:
        return held, ""
    what = ", ".join(held) if held else f"a group that may hold roles ({', '.join(groups)})"
    return (
        held,
        f"it holds {what}: Graph lets no application switch it off that is no Privileged Authentication Administrator",
    )
