"""Personal access tokens and SSH keys of Azure DevOps, ended by an administrator's word (Token Administration).

Two listings, `isPublic` false for tokens and true for SSH keys: both are read. Nobody is told which token a value is, so one that was found on a
machine is one of its person's, and all of those are ended. A token for all organisations of its owner is shown in each and ended in each. Microsoft
says that one that was revoked may go on working for up to an hour, so it is residual until then
(https://learn.microsoft.com/en-us/azure/devops/organizations/accounts/admin-revoke-user-pats).

What applications were allowed (OAuth) is listed by no API: a revocation rule would end such tokens of everybody in the organisation. They and
the cookie of a browser (7 days, renewed by use) end with the person's account and sessions in Entra.
"""

from __future__ import annotations

from collections.abc import Iterator

from rescind.errors import NotFound
from rescind.models.credential import Credential
from rescind.models.evidence import Gap
from rescind.models.kind import BY_HAND, Act, Death, Kind, Known, Liveness, Residual, Subject, Verb
from rescind.providers.azure_devops import _tokens
from rescind.providers.azure_devops._connect import DevOps, text
from rescind.secret import Secret

_WHICH = "Azure DevOps tells nobody which token a value is; it is one of its owner's, which are listed and ended"


def identify(client: DevOps, credential: Credential, secret: Secret | None) -> Known:  # noqa: ARG001  it is never presented
    """Find a token among its user's. Raises `NotFound` for one that only its value is known of, other typed errors."""
    if not credential.identifier:
        raise NotFound(_WHICH, code=BY_HAND)
    descriptor, public = _tokens.place(credential)
    user, _ = _tokens.user(client, descriptor)
    found, answer = _tokens.listed(client, descriptor, public)
    for row in found:
        if text(row, "authorizationId") == credential.identifier:
            return _tokens.known(client, user, row, public)
    raise NotFound("the user has no such token", status=404, request_id=answer.request_id)


def enumerate_(client: DevOps, subject: Subject) -> Iterator[Known | Gap]:
    """Show the tokens and SSH keys of the person. A name that the organisation does not have is a `Gap`; errors are raised."""
    wanted = {n.casefold(): n for n in subject.names}
    users = [u for u in client.users() if text(u, "principalName").casefold() in wanted]
    for name in wanted.keys() - {text(u, "principalName").casefold() for u in users}:
        why = f"no user signs in as {wanted[name]} in this organisation"
        yield Gap(source=f"tenant:{client.tenant.name}", reason=why)
    for user in users:
        for public in _tokens.SORTS:
            for row in _tokens.listed(client, text(user, "descriptor"), public)[0]:
                known = _tokens.known(client, user, row, public)
                if known.liveness is Liveness.LIVE:
                    yield known


KIND = Kind(
    id="azure-devops.token",
    title="Azure DevOps personal access token or SSH key",
    provider="azure-devops",
    actions={
        Verb.REVOKE: Act(
            call=_tokens.revoke,
            reversible=False,
            idempotent=True,
            permissions=("Project Collection Administrator (vso.tokenadministration)",),
            undo="none: make a new one",
        )
    },
    verify=_tokens.verify,
    control=_tokens.control,
    enumerate=enumerate_,
    identify=identify,
    read_permissions=("Project Collection Administrator (vso.tokenadministration, vso.graph)",),
    issuer_is_account=True,
    residual=Residual(
        seconds=3600,
        what="the token itself, at services of Azure DevOps that have not heard of its end",
        source="https://learn.microsoft.com/en-us/azure/devops/organizations/accounts/admin-revoke-user-pats",
    ),
    death=Death(
        negatives=2,
        seconds=30.0,
        source="https://learn.microsoft.com/en-us/azure/devops/organizations/accounts/admin-revoke-user-pats",
    ),
    reference="https://learn.microsoft.com/en-us/rest/api/azure/devops/tokenadmin/revocations/revoke-authorizations",
    since="0.1",
    tested=("a simulator of ours, held to Azure DevOps' own OpenAPI description; no real organisation",),
    steps_by_hand=(
        "As a Project Collection Administrator: list the owner's tokens (Token Administration API) and revoke all of them, in each "
        "organisation; or let the owner do so under User settings, Personal access tokens. What applications were allowed, the owner ends under "
        "User settings, Authorizations; service connections and agents that the person set up are looked through by a project administrator."
    ),
)
