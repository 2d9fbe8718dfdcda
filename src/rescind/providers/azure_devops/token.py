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
from typing import Any
from urllib.parse import quote

from rescind.errors import NotFound, Rejected, Unrecognised
from rescind.models.credential import Credential
from rescind.models.evidence import Gap
from rescind.models.kind import (
    BY_HAND,
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
from rescind.providers.azure_devops._connect import MOST_PAGES, VERSION, DevOps, Row, rows
from rescind.secret import Secret
from rescind.wire.http import Answer, raise_for

_SORTS = {"false": "personal access token", "true": "SSH key"}
_WHICH = "Azure DevOps tells nobody which token a value is; it is one of its owner's, which are listed and ended"


def _text(row: Row, key: str) -> str:
    value = row.get(key)
    return value if isinstance(value, str) else ""


def _listed(client: DevOps, descriptor: str, public: str) -> tuple[list[Row], Answer]:
    path = f"/_apis/tokenadmin/personalaccesstokens/{quote(descriptor, safe='')}"
    found: list[Row] = []
    mark = ""
    for _ in range(MOST_PAGES):
        more = {"continuationToken": mark} if mark else {}
        answer = client.http.send("GET", path, query={"isPublic": public, "api-version": VERSION, **more})
        found += rows(answer, "tokens of a user")
        mark = _text(answer.json, "continuationToken") if isinstance(answer.json, dict) else ""
        if not mark or not mark.strip("0-"):  # no token, or the UUID of zeros, means that there is no next page
            return found, answer
    raise Unrecognised("tokens of a user: a listing that does not end")


def _known(client: DevOps, user: Row, row: Row, public: str) -> Known:
    if not _text(row, "authorizationId") or not isinstance(row.get("isValid"), bool):
        raise Unrecognised("tokens of a user: one without an id, or without its state")
    facts = {
        "descriptor": _text(user, "descriptor"),
        "public": public,
        "type": _SORTS[public],
        "label": _text(row, "displayName"),
        "scope": _text(row, "scope"),
    }
    return Known(
        identifier=_text(row, "authorizationId"),
        issuer=client.organization,
        subject=_text(user, "principalName"),
        owner=_text(user, "principalName"),
        attributes={k: v for k, v in facts.items() if v},
        created_at=_text(row, "validFrom") or None,
        expires_at=_text(row, "validTo") or None,
        liveness=Liveness.LIVE if row["isValid"] else Liveness.DEAD,
    )


def _place(credential: Credential) -> tuple[str, str]:
    descriptor, public = (credential.attributes.get(k, "") for k in ("descriptor", "public"))
    if not credential.identifier or not descriptor or public not in _SORTS:
        raise Rejected("nobody says whose token it is", code="incomplete")
    return descriptor, public


def _user(client: DevOps, descriptor: str) -> tuple[Row, Answer]:
    answer = client.http.send("GET", f"/_apis/graph/users/{quote(descriptor, safe='')}", query={"api-version": VERSION})
    raise_for(answer, what="user")
    if not isinstance(answer.json, dict) or _text(answer.json, "descriptor") != descriptor:
        raise Unrecognised("user: another one, or none, was shown", status=answer.status, request_id=answer.request_id)
    return answer.json, answer


def identify(client: DevOps, credential: Credential, secret: Secret | None) -> Known:  # noqa: ARG001  it is never presented
    """Find a token among its user's. Raises `NotFound` for one that only its value is known of, other typed errors."""
    if not credential.identifier:
        raise NotFound(_WHICH, code=BY_HAND)
    descriptor, public = _place(credential)
    user, _ = _user(client, descriptor)
    found, answer = _listed(client, descriptor, public)
    for row in found:
        if _text(row, "authorizationId") == credential.identifier:
            return _known(client, user, row, public)
    raise NotFound("the user has no such token", status=404, request_id=answer.request_id)


def enumerate_(client: DevOps, subject: Subject) -> Iterator[Known | Gap]:
    """Show the tokens and SSH keys of the person. A name that the organisation does not have is a `Gap`; errors are raised."""
    wanted = {n.casefold(): n for n in subject.names}
    users = [u for u in client.users() if _text(u, "principalName").casefold() in wanted]
    for name in wanted.keys() - {_text(u, "principalName").casefold() for u in users}:
        why = f"no user signs in as {wanted[name]} in this organisation"
        yield Gap(source=f"tenant:{client.tenant.name}", reason=why)
    for user in users:
        for public in _SORTS:
            for row in _listed(client, _text(user, "descriptor"), public)[0]:
                known = _known(client, user, row, public)
                if known.liveness is Liveness.LIVE:
                    yield known


def revoke(client: DevOps, credential: Credential) -> CallResult:
    """End the token. Raises typed provider errors."""
    _, public = _place(credential)
    answer = client.http.send(
        "POST",
        "/_apis/tokenadmin/revocations",
        query={"isPublic": public, "api-version": VERSION},
        json=[{"authorizationId": credential.identifier}],
    )
    raise_for(answer, what="revocation")
    if answer.status != 204:
        raise Unrecognised(f"revocation: {answer.status}", status=answer.status, request_id=answer.request_id)
    return CallResult(
        status=CallStatus.DONE,
        request_id=answer.request_id,
        provider_time=answer.provider_time,
        http_status=answer.status,
    )


def verify(client: DevOps, credential: Credential) -> Observation:
    """Look for the token in its user's whole listing. Raises typed provider errors."""
    descriptor, public = _place(credential)
    found, answer = _listed(client, descriptor, public)
    facts: dict[str, Any] = {"request_id": answer.request_id, "provider_time": answer.provider_time}
    for row in found:
        if _text(row, "authorizationId") == credential.identifier:
            if row.get("isValid") is False:
                return Observation(liveness=Liveness.DEAD, evidence="the token is listed as not valid", **facts)
            return Observation(liveness=Liveness.LIVE, evidence="the token is listed for its user", **facts)
    told = "the listing of the user's tokens, read whole, does not show it"
    return Observation(liveness=Liveness.DEAD, evidence=told, **facts)


def control(client: DevOps, credential: Credential) -> Observation:
    """Show that users can be read in this run: this one, else all. Raises typed provider errors."""
    if not credential.identifier:
        return Observation(liveness=Liveness.LIVE, evidence=f"Azure DevOps lists {len(client.users())} users")
    user, answer = _user(client, _place(credential)[0])
    return Observation(
        liveness=Liveness.LIVE,
        evidence=f"Azure DevOps shows user {_text(user, 'descriptor')}",
        request_id=answer.request_id,
        provider_time=answer.provider_time,
    )


KIND = Kind(
    id="azure-devops.token",
    title="Azure DevOps personal access token or SSH key",
    provider="azure-devops",
    actions={
        Verb.REVOKE: Act(
            call=revoke,
            reversible=False,
            idempotent=True,
            permissions=("Project Collection Administrator (vso.tokenadministration)",),
            undo="none: make a new one",
        )
    },
    verify=verify,
    control=control,
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
    since="0.2",
    tested=("a simulator of ours, held to Azure DevOps' own OpenAPI description; no real organisation",),
    steps_by_hand=(
        "As a Project Collection Administrator: list the owner's tokens (Token Administration API) and revoke all of them, in each "
        "organisation; or let the owner do so under User settings, Personal access tokens. What applications were allowed, the owner ends under "
        "User settings, Authorizations; service connections and agents that the person set up are looked through by a project administrator."
    ),
)
