"""Where a Workspace user signs in: at Google, or at an identity provider that single sign-on hands them to.

An assignment to a group goes before one to an organisational unit, and the nearest unit counts
(https://support.google.com/a/answer/10723804). A suspended user is refused wherever they sign in; but what made the account there may make
it active here again, and other services take that sign-in too. Super administrators may always sign in at Google itself.
"""

from __future__ import annotations

from rescind.providers.google._api import Row, by_name, flag, pages, read, seg, text
from rescind.providers.google._apis import scope
from rescind.providers.google._connect import Google

READ = (scope("sso"), scope("units"), scope("members"))
WIDE = "the SAML identity provider of the whole domain, if one is set"


def of(client: Google, user: Row) -> str:
    """Return the identity provider at which a user signs in, "" for Google itself. Raises typed errors."""
    rows, _ = pages(
        client, "sso", "/v1/inboundSsoAssignments", "inboundSsoAssignments", what="sign-on", query={"pageSize": "100"}
    )
    mine = _by_group(client, rows, user) or _by_unit(client, rows, user)
    match text(mine or {}, "ssoMode"):
        case "SAML_SSO":
            return _named(client, mine, "samlSsoInfo", "inboundSamlSsoProfile", "entityId")
        case "OIDC_SSO":
            return _named(client, mine, "oidcSsoInfo", "inboundOidcSsoProfile", "issuerUri")
        case "DOMAIN_WIDE_SAML_IF_ENABLED":
            return WIDE
        case _:
            return ""


def _by_group(client: Google, rows: list[Row], user: Row) -> Row | None:
    grouped = [r for r in rows if text(r, "targetGroup")]
    for row in sorted(grouped, key=lambda r: int(r.get("rank") or 0)):
        group = text(row, "targetGroup").partition("/")[2]
        where = f"/admin/directory/v1/groups/{seg(group)}/hasMember/{seg(text(user, 'id'))}"
        member, answer = read(client, "members", where, what="membership in a group")
        if flag(member, "isMember", answer):
            return row
    return None


def _by_unit(client: Google, rows: list[Row], user: Row) -> Row | None:
    assigned = {text(r, "targetOrgUnit").partition("/")[2]: r for r in rows if text(r, "targetOrgUnit")}
    if not assigned:
        return None
    where, query = "/admin/directory/v1/customer/my_customer/orgunits", {"type": "allIncludingParent"}
    units, _ = pages(client, "units", where, "organizationUnits", what="organisational units", query=query)
    by_path = {text(u, "orgUnitPath"): text(u, "orgUnitId").removeprefix("id:") for u in units}
    path = text(user, "orgUnitPath") or "/"
    while True:
        if found := assigned.get(by_path.get(path, "")):
            return found
        if path == "/":
            return None
        path = path.rpartition("/")[0] or "/"


def _named(client: Google, row: Row | None, info: str, profile: str, key: str) -> str:
    inner = (row or {}).get(info)
    name = text(inner if isinstance(inner, dict) else {}, profile)
    shown, _ = read(client, "sso", by_name("v1", name), "name", what="sign-on profile")
    config = shown.get("idpConfig")
    return f"{text(shown, 'displayName')} ({text(config if isinstance(config, dict) else {}, key)})".strip()
