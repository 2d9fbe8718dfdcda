"""Ours: open shells of Session Manager behind `aws_model`, as AWS documents them: closing takes a while, and what ended is told for 30 days."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.interop.aws_cloud import ACCOUNT, FakeAws, Given
from tests.interop.aws_model import Fault

KEPT = timedelta(days=30)
HISTORY = {"Terminated", "Failed"}


@dataclass
class Shells(FakeAws):
    """One account with shells. `closing` is how long a shell goes on after it was told to end."""

    closing: timedelta = timedelta(0)
    shells: dict[str, dict[str, Any]] = field(default_factory=dict)
    told: dict[str, datetime] = field(default_factory=dict)

    def shell(self, owner: str, state: str = "Connected") -> str:
        """Open a shell for a user (`ada`) or a session (`Role/name`); returns its id."""
        role, _, name = owner.rpartition("/")
        plain = name or owner
        arn = f"arn:aws:sts::{ACCOUNT}:assumed-role/{owner}" if role else f"arn:aws:iam::{ACCOUNT}:user/{owner}"
        ident = f"{plain}-{next(self._numbers):017x}"
        self.shells[ident] = {
            "SessionId": ident, "Target": "i-0fake0000000001", "Status": state, "Owner": arn, "StartDate": self.now(),
            "DocumentName": "SSM-SessionManagerRunShell", "MaxSessionDuration": "1200",
        }  # fmt: skip
        return ident

    def open(self, ident: str) -> bool:
        """Tell whether somebody can type in it."""
        self._settle()
        return self.shells[ident]["Status"] in {"Connected", "Connecting", "Disconnected", "Terminating"}

    def _settle(self) -> None:
        for ident, at in self.told.items():
            over = self.now() >= at + self.closing
            self.shells[ident] |= (
                {"Status": "Terminated", "EndDate": at + self.closing} if over else {"Status": "Terminating"}
            )

    def ssm_DescribeSessions(self, given: Given) -> Given:
        self._settle()
        past = given["State"] == "History"
        rows = [s for s in self.shells.values() if (s["Status"] in HISTORY) == past]
        rows = [s for s in rows if not past or s.get("EndDate", self.now()) > self.now() - KEPT]
        for only in given.get("Filters", ()):
            if only["key"] != "SessionId":
                raise Fault("InvalidFilterKey")
            rows = [s for s in rows if s["SessionId"] == only["value"]]
        start = int(given.get("NextToken") or 0)
        more = {"NextToken": str(start + self.page)} if start + self.page < len(rows) else {}
        return {"Sessions": rows[start : start + self.page], **more}

    def ssm_TerminateSession(self, given: Given) -> Given:
        if given["SessionId"] not in self.shells:
            raise Fault("DoesNotExistException")
        self.told.setdefault(given["SessionId"], self.now())
        return {"SessionId": given["SessionId"]}
