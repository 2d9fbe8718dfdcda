"""The service principal of an application: switched off, none of its credentials gets a token, and on again.

Removing one takes back no token that was issued with it: under workload identity continuous evaluation those live for up to 24
hours and are cut only when the service principal is disabled
(https://learn.microsoft.com/en-us/entra/identity/conditional-access/concept-continuous-access-evaluation-workload), so it is disabled first.
"""

from __future__ import annotations

from collections.abc import Mapping

from rescind.errors import Rejected
from rescind.models.credential import Credential, EndState
from rescind.models.kind import Act, CallResult, CallStatus, Liveness, Observation
from rescind.providers.entra import _application, _sessions
from rescind.providers.entra._connect import Entra
from rescind.providers.entra._graph import Row, read, seen, seg, switched, text, unclear
from rescind.wire.http import Answer


def _principal(client: Entra, credential: Credential) -> tuple[Row, Answer]:
    at, app = _application.place(credential), credential.attributes.get("app_id", "")
    if at.holder == "servicePrincipals":
        path = at.path
    elif app:
        path = f"/servicePrincipals(appId='{seg(app)}')"
    else:
        raise Rejected("nobody says of which application it is", code="incomplete")
    row, answer = read(client, path, "id,appId,accountEnabled", what="service principal")
    if not isinstance(row.get("accountEnabled"), bool):
        raise unclear(answer, "service principal: without accountEnabled")
    return row, answer


def _set(client: Entra, credential: Credential, *, on: bool) -> CallResult:
    row, _ = _principal(client, credential)
    if text(row, "appId").lower() == client.app:
        raise Rejected("it is the application that we work with ourselves", code="self")
    return switched(client, f"/servicePrincipals/{seg(text(row, 'id'))}", "service principal", on=on)


def disable(client: Entra, credential: Credential) -> CallResult:
    """Switch the service principal off: none of its credentials gets a token. Raises typed provider errors."""
    return _set(client, credential, on=False)


def enable(client: Entra, credential: Credential) -> CallResult:
    """Switch the service principal on again, if it was on before the run. Raises typed provider errors."""
    if credential.attributes.get("before.enabled") != "true":
        return CallResult(status=CallStatus.ALREADY, notes={"left": "it was not known to be enabled before"})
    return _set(client, credential, on=True)


def snapshot(client: Entra, credential: Credential) -> Mapping[str, str]:
    """Return whether the service principal is enabled. Raises typed provider errors."""
    return {"enabled": str(_principal(client, credential)[0]["accountEnabled"]).lower()}


def verify_disabled(client: Entra, credential: Credential) -> Observation:
    """Read back whether the service principal is off. Raises typed provider errors."""
    row, answer = _principal(client, credential)
    if row["accountEnabled"]:
        return seen(answer, Liveness.LIVE, "Graph shows the service principal as enabled")
    told = "Graph shows the service principal with accountEnabled false"
    return seen(answer, Liveness.DEAD, told, reversible=True, seconds=_sessions.longest(client))


DENY = Act(
    call=disable,
    reversible=True,
    idempotent=True,
    permissions=_application.WRITE,
    ends=EndState.CONTAINED,
    supports=True,
    verify=verify_disabled,
    undo="PATCH /servicePrincipals/<id> with accountEnabled true, once the application has a credential that nobody else knows",
    snapshot=snapshot,
    restore=enable,
)
