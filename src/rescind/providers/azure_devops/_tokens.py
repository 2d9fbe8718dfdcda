"""The tokens of a person in Azure DevOps, as an administrator sees them: listed whole, told by their ids, and revoked."""

from __future__ import annotations

from urllib.parse import quote

from rescind.errors import Rejected, Unrecognised
from rescind.models.credential import Credential
from rescind.models.kind import CallResult, CallStatus, Known, Liveness, Observation
from rescind.providers.azure_devops._connect import VERSION, DevOps, Row, text
from rescind.wire.http import Answer, raise_for

SORTS = {"false": "personal access token", "true": "SSH key"}


def listed(client: DevOps, descriptor: str, public: str) -> tuple[list[Row], Answer]:
    """Return every token of a user, or every SSH key. Raises typed errors rather than some of them."""
    path = f"/_apis/tokenadmin/personalaccesstokens/{quote(descriptor, safe='')}"
    return client.listed(path, {"isPublic": public}, _next, "tokens of a user")


def _next(answer: Answer) -> str:
    mark = text(answer.json, "continuationToken") if isinstance(answer.json, dict) else ""
    return mark if mark.strip("0-") else ""  # no mark, or the UUID of zeros, means that there is no next page


def known(client: DevOps, user: Row, row: Row, public: str) -> Known:
    """Return what is known of a token. Raises `Unrecognised` for one without an id, or without its state."""
    if not text(row, "authorizationId") or not isinstance(row.get("isValid"), bool):
        raise Unrecognised("tokens of a user: one without an id, or without its state")
    facts = {
        "descriptor": text(user, "descriptor"),
        "public": public,
        "type": SORTS[public],
        "label": text(row, "displayName"),
        "scope": text(row, "scope"),
    }
    return Known(
        identifier=text(row, "authorizationId"),
        issuer=client.organization,
        subject=text(user, "principalName"),
        owner=text(user, "principalName"),
        attributes={k: v for k, v in facts.items() if v},
        created_at=text(row, "validFrom") or None,
        expires_at=text(row, "validTo") or None,
        liveness=Liveness.LIVE if row["isValid"] else Liveness.DEAD,
    )


def place(credential: Credential) -> tuple[str, str]:
    """Return whose a token is, and in which of the two listings it is. Raises `Rejected` for one that does not say."""
    descriptor, public = (credential.attributes.get(k, "") for k in ("descriptor", "public"))
    if not credential.identifier or not descriptor or public not in SORTS:
        raise Rejected("nobody says whose token it is", code="incomplete")
    return descriptor, public


def user(client: DevOps, descriptor: str) -> tuple[Row, Answer]:
    """Return a user, by its descriptor. Raises typed errors."""
    answer = client.http.send("GET", f"/_apis/graph/users/{quote(descriptor, safe='')}", query={"api-version": VERSION})
    raise_for(answer, what="user")
    if not isinstance(answer.json, dict) or text(answer.json, "descriptor") != descriptor:
        raise Unrecognised("user: another one, or none, was shown", status=answer.status, request_id=answer.request_id)
    return answer.json, answer


def revoke(client: DevOps, credential: Credential) -> CallResult:
    """End the token. Raises typed provider errors."""
    _, public = place(credential)
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


def _seen(answer: Answer, liveness: Liveness, evidence: str) -> Observation:
    return Observation(
        liveness=liveness, evidence=evidence, request_id=answer.request_id, provider_time=answer.provider_time
    )


def verify(client: DevOps, credential: Credential) -> Observation:
    """Look for the token in its user's whole listing. Raises typed provider errors."""
    descriptor, public = place(credential)
    found, answer = listed(client, descriptor, public)
    for row in found:
        if text(row, "authorizationId") == credential.identifier:
            if row.get("isValid") is False:
                return _seen(answer, Liveness.DEAD, "the token is listed as not valid")
            return _seen(answer, Liveness.LIVE, "the token is listed for its user")
    told = "the listing of the user's tokens, read whole, does not show it"
    return _seen(answer, Liveness.DEAD, told)


def control(client: DevOps, credential: Credential) -> Observation:
    """Show that users can be read in this run: this one, else all. Raises typed provider errors."""
    if not credential.identifier:
        return Observation(liveness=Liveness.LIVE, evidence=f"Azure DevOps lists {len(client.users())} users")
    row, answer = user(client, place(credential)[0])
    return _seen(answer, Liveness.LIVE, f"Azure DevOps shows user {text(row, 'descriptor')}")
