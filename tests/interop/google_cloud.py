"""Ours: what stands behind the modelled APIs of Google: people, grants, accounts and keys with state, delay, pages and refusals.

A write is shown `lag` seconds later, and keys end for those who use them as Google documents it or others measured it.
"""

from __future__ import annotations

import base64
import itertools
import json
import random
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from rescind.models.clock import rfc3339
from rescind.models.tenant import SecretRef, Tenant
from rescind.providers.google import _connect
from rescind.secret import Secret
from rescind.wire.pace import Pacer
from tests.interop.google_model import Fault, Method
from tests.interop.google_more import More

CUSTOMER, PROJECT, NUMBER, ADMIN = "C0fake123", "acme-prod", "123456789012", "responder@acme.example"
TOKEN = "ya29.fake-operator-token"
HONOURED = timedelta(minutes=23)
"""How long a deleted API key was seen to be accepted: https://www.aikido.dev/blog/google-api-keys-deletion."""
HOUR = timedelta(hours=1)
Row = dict[str, Any]


def _plain(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


@dataclass
class Thing:
    """One object and what it was: `at(moment)` is what a server shows that has heard of everything until then."""

    history: list[tuple[datetime, Row | None]]

    def at(self, moment: datetime) -> Row | None:
        return next((row for since, row in reversed(self.history) if since <= moment), None)

    @property
    def now(self) -> Row | None:
        return self.history[-1][1]


@dataclass
class Cloud(More):
    """One organisation. `scopes` and `permissions` are what the operator's token has (None: all). `page` items are in a page at most.

    `throttled` methods answer that too much was asked, with `retry_after` if that is set; `fails` says from which call on (0: the first) a
    method answers with a fault.
    """

    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    lag: float = 0.0
    page: int = 2
    scopes: set[str] | None = None
    permissions: set[str] | None = None
    things: dict[tuple[str, ...], Thing] = field(default_factory=dict)
    log: list[tuple[str, str, str, Any, int]] = field(default_factory=list)
    throttled: set[str] = field(default_factory=set)
    retry_after: str = ""
    fails: dict[str, tuple[int, Fault]] = field(default_factory=dict)
    calls: dict[str, int] = field(default_factory=dict)
    under: dict[tuple[str, ...], list[tuple[str, ...]]] = field(default_factory=dict)
    done: bool = True
    online: bool = True
    birth: float = 0.0
    public: dict[str, tuple[str, Any, datetime]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._lock, self._ids, self._dice = threading.RLock(), itertools.count(100_000_000_001), random.Random(17)
        self.admin = self.user(ADMIN)

    # what the server asks

    def now(self) -> datetime:
        return self.clock()

    def permit(self, token: str, scopes: set[str], permission: str) -> None:
        if token != TOKEN:
            raise Fault(401, "Request had invalid authentication credentials.")
        if self.scopes is not None and not scopes & self.scopes:
            raise Fault(403, "Request had insufficient authentication scopes.", "insufficientPermissions")
        if permission and self.permissions is not None and permission not in self.permissions:
            raise Fault(403, f"Permission '{permission}' denied on resource (or it may not exist).")

    def pace(self, method: Method) -> None:
        nth = self.calls[method.id] = self.calls.get(method.id, -1) + 1
        if method.id in self.throttled:
            old = method.host == "admin"
            raise Fault(
                403 if old else 429,
                "Quota exceeded.",
                "userRateLimitExceeded" if old else "",
                retry_after=self.retry_after,
            )
        if method.id in self.fails and nth >= self.fails[method.id][0]:
            raise self.fails[method.id][1]

    def handle(self, method: str, path: dict[str, str], query: dict[str, str], body: Row) -> Row | None:
        api, _, rest = method.partition(".")
        name = rest.replace("projects.", "").replace("locations.", "").replace(".", "_").lower()
        with self._lock:
            work = getattr(self, f"{api}_{name}", None)
            if work is None:
                raise Fault(404, "This simulator does not play the method.")
            return work(path, query, body)  # type: ignore[no-any-return]

    # state

    def put(self, key: tuple[str, ...], row: Row | None) -> None:
        moment = self.now()
        if key in self.things:
            self.things[key].history.append((moment, row))
        else:  # what is new is there at once: only changes travel
            self.things[key] = Thing([(moment - timedelta(days=1), row)])
            self.under.setdefault(key[:-1], []).append(key)

    def get(self, *key: str) -> Row:
        thing = self.things.get(key)
        row = thing.at(self.now() - timedelta(seconds=self.lag)) if thing else None
        if row is None:
            raise Fault(404, "Resource Not Found: " + key[0])
        return row

    def all(self, *prefix: str) -> list[Row]:
        seen = self.now() - timedelta(seconds=self.lag)
        rows = [self.things[k].at(seen) for k in self.under.get(prefix, ())]
        return [r for r in rows if r is not None]

    def paged(self, items: str, rows: list[Row], query: dict[str, str]) -> Row:
        start = int(query.get("pageToken", "p0")[1:])
        size = min(self.page, int(query.get("pageSize") or query.get("maxResults") or self.page))
        found: Row = {items: rows[start : start + size]} if rows else {}
        return {**found, "nextPageToken": f"p{start + size}"} if start + size < len(rows) else found

    # Workspace

    def user(self, email: str, *, known: bool = True, **more: Any) -> str:
        """Return the id of a user, who is made if they are not there; without `known` nobody looks first."""
        there = next((r["id"] for r in self.all("user") if r["primaryEmail"] == email), "") if known else ""
        if there:
            return str(there)
        uid = f"1{next(self._ids):020d}"
        row = {"kind": "admin#directory#user", "id": uid, "primaryEmail": email, "customerId": CUSTOMER, "suspended": False,
               "isAdmin": False, "creationTime": "2024-02-03T10:00:00.000Z", "lastLoginTime": "1970-01-01T00:00:00.000Z", **more}  # fmt: skip
        self.put(("user", uid), row)
        self.put(("codes", uid), {})
        return uid

    def grant(self, uid: str, client_id: str) -> str:
        self.put(("token", uid, client_id), {"kind": "admin#directory#token", "clientId": client_id, "userKey": uid, "displayText": "Google Cloud SDK",
                                             "scopes": ["openid"], "nativeApp": True, "anonymous": False})  # fmt: skip
        return f"{uid}/{client_id}"

    def asp(self, uid: str) -> str:
        code = next(self._ids) % 10_000
        self.put(("asp", uid, str(code)), {"kind": "admin#directory#asp", "codeId": code, "name": "mail on the laptop", "userKey": uid,
                                           "creationTime": "1760000000000", "lastTimeUsed": "0"})  # fmt: skip
        return f"{uid}/{code}"

    def codes(self, uid: str) -> str:
        given = {
            "items": [
                {
                    "kind": "admin#directory#verificationCode",
                    "userId": uid,
                    "verificationCode": f"{secrets.randbelow(10**8):08d}",
                }
                for _ in range(3)
            ]
        }
        self.put(("codes", uid), given)
        return f"codes:{uid}"

    def who(self, key: str) -> str:
        rows = [r for r in self.all("user") if key.casefold() in {r["id"], r["primaryEmail"], *r.get("aliases", [])}]
        if not rows:
            raise Fault(404, "Resource Not Found: userKey")
        return str(rows[0]["id"])

    def directory_users_get(self, p: dict[str, str], q: Any, b: Row) -> Row:
        return self.get("user", self.who(p["userKey"]))

    def directory_users_update(self, p: dict[str, str], q: Any, b: Row) -> Row:
        uid = self.who(p["userKey"])
        row = self.things["user", uid].now
        ranked = isinstance(row, dict) and (row.get("isAdmin") or row.get("isDelegatedAdmin"))
        if not isinstance(row, dict) or (ranked and not (self.things["user", self.admin].now or {}).get("isAdmin")):
            raise Fault(403, "Not Authorized to access this resource/api")
        self.put(("user", uid), {**row, **b})
        return {**row, **b}

    def directory_users_signout(self, p: dict[str, str], q: Any, b: Row) -> None:
        self.put(("signed-out", self.who(p["userKey"])), {"at": rfc3339(self.now())})

    def _under(self, sort: str, p: dict[str, str]) -> Row:
        rows = self.all(sort, self.who(p["userKey"]))
        return {"kind": f"admin#directory#{sort}List", "etag": "fake", **({"items": rows} if rows else {})}

    def _end(self, sort: str, p: dict[str, str], name: str) -> None:
        uid = self.who(p["userKey"])
        if self.things.get((sort, uid, name), Thing([(self.now(), None)])).now is None:
            raise Fault(404, f"Resource Not Found: {sort}")
        self.put((sort, uid, name), None)

    def directory_tokens_list(self, p: dict[str, str], q: Any, b: Row) -> Row:
        return self._under("token", p)

    def directory_tokens_delete(self, p: dict[str, str], q: Any, b: Row) -> None:
        self._end("token", p, p["clientId"])

    def directory_asps_list(self, p: dict[str, str], q: Any, b: Row) -> Row:
        return self._under("asp", p)

    def directory_asps_delete(self, p: dict[str, str], q: Any, b: Row) -> None:
        self._end("asp", p, p["codeId"])

    def directory_verificationcodes_list(self, p: dict[str, str], q: Any, b: Row) -> Row:
        return {
            "kind": "admin#directory#verificationCodesList",
            "etag": "fake",
            **self.get("codes", self.who(p["userKey"])),
        }

    def directory_verificationcodes_invalidate(self, p: dict[str, str], q: Any, b: Row) -> None:
        self.put(("codes", self.who(p["userKey"])), {})

    # service accounts and their keys

    def account(self, name: str, project: str = PROJECT) -> str:
        email = f"{name}@{project}.iam.gserviceaccount.com"
        self.put(
            ("account", email),
            {
                "name": f"projects/{project}/serviceAccounts/{email}",
                "projectId": project,
                "email": email,
                "uniqueId": f"2{next(self._ids):020d}",
            },
        )
        return email

    def key(self, email: str, sort: str = "USER_MANAGED") -> str:
        kid, project = secrets.token_hex(20), email.partition("@")[2].partition(".")[0]
        self.put(("key", email, kid), {"name": f"projects/{project}/serviceAccounts/{email}/keys/{kid}", "keyType": sort, "keyOrigin": "GOOGLE_PROVIDED",
                                       "keyAlgorithm": "KEY_ALG_RSA_2048", "validAfterTime": "2026-05-01T08:00:00Z", "validBeforeTime": "9999-12-31T23:59:59Z"})  # fmt: skip
        return kid

    def iam_serviceaccounts_keys_create(self, p: dict[str, str], q: Any, b: Row) -> Row:
        email, account = self._account(p)
        if len(self.all("key", email)) >= 10:
            raise Fault(400, "Maximum number of keys on account reached.", state="FAILED_PRECONDITION")
        pair = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        pem = pair.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        kid = self.key(email)
        row = {**(self.things["key", email, kid].now or {}), "validAfterTime": rfc3339(self.now())}
        self.things["key", email, kid].history[-1] = (self.now() - timedelta(days=1), row)
        self.public[kid] = (email, pair.public_key(), self.now() + timedelta(seconds=self.birth))
        file = {"type": "service_account", "project_id": account["projectId"], "private_key_id": kid, "private_key": pem.decode(),
                "client_email": email, "token_uri": "https://attacker.example/token"}  # fmt: skip
        return {
            **row,
            "privateKeyType": "TYPE_GOOGLE_CREDENTIALS_FILE",
            "privateKeyData": base64.b64encode(json.dumps(file).encode()).decode(),
        }

    def exchange(self, form: dict[str, list[str]]) -> tuple[int, Row]:
        """Answer a key that wants an access token, in the words in which Google refuses one that it has not heard of, or no more."""
        head, body, signature = form["assertion"][0].split(".")
        kid = json.loads(_plain(head)).get("kid", "")
        email, public, born = self.public[kid]
        try:
            public.verify(_plain(signature), f"{head}.{body}".encode(), padding.PKCS1v15(), hashes.SHA256())
            taken = self.now() >= born and self.mint(email, kid) is not None
        except InvalidSignature:
            taken = False
        if not taken:
            return 400, {"error": "invalid_grant", "error_description": "Invalid JWT Signature."}
        return 200, {"access_token": f"ya29.fake-{kid}", "expires_in": 3599, "token_type": "Bearer"}

    def mint(self, email: str, kid: str) -> datetime | None:
        """Exchange a key for an access token: when it was made, or None where Google refuses."""
        key, account = self.things["key", email, kid].now, self.things["account", email].now
        ok = key is not None and not key.get("disabled") and account is not None and not account.get("disabled")
        return self.now().replace(microsecond=0) if ok else None  # tokens count in whole seconds

    def accepts(self, email: str, minted: datetime) -> bool:
        """Tell whether an access token works: until it expires, whatever became of its key, unless its account is off."""
        account = self.things["account", email].now
        return account is not None and not account.get("disabled") and self.now() < minted + HOUR

    def _account(self, p: dict[str, str]) -> tuple[str, Row]:
        _, project, _, email, *_ = p["name"].split("/")
        known = [self.get("account", email)] if ("account", email) in self.things else self.all("account")
        row = next(
            (r for r in known if email in {r["email"], r["uniqueId"]} and project in {r["projectId"], "-"}), None
        )
        if row is None:  # with the wildcard Google does not say whether it is there
            raise Fault(403 if project == "-" else 404, f"Unknown service account: {email}")
        return row["email"], row

    def iam_serviceaccounts_get(self, p: dict[str, str], q: Any, b: Row) -> Row:
        return self._account(p)[1]

    def iam_serviceaccounts_list(self, p: dict[str, str], q: Any, b: Row) -> Row:
        return self.paged("accounts", [r for r in self.all("account") if r["projectId"] == p["name"].split("/")[1]], q)

    def _switch(self, key: tuple[str, ...], disabled: bool) -> Row:
        row = self.things[key].now if key in self.things else None
        if row is None:
            raise Fault(404, f"Unknown {key[0]}.")
        rest = {k: v for k, v in row.items() if k not in {"disabled", "disableReason"}}
        why = {"disableReason": "SERVICE_ACCOUNT_KEY_DISABLE_REASON_USER_INITIATED"} if key[0] == "key" else {}
        self.put(key, {**rest, **({"disabled": True, **why} if disabled else {})})
        return {}

    def iam_serviceaccounts_disable(self, p: dict[str, str], q: Any, b: Row) -> Row:
        return self._switch(("account", self._account(p)[0]), True)

    def iam_serviceaccounts_enable(self, p: dict[str, str], q: Any, b: Row) -> Row:
        return self._switch(("account", self._account(p)[0]), False)

    def iam_serviceaccounts_keys_get(self, p: dict[str, str], q: Any, b: Row) -> Row:
        return self.get("key", self._account(p)[0], p["name"].rpartition("/")[2])

    def iam_serviceaccounts_keys_list(self, p: dict[str, str], q: Any, b: Row) -> Row:
        rows = [r for r in self.all("key", self._account(p)[0]) if q.get("keyTypes", r["keyType"]) == r["keyType"]]
        return {"keys": rows} if rows else {}

    def iam_serviceaccounts_keys_disable(self, p: dict[str, str], q: Any, b: Row) -> Row:
        return self._switch(("key", self._account(p)[0], p["name"].rpartition("/")[2]), True)

    def iam_serviceaccounts_keys_enable(self, p: dict[str, str], q: Any, b: Row) -> Row:
        return self._switch(("key", self._account(p)[0], p["name"].rpartition("/")[2]), False)

    def iam_serviceaccounts_keys_delete(self, p: dict[str, str], q: Any, b: Row) -> Row:
        key = ("key", self._account(p)[0], p["name"].rpartition("/")[2])
        if key not in self.things or self.things[key].now is None:
            raise Fault(404, "Service account key does not exist.")
        self.put(key, None)
        return {}

    # API keys

    def api_key(self, project: str = PROJECT, **more: Any) -> tuple[str, str]:
        uid, value = f"{next(self._ids)}-fake", "AIza" + secrets.token_urlsafe(40)[:35]
        name = f"projects/{NUMBER if project == PROJECT else project}/locations/global/keys/{uid}"
        self.put(
            ("apikey", name),
            {
                "name": name,
                "uid": uid,
                "displayName": "browser key",
                "createTime": "2026-05-01T08:00:00Z",
                "etag": "W/fake",
                "keyString": value,
                **more,
            },
        )
        return name, value

    def honours(self, name: str) -> bool:
        """Tell whether one of Google's servers accepts an API key: for 23 minutes after its deletion it depends on which one is asked."""
        deleted = (self.things["apikey", name].now or {}).get("deleteTime")
        if not deleted:
            return True
        return self.now() < datetime.fromisoformat(deleted) + HONOURED and self._dice.random() < 0.5

    @staticmethod
    def _public(row: Row) -> Row:
        return {k: v for k, v in row.items() if k != "keyString"}

    def apikeys_keys_lookupkey(self, p: Any, q: dict[str, str], b: Row) -> Row:
        row = next((r for r in self.all("apikey") if r["keyString"] == q.get("keyString")), None)
        if row is None:
            raise Fault(404, "Requested entity was not found.")
        return {"parent": row["name"].partition("/keys/")[0], "name": row["name"]}

    def apikeys_keys_get(self, p: dict[str, str], q: Any, b: Row) -> Row:
        return self._public(self.get("apikey", p["name"]))

    def apikeys_keys_list(self, p: dict[str, str], q: Any, b: Row) -> Row:
        parent = p["parent"].replace(PROJECT, NUMBER)
        rows = [r for r in self.all("apikey") if r["name"].startswith(parent + "/")]
        return self.paged("keys", [self._public(r) for r in rows if not r.get("deleteTime")], q)

    def _lro(self, row: Row) -> Row:
        kind = {"@type": "type.googleapis.com/google.api.apikeys.v2.Key", **self._public(row)}
        return {
            "name": f"operations/akmf.{secrets.token_hex(8)}",
            **({"done": True, "response": kind} if self.done else {}),
        }

    def apikeys_keys_delete(self, p: dict[str, str], q: Any, b: Row) -> Row:
        row = self.things["apikey", p["name"]].now if ("apikey", p["name"]) in self.things else None
        if row is None or row.get("deleteTime"):
            raise Fault(404, "Requested entity was not found.")
        self.put(
            ("apikey", p["name"]),
            {**row, "deleteTime": self.now().isoformat(timespec="microseconds").replace("+00:00", "Z")},
        )
        return self._lro(row)

    def apikeys_keys_undelete(self, p: dict[str, str], q: Any, b: Row) -> Row:
        row = self.things["apikey", p["name"]].now
        if row is None or not row.get("deleteTime"):
            raise Fault(400, "The key is not deleted.", state="FAILED_PRECONDITION")
        self.put(("apikey", p["name"]), {k: v for k, v in row.items() if k != "deleteTime"})
        return self._lro(row)

    # HMAC keys

    def hmac(self, email: str) -> str:
        access = "GOOG1E" + secrets.token_hex(28).upper()[:55]
        project = email.partition("@")[2].partition(".")[0]
        self.put(("hmac", access), {"kind": "storage#hmacKeyMetadata", "id": f"{project}/{access}", "accessId": access, "projectId": project, "serviceAccountEmail": email,
                                    "state": "ACTIVE", "timeCreated": "2026-05-01T08:00:00.000Z", "updated": "2026-05-01T08:00:00.000Z", "etag": "fake"})  # fmt: skip
        return access

    def storage_hmackeys_get(self, p: dict[str, str], q: Any, b: Row) -> Row:
        row = self.get("hmac", p["accessId"])
        if row["projectId"] != p["projectId"]:
            raise Fault(404, "Access ID not found in project.")
        return row

    def storage_hmackeys_list(self, p: dict[str, str], q: dict[str, str], b: Row) -> Row:
        mail = q.get("serviceAccountEmail", "")
        rows = [
            r
            for r in self.all("hmac")
            if r["projectId"] == p["projectId"] and r["state"] != "DELETED" and mail in {"", r["serviceAccountEmail"]}
        ]
        return {"kind": "storage#hmacKeysMetadata", **self.paged("items", rows, q)}

    def _hmac_to(self, p: dict[str, str], state: str) -> Row:
        row = {**(self.things["hmac", p["accessId"]].now or {}), "state": state}
        self.put(("hmac", p["accessId"]), row)
        return row

    def storage_hmackeys_update(self, p: dict[str, str], q: Any, b: Row) -> Row:
        if self.storage_hmackeys_get(p, q, b)["state"] == "DELETED" or b.get("state") not in {"ACTIVE", "INACTIVE"}:
            raise Fault(400, "Cannot change the state of a deleted key.")
        return self._hmac_to(p, b["state"])

    def storage_hmackeys_delete(self, p: dict[str, str], q: Any, b: Row) -> None:
        self.storage_hmackeys_get(p, q, b)
        state = (self.things["hmac", p["accessId"]].now or {})["state"]  # what writes is not late
        if state == "DELETED":
            raise Fault(404, "Access ID not found in project.")
        if state == "ACTIVE":
            raise Fault(400, "Cannot delete keys in ACTIVE state.")
        self._hmac_to(p, "DELETED")

    # OAuth clients of IAM

    def oauth_client(self, project: str = PROJECT) -> tuple[str, str]:
        """Make a secret of the project's client: its name and its value."""
        parent, value = (
            f"projects/{project}/locations/global/oauthClients/portal",
            "GOCSPX-" + secrets.token_urlsafe(30)[:28],
        )
        self.put(
            ("client", parent),
            {"name": parent, "clientId": "a0b1c2-fake", "state": "ACTIVE", "clientType": "CONFIDENTIAL_CLIENT"},
        )
        name = f"{parent}/credentials/c{next(self._ids)}"
        self.put(("secret", parent, name), {"name": name, "clientSecret": value, "displayName": "first"})
        return name, value

    def iam_oauthclients_get(self, p: dict[str, str], q: Any, b: Row) -> Row:
        return self.get("client", p["name"])

    def iam_oauthclients_list(self, p: dict[str, str], q: dict[str, str], b: Row) -> Row:
        return self.paged("oauthClients", [r for r in self.all("client") if r["name"].startswith(p["parent"] + "/")], q)

    def iam_oauthclients_credentials_list(self, p: dict[str, str], q: Any, b: Row) -> Row:
        self.get("client", p["parent"])
        rows = self.all("secret", p["parent"])
        return {"oauthClientCredentials": rows} if rows else {}

    def iam_oauthclients_credentials_get(self, p: dict[str, str], q: Any, b: Row) -> Row:
        return self.get("secret", p["name"].partition("/credentials/")[0], p["name"])

    def iam_oauthclients_credentials_patch(self, p: dict[str, str], q: dict[str, str], b: Row) -> Row:
        key = ("secret", p["name"].partition("/credentials/")[0], p["name"])
        row = self.things[key].now if key in self.things else None
        if row is None:
            raise Fault(404, "Requested entity was not found.")
        if set(b) != set(q.get("updateMask", "").split(",")):
            raise Fault(400, "The update mask does not name what is in the body.")
        self.put(key, {**row, **b})
        return {**row, **b}

    def iam_oauthclients_credentials_delete(self, p: dict[str, str], q: Any, b: Row) -> Row:
        key = ("secret", p["name"].partition("/credentials/")[0], p["name"])
        row = self.things[key].now if key in self.things else None
        if row is None:
            raise Fault(404, "Requested entity was not found.")
        if not row.get("disabled"):
            raise Fault(400, "Only a disabled credential can be deleted.", state="FAILED_PRECONDITION")
        self.put(key, None)
        return {}

    # devices

    def device(self, uid: str, hostname: str = "ada-laptop") -> str:
        """Sign a user in on a device of its own."""
        email, number = self.get("user", uid)["primaryEmail"], next(self._ids)
        self.put(("device", f"devices/d{number}"), {"name": f"devices/d{number}", "deviceType": "MAC_OS", "hostname": hostname, "serialNumber": f"FAKE{number}",
                                                    "ownerType": "COMPANY", "model": "MacBookPro18,3"})  # fmt: skip
        name = f"devices/d{number}/deviceUsers/u{number}"
        self.put(
            ("device-user", name),
            {"name": name, "userEmail": email, "managementState": "APPROVED", "lastSyncTime": "2026-11-20T08:00:00Z"},
        )
        return name

    def chromebook(self, uid: str) -> str:
        """Enrol a ChromeOS device that only this user uses."""
        email, ident = self.get("user", uid)["primaryEmail"], f"cros-{next(self._ids)}"
        self.put(("cros", ident), {"kind": "admin#directory#chromeosdevice", "deviceId": ident, "serialNumber": ident.upper(), "status": "ACTIVE",
                                   "recentUsers": [{"email": email, "type": "USER_TYPE_MANAGED"}]})  # fmt: skip
        return ident

    def directory_chromeosdevices_get(self, p: dict[str, str], q: Any, b: Row) -> Row:
        return self.get("cros", p["deviceId"])

    def directory_chromeosdevices_list(self, p: dict[str, str], q: dict[str, str], b: Row) -> Row:
        how, _, mail = q.get("query", "").partition(":")
        used = lambda r: mail in {u["email"] for u in r["recentUsers"]}  # noqa: E731
        rows = [
            r
            for r in self.all("cros")
            if not how or (used(r) if how == "recent_user" else r.get("annotatedUser") == mail)
        ]
        return {"kind": "admin#directory#chromeosdevices", "etag": "fake", **self.paged("chromeosdevices", rows, q)}

    def admin_customer_devices_chromeos_batchchangestatus(self, p: dict[str, str], q: Any, b: Row) -> Row:
        action = b["changeChromeOsDeviceStatusAction"].rpartition("_")[2]
        to, told = {"DISABLE": "DISABLED", "REENABLE": "ACTIVE"}[action], []
        for ident in b["deviceIds"]:
            row = self.things["cros", ident].now if ("cros", ident) in self.things else None
            if row is None or row["status"] == "DEPROVISIONED":
                told.append({"deviceId": ident, "error": {"code": 5, "message": "not found"}})
                continue
            self.put(("cros", ident), {**row, "status": to})
            told.append({"deviceId": ident, "response": {}})
        return {"changeChromeOsDeviceStatusResults": told}

    def cloudidentity_devices_get(self, p: dict[str, str], q: Any, b: Row) -> Row:
        return self.get("device", p["name"])

    def cloudidentity_devices_deviceusers_get(self, p: dict[str, str], q: Any, b: Row) -> Row:
        return self.get("device-user", p["name"])

    def cloudidentity_devices_deviceusers_list(self, p: dict[str, str], q: dict[str, str], b: Row) -> Row:
        mail = q.get("filter", "").removeprefix("email:")
        return self.paged("deviceUsers", [r for r in self.all("device-user") if mail in {"", r["userEmail"]}], q)

    def _manage(self, name: str, state: str) -> Row:
        key = ("device-user", name)
        if key not in self.things:
            raise Fault(404, "Requested entity was not found.")
        self.put(key, {**(self.things[key].now or {}), "managementState": state})
        return {
            "name": f"operations/{secrets.token_hex(8)}",
            **({"done": True, "response": {"@type": "type.googleapis.com/fake"}} if self.done else {}),
        }

    def cloudidentity_devices_deviceusers_wipe(self, p: dict[str, str], q: Any, b: Row) -> Row:
        return self._manage(p["name"], "WIPED" if self.online else "WIPING")

    def cloudidentity_devices_deviceusers_block(self, p: dict[str, str], q: Any, b: Row) -> Row:
        return self._manage(p["name"], "BLOCKED")

    def cloudidentity_devices_deviceusers_approve(self, p: dict[str, str], q: Any, b: Row) -> Row:
        return self._manage(p["name"], "APPROVED")

    def cloudresourcemanager_testiampermissions(self, p: dict[str, str], q: Any, b: Row) -> Row:
        held = [x for x in b["permissions"] if self.permissions is None or x in self.permissions]
        return {"permissions": held} if held else {}

    def cloudresourcemanager_get(self, p: dict[str, str], q: Any, b: Row) -> Row:
        if p["projectId"] not in {PROJECT, NUMBER}:  # Google does not say whether another project is there
            raise Fault(403, f"The caller does not have permission on project {p['projectId']}.")
        return {"projectId": PROJECT, "projectNumber": NUMBER, "lifecycleState": "ACTIVE"}


def client(url: str, clock: Any, **settings: Any) -> _connect.Google:
    """Return a client of the simulated organisation through `url`."""
    given = {"subject": ADMIN, "projects": (PROJECT,), "base_url": url, **settings}
    tenant = Tenant(
        name="google",
        provider="google",
        settings={k: v for k, v in given.items() if v},
        refs={"token": SecretRef(env="T")},
    )
    return _connect.connect(tenant, lambda _: Secret(TOKEN), Pacer(1000, clock), write=True)
