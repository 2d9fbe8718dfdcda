"""What a user proves who they are with: security keys, Windows Hello, the Authenticator app, phones, one-time passwords and passes.

Each is deleted by its type's own path; the person registers a new one. Graph refuses to delete the default one while there are others:
that step fails, and is done again after them. A password has no deletion, and the app passwords of old no API: see `steps_by_hand`.
Deleting Windows Hello does not end what was signed in with it: the device is switched off, and the sessions are revoked, beside it.
"""

from __future__ import annotations

from rescind.models.credential import Credential
from rescind.models.kind import Act, CallResult, Kind, Liveness, Observation, Residual, Verb
from rescind.providers.entra import _methods, _person, _sessions
from rescind.providers.entra._connect import ACCESS_SECONDS, Entra
from rescind.providers.entra._graph import DEATH, TESTED, deleted, seen, seg, sort, text


def delete(client: Entra, credential: Credential) -> CallResult:
    """Delete the method. Raises typed provider errors; one that is gone is `already`, which the look then decides on."""
    user, segment, ident = _methods.place(credential)
    return deleted(client, f"/users/{seg(user)}/authentication/{segment}/{seg(ident)}", "authentication method")


def verify(client: Entra, credential: Credential) -> Observation:
    """Look for the method in the whole listing of its user's. Raises typed provider errors."""
    user, segment, ident = _methods.place(credential)
    rows, answer = _methods.listing(client, user)
    if any(text(r, "id") == ident and _methods.SEGMENTS.get(sort(r)) == segment for r in rows):
        return seen(answer, Liveness.LIVE, "Graph lists the method for its user")
    return seen(
        answer,
        Liveness.DEAD,
        "Graph's listing of the user's methods, read whole, does not show it",
        deaf=client.access_seconds,
    )


KIND = Kind(
    id="entra.authentication-method",
    title="Authentication method of a Microsoft Entra user",
    provider="entra",
    actions={
        Verb.DELETE: Act(
            call=delete,
            reversible=False,
            idempotent=True,
            permissions=("UserAuthenticationMethod.ReadWrite.All",),
            undo="none: the person registers a new one, with a Temporary Access Pass if nothing else is left",
        )
    },
    verify=verify,
    control=_person.control,
    enumerate=_methods.enumerate_,
    identify=_methods.identify,
    read_permissions=("UserAuthenticationMethod.Read.All", "User.Read.All"),
    issuer_is_account=True,
    residual=Residual(
        seconds=-1,
        what="sessions that were made with it, until they are revoked, and the access tokens of these",
        source="https://learn.microsoft.com/en-us/entra/identity-platform/refresh-tokens#token-lifetime",
        hears={"entra.user-sessions": _sessions.HEARD},
        deaf=ACCESS_SECONDS,
    ),
    death=DEATH,
    reference="https://learn.microsoft.com/en-us/graph/api/resources/authenticationmethods-overview",
    since="0.1",
    tested=TESTED,
    steps_by_hand=(
        "Entra admin center, Users, the person, Authentication methods: delete it. App passwords of per-user MFA: Per-user MFA, the person, "
        "delete all existing app passwords. The password itself: Reset password."
    ),
)
