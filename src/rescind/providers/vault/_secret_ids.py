"""Secret ids of an AppRole as OpenBao and HashiCorp Vault show them, by accessor or by value; looking one up does not use it.

A lookup of an unknown accessor answers 404 and names it, after the access check; one by value answers 204 for a value that it does not know.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from rescind.errors import Rejected, Unrecognised
from rescind.models.clock import parse_rfc3339, rfc3339
from rescind.models.kind import Known, Liveness, Observation
from rescind.models.rotation import MARK
from rescind.providers.vault._connect import Vault, data_of, text
from rescind.secret import Secret
from rescind.wire.http import Answer

_NEVER = "0001-01-01T00:00:00Z"
UNKNOWN = "failed to find accessor entry"


def path_of_role(name: str) -> str:
    """Return the path of a role that is named `mount/role`. Raises `Rejected` for any other name."""
    mount, _, role = name.rpartition("/")
    if not mount or not role:
        raise Rejected("the AppRole of the secret id is not known: it is named mount/role", code="incomplete")
    return f"/v1/auth/{quote(mount, safe='/')}/role/{quote(role, safe='')}"


def _moment(value: str) -> str | None:
    try:
        return rfc3339(parse_rfc3339(value)) if value and value != _NEVER else None
    except ValueError:
        raise Unrecognised("secret id lookup: a time that is none", status=200) from None


def _known(data: Mapping[str, Any], role: str) -> Known:
    facts, uses = data.get("metadata"), data.get("secret_id_num_uses")
    mark = text(facts, MARK)
    return Known(
        identifier=text(data, "secret_id_accessor"),
        subject=role,
        owner=role,
        attributes={"uses_left": str(uses or "any number"), **({MARK: mark} if mark else {})},
        created_at=_moment(text(data, "creation_time")),
        expires_at=_moment(text(data, "expiration_time")),
        liveness=Liveness.LIVE,
    )


def gone(answer: Answer) -> bool:
    """Tell whether a role says that it does not know an accessor."""
    data = answer.json.get("data") if isinstance(answer.json, dict) else None
    return answer.status == 404 and UNKNOWN in text(data, "error")


def by_accessor(client: Vault, accessor: str, role: str) -> tuple[Known | None, Answer]:
    """Return what a role shows of an accessor; None when it knows no such one. Raises typed provider errors."""
    body = {"secret_id_accessor": accessor}
    answer = client.http.send("POST", f"{path_of_role(role)}/secret-id-accessor/lookup", json=body)
    if gone(answer):
        return None, answer
    found = _known(data_of(answer, what="secret id lookup"), role)
    if found.identifier != accessor:
        raise Unrecognised("secret id lookup: another one was shown", status=200, request_id=answer.request_id)
    return found, answer


def by_value(client: Vault, secret: Secret, role: str) -> tuple[Known | None, Answer]:
    """Return what a role shows of a value; None when it does not know it. Raises typed provider errors."""
    answer = client.http.send("POST", f"{path_of_role(role)}/secret-id/lookup", json={"secret_id": secret})
    if answer.status == 204:
        return None, answer
    found = _known(data_of(answer, what="secret id lookup"), role)
    if not found.identifier:
        raise Unrecognised("secret id lookup: no accessor was shown", status=200, request_id=answer.request_id)
    return found, answer


def seen(answer: Answer, liveness: Liveness, evidence: str) -> Observation:
    """Return what an answer shows."""
    return Observation(
        liveness=liveness, evidence=evidence, request_id=answer.request_id, provider_time=answer.provider_time
    )
