"""Users of Entra: found by the name they sign in with, addressed by their object id, and who is master of their account."""

from __future__ import annotations

from collections.abc import Iterator

from rescind.errors import NotFound
from rescind.models.credential import Credential
from rescind.models.evidence import Gap
from rescind.models.kind import Liveness, Observation, Subject
from rescind.providers.entra._connect import Entra
from rescind.providers.entra._graph import Row, gap, read, seen, seg, text, unclear
from rescind.wire.http import Answer, raise_for

SELECT = (
    "id,userPrincipalName,userType,accountEnabled,signInSessionsValidFromDateTime,onPremisesSyncEnabled,"
    "onPremisesDomainName,externalUserState,createdDateTime"
)
READ = ("User.Read.All",)
"""The application permission that reads a user with these properties."""


def find(client: Entra, name: str) -> tuple[Row, Answer]:
    """Return a user by object id or sign-in name. Raises typed errors, `NotFound` for none."""
    row, answer = read(client, f"/users/{seg(name)}", SELECT, what="user")
    if not isinstance(row.get("accountEnabled"), bool) or not text(row, "userPrincipalName"):
        raise unclear(answer, "user: without accountEnabled, or without a name")
    return row, answer


def of(client: Entra, credential: Credential) -> tuple[Row, Answer]:
    """Return the user that a credential says it belongs to, by object id. Raises typed errors."""
    user_id = credential.attributes.get("user_id") or credential.identifier
    row, answer = find(client, user_id)
    if text(row, "id").lower() != user_id.lower():
        raise unclear(answer, "user: another one was shown")
    return row, answer


def external(row: Row) -> bool:
    """Tell whether a user signs in at another organisation, which alone can end those sessions."""
    return (
        text(row, "userType") == "Guest"
        or bool(row.get("externalUserState"))
        or "#EXT#" in text(row, "userPrincipalName")
    )


def master(row: Row) -> str:
    """Say which directory is the master of an account, empty when it is this tenant."""
    if row.get("onPremisesSyncEnabled") is not True:
        return ""
    return f"on-premises Active Directory {text(row, 'onPremisesDomainName')}".strip()


def people(client: Entra, subject: Subject) -> Iterator[tuple[Row, Answer] | Gap]:
    """Show the person's users. A name that the tenant does not have is a `Gap`; other errors are raised."""
    shown: set[str] = set()
    for name in subject.names:
        try:
            row, answer = find(client, name)
        except NotFound:
            yield gap(client, f"no user signs in as {name} in this tenant")
            continue
        if text(row, "id") not in shown:
            shown.add(text(row, "id"))
            yield row, answer


def control(client: Entra, credential: Credential) -> Observation:
    """Show that the credential's user can be read in this run; without one, any user. Raises typed provider errors."""
    if credential.attributes.get("user_id"):
        row, answer = of(client, credential)
        return seen(answer, Liveness.LIVE, f"Graph shows user {text(row, 'id')}")
    return control_of(client, "/users", "users")


def control_of(client: Entra, path: str, what: str) -> Observation:
    """Return a control read: a listing that came with at least one entry. Raises typed provider errors."""
    answer = client.http.send("GET", path, query={"$top": "1", "$select": "id"})
    raise_for(answer, what=f"control: {what}")
    rows = answer.json.get("value") if isinstance(answer.json, dict) else None
    if not isinstance(rows, list) or not rows:
        raise unclear(answer, f"control: no list of {what}")
    return seen(answer, Liveness.LIVE, f"Graph lists {what}")
