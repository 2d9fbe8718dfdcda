"""The certificates of an application as one collection: Graph replaces it whole, so it is written whole, or not at all."""

from __future__ import annotations

from collections.abc import Sequence

from rescind.errors import Rejected, Unrecognised
from rescind.models.kind import CallResult
from rescind.providers.entra import _application
from rescind.providers.entra._connect import Entra
from rescind.providers.entra._graph import Row, text, written

MEMBER = "keyCredentials"


def written_whole(client: Entra, path: str, rows: Sequence[Row], *fresh: Row) -> CallResult:
    """Write the collection, and what is new, then look that all that was there is. Raises typed errors, `Unrecognised` when one is missing."""
    if any(not text(r, "key") for r in rows):
        raise Rejected("Graph shows another key without its bytes: writing back would drop it", code="bystander")
    result = written(client.http.send("PATCH", path, json={MEMBER: [*rows, *fresh]}), "application update")
    _, now, after = _application.held(client, path, MEMBER)
    lost = {text(r, "keyId") for r in rows} - {text(r, "keyId") for r in now}
    if lost:
        raise Unrecognised(f"keys are not shown any more: {', '.join(sorted(lost))}", request_id=after.request_id)
    return result
