"""Login profiles of OS Login: the SSH keys that a Workspace user left there, read whole, by fingerprint; one removed, and put back."""

from __future__ import annotations

import re

from rescind.errors import Rejected
from rescind.models.credential import Credential
from rescind.models.kind import CallResult
from rescind.providers.google._api import Row, called, gone, left, read, seg, shown, text, unclear
from rescind.providers.google._connect import Google
from rescind.wire.http import Answer

_PRINT = re.compile(r"[0-9a-f]{64}")


def fingerprint(credential: Credential) -> str:
    """Return the fingerprint by which OS Login knows a key."""
    return credential.identifier.partition("/")[2]


def keys(client: Google, user: str) -> tuple[dict[str, Row], Answer]:
    """Return all SSH keys of a user, by fingerprint. Raises typed errors."""
    if not client.projects:
        raise Rejected("OS Login is asked by way of a project, and this tenant names none", code="incomplete")
    where, query = f"/v1/users/{seg(user)}/loginProfile", {"projectId": client.projects[0]}
    row, answer = read(client, "oslogin", where, "name", what="login profile", query=query)
    found = row.get("sshPublicKeys", {})
    if not isinstance(found, dict) or not all(_PRINT.fullmatch(k) and isinstance(v, dict) for k, v in found.items()):
        raise unclear(answer, "login profile: keys that are none")
    return found, answer


def delete(client: Google, credential: Credential) -> CallResult:
    """Remove the key. Raises typed errors."""
    if not _PRINT.fullmatch(fingerprint(credential)):
        raise Rejected("nothing is known of which key it is", code="incomplete")
    where = f"/v1/users/{seg(credential.owner)}/sshPublicKeys/{seg(fingerprint(credential))}"
    return gone(client.send("oslogin", "DELETE", where), "removal of the key", empty=200)


def add(client: Google, credential: Credential) -> CallResult:
    """Put the key back, if it was there before the run. Raises typed errors."""
    key, until = (credential.attributes.get(f"before.{k}", "") for k in ("public_key", "until_usec"))
    if not key:
        return left("the key was not known to be there before")
    body = {"key": key, **({"expirationTimeUsec": until} if until else {})}
    where = f"/v1/users/{seg(credential.owner)}/sshPublicKeys"
    row, answer = shown(client.send("oslogin", "POST", where, json=body), "fingerprint", what="return of the key")
    if text(row, "fingerprint") != fingerprint(credential):
        raise unclear(answer, "return of the key: the answer shows another key")
    return called(answer)
