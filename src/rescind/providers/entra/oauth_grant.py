"""What a user let an application do in their name (delegated consent). Without it no new token for it is given.

Access tokens that are out go on until they expire, and a refresh token of the application fails only when it asks for what is no longer
consented: the sessions of the user are revoked beside it. The user may consent again, unless a policy forbids it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rescind.errors import Rejected
from rescind.models.credential import Credential
from rescind.models.evidence import Gap
from rescind.models.kind import Act, Kind, Known, Liveness, Observation, Residual, Rest, Subject, Verb, When
from rescind.providers.entra import _person, _sessions
from rescind.providers.entra._connect import ACCESS_SECONDS, Entra
from rescind.providers.entra._graph import DEATH, TESTED, Row, pages, read, seen, seg, text, unclear
from rescind.secret import Secret


def _known(client: Entra, user: Row, row: Row) -> Known:
    facts = {
        "user_id": text(user, "id"),
        "client": text(row, "clientId"),
        "resource": text(row, "resourceId"),
        "scope": text(row, "scope").strip(),
    }
    return Known(
        identifier=text(row, "id"),
        issuer=client.tenant_id,
        subject=text(user, "userPrincipalName"),
        owner=text(user, "userPrincipalName"),
        attributes={k: v for k, v in facts.items() if v},
        liveness=Liveness.LIVE,
    )


def identify(client: Entra, credential: Credential, secret: Secret | None) -> Known:  # noqa: ARG001  a consent has no value
    """Ask for a consent and for whose it is. Raises typed provider errors; one for everybody has no owner."""
    if not credential.identifier:
        raise Rejected("no id of a consent to ask for", code="incomplete")
    row, answer = read(client, f"/oauth2PermissionGrants/{seg(credential.identifier)}", "", what="consent")
    if text(row, "id") != credential.identifier:
        raise unclear(answer, "consent: another one was shown")
    who = text(row, "principalId")
    return _known(client, _person.find(client, who)[0] if who else {}, row)


def enumerate_(client: Entra, subject: Subject) -> Iterator[Known | Gap]:
    """Show what the person consented to. What an administrator consented to for everybody is not theirs."""
    for found in _person.people(client, subject):
        if isinstance(found, Gap):
            yield found
            continue
        rows, answer = pages(client, f"/users/{seg(text(found[0], 'id'))}/oauth2PermissionGrants", what="consents")
        for row in rows:
            if not text(row, "id"):
                raise unclear(answer, "consents: one without an id")
            yield _known(client, found[0], row)


def snapshot(client: Entra, credential: Credential) -> Mapping[str, str]:
    """Return what was consented to, for whoever makes it again. Raises typed provider errors."""
    return dict(identify(client, credential, None).attributes)


def verify(client: Entra, credential: Credential) -> Observation:
    """Look for the consent in the whole listing of its user's. Raises typed provider errors."""
    user = credential.attributes.get("user_id", "")
    if not user:
        raise Rejected("nobody says whose consent it is", code="incomplete")
    rows, answer = pages(client, f"/users/{seg(user)}/oauth2PermissionGrants", what="consents")
    if any(text(r, "id") == credential.identifier for r in rows):
        return seen(answer, Liveness.LIVE, "Graph lists the consent for its user")
    return seen(
        answer,
        Liveness.DEAD,
        "Graph's listing of the user's consents, read whole, does not show it",
        deaf=client.access_seconds,
    )


KIND = Kind(
    id="entra.oauth-grant",
    title="Consent of a Microsoft Entra user to an application",
    provider="entra",
    actions={
        Verb.REVOKE: Act(
            call=Rest(
                method="DELETE",
                path="/oauth2PermissionGrants/{identifier}",
                done=(204,),
                already=(When(status=404, pointer="/error/code", equals="Request_ResourceNotFound"),),
            ),
            reversible=False,
            idempotent=True,
            permissions=("DelegatedPermissionGrant.ReadWrite.All",),
            undo="POST /oauth2PermissionGrants with the client, resource and scope that the trail's snapshot names; or consent again",
            snapshot=snapshot,
        )
    },
    verify=verify,
    control=_person.control,
    enumerate=enumerate_,
    identify=identify,
    read_permissions=("Directory.Read.All", "User.Read.All"),
    issuer_is_account=True,
    residual=Residual(
        seconds=_sessions.EVALUATED,
        what="access tokens that the application got before",
        source=_sessions.CONTINUOUS,
        hears=_sessions.BOTH,
        deaf=ACCESS_SECONDS,
    ),
    death=DEATH,
    reference="https://learn.microsoft.com/en-us/graph/api/oauth2permissiongrant-delete",
    since="0.1",
    tested=TESTED,
    steps_by_hand="Entra admin center, Users, the person, Applications: the application, Permissions: revoke; then Revoke sessions.",
)
