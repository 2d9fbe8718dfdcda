"""Subjects of workforce pools: people whom an identity provider of their own vouches for. Named, cut off, deleted and brought back."""

from __future__ import annotations

import re

from rescind.errors import Rejected
from rescind.models.credential import Credential
from rescind.models.kind import CallResult, Liveness, Observation
from rescind.providers.google._api import Row, gone, operation, read, seen, seg, text
from rescind.providers.google._connect import Google
from rescind.wire.http import Answer

PRINCIPAL = re.compile(
    r"(?://iam\.googleapis\.com/|principal://iam\.googleapis\.com/)?"
    r"(?P<pool>locations/[a-z0-9-]+/workforcePools/[a-z0-9-]+)/subjects?/(?P<subject>\S.*)"
)
_POOL = re.compile(r"(?:/?/iam\.googleapis\.com/)?(locations/[a-z0-9-]+/workforcePools/[a-z0-9-]+)(?:/.*)?")


def parts(name: str) -> tuple[str, str]:
    """Return the pool and the subject of a name. Raises `Rejected` for what names none."""
    found = PRINCIPAL.fullmatch(name)
    if found is None:
        raise Rejected("nothing is known of which subject of which pool it is", code="incomplete")
    return found["pool"], found["subject"]


def _path(name: str, rest: str = "") -> str:
    pool, subject = parts(name)
    return f"/v1/{pool}/subjects/{seg(subject)}{rest}"


def pool(client: Google, name: str) -> tuple[Row, Answer]:
    """Return a pool. Raises typed errors."""
    return read(client, "iam", f"/v1/{name}", "name", what="workforce pool")


def issued_to(name: str, holder: str, audience: str) -> bool:
    """Tell whether what was issued to a holder, for an audience where one is told, was issued to a subject."""
    theirs, meant = PRINCIPAL.fullmatch(holder), _POOL.fullmatch(audience)
    mine = parts(name)
    return theirs is not None and (theirs["pool"], theirs["subject"]) == mine and (meant is None or meant[1] == mine[0])


def revoke(client: Google, credential: Credential) -> CallResult:
    """End every session of the subject, and all that was issued to it. Raises typed errors; a 404 is one of them."""
    answer = client.send("iam", "POST", _path(credential.identifier, ":revokeSessions"), json={})
    name = text(answer.json, "name") if isinstance(answer.json, dict) else ""
    return operation(answer, "name", what="revocation of sessions", operation=name.rpartition("/")[2])


def delete(client: Google, credential: Credential) -> CallResult:
    """Delete the subject with its data: nobody signs in as it for 30 days. Raises typed errors."""
    answer, what = client.send("iam", "DELETE", _path(credential.identifier)), "removal of the subject"
    return gone(answer, what) if answer.status == 404 else operation(answer, "name", what=what, removed="yes")


def undelete(client: Google, credential: Credential) -> CallResult:
    """Bring a deleted subject back. Raises typed errors."""
    answer = client.send("iam", "POST", _path(credential.identifier, ":undelete"), json={})
    return operation(answer, "name", what="its return")


def control(client: Google, credential: Credential) -> Observation:
    """Show that a pool can be read in this run: the subject's, else the first of the tenant's. Raises typed errors."""
    found = PRINCIPAL.fullmatch(credential.identifier)
    if found is None and not client.workforce_pools:
        raise Rejected("this tenant names no workforce pool to read", code="incomplete")
    row, answer = pool(client, found["pool"] if found else client.workforce_pools[0])
    return seen(answer, Liveness.LIVE, f"IAM shows workforce pool {text(row, 'name')}")
