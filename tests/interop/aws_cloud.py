"""Ours: the state behind `aws_model`, as AWS documents it: who has what, what is refused, how long a change takes, small pages."""

from __future__ import annotations

import base64
import itertools
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from rescind.models.tenant import SecretRef, Tenant
from rescind.secret import Secret
from tests.interop.aws_model import Fault

ACCOUNT = "111122223333"
OPERATOR = "AKIAOPERATORFAKE0001"
MANAGEMENT = "AKIAMANAGEMENTFAKE01"
"""A key in the organisation's management account, which may assume root users for one task and nothing else."""
ROOT_TASK = "arn:aws:iam::aws:policy/root-task/IAMDeleteRootUserCredentials"
ROOT_MAY = {f"iam:{name}" for name in (
    "ListAccessKeys", "DeleteAccessKey", "ListSigningCertificates", "DeleteSigningCertificate", "GetLoginProfile", "DeleteLoginProfile",
    "ListMFADevices", "DeactivateMFADevice", "DeleteVirtualMFADevice")}  # fmt: skip
"""What that task's policy allows, as AWS documents it."""
Given = Mapping[str, Any]
LISTS = {
    "SSHPublicKey": ("ListSSHPublicKeys", "SSHPublicKeys", "SSHPublicKeyId"),
    "SigningCertificate": ("ListSigningCertificates", "Certificates", "CertificateId"),
    "ServiceSpecificCredential": ("ListServiceSpecificCredentials", "ServiceSpecificCredentials", "ServiceSpecificCredentialId"),
    "MFADevice": ("ListMFADevices", "MFADevices", "SerialNumber"),
    "AccessKey": ("ListAccessKeys", "AccessKeyMetadata", "AccessKeyId"),
}  # fmt: skip


def key_id(account: str) -> str:
    """Return the id of a long-term key that carries an account, as ids do whose fifth character is Q or later."""
    raw = (1 << 47 | int(account) << 7).to_bytes(6, "big") + bytes(4)
    return "AKIA" + base64.b32encode(raw).decode()


class NoPace:
    def wait(self, endpoint_class: str = "default") -> None:
        pass


@dataclass
class User:
    """One IAM user. `held` is what it has, by sort and id."""

    name: str
    id: str
    password: datetime | None = None
    policies: dict[str, str] = field(default_factory=dict)
    attached: list[str] = field(default_factory=list)
    held: dict[str, dict[str, dict[str, Any]]] = field(default_factory=lambda: {sort: {} for sort in LISTS})

    what: str = "user"

    @property
    def arn(self) -> str:
        return f"arn:aws:iam::{ACCOUNT}:{self.what}/{self.name}"


@dataclass
class FakeAws:
    """One account. `rights` None: the operator may do everything.

    `lag` is how long IAM still honours what it says is gone, `trail_lag` how long CloudTrail takes to tell.
    """

    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    rights: set[str] | None = None
    page: int = 100
    lag: timedelta = timedelta(0)
    trail_lag: timedelta = timedelta(0)
    users: dict[str, User] = field(default_factory=dict)
    roles: dict[str, User] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)
    asked: list[tuple[str, Given]] = field(default_factory=list)
    tables: dict[str, Any] = field(default_factory=dict)
    honoured: dict[str, datetime] = field(default_factory=dict)
    shut: set[str] = field(default_factory=set)  # regions that the operator may not work in
    _here: Any = field(default_factory=threading.local)
    _numbers: Any = field(default_factory=itertools.count)
    _lock: Any = field(default_factory=threading.RLock)

    def now(self) -> datetime:
        return self.clock()

    def client(self, url: str, **settings: Any) -> Any:
        from rescind.providers.aws._connect import connect

        row = Tenant(
            name="prod-aws",
            provider="aws",
            settings={"account_id": ACCOUNT, "endpoint_url": url, **settings},
            refs={"access_key_id": SecretRef(env="I"), "secret_access_key": SecretRef(env="S")},
            rate=1000,
        )
        values = {"I": Secret(OPERATOR), "S": Secret("secret-fake-" + "x" * 28)}
        return connect(row, lambda ref: values[str(ref.env)], NoPace(), write=True)

    def number(self, prefix: str, size: int = 20) -> str:
        return prefix + f"{next(self._numbers):06d}".translate(str.maketrans("0123456789", "QRSTUVWXYZ")).rjust(
            size - len(prefix), "A"
        )

    def user(self, name: str) -> User:
        return self.users.setdefault(name, User(name, self.number("AIDA", 21)))

    def role(self, name: str) -> User:
        return self.roles.setdefault(name, User(name, self.number("AROA", 21), what="role"))

    def tell(
        self, name: str, who: Given, *, source: str = "sts.amazonaws.com", out: Given | None = None, **more: Any
    ) -> None:
        """Let CloudTrail record something; `resources` are what it can be found by."""
        event = {"eventName": name, "eventSource": source, "userIdentity": {"accountId": ACCOUNT, **who}, "responseElements": out,
                 "eventTime": self.now().strftime("%Y-%m-%dT%H:%M:%SZ"), "awsRegion": "us-east-1", **more}  # fmt: skip
        self.events.insert(0, event)

    def as_user(self, name: str, key: str = "") -> Given:
        """Return the `userIdentity` of an IAM user."""
        user = self.user(name)
        return {"type": "IAMUser", "principalId": user.id, "arn": user.arn, "userName": name, "accessKeyId": key}

    def as_role(self, name: str, session: str, key: str = "") -> Given:
        """Return the `userIdentity` of a role's session."""
        arn = f"arn:aws:sts::{ACCOUNT}:assumed-role/{name}/{session}"
        return {"type": "AssumedRole", "principalId": f"{self.role(name).id}:{session}", "arn": arn, "accessKeyId": key}

    def assume(self, who: Given, role: str, session: str, seconds: int = 3600, region: str = "us-east-1") -> str:
        """Let somebody assume a role, and the region's CloudTrail record it; returns the session's key id."""
        key, made = self.number("ASIA"), self.role(role)
        out = {
            "credentials": {
                "accessKeyId": key,
                "expiration": (self.now() + timedelta(seconds=seconds)).strftime("%b %d, %Y, %I:%M:%S %p"),
            },
            "assumedRoleUser": {
                "assumedRoleId": f"{made.id}:{session}",
                "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/{role}/{session}",
            },
        }
        self.tell("AssumeRole", who, out=out, resources=[{"ARN": made.arn}, {"ARN": key}], awsRegion=region)
        return key

    def cloudtrail_LookupEvents(self, given: Given) -> Given:
        ((attribute, value),) = [(a["AttributeKey"], a["AttributeValue"]) for a in given["LookupAttributes"]]
        of = {
            "EventName": lambda e: [e["eventName"]],
            "Username": lambda e: [
                e["userIdentity"].get("userName") or e["userIdentity"].get("arn", "").rpartition("/")[2]
            ],
            "AccessKeyId": lambda e: [e["userIdentity"].get("accessKeyId")],
            "ResourceName": lambda e: [r["ARN"] for r in e.get("resources", [])],
        }[attribute]
        until = (self.now() - self.trail_lag).strftime("%Y-%m-%dT%H:%M:%SZ")
        since = given["StartTime"] if "StartTime" in given else ""
        since = since if isinstance(since, str) else datetime.fromtimestamp(since, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        told = [e for e in self.events if since <= e["eventTime"] <= until and e["awsRegion"] == self.region]
        rows = [{"CloudTrailEvent": json.dumps(e), "EventName": e["eventName"]} for e in told if value in of(e)]
        start = int(given.get("NextToken") or 0)
        size = min(self.page, given.get("MaxResults") or 50)
        more = {"NextToken": str(start + size)} if start + size < len(rows) else {}
        return {"Events": rows[start : start + size], **more}

    def hold(self, name: str, sort: str, prefix: str, **facts: Any) -> str:
        """Give a user something: returns its id."""
        key = LISTS[sort][2]
        held = self.number(prefix, 24 if sort == "SigningCertificate" else len(prefix) + 16)
        made = {"MFADevice": "EnableDate", "SSHPublicKey": "UploadDate", "SigningCertificate": "UploadDate"}
        status = {} if sort == "MFADevice" else {"Status": "Active"}
        row = {"UserName": name, key: held, made.get(sort, "CreateDate"): self.now(), **status, **facts}
        self.user(name).held[sort][held] = row
        return held

    def key_works(self, key: str) -> bool:
        """Whether AWS still lets a key in: what it calls gone is honoured for `lag`."""
        live = any(u.held["AccessKey"].get(key, {}).get("Status") == "Active" for u in self.users.values())
        return live or (key in self.honoured and self.now() < self.honoured[key] + self.lag)

    def enter(self, region: str) -> None:
        """Note which region this thread's request was signed for."""
        self._here.region = region

    @property
    def key(self) -> str:
        """Whose request this thread answers."""
        return str(getattr(self._here, "key", ""))

    @property
    def region(self) -> str:
        return getattr(self._here, "region", "us-east-1")

    def permit(self, key: str, permission: str) -> None:
        self._here.key = key
        may = (
            {"sts:AssumeRoot"}
            if key == MANAGEMENT
            else ROOT_MAY
            if key in self.tables.get("root-sessions", {})
            else None
        )
        if may is not None:
            if permission not in may or (key != MANAGEMENT and self.now() >= self.tables["root-sessions"][key]):
                raise Fault("AccessDenied", 403)
            return
        if key == OPERATOR:
            if self.region in self.shut and permission[:4] not in {"iam:", "sts:"}:
                raise Fault("AccessDeniedException", 403)
            if self.rights is not None and permission not in self.rights:
                raise Fault("AccessDenied" if permission[:4] in {"iam:", "sts:"} else "AccessDeniedException", 403)
        elif not self.key_works(key):
            raise Fault("InvalidClientTokenId", 403)

    def handle(self, service: str, operation: str, given: Given) -> Given:
        with self._lock:
            self.asked.append((f"{service}:{operation}", given))
            own = getattr(self, f"{service.replace('-', '_')}_{operation}", None)
            if own:
                return own(given) or {}  # type: ignore[no-any-return]
            if service == "iam":
                return self._iam(operation, given)
            raise Fault("UnknownOperationException", 404)

    # IAM

    def _named(self, given: Given) -> User:
        if "UserName" not in given and self.key in self.tables.get("root-sessions", {}):
            return self.root  # IAM takes a missing name for the caller
        found = self.users.get(given.get("UserName", ""))
        if found is None:
            raise Fault("NoSuchEntity", 404)
        return found

    def _iam(self, operation: str, given: Given) -> Given:
        """What IAM does alike for all sorts of things that a user has."""
        for sort, (listing, rows_name, key) in LISTS.items():
            if operation == listing:
                users = self.users.values() if given.get("AllUsers") else [self._named(given)]
                rows = [row for user in users for row in user.held[sort].values()]
                start = int(given.get("Marker") or 0)
                more = start + self.page < len(rows)
                shown = rows[start : start + self.page]
                return {rows_name: shown, "IsTruncated": more, **({"Marker": str(start + self.page)} if more else {})}
            if operation in {f"Update{sort}", f"Delete{sort}", f"Deactivate{sort}"}:
                held = self._named(given).held[sort]
                if given[key] not in held:
                    raise Fault("NoSuchEntity", 404)
                self.honoured[given[key]] = self.now()
                if operation.startswith("Update"):
                    held[given[key]]["Status"] = given["Status"]
                else:
                    del held[given[key]]
                return {}
        raise Fault("InvalidAction")

    def iam_GetUser(self, given: Given) -> Given:
        user = self._named(given)
        facts = {"Path": "/", "UserName": user.name, "UserId": user.id, "Arn": user.arn, "CreateDate": self.now()}
        return {"User": facts}

    def iam_CreateAccessKey(self, given: Given) -> Given:
        if len(self._named(given).held["AccessKey"]) >= 2:
            raise Fault("LimitExceeded", 409)
        made = self.hold(self._named(given).name, "AccessKey", "AKIA")
        facts = {
            "UserName": given["UserName"],
            "AccessKeyId": made,
            "Status": "Active",
            "SecretAccessKey": "fake-" + "x" * 35,
        }
        return {"AccessKey": facts}

    def iam_GetAccessKeyLastUsed(self, given: Given) -> Given:
        for user in self.users.values():
            if given["AccessKeyId"] in user.held["AccessKey"]:
                return {"UserName": user.name, "AccessKeyLastUsed": {"ServiceName": "N/A", "Region": "N/A"}}
        raise Fault("AccessDenied", 403)

    def iam_GetMFADevice(self, given: Given) -> Given:
        for user in self.users.values():
            if given["SerialNumber"] in user.held["MFADevice"]:
                return {"UserName": user.name, "SerialNumber": given["SerialNumber"]}
        raise Fault("NoSuchEntity", 404)

    def iam_GetLoginProfile(self, given: Given) -> Given:
        user = self._named(given)
        if user.password is None:
            raise Fault("NoSuchEntity", 404)
        return {"LoginProfile": {"UserName": user.name, "CreateDate": user.password}}

    def iam_DeleteLoginProfile(self, given: Given) -> None:
        user = self._named(given)
        if user.password is None:
            raise Fault("NoSuchEntity", 404)
        user.password = None

    def _principal(self, given: Given) -> User:
        if "RoleName" not in given:
            return self._named(given)
        if given["RoleName"] not in self.roles:
            raise Fault("NoSuchEntity", 404)
        return self.roles[given["RoleName"]]

    def iam_PutUserPolicy(self, given: Given) -> None:
        self._principal(given).policies[given["PolicyName"]] = given["PolicyDocument"]

    def iam_GetUserPolicy(self, given: Given) -> Given:
        shown = self._principal(given).policies.get(given["PolicyName"])
        if shown is None:
            raise Fault("NoSuchEntity", 404)
        return {**given, "PolicyDocument": quote(shown)}

    def iam_DeleteUserPolicy(self, given: Given) -> None:
        if self._principal(given).policies.pop(given["PolicyName"], None) is None:
            raise Fault("NoSuchEntity", 404)

    iam_PutRolePolicy, iam_GetRolePolicy, iam_DeleteRolePolicy = (
        iam_PutUserPolicy,
        iam_GetUserPolicy,
        iam_DeleteUserPolicy,
    )

    def iam_GetRole(self, given: Given) -> Given:
        role = self._principal(given)
        facts = {"Path": "/", "RoleName": role.name, "RoleId": role.id, "Arn": role.arn, "CreateDate": self.now()}
        return {"Role": facts}

    def iam_AttachUserPolicy(self, given: Given) -> None:
        self._named(given).attached.append(given["PolicyArn"])

    def iam_DetachUserPolicy(self, given: Given) -> None:
        user = self._named(given)
        if given["PolicyArn"] not in user.attached:
            raise Fault("NoSuchEntity", 404)
        user.attached.remove(given["PolicyArn"])

    def iam_ListUserPolicies(self, given: Given) -> Given:
        return {"PolicyNames": sorted(self._named(given).policies), "IsTruncated": False}

    def iam_ListAttachedUserPolicies(self, given: Given) -> Given:
        rows = [{"PolicyArn": arn, "PolicyName": arn.rpartition("/")[2]} for arn in self._named(given).attached]
        return {"AttachedPolicies": rows, "IsTruncated": False}

    def denied(self, name: str) -> bool:
        """Whether everything is denied to a user."""
        rows = [s for text in self.users[name].policies.values() for s in json.loads(text)["Statement"]]
        inline = any(s["Effect"] == "Deny" and s["Action"] == "*" and "Condition" not in s for s in rows)
        return inline or any(arn.endswith("/AWSDenyAll") for arn in self.users[name].attached)

    # the root user, which is no IAM user

    @property
    def root(self) -> User:
        return self.tables.setdefault("root", User("", ACCOUNT))  # type: ignore[no-any-return]

    def root_has(self, **there: bool) -> None:
        """Give the root user a key, a certificate and a password, or some of these."""
        self.tables.pop("root", None)
        for sort, prefix, made in (("AccessKey", "AKIA", "CreateDate"), ("SigningCertificate", "ASCA", "UploadDate")):
            if there.get(sort, True):
                held = self.number(prefix, 24 if prefix == "ASCA" else 20)
                more = {"CertificateBody": "-----BEGIN CERTIFICATE----- fake"} if prefix == "ASCA" else {}
                row = {"UserName": "root", LISTS[sort][2]: held, "Status": "Active", made: self.now(), **more}
                self.root.held[sort][held] = row
        self.root.password = self.now() if there.get("password", True) else None

    def iam_ListAccountAliases(self, given: Given) -> Given:
        return {"AccountAliases": self.tables.get("aliases", []), "IsTruncated": False}

    def iam_GetAccountSummary(self, given: Given) -> Given:
        has = {"AccountPasswordPresent": self.root.password is not None}
        for fact, sort in (
            ("AccountAccessKeysPresent", "AccessKey"),
            ("AccountSigningCertificatesPresent", "SigningCertificate"),
        ):
            has[fact] = bool(self.root.held[sort])
        return {"SummaryMap": {"Users": len(self.users), "AccountMFAEnabled": 1, **{k: int(v) for k, v in has.items()}}}

    def sts_AssumeRoot(self, given: Given) -> Given:
        if (
            given["TargetPrincipal"] != ACCOUNT
            or given["TaskPolicyArn"] != {"arn": ROOT_TASK}
            or self.key != MANAGEMENT
        ):
            raise Fault("AccessDenied", 403)
        made, ends = self.number("ASIA"), self.now() + timedelta(seconds=given.get("DurationSeconds", 900))
        self.tables.setdefault("root-sessions", {})[made] = ends
        facts = {"SecretAccessKey": "fake-" + "x" * 35, "SessionToken": "token-FAKE", "Expiration": ends}
        return {"Credentials": {"AccessKeyId": made, **facts}}

    # STS

    def sts_GetAccessKeyInfo(self, given: Given) -> Given:
        return {"Account": ACCOUNT}

    def sts_GetCallerIdentity(self, given: Given) -> Given:
        for user in self.users.values():
            if self.key in user.held["AccessKey"]:
                return {"UserId": user.id, "Account": ACCOUNT, "Arn": user.arn}
        return {"UserId": "AIDAOPERATORFAKE00001", "Account": ACCOUNT, "Arn": f"arn:aws:iam::{ACCOUNT}:user/operator"}

    # EKS: `tables["eks"]` holds clusters by name, each with its mode and its entries by principal

    def cluster(self, name: str, mode: str = "API") -> dict[str, Any]:
        made: dict[str, Any] = {"mode": mode, "entries": {}}
        return self.tables.setdefault("eks", {}).setdefault(name, made)  # type: ignore[no-any-return]

    def admit(self, cluster: str, arn: str, *groups: str) -> str:
        """Give a principal an entry, with the policy that makes it an administrator; returns the entry's ARN."""
        number = self.number("", 8)
        entry = {
            "clusterName": cluster, "principalArn": arn, "kubernetesGroups": list(groups), "createdAt": self.now(), "type": "STANDARD",
            "accessEntryArn": f"arn:aws:eks:us-east-1:{ACCOUNT}:access-entry/{cluster}/user/{ACCOUNT}/x/{number}",
        }  # fmt: skip
        policy = {
            "policyArn": "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy",
            "accessScope": {"type": "cluster"},
        }
        self.cluster(cluster)["entries"][arn] = {"entry": entry, "policies": [policy]}
        return str(entry["accessEntryArn"])

    def _in(self, given: Given) -> dict[str, Any]:
        found = self.tables.get("eks", {}).get(given.get("clusterName") or given.get("name"))
        if found is None:
            raise Fault("ResourceNotFoundException", 404)
        return found  # type: ignore[no-any-return]

    def _entry(self, given: Given) -> dict[str, Any]:
        found = self._in(given)["entries"].get(given["principalArn"])
        if found is None:
            raise Fault("ResourceNotFoundException", 404)
        return found  # type: ignore[no-any-return]

    def _paged(self, given: Given, name: str, rows: list[Any]) -> Given:
        start = int(given.get("nextToken") or 0)
        more = {"nextToken": str(start + self.page)} if start + self.page < len(rows) else {}
        return {name: rows[start : start + self.page], **more}

    def eks_ListClusters(self, given: Given) -> Given:
        return self._paged(given, "clusters", sorted(self.tables.get("eks", {})))

    def eks_DescribeCluster(self, given: Given) -> Given:
        return {"cluster": {"name": given["name"], "accessConfig": {"authenticationMode": self._in(given)["mode"]}}}

    def eks_ListAccessEntries(self, given: Given) -> Given:
        if self._in(given)["mode"] == "CONFIG_MAP":
            raise Fault("InvalidRequestException")
        return self._paged(given, "accessEntries", sorted(self._in(given)["entries"]))

    def eks_DescribeAccessEntry(self, given: Given) -> Given:
        return {"accessEntry": self._entry(given)["entry"]}

    def eks_ListAssociatedAccessPolicies(self, given: Given) -> Given:
        return self._paged(given, "associatedAccessPolicies", self._entry(given)["policies"])

    def eks_DeleteAccessEntry(self, given: Given) -> None:
        self._entry(given)
        del self._in(given)["entries"][given["principalArn"]]

    def eks_CreateAccessEntry(self, given: Given) -> Given:
        if given["principalArn"] in self._in(given)["entries"]:
            raise Fault("ResourceInUseException", 409)
        self.admit(given["clusterName"], given["principalArn"], *given.get("kubernetesGroups", []))
        self._entry(given)["policies"].clear()
        return {"accessEntry": self._entry(given)["entry"]}

    def eks_AssociateAccessPolicy(self, given: Given) -> Given:
        made = {part: given[part] for part in ("policyArn", "accessScope")}
        rows = self._entry(given)["policies"]
        rows[:] = [row for row in rows if row["policyArn"] != made["policyArn"]] + [made]
        return {"associatedAccessPolicy": made}

    # IoT: `tables["things"]` holds certificates by thing, `tables["certificates"]` their status

    def thing(self, name: str) -> str:
        """Give a thing a certificate; returns its id."""
        made = f"{next(self._numbers):064x}"
        self.tables.setdefault("things", {}).setdefault(name, []).append(made)
        self.tables.setdefault("certificates", {})[made] = "ACTIVE"
        return made

    def iot_ListThingPrincipals(self, given: Given) -> Given:
        if given["thingName"] not in self.tables.get("things", {}):
            raise Fault("ResourceNotFoundException", 404)
        rows = self.tables["things"][given["thingName"]]
        return self._paged(given, "principals", [f"arn:aws:iot:us-east-1:{ACCOUNT}:cert/{row}" for row in rows])

    def _certificate(self, given: Given) -> str:
        if given["certificateId"] not in self.tables.get("certificates", {}):
            raise Fault("ResourceNotFoundException", 404)
        return str(given["certificateId"])

    def iot_DescribeCertificate(self, given: Given) -> Given:
        made = self._certificate(given)
        facts = {"certificateArn": f"arn:aws:iot:us-east-1:{ACCOUNT}:cert/{made}", "certificateId": made}
        shown = {**facts, "status": self.tables["certificates"][made], "creationDate": self.now()}
        return {"certificateDescription": {**shown, "validity": {"notBefore": self.now(), "notAfter": self.now()}}}

    def iot_UpdateCertificate(self, given: Given) -> None:
        self.tables["certificates"][self._certificate(given)] = given["newStatus"]

    # Organizations: `tables["scp"]` holds one policy and what it is attached to

    def organizations_DescribePolicy(self, given: Given) -> Given:
        if given["PolicyId"] != "p-rescind1":
            raise Fault("PolicyNotFoundException")
        return {"Policy": {"PolicySummary": {"Id": "p-rescind1"}, "Content": self.tables["scp"]["content"]}}

    def organizations_ListTargetsForPolicy(self, given: Given) -> Given:
        return {"Targets": [{"TargetId": t} for t in self.tables["scp"]["targets"]]}

    def organizations_UpdatePolicy(self, given: Given) -> Given:
        if not json.loads(given["Content"])["Statement"]:
            raise Fault("MalformedPolicyDocumentException")
        self.tables["scp"]["content"] = given["Content"]
        return {}

    # Roles Anywhere: `tables["subjects"]` holds subjects with their certificates, `tables["crls"]` what was imported

    def subject(self, name: str, pem: str) -> str:
        """Let a subject have shown a certificate; returns its id."""
        found = f"{next(self._numbers):036d}"
        row = {
            "serialNumber": "00:11:22",
            "issuer": "CN=shown",
            "enabled": True,
            "x509CertificateData": pem,
            "seenAt": self.now(),
        }
        made = {
            "subjectId": found,
            "x509Subject": f"O=Example,CN={name}",
            "enabled": True,
            "createdAt": self.now(),
            "credentials": [row],
        }
        self.tables.setdefault("subjects", {})[found] = made
        return found

    def rolesanywhere_ListSubjects(self, given: Given) -> Given:
        rows = [{k: v for k, v in s.items() if k != "credentials"} for s in self.tables.get("subjects", {}).values()]
        return self._paged(given, "subjects", rows)

    def rolesanywhere_GetSubject(self, given: Given) -> Given:
        if given["subjectId"] not in self.tables.get("subjects", {}):
            raise Fault("ResourceNotFoundException", 404)
        return {"subject": self.tables["subjects"][given["subjectId"]]}

    def rolesanywhere_ListCrls(self, given: Given) -> Given:
        return self._paged(given, "crls", list(self.tables.get("crls", {}).values()))

    def rolesanywhere_ImportCrl(self, given: Given) -> Given:
        made = {"crlId": f"{next(self._numbers):036d}", "enabled": given.get("enabled", False)}
        made |= {part: given[part] for part in ("name", "crlData", "trustAnchorArn")}
        self.tables.setdefault("crls", {})[made["crlId"]] = made
        return {"crl": made}

    def _crl(self, given: Given, **changes: Any) -> Given:
        if given["crlId"] not in self.tables.get("crls", {}):
            raise Fault("ResourceNotFoundException", 404)
        self.tables["crls"][given["crlId"]] |= changes
        return {"crl": self.tables["crls"][given["crlId"]]}

    def rolesanywhere_UpdateCrl(self, given: Given) -> Given:
        return self._crl(given, crlData=given["crlData"])

    def rolesanywhere_EnableCrl(self, given: Given) -> Given:
        return self._crl(given, enabled=True)

    # the policy simulator: the operator is allowed what `tables["grants"]` holds

    def iam_SimulatePrincipalPolicy(self, given: Given) -> Given:
        grants, start = self.tables.get("grants", set()), int(given.get("Marker") or 0)
        names = given["ActionNames"][start : start + self.page]
        rows = [{"EvalActionName": n, "EvalDecision": "allowed" if n in grants else "implicitDeny"} for n in names]
        more = start + self.page < len(given["ActionNames"])
        return {"EvaluationResults": rows, "IsTruncated": more, **({"Marker": str(start + self.page)} if more else {})}
