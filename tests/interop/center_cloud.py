"""Ours: IAM Identity Center, its directory and account access manager behind `aws_model`, as AWS documents them.

What AWS says it will do it does later (`lag`); a permission set takes effect in an account only when it is provisioned there; a role
session lasts as long as its set says and is stopped by a deny only. `works` is what it lets through.
"""

from __future__ import annotations

import json
import uuid
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.interop.aws_cloud import ACCOUNT, FakeAws, Given
from tests.interop.aws_model import Fault

STORE, INSTANCE = "d-9067fa4e01", "arn:aws:sso:::instance/ssoins-7223fa4e01ab89cd"
APPLICATION = f"arn:aws:account-access:us-east-1:{ACCOUNT}:application/app-fa4e01"
GONE = "ResourceNotFoundException"
Assigned = tuple[str, str, str, str]  # account, set, kind of principal, principal


def uid(name: str) -> str:
    """Return the id of a user or group by its name: the same one always."""
    return f"9067fa4e01-{uuid.uuid5(uuid.NAMESPACE_OID, name)}"


@dataclass(frozen=True)
class Session:
    """A role session that somebody got."""

    user: str
    account: str
    set_arn: str
    until: datetime


@dataclass
class Center(FakeAws):
    """One organisation instance. `faults` breaks the nth call of an operation (0: every one); `passed_on`: AWS shows a user's groups' too."""

    people: dict[str, dict[str, Any]] = field(default_factory=dict)
    groups: dict[str, dict[str, Any]] = field(default_factory=dict)
    members: dict[tuple[str, str], str] = field(default_factory=dict)
    sets: dict[str, dict[str, Any]] = field(default_factory=dict)
    assigned: dict[Assigned, datetime | None] = field(default_factory=dict)  # when AWS will have taken it away
    provisioned: dict[tuple[str, str], list[tuple[datetime, str]]] = field(default_factory=dict)
    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    entitled: dict[str, dict[str, str]] = field(default_factory=dict)
    faults: dict[str, tuple[int, Fault]] = field(default_factory=dict)
    passed_on: bool = False
    honours: timedelta = timedelta(0)  # how long a sign-in still gets what the listings do not show any more
    left: dict[tuple[str, str], datetime] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)

    # what a test sets up and asks

    def person(self, name: str, **more: Any) -> str:
        made = {
            "UserId": uid(name),
            "UserName": name,
            "UserStatus": "ENABLED",
            "IdentityStoreId": STORE,
            "Revision": "1",
            **more,
        }
        self.people[uid(name)] = {**made, "UserArn": f"arn:aws:identitystore:::user/{uid(name)}"}
        return uid(name)

    def group(self, name: str, *members: str, **more: Any) -> str:
        made = {"GroupId": uid(name), "DisplayName": name, "IdentityStoreId": STORE, "Revision": "1", **more}
        self.groups[uid(name)] = {**made, "GroupArn": f"arn:aws:identitystore:::group/{uid(name)}"}
        for user in members:
            self.members[uid(name), user] = str(uuid.uuid4())
        return uid(name)

    def permission_set(self, name: str, duration: str = "PT1H", inline: str = "") -> str:
        arn = f"{INSTANCE.replace(':instance/', ':permissionSet/')}/ps-{name:a>16}"
        self.sets[arn] = {"name": name, "duration": duration, "inline": inline}
        return arn

    def assign(self, principal: str, set_arn: str, *accounts: str, kind: str = "USER") -> None:
        for account in accounts or (ACCOUNT,):
            self.assigned[account, set_arn, kind, principal] = None
            self.provisioned.setdefault((account, set_arn), [(self.now(), self.sets[set_arn]["inline"])])

    def entitle(self, role: str, **who: str) -> str:
        made = f"ent-{len(self.entitled):06d}"
        self.entitled[made] = {**who, "role": f"arn:aws:iam::{ACCOUNT}:role/{role}"}
        return made

    def holds(self, user: str, *, late: bool = False) -> set[tuple[str, str]]:
        """Return account and set of everything that reaches a user now; `late`: as a sign-in still sees it."""
        more = self.honours if late else timedelta(0)
        mine = {user} | {g for (g, u) in self.members if u == user}
        mine |= {g for (g, u), at in self.left.items() if u == user and late and self.now() <= at + more}
        return {
            (account, s)
            for (account, s, _, who), end in self.assigned.items()
            if who in mine and (not self._over(end) or (late and end is not None and self.now() <= end + more))
        }

    def mint(self, user: str, account: str, set_arn: str) -> Session:
        """Get a role session with a sign-in, whether the user is switched on or not: that is what AWS does."""
        assert (account, set_arn) in self.holds(user, late=bool(self.honours)), "the sign-in gives no such role"
        hours = {"PT1H": 3600, "PT8H": 28_800, "PT12H": 43_200, "PT1H30M": 5400}[self.sets[set_arn]["duration"]]
        return Session(user, account, set_arn, self.now() + timedelta(seconds=hours))

    def works(self, session: Session) -> bool:
        """Whether AWS lets a role session do anything."""
        if self.now() >= session.until:
            return False
        effective = [
            text for at, text in self.provisioned.get((session.account, session.set_arn), []) if at <= self.now()
        ]
        texts = [effective[-1]] if effective else []
        if "scp" in self.tables and session.account != ACCOUNT:  # the management account is not bound
            texts.append(self.tables["scp"]["content"])
        return not any(self._denies(text, session.user) for text in texts)

    @staticmethod
    def _denies(text: str, user: str) -> bool:
        rows = json.loads(text)["Statement"] if text else []
        named = [
            r.get("Condition", {}).get("StringEquals", {}).get("identitystore:UserId", [])
            for r in rows
            if r["Effect"] == "Deny"
        ]
        return any(user in n for n in named)

    def asked_of(self, *operations: str) -> list[str]:
        """Return the names of what was asked, in order, without services; only these operations if any are named."""
        names = [name.split(":")[1] for name, _ in self.asked]
        return [n for n in names if not operations or n in operations]

    # the machinery

    def _over(self, end: datetime | None) -> bool:
        return end is not None and self.now() >= end

    def handle(self, service: str, operation: str, given: Given) -> Given:
        with self._lock:
            self.counts[operation] += 1
            nth, fault = self.faults.get(operation, (-1, None))
            if fault and nth in {0, self.counts[operation]}:
                raise fault
            return super().handle(service, operation, given)

    def _page(
        self, given: Given, name: str, rows: list[Any], mark: str = "NextToken", most: str = "MaxResults"
    ) -> Given:
        start, size = int(given.get(mark) or 0), min(self.page, given.get(most) or self.page)
        more = {mark: str(start + size)} if start + size < len(rows) else {}
        return {name: rows[start : start + size], **more}

    def _job(self, **facts: Any) -> dict[str, Any]:
        made = {"RequestId": str(uuid.uuid4()), "end": self.now() + self.lag, "CreatedDate": self.now(), **facts}
        self.jobs[made["RequestId"]] = made
        return made

    def _status(self, job: dict[str, Any], *parts: str) -> dict[str, Any]:
        state = "SUCCEEDED" if self.now() >= job["end"] else "IN_PROGRESS"
        return {"Status": state, **{p: job[p] for p in ("RequestId", "CreatedDate", *parts) if p in job}}

    def _known(self, table: dict[str, Any], key: str) -> Any:
        if key not in table:
            raise Fault(GONE)
        return table[key]

    def _in(self, given: Given) -> None:
        if given.get("InstanceArn", INSTANCE) != INSTANCE or given.get("IdentityStoreId", STORE) != STORE:
            raise Fault(GONE)

    # the directory

    def identitystore_GetUserId(self, given: Given) -> Given:
        self._in(given)
        asked = given["AlternateIdentifier"]["UniqueAttribute"]
        field_of = {
            "userName": lambda u: u["UserName"],
            "emails.value": lambda u: (u.get("Emails") or [{}])[0].get("Value"),
        }
        for user in self.people.values():
            if field_of[asked["AttributePath"]](user) == asked["AttributeValue"]:
                return {part: user[part] for part in ("UserId", "UserArn", "IdentityStoreId")}
        raise Fault(GONE)

    def identitystore_DescribeUser(self, given: Given) -> Given:
        self._in(given)
        return self._known(self.people, given["UserId"])  # type: ignore[no-any-return]

    def identitystore_DescribeGroup(self, given: Given) -> Given:
        self._in(given)
        return self._known(self.groups, given["GroupId"])  # type: ignore[no-any-return]

    def identitystore_ListGroupMembershipsForMember(self, given: Given) -> Given:
        self._in(given)
        user = given["MemberId"]["UserId"]
        rows = [self._membership(g, u) for g, u in sorted(self.members) if u == user]
        return self._page(given, "GroupMemberships", rows)

    def _membership(self, group: str, user: str) -> dict[str, Any]:
        made = self.members[group, user]
        arn = f"arn:aws:identitystore:::membership/{made}"
        return {
            "IdentityStoreId": STORE,
            "MembershipId": made,
            "MembershipArn": arn,
            "GroupId": group,
            "MemberId": {"UserId": user},
        }

    def identitystore_IsMemberInGroups(self, given: Given) -> Given:
        self._in(given)
        self._known(self.people, given["MemberId"]["UserId"])
        rows = [
            {
                "GroupId": g,
                "MemberId": given["MemberId"],
                "MembershipExists": (g, given["MemberId"]["UserId"]) in self.members,
            }
            for g in given["GroupIds"]
        ]
        return {"Results": rows}

    def _pair(self, given: Given) -> tuple[str, str]:
        self._in(given)
        self._known(self.groups, given["GroupId"]), self._known(self.people, given["MemberId"]["UserId"])
        return given["GroupId"], given["MemberId"]["UserId"]

    def identitystore_GetGroupMembershipId(self, given: Given) -> Given:
        pair = self._pair(given)
        if pair not in self.members:
            raise Fault(GONE)
        return self._made(*pair)

    def identitystore_CreateGroupMembership(self, given: Given) -> Given:
        pair = self._pair(given)
        if pair in self.members:
            raise Fault("ConflictException")
        self.members[pair] = str(uuid.uuid4())
        return self._made(*pair)

    def _made(self, group: str, user: str) -> dict[str, Any]:
        shown = self._membership(group, user)
        return {part: shown[part] for part in ("IdentityStoreId", "MembershipId", "MembershipArn")}

    def identitystore_DeleteGroupMembership(self, given: Given) -> None:
        self._in(given)
        for pair, made in self.members.items():
            if made == given["MembershipId"]:
                del self.members[pair]
                self.left[pair] = self.now()
                return
        raise Fault(GONE)

    # permission sets and assignments

    def sso_admin_ListInstances(self, given: Given) -> Given:
        return self._page(given, "Instances", [{"InstanceArn": INSTANCE, "IdentityStoreId": STORE, "Status": "ACTIVE"}])

    def sso_admin_ListPermissionSets(self, given: Given) -> Given:
        self._in(given)
        return self._page(given, "PermissionSets", sorted(self.sets))

    def sso_admin_DescribePermissionSet(self, given: Given) -> Given:
        self._in(given)
        row = self._known(self.sets, given["PermissionSetArn"])
        facts = {"Name": row["name"], "SessionDuration": row["duration"], "PermissionSetArn": given["PermissionSetArn"]}
        return {"PermissionSet": facts}

    def sso_admin_GetInlinePolicyForPermissionSet(self, given: Given) -> Given:
        self._in(given)
        text = self._known(self.sets, given["PermissionSetArn"])["inline"]
        return {"InlinePolicy": text} if text else {}

    def sso_admin_PutInlinePolicyToPermissionSet(self, given: Given) -> None:
        self._in(given)
        self._known(self.sets, given["PermissionSetArn"])["inline"] = given["InlinePolicy"]

    def sso_admin_DeleteInlinePolicyFromPermissionSet(self, given: Given) -> None:
        self._in(given)
        self._known(self.sets, given["PermissionSetArn"])["inline"] = ""

    def _accounts(self, set_arn: str) -> list[str]:
        return sorted({a for (a, s, _, _), end in self.assigned.items() if s == set_arn and not self._over(end)})

    def sso_admin_ListAccountsForProvisionedPermissionSet(self, given: Given) -> Given:
        self._in(given)
        arn = given["PermissionSetArn"]
        now = self._known(self.sets, arn)["inline"]

        def latest(account: str) -> bool:
            return [t for at, t in self.provisioned[account, arn] if at <= self.now()][-1:] == [now]

        wanted = given.get("ProvisioningStatus")
        rows = [
            a
            for a in self._accounts(arn)
            if wanted is None or latest(a) == wanted.startswith("LATEST_PERMISSION_SET_PROV")
        ]
        return self._page(given, "AccountIds", rows)

    def sso_admin_ProvisionPermissionSet(self, given: Given) -> Given:
        self._in(given)
        arn = given["PermissionSetArn"]
        text = self._known(self.sets, arn)["inline"]
        for account in self._accounts(arn):
            self.provisioned[account, arn].append((self.now() + self.lag, text))
        job = self._job(what="provision", PermissionSetArn=arn)
        return {"PermissionSetProvisioningStatus": self._status(job, "PermissionSetArn")}

    def sso_admin_ListPermissionSetProvisioningStatus(self, given: Given) -> Given:
        return self._page(given, "PermissionSetsProvisioningStatus", self._jobs(given, "provision"))

    def sso_admin_DescribePermissionSetProvisioningStatus(self, given: Given) -> Given:
        self._in(given)
        job = self._known(self.jobs, given["ProvisionPermissionSetRequestId"])
        return {"PermissionSetProvisioningStatus": self._status(job, "PermissionSetArn")}

    def _jobs(self, given: Given, what: str) -> list[dict[str, Any]]:
        self._in(given)
        rows = [self._status(job) for job in self.jobs.values() if job.get("what") == what]
        wanted = given.get("Filter", {}).get("Status")
        return [r for r in rows if wanted in {None, r["Status"]}]

    def sso_admin_ListAccountAssignmentsForPrincipal(self, given: Given) -> Given:
        self._in(given)
        who = (given["PrincipalType"], given["PrincipalId"])
        self._known(self.people if who[0] == "USER" else self.groups, who[1])
        whose = {who} | (
            {("GROUP", g) for g, u in self.members if u == who[1]} if self.passed_on and who[0] == "USER" else set()
        )
        rows = [
            {"AccountId": a, "PermissionSetArn": s, "PrincipalType": k, "PrincipalId": p}
            for (a, s, k, p), end in sorted(self.assigned.items(), key=lambda row: row[0])
            if (k, p) in whose and not self._over(end)
        ]
        return self._page(given, "AccountAssignments", rows)

    def _row(self, given: Given) -> Assigned:
        self._in(given)
        self._known(self.sets, given["PermissionSetArn"])
        self._known(self.people if given["PrincipalType"] == "USER" else self.groups, given["PrincipalId"])
        return given["TargetId"], given["PermissionSetArn"], given["PrincipalType"], given["PrincipalId"]

    _PARTS = ("TargetId", "TargetType", "PermissionSetArn", "PrincipalType", "PrincipalId")

    def sso_admin_DeleteAccountAssignment(self, given: Given) -> Given:
        row = self._row(given)
        if row not in self.assigned or self._over(self.assigned[row]):
            raise Fault(GONE)
        if self.assigned[row] is not None:
            raise Fault("ConflictException")
        job = self._job(what="delete", **{part: given[part] for part in self._PARTS})
        self.assigned[row] = job["end"]
        return {"AccountAssignmentDeletionStatus": self._status(job, *self._PARTS)}

    def sso_admin_CreateAccountAssignment(self, given: Given) -> Given:
        row = self._row(given)
        job = self._job(what="create", **{part: given[part] for part in self._PARTS})
        self.assigned[row] = None
        self.provisioned.setdefault(row[:2], []).append((self.now(), self.sets[row[1]]["inline"]))
        return {"AccountAssignmentCreationStatus": self._status(job, *self._PARTS)}

    def sso_admin_ListAccountAssignmentDeletionStatus(self, given: Given) -> Given:
        return self._page(given, "AccountAssignmentsDeletionStatus", self._jobs(given, "delete"))

    def sso_admin_DescribeAccountAssignmentDeletionStatus(self, given: Given) -> Given:
        self._in(given)
        job = self._known(self.jobs, given["AccountAssignmentDeletionRequestId"])
        return {"AccountAssignmentDeletionStatus": self._status(job, *self._PARTS)}

    # account access manager

    def account_access_ListApplications(self, given: Given) -> Given:
        rows = (
            [{"applicationArn": APPLICATION, "createdAt": self.now(), "updatedAt": self.now()}]
            if "aam" in self.tables
            else []
        )
        return self._page(given, "applications", rows, "nextToken", "maxResults")

    def account_access_GetApplication(self, given: Given) -> Given:
        if given["applicationArn"] != APPLICATION or "aam" not in self.tables:
            raise Fault(GONE, 404)
        source = {"identityCenter": {"instanceArn": INSTANCE}}
        return {"identitySource": source, "status": "ACTIVE", "createdAt": self.now(), "updatedAt": self.now()}

    def account_access_ListEntitlements(self, given: Given) -> Given:
        if given["applicationArn"] != APPLICATION:
            raise Fault(GONE, 404)
        who = given["filter"]["principalRole"]["principal"]["identityCenter"]
        rows = [
            {
                "entitlementId": made,
                "entitlement": {
                    "principalRole": {"principal": {"identityCenter": who}, "roleArn": row["role"], "account": ACCOUNT}
                },
                "createdAt": self.now(),
            }
            for made, row in self.entitled.items()
            if who.items() <= row.items()
        ]
        return self._page(given, "entitlements", rows, "nextToken", "maxResults")

    def account_access_DeleteEntitlement(self, given: Given) -> None:
        if given["applicationArn"] != APPLICATION:
            raise Fault(GONE, 404)
        self.entitled.pop(given["entitlementId"], None)

    def account_access_CreateEntitlement(self, given: Given) -> Given:
        asked = given["entitlement"]["principalRole"]
        same = {**asked["principal"]["identityCenter"], "role": asked["roleArn"]}
        for made, row in self.entitled.items():
            if row == same:
                return {"entitlementId": made}
        made = f"ent-again-{len(self.asked)}"
        self.entitled[made] = same
        return {"entitlementId": made}
