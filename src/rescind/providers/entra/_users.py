"""Users as they are found and listed, with what is above each: its master, its roles, and whether we may switch it off."""

from __future__ import annotations

from collections.abc import Iterator

from rescind.models.credential import Credential
from rescind.models.evidence import Gap
from rescind.models.kind import Known, Liveness, Subject
from rescind.models.tenant import AUTHORITY
from rescind.providers.entra import _authority, _person
from rescind.providers.entra._connect import Entra
from rescind.providers.entra._graph import Row, gap, text
from rescind.secret import Secret


def known(client: Entra, row: Row) -> Known:
    """Return what is known of a user, and why it takes a person to switch it off, if it does. Raises typed errors."""
    where = _authority.upstream(client, row)
    held, why = _authority.beyond_us(client, row)
    facts = {
        "user_id": text(row, "id"),
        "enabled": str(row["accountEnabled"]).lower(),
        "type": "external" if _person.external(row) else "member",
        "roles": ",".join(held),
        AUTHORITY: "" if where == _authority.UNTOLD else where,
    }
    return Known(
        identifier=text(row, "id"),
        issuer=client.tenant_id,
        subject=text(row, "userPrincipalName"),
        owner=text(row, "userPrincipalName"),
        attributes={k: v for k, v in facts.items() if v},
        created_at=text(row, "createdDateTime") or None,
        liveness=Liveness.LIVE if row["accountEnabled"] else Liveness.DEAD,
        by_hand=why,
        hands="privileged operator",
    )


def identify(client: Entra, credential: Credential, secret: Secret | None) -> Known:  # noqa: ARG001  a user has no value
    """Ask for a user by object id, else by sign-in name. Raises typed provider errors."""
    row, _ = _person.of(client, credential) if credential.identifier else _person.find(client, credential.owner)
    return known(client, row)


def enumerate_(client: Entra, subject: Subject) -> Iterator[Known | Gap]:
    """Show the person's users, and a gap for the system that is the master of one: nobody asked it."""
    for found in _person.people(client, subject):
        if isinstance(found, Gap):
            yield found
            continue
        row, name = found[0], text(found[0], "userPrincipalName")
        where = _authority.upstream(client, row)
        if where:
            untold = f"{where} whether the domain of user {name} is federated"
            told = f"user {name} has its master in {where}, which was not asked: disable it there too"
            why = untold if where == _authority.UNTOLD else told
            yield gap(client, why)
        yield known(client, row)
