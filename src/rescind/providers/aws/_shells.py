"""Sessions as Session Manager lists them, open ones and those that ended, and whose each is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from rescind.errors import Unrecognised
from rescind.models.kind import Known, Liveness
from rescind.providers.aws import _held
from rescind.providers.aws._center import everything
from rescind.providers.aws._connect import Answer, AwsClient

_OWNER = re.compile(
    r"arn:[\w-]+:(?:iam::(\d{12}):user/(?:.*/)?([\w+=,.@-]+)|sts::(\d{12}):assumed-role/([\w+=,.@-]+)/([\w+=,.@-]+))"
)
LIVENESS = {
    "Connected": Liveness.LIVE,
    "Connecting": Liveness.LIVE,
    "Disconnected": Liveness.LIVE,  # it can be resumed
    "Terminating": Liveness.UNKNOWN,
    "Terminated": Liveness.DEAD,
    "Failed": Liveness.DEAD,
}


def _owner(client: AwsClient, arn: str) -> str:
    """Return whose a session is, by the name that this tenant knows them by; the ARN itself for whoever is not of this account."""
    found = _OWNER.fullmatch(arn)
    if not found or client.account not in {found[1], found[3]}:
        return arn
    if found[2]:
        return found[2]
    return f"sso:{found[5]}" if found[4].startswith("AWSReservedSSO_") else f"role:{found[4]}"


def listed(client: AwsClient, region: str, state: str, ident: str = "") -> tuple[list[Mapping[str, Any]], Answer]:
    """Return the sessions of a region that are open (`Active`) or have ended (`History`), or the one of that id. Raises typed errors."""
    only: dict[str, Any] = {"Filters": [{"key": "SessionId", "value": ident}]} if ident else {}
    rows, answer = everything(client.service("ssm", region).describe_sessions, "Sessions", State=state, **only)
    if not all(isinstance(r, Mapping) and r.get("SessionId") and r.get("Status") in LIVENESS for r in rows):
        raise Unrecognised("DescribeSessions showed one without an id or state", request_id=answer.request_id)
    return [r for r in rows if ident in {"", r["SessionId"]}], answer


def find(client: AwsClient, region: str, ident: str) -> tuple[Mapping[str, Any] | None, Answer]:
    """Return a session, open or ended, None where it is in neither listing. Raises typed errors."""
    for state in ("Active", "History"):
        rows, answer = listed(client, region, state, ident)
        if rows:
            return rows[0], answer
    return None, answer


def known(client: AwsClient, region: str, row: Mapping[str, Any]) -> Known:
    """Return a session as the catalogue shows it."""
    arn = str(row.get("Owner") or "")
    facts = {"region": region, "machine": str(row.get("Target") or ""), "document": str(row.get("DocumentName") or "")}
    return Known(
        identifier=str(row["SessionId"]),
        issuer=client.account,
        subject=arn,
        owner=_owner(client, arn),
        attributes={k: v for k, v in facts.items() if v},
        created_at=_held.time(row.get("StartDate")),
        liveness=LIVENESS[str(row["Status"])],
    )
