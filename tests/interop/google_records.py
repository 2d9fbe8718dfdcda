"""Ours: what Google records, behind the modelled APIs: audit reports of a Workspace and audit logs of projects, with pages and refusals."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.interop.google_cloud import PROJECT, Cloud
from tests.interop.google_model import Fault

Row = dict[str, Any]
_ASKED = r'protoPayload\.authenticationInfo\.principal(?:Email|Subject)="[^"]+"'
_FILTER = re.compile(
    r'\(log_id\("cloudaudit\.googleapis\.com/activity"\) OR log_id\("cloudaudit\.googleapis\.com/data_access"\)\) AND timestamp>="(?P<since>[^"]+)" '
    rf"AND \((?P<named>{_ASKED}(?: OR {_ASKED})*)\)"
)


@dataclass
class Recorded(Cloud):
    """An organisation that records. `did` and `logged` are what it recorded."""

    did: list[tuple[str, Row]] = field(default_factory=list)
    logged: list[Row] = field(default_factory=list)

    def record(self, uid: str, application: str, name: str, at: str, **given: str) -> None:
        """Write one event of a user into the reports."""
        rows = [{"name": n, "value": v} for n, v in given.items()]
        event = {"type": application, "name": name, "parameters": rows}
        ident = {
            "time": at,
            "uniqueQualifier": str(len(self.did)),
            "applicationName": application,
            "customerId": "C0fake123",
        }
        actor = {"callerType": "USER", "email": "ada@acme.example", "profileId": uid}
        self.did.append(
            (
                application,
                {
                    "kind": "admin#reports#activity",
                    "id": ident,
                    "actor": actor,
                    "ipAddress": "198.51.100.7",
                    "events": [event],
                },
            )
        )

    def log_entry(
        self,
        mail: str,
        at: str,
        method: str = "google.storage.objects.get",
        key: str = "",
        code: int = 0,
        agent: str = "curl/8.1",
        **more: Any,
    ) -> None:
        """Write one entry into the audit log of a project."""
        who = {"principalSubject" if mail.startswith("principal:") else "principalEmail": mail}
        if key:
            who["serviceAccountKeyName"] = f"//iam.googleapis.com/projects/{PROJECT}/serviceAccounts/{mail}/keys/{key}"
        said = {"@type": "type.googleapis.com/google.cloud.audit.AuditLog", "serviceName": "storage.googleapis.com", "methodName": method, "authenticationInfo": who,
                "requestMetadata": {"callerIp": "198.51.100.7", "callerSuppliedUserAgent": agent}, "status": {"code": code} if code else {}, "resourceName": "projects/_/buckets/b"}  # fmt: skip
        row = {
            "insertId": f"i{len(self.logged)}",
            "timestamp": at,
            "logName": f"projects/{PROJECT}/logs/cloudaudit.googleapis.com%2Factivity",
            "protoPayload": said,
        }
        self.logged.append({**row, **more})

    def reports_activities_list(self, p: dict[str, str], q: dict[str, str], b: Row) -> Row:
        uid = "" if p["userKey"] == "all" else self.who(p["userKey"])
        since = datetime.fromisoformat(q.get("startTime", "2000-01-01T00:00:00+00:00"))
        rows = [
            row
            for application, row in reversed(self.did)  # newest first
            if application == p["applicationName"]
            and uid in {"", row["actor"]["profileId"]}
            and datetime.fromisoformat(row["id"]["time"]) >= since
        ]
        return {"kind": "admin#reports#activities", "etag": "fake", **self.paged("items", rows, q)}

    def logging_entries_list(self, p: Any, q: Any, b: Row) -> Row:
        if any(not n.startswith("projects/") for n in b["resourceNames"]):
            raise Fault(400, "Invalid resource name.")
        found = _FILTER.fullmatch(b["filter"])
        if found is None and b.get("pageSize") != 1:
            raise Fault(400, "Unparseable filter.")
        named = set(re.findall(r'"([^"]+)"', found["named"])) if found else set()
        since = datetime.fromisoformat(found["since"]) if found else self.now()
        rows = [
            r
            for r in self.logged
            if named & set(map(str, r["protoPayload"]["authenticationInfo"].values()))
            and datetime.fromisoformat(r["timestamp"]) >= since
        ]
        return self.paged("entries", rows if b["resourceNames"] == [f"projects/{PROJECT}"] else [], b)
