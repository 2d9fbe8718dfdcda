"""Users of Entra: whom sessions, devices, grants and methods belong to, switched off and on again as a whole.

Switched off before sessions are revoked: a client of a living account signs in again by itself with what the device keeps
(https://learn.microsoft.com/en-us/entra/identity/users/users-revoke-access). An account whose master is another system must be disabled
there too, or it may be switched on again: evidence, gap and task say so. An administrator whom we may not touch is a task, too.
"""

from __future__ import annotations

from collections.abc import Mapping

from rescind.models.credential import Credential, EndState
from rescind.models.kind import Act, CallResult, CallStatus, Kind, Liveness, Observation, Residual, Verb
from rescind.providers.entra import _authority, _memberships, _person, _sessions, _users
from rescind.providers.entra._connect import ACCESS_SECONDS, Entra
from rescind.providers.entra._graph import DEATH, TESTED, seen, seg, switched, text


def disable(client: Entra, credential: Credential) -> CallResult:
    """Switch the account off. Raises typed provider errors; `Denied` for an administrator that we are not privileged to touch."""
    return switched(client, f"/users/{seg(credential.identifier)}", "user", on=False)


def enable(client: Entra, credential: Credential) -> CallResult:
    """Switch the account on again, if it was on before the run. Raises typed provider errors."""
    if (credential.attributes.get("before.enabled") or credential.attributes.get("enabled")) != "true":
        return CallResult(status=CallStatus.ALREADY, notes={"left": "the account was not known to be enabled before"})
    return switched(client, f"/users/{seg(credential.identifier)}", "user", on=True)


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
    enumerate=_users.enumerate_,
    identify=_users.identify,
    read_permissions=(*_person.READ, *_authority.READ),
    issuer_is_account=True,
    identity=True,
    residual=Residual(
        seconds=ACCESS_SECONDS,
        what="access tokens that were issued to the user before; its sessions count again once it is enabled",
        source=_sessions.LIFETIMES,
    ),
    death=DEATH,
    reference="https://learn.microsoft.com/en-us/graph/api/user-update",
    since="0.1",
    tested=TESTED,
    steps_by_hand=(
        "Entra admin center, Users, the person: Edit properties, Account enabled off; then Revoke sessions. For an administrator this takes a "
        "Privileged Authentication Administrator; for a synchronised account also disable it in Active Directory and reset its password "
        "there twice."
    ),
)
