"""Ours: what AWS lets in at a moment, as it documents it: how long each thing lives, what a deny reaches, and for how long a cut is not heard of.

An intruder takes whatever is to be had at each second of a run, and then the longest that can be made of it, at the last moment.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from rescind.models.clock import parse_rfc3339
from tests.interop.aws_cloud import FakeAws, Given, User
from tests.interop.aws_line import START, Clock

HOUR, MOMENT = timedelta(hours=1), timedelta(seconds=0.5)
SESSION, ROLE, CHAINED, TOKEN = 36 * HOUR, 12 * HOUR, HOUR, timedelta(minutes=15)


@dataclass(frozen=True)
class Child:
    """Something that was derived: whose rights it has ("" for what nobody's policies reach), since when and until when."""

    holder: str
    made: datetime
    ends: datetime
    userid: str = ""


@dataclass
class Enforced(FakeAws):
    """An account that is also tried, not only read. `lag` is how long a change is not heard of."""

    since: dict[tuple[str, str], datetime] = field(default_factory=dict)
    children: list[Child] = field(default_factory=list)

    def iam_PutUserPolicy(self, given: Given) -> None:
        super().iam_PutUserPolicy(given)
        self.since[self._principal(given).arn, given["PolicyName"]] = self.now()

    iam_PutRolePolicy = iam_PutUserPolicy

    def iam_DeleteLoginProfile(self, given: Given) -> None:
        super().iam_DeleteLoginProfile(given)
        self.honoured["password:" + given.get("UserName", "root")] = self.now()

    def eks_DeleteAccessEntry(self, given: Given) -> None:
        super().eks_DeleteAccessEntry(given)
        self.honoured[given["principalArn"]] = self.now()

    def iot_UpdateCertificate(self, given: Given) -> None:
        super().iot_UpdateCertificate(given)
        self.honoured[given["certificateId"]] = self.now()

    def rolesanywhere_ImportCrl(self, given: Given) -> Given:
        self.honoured["crl"] = self.now()
        return super().rolesanywhere_ImportCrl(given)

    def lives(self, name: str, *, there: bool) -> bool:
        """Whether something is let in: while it is there, and for a while after it was taken away."""
        return there or (name in self.honoured and self.now() <= self.honoured[name] + self.lag)

    def key_works(self, key: str) -> bool:
        return self.lives(key, there=any(u.held["AccessKey"].get(key, {}).get("Status") == "Active" for u in self.users.values()))  # fmt: skip

    def _of(self, holder: str) -> User:
        what, _, name = holder.partition(":")
        return (self.users if what == "user" else self.roles)[name]

    def may(self, holder: str, action: str = "*", made: datetime | None = None, userid: str = "") -> bool:
        """Whether the policies that are in effect leave a holder an action: "*" is any."""
        who = self._of(holder)
        for name, text in who.policies.items():
            heard = self.now() > self.since[who.arn, name] + self.lag
            if heard and any(_denies(s, action, made, userid) for s in json.loads(text)["Statement"]):
                return False
        return True

    def works(self, child: Child) -> bool:
        return self.now() < child.ends and (not child.holder or self.may(child.holder, "*", child.made, child.userid))

    def derive(self, lives: timedelta, holder: str = "", userid: str = "") -> None:
        """Take something that lives so long from now on; of each holder's the longest is kept."""
        made = Child(holder, self.now(), self.now() + lives, userid)
        self.children = [c for c in self.children if c.holder != holder or c.ends > made.ends] + [made]

    def by_key(self, key: str, user: str = "ada") -> None:
        """Take the longest session and the longest role that a key gives."""
        if self.key_works(key) and self.may("user:" + user):
            self.derive(SESSION, "user:" + user)
        if any(c.holder == "user:" + user and self.works(c) for c in self.children):
            self.derive(ROLE, "role:deploy")

    def stretch(self, clock: Clock, onward: Mapping[str, tuple[str, timedelta]]) -> None:
        """At the last moment of the longest-lived of each holder, assume the role that it may assume."""
        for holder, (role, lives) in onward.items():
            mine = sorted((c for c in self.children if c.holder == holder), key=lambda c: c.ends)
            if mine:
                clock.t = max(clock.t, (mine[-1].ends - MOMENT - START).total_seconds())  # not second by second
                if self.works(mine[-1]):
                    self.derive(lives, role)


def _denies(statement: Mapping[str, Any], action: str, made: datetime | None, userid: str) -> bool:
    actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
    if statement["Effect"] != "Deny" or not {"*", action} & set(actions):
        return False
    condition = statement.get("Condition", {})
    before = condition.get("DateLessThan", {}).get("aws:TokenIssueTime")
    who = condition.get("StringEquals", {}).get("aws:userid")
    older = before is None or (made is not None and made < parse_rfc3339(before))
    return older and (who is None or who == userid)


Intruder = Callable[[Enforced], None]
