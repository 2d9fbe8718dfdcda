"""Intents and outcomes as OCSF events, for a SIEM.

Each becomes an *Entity Management* event (class 3004, https://schema.ocsf.io/1.8.0/classes/entity_management): what changes is a credential
as a managed entity, not an account. A verb without an exact OCSF activity is `Other` with its own name, and only a credential proven
dead is a `Success`: an accepted request is not one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from rescind import __version__
from rescind.audit.log import Entry

VERSION = "1.8.0"
CATEGORY_IAM = 3
CLASS_ENTITY_MANAGEMENT = 3004
OTHER = 99
_ACTIVITIES = {"delete": (4, "Delete"), "deactivate": (9, "Disable"), "rotate": (3, "Update")}
_STATUSES = {"dead": (1, "Success"), "failed": (2, "Failure"), "unknown": (0, "Unknown")}
_SEVERITIES = {"dead": (1, "Informational"), "failed": (4, "High"), "held": (4, "High"), "unknown": (3, "Medium")}
_ABOUT = ("credential", "kind", "identifier", "verb", "end_state")


def to_ocsf(entries: Iterable[Entry]) -> Iterator[dict[str, Any]]:
    """Yield one OCSF event per intent and outcome, in order; other entries are left out.

    Read from an entry's `data`, all optional: `credential`, `kind`, `identifier`, `verb`, `end_state`, `evidence`, `error`. What an outcome
    leaves out is taken from the intent of the same step. The entry itself is found again by `metadata.sequence` in the log `metadata.log_name`.
    """
    intents: dict[tuple[str, str], Mapping[str, Any]] = {}
    for entry in entries:
        if entry.type == "intent":
            intents[entry.run, entry.step] = entry.data
        if entry.type in ("intent", "outcome"):
            yield _event(entry, {**intents.get((entry.run, entry.step), {}), **entry.data})


def _event(entry: Entry, data: Mapping[str, Any]) -> dict[str, Any]:
    said = {name: str(data.get(name, "")) for name in _ABOUT}
    activity, activity_name = _ACTIVITIES.get(said["verb"], (OTHER, said["verb"] or "unnamed"))
    state = said["end_state"] if entry.type == "outcome" else ""
    status, status_name = _STATUSES.get(state, (OTHER, state or "intended"))
    severity, severity_name = _SEVERITIES.get(state, (2, "Low") if state else (1, "Informational"))
    event: dict[str, Any] = {
        "category_uid": CATEGORY_IAM,
        "category_name": "Identity & Access Management",
        "class_uid": CLASS_ENTITY_MANAGEMENT,
        "class_name": "Entity Management",
        "activity_id": activity,
        "activity_name": activity_name,
        "type_uid": CLASS_ENTITY_MANAGEMENT * 100 + activity,
        "time": int(datetime.fromisoformat(entry.at).timestamp() * 1000),
        "severity_id": severity,
        "severity": severity_name,
        "status_id": status,
        "status": status_name,
        "message": f"{entry.type}: {said['verb'] or 'step'} {said['kind']} {said['identifier'] or said['credential'] or entry.step}".strip(),
        "actor": {"app_name": "rescind", "user": {"name": entry.actor}},
        "entity": {
            "uid": said["credential"] or entry.step,
            "name": said["identifier"] or said["credential"] or entry.step,
            "type_id": OTHER,
            "type": said["kind"] or "credential",
        },
        "metadata": {
            "version": VERSION,
            "product": {"name": "rescind", "vendor_name": "rescind", "version": __version__},
            "log_name": "rescind.audit/1",
            "uid": f"{entry.run}/{entry.seq}",
            "sequence": entry.seq,
            "correlation_uid": entry.run,
            "original_time": entry.at,
        },
    }
    detail = data.get("error") or data.get("evidence")
    if detail and entry.type == "outcome":
        event["status_detail"] = str(detail)
    return event
