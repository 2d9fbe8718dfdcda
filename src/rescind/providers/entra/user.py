"""Users of Entra: whom sessions, devices, grants and methods belong to, switched off and on again as a whole.

Switched off before sessions are revoked: a client of a living account signs in again by itself with what the device keeps
(https://learn.microsoft.com/en-us/entra/identity/users/users-revoke-access). An account whose master is another system must be disabled
there too, or it may be switched on again: evidence, gap and task say so. An administrator whom we may not touch is a task, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rescind.models.credential import Credential, EndState
from rescind.models.evidence import Gap
from rescind.models.kind import (
    Act,
    CallResult,
    CallStatus,
    Death,
    Kind,
    Known,
    Liveness,
    Observation,
    Residual,
    Subject,
    Verb,
)
from rescind.models.tenant import AUTHORITY
from rescind.providers.entra import _authority, _memberships, _person, _sessions
from rescind.providers.entra._connect import ACCESS_SECONDS, Entra
from rescind.providers.entra._graph import LAG, Row, seen, seg, text, written
from rescind.secret import Secret


def _known(client: Entra, row: Row) -> Known:
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
    return _known(client, row)


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
            yield Gap(source=f"tenant:{client.tenant.name}", reason=why)
        yield _known(client, row)


def _set(client: Entra, credential: Credential, *, enabled: bool) -> CallResult:
    answer = client.http.send("PATCH", f"/users/{seg(credential.identifier)}", json={"accountEnabled": enabled})
    return written(answer, "user update")


def disable(client: Entra, credential: Credential) -> CallResult:
    """Switch the account off. Raises typed provider errors; `Denied` for an administrator that we are not privileged to touch."""
    return _set(client, credential, enabled=False)


def enable(client: Entra, credential: Credential) -> CallResult:
    """Switch the account on again, if it was on before the run. Raises typed provider errors."""
    if (credential.attributes.get("before.enabled") or credential.attributes.get("enabled")) != "true":
        return CallResult(status=CallStatus.ALREADY, notes={"left": "the account was not known to be enabled before"})
    return _set(client, credential, enabled=True)


def snapshot(client: Entra, credential: Credential) -> Mapping[str, str]:
    """Return the account as it is before it is switched off, and what it is in: a disabled account keeps all of it."""
    row, _ = _person.of(client, credential)
    kept = {
        "user_id": text(row, "id"),
        "enabled": str(row["accountEnabled"]).lower(),
        "sessions_valid_from": text(row, "signInSessionsValidFromDateTime"),
    }
    return {**kept, **_memberships.standing(client, text(row, "id"))}


def verify(client: Entra, credential: Credential) -> Observation:
    """Read `accountEnabled` back. A user that is not there is no proof: `NotFound`. Raises other typed provider errors."""
    row, answer = _person.of(client, credential)
    if row["accountEnabled"]:
        return seen(answer, Liveness.LIVE, "Graph shows the account as enabled")
    told = "Graph shows accountEnabled false"
    if where := _person.master(row):
        told += f"; its master is {where}: disable it there too, or a synchronisation may switch it on again"
    if held := credential.attributes.get("roles"):
        told += f"; it keeps its roles ({held}), which count again once it is enabled"
    return seen(answer, Liveness.DEAD, told, reversible=True, seconds=_sessions.longest(client))


KIND = Kind(
    id="entra.user",
    title="Microsoft Entra user (identity)",
    provider="entra",
    actions={
        Verb.DEACTIVATE: Act(
            call=disable,
            reversible=True,
            idempotent=True,
            permissions=("User.EnableDisableAccount.All", "User.Read.All", "Directory.Read.All"),
            ends=EndState.CONTAINED,
            undo="PATCH /users/<id> with accountEnabled true",
            snapshot=snapshot,
            restore=enable,
        )
    },
    verify=verify,
    control=_person.control,
    enumerate=enumerate_,
    identify=identify,
    read_permissions=(*_person.READ, *_authority.READ),
    issuer_is_account=True,
    identity=True,
    residual=Residual(
        seconds=ACCESS_SECONDS,
        what="access tokens that were issued to the user before; its sessions count again once it is enabled",
        source=_sessions.LIFETIMES,
    ),
    death=Death(negatives=2, seconds=30.0, source=LAG),
    reference="https://learn.microsoft.com/en-us/graph/api/user-update",
    since="0.2",
    tested=("a simulator of ours, made of Graph's v1.0 CSDL and its permission map; no real tenant",),
    steps_by_hand=(
        "Entra admin center, Users, the person: Edit properties, Account enabled off; then Revoke sessions. For an administrator this takes a "
        "Privileged Authentication Administrator; for a synchronised account also disable it in Active Directory and reset its password "
        "there twice."
    ),
)
