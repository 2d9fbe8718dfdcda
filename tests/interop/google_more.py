"""Ours: more of what stands behind the modelled APIs of Google: phones, OS Login, workforce pools, single sign-on, successors of keys.

A part of `google_cloud.Cloud`, on whose state it works.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from rescind.models.clock import rfc3339
from tests.interop.google_model import Fault

if TYPE_CHECKING:
    from tests.interop.google_cloud import Cloud, Row

POOL = "locations/global/workforcePools/acme-people"
OPERATION = "type.googleapis.com/fake"


class More:
    """Methods of a cloud that need no state of their own."""

    # phones and tablets

    def phone(self: Cloud, uid: str, *others: str) -> str:
        """Let a user, or several, manage a phone."""
        ident = f"AFiQ{next(self._ids)}"
        mails = [self.get("user", u)["primaryEmail"] for u in (uid, *others)]
        self.put(("mobile", ident), {"kind": "admin#directory#mobiledevice", "resourceId": ident, "deviceId": f"id{ident}", "serialNumber": f"SN{ident}", "type": "ANDROID",
                                     "model": "Pixel 9", "email": mails, "status": "APPROVED", "firstSync": "2026-05-01T08:00:00.000Z", "lastSync": "2026-11-20T08:00:00.000Z"})  # fmt: skip
        return ident

    def directory_mobiledevices_get(self: Cloud, p: dict[str, str], q: Any, b: Row) -> Row:
        return self.get("mobile", p["resourceId"])

    def directory_mobiledevices_list(self: Cloud, p: dict[str, str], q: dict[str, str], b: Row) -> Row:
        word = q.get("query", "").removeprefix("email:").partition("@")[0]  # finds similar addresses too, as documented
        rows = [r for r in self.all("mobile") if any(m.startswith(word) for m in r["email"])]
        return {"kind": "admin#directory#mobiledevices", "etag": "fake", **self.paged("mobiledevices", rows, q)}

    def directory_mobiledevices_action(self: Cloud, p: dict[str, str], q: Any, b: Row) -> None:
        key = ("mobile", p["resourceId"])
        row = self.things[key].now if key in self.things else None
        if row is None:
            raise Fault(404, "Resource Not Found: resourceId")
        to = {
            "block": "BLOCKED",
            "approve": "APPROVED",
            "admin_account_wipe": "ACCOUNT_WIPED" if self.online else "ACCOUNT_WIPING",
            "admin_remote_wipe": "WIPED" if self.online else "WIPING",
        }.get(b.get("action", ""))
        if to is None:
            raise Fault(400, "Invalid Input: action")
        self.put(key, {**row, "status": to})

    # commands to ChromeOS devices, and the company's own phones

    def admin_customer_devices_chromeos_issuecommand(self: Cloud, p: dict[str, str], q: Any, b: Row) -> Row:
        self.get("cros", p["deviceId"])
        number = str(next(self._ids))
        state = {"state": "EXECUTED_BY_CLIENT", "commandResult": {"result": "SUCCESS"}} if self.online else {"state": "PENDING"}  # fmt: skip
        self.put(("command", p["deviceId"], number), {"commandId": number, "type": b["commandType"], **state})
        return {"commandId": number}

    def admin_customer_devices_chromeos_commands_get(self: Cloud, p: dict[str, str], q: Any, b: Row) -> Row:
        return self.get("command", p["deviceId"], p["commandId"])

    def cloudidentity_devices_wipe(self: Cloud, p: dict[str, str], q: Any, b: Row) -> Row:
        row = self.get("device", p["name"])
        self.put(("device", p["name"]), {**row, "managementState": "WIPED" if self.online else "WIPING"})
        return {"name": f"operations/{secrets.token_hex(8)}"}

    # OS Login

    def ssh_key(self: Cloud, uid: str) -> str:
        """Let a user leave a key with OS Login; the directory shows it too."""
        blob = b"\x00\x00\x00\x0bssh-ed25519\x00\x00\x00 " + secrets.token_bytes(32)
        text = f"ssh-ed25519 {base64.b64encode(blob).decode()} ada@ada-laptop"
        name = hashlib.sha256(blob).hexdigest()
        self.put(("ssh", uid, name), {"key": text, "fingerprint": name, "name": f"users/{uid}/sshPublicKeys/{name}"})
        user = self.get("user", uid)
        self.put(("user", uid), {**user, "sshPublicKeys": [*user.get("sshPublicKeys", ()), {"key": text, "fingerprint": name}]})  # fmt: skip
        self.things["user", uid].history[-1] = (self.now() - timedelta(days=1), self.things["user", uid].now)
        return f"{uid}/{name}"

    def oslogin_users_getloginprofile(self: Cloud, p: dict[str, str], q: Any, b: Row) -> Row:
        uid = self.who(p["name"].partition("/")[2])
        rows = self.all("ssh", uid)
        if not rows and not self.get("user", uid).get("sshPublicKeys"):
            raise Fault(404, "Login profile not found.")
        keys = {"sshPublicKeys": {r["fingerprint"]: r for r in rows}} if rows else {}
        return {"name": uid, **keys}

    def oslogin_users_sshpublickeys_create(self: Cloud, p: dict[str, str], q: Any, b: Row) -> Row:
        uid, name = (
            self.who(p["parent"].partition("/")[2]),
            hashlib.sha256(base64.b64decode(b["key"].split()[1])).hexdigest(),
        )
        row = {**b, "fingerprint": name, "name": f"users/{uid}/sshPublicKeys/{name}"}
        self.put(("ssh", uid, name), row)
        return row

    def oslogin_users_sshpublickeys_delete(self: Cloud, p: dict[str, str], q: Any, b: Row) -> Row:
        _, user, _, name = p["name"].split("/")
        key = ("ssh", self.who(user), name)
        if key not in self.things or self.things[key].now is None:
            raise Fault(404, "SSH public key not found.")
        self.put(key, None)
        return {}

    # workforce identities

    def worker(self: Cloud, subject: str) -> str:
        """Let somebody sign in through the pool."""
        if ("pool", POOL) not in self.things:
            self.put(("pool", POOL), {"name": POOL, "state": "ACTIVE", "parent": "organizations/1", "sessionDuration": "3600s"})  # fmt: skip
        name = f"{POOL}/subjects/{subject}"
        self.put(("worker", name), {"name": name, "revoked": ""})
        return name

    def iam_workforcepools_get(self: Cloud, p: dict[str, str], q: Any, b: Row) -> Row:
        return self.get("pool", p["name"])

    def iam_workforcepools_testiampermissions(self: Cloud, p: dict[str, str], q: Any, b: Row) -> Row:
        held = [x for x in b["permissions"] if self.permissions is None or x in self.permissions]
        return {"permissions": held} if held else {}

    def _worker(self: Cloud, name: str, *, there: bool, **facts: Any) -> Row:
        row = self.things["worker", name].now if ("worker", name) in self.things else None
        if row is None or bool(row.get("deleted")) is there:
            raise Fault(404 if row is None else 400, "Requested entity was not found, or not in this state.")
        self.put(("worker", name), {**row, **facts})
        rest = {"done": True, "response": {"@type": OPERATION}} if self.done else {}
        return {"name": f"{name}/operations/{secrets.token_hex(8)}", **rest}

    def iam_workforcepools_subjects_revokesessions(self: Cloud, p: dict[str, str], q: Any, b: Row) -> Row:
        return self._worker(p["name"], there=True, revoked=rfc3339(self.now()))

    def iam_workforcepools_subjects_delete(self: Cloud, p: dict[str, str], q: Any, b: Row) -> Row:
        if ((self.things["worker", p["name"]].now if ("worker", p["name"]) in self.things else None) or {}).get("deleted"):  # fmt: skip
            raise Fault(404, "Requested entity was not found.")
        return self._worker(p["name"], there=True, deleted=True)

    def iam_workforcepools_subjects_undelete(self: Cloud, p: dict[str, str], q: Any, b: Row) -> Row:
        return self._worker(p["name"], there=False, deleted=False)

    # who is an administrator, where people sign in, and which domains are of the Workspace

    def directory_users_list(self: Cloud, p: dict[str, str], q: dict[str, str], b: Row) -> Row:
        wanted = q.get("query") == "isAdmin=true"
        rows = [r for r in self.all("user") if not wanted or r.get("isAdmin")]
        return {"kind": "admin#directory#users", "etag": "fake", **self.paged("users", rows, q)}

    def sso(self: Cloud, *, unit: str = "", group: str = "", entity: str = "", mode: str = "SAML_SSO") -> None:
        """Send a unit, or a group, to an identity provider; `mode` says otherwise."""
        number = next(self._ids)
        oidc = mode == "OIDC_SSO"
        profile = f"inbound{'Oidc' if oidc else 'Saml'}SsoProfiles/p{number}"
        config = {"issuerUri": entity} if oidc else {"entityId": entity}
        self.put(("profile", profile), {"name": profile, "displayName": "Acme sign-on", "idpConfig": config})
        info = {"oidcSsoInfo": {"inboundOidcSsoProfile": profile}} if oidc else {"samlSsoInfo": {"inboundSamlSsoProfile": profile}}  # fmt: skip
        target = {"targetGroup": f"groups/{group}", "rank": number % 1000} if group else {"targetOrgUnit": f"orgUnits/{self.unit(unit)}"}  # fmt: skip
        row = {"name": f"inboundSsoAssignments/a{number}", "customer": "customers/C0fake123", "ssoMode": mode, **target}
        self.put(("sso", row["name"]), {**row, **(info if mode in {"SAML_SSO", "OIDC_SSO"} else {})})

    def unit(self: Cloud, path: str) -> str:
        """Return the id of an organisational unit, which is made if it is not there."""
        if ("unit", path) not in self.things:
            self.put(("unit", path), {"kind": "admin#directory#orgUnit", "orgUnitId": f"id:03ph{next(self._ids)}", "orgUnitPath": path, "name": path.rpartition("/")[2]})  # fmt: skip
        return str(self.get("unit", path)["orgUnitId"]).removeprefix("id:")

    def cloudidentity_inboundssoassignments_list(self: Cloud, p: dict[str, str], q: dict[str, str], b: Row) -> Row:
        return self.paged("inboundSsoAssignments", self.all("sso"), q)

    def cloudidentity_inboundsamlssoprofiles_get(self: Cloud, p: dict[str, str], q: Any, b: Row) -> Row:
        return self.get("profile", p["name"])

    cloudidentity_inboundoidcssoprofiles_get = cloudidentity_inboundsamlssoprofiles_get

    def directory_orgunits_list(self: Cloud, p: dict[str, str], q: Any, b: Row) -> Row:
        return {"kind": "admin#directory#orgUnits", "etag": "fake", "organizationUnits": self.all("unit")}

    def directory_members_hasmember(self: Cloud, p: dict[str, str], q: Any, b: Row) -> Row:
        return {"isMember": ("member", p["groupKey"], p["memberKey"]) in self.things}

    def directory_domains_list(self: Cloud, p: dict[str, str], q: Any, b: Row) -> Row:
        rows = [{"kind": "admin#directory#domain", "domainName": d, "isPrimary": d == "acme.example", "verified": True,
                 "domainAliases": [{"domainAliasName": f"alias.{d}"}]} for d in ("acme.example", "acme-labs.example")]  # fmt: skip
        return {"kind": "admin#directory#domains", "etag": "fake", "domains": rows}

    # successors

    def storage_hmackeys_create(self: Cloud, p: dict[str, str], q: dict[str, str], b: Row) -> Row:
        rows = [r for r in self.all("hmac") if r["serviceAccountEmail"] == q["serviceAccountEmail"] and r["state"] != "DELETED"]  # fmt: skip
        if len(rows) >= 10:
            raise Fault(429, "The maximum number of HMAC keys was reached.", "rateLimitExceeded")
        access = self.hmac(q["serviceAccountEmail"])
        row = {**(self.things["hmac", access].now or {}), "timeCreated": rfc3339(self.now())}
        self.things["hmac", access].history[-1] = (self.now() - timedelta(days=1), row)
        secret = base64.b64encode(secrets.token_bytes(30)).decode()
        self.public[access] = (row["serviceAccountEmail"], secret, self.now() + timedelta(seconds=self.birth))
        return {"kind": "storage#hmacKey", "secret": secret, "metadata": row}

    def signed_listing(self: Cloud, headers: Any, path: str) -> tuple[int, bytes]:
        """Answer a listing of buckets that a key signed (not in the documents: https://cloud.google.com/storage/docs/authentication/canonical-requests)."""
        said = dict(part.split("=", 1) for part in headers["Authorization"].partition(" ")[2].split(", "))
        access, *scope = said["Credential"].split("/")
        _, secret, born = self.public.get(access, ("", "", self.now()))
        names = said["SignedHeaders"].split(";")
        lines = ["GET", path, "", *(f"{n}:{headers[n].strip()}" for n in names), "", ";".join(names), headers["x-goog-content-sha256"]]  # fmt: skip
        digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()
        key = b"GOOG4" + secret.encode()
        for part in scope:
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        wanted = hmac.new(key, "\n".join(["GOOG4-HMAC-SHA256", headers["x-goog-date"], "/".join(scope), digest]).encode(), hashlib.sha256).hexdigest()  # fmt: skip
        row = self.things["hmac", access].now if ("hmac", access) in self.things else None
        if row is None or row["state"] != "ACTIVE" or self.now() < born:
            return 403, b"<?xml version='1.0'?><Error><Code>InvalidAccessKeyId</Code></Error>"
        if wanted != said["Signature"]:
            return 403, b"<?xml version='1.0'?><Error><Code>SignatureDoesNotMatch</Code></Error>"
        return 403, b"<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>"

    def apikeys_keys_create(self: Cloud, p: dict[str, str], q: dict[str, str], b: Row) -> Row:
        name = f"{p['parent'].replace('acme-prod', '123456789012')}/keys/{q['keyId']}"
        if ("apikey", name) in self.things:
            raise Fault(409, "The id was used before.", state="ALREADY_EXISTS")
        value = "AIza" + secrets.token_urlsafe(40)[:35]
        row = {**b, "name": name, "uid": f"{next(self._ids)}-fake", "createTime": rfc3339(self.now()), "etag": "W/fake", "keyString": value}  # fmt: skip
        self.put(("apikey", name), row)
        return self._lro(row)

    def apikeys_operations_get(self: Cloud, p: dict[str, str], q: Any, b: Row) -> Row:
        """Say that an operation goes on, and at the third look that it is over."""
        over = self.calls["apikeys.operations.get"] >= 2
        return {"name": p["name"], **({"done": True, "response": {"@type": OPERATION}} if over else {})}

    def apikeys_keys_getkeystring(self: Cloud, p: dict[str, str], q: Any, b: Row) -> Row:
        return {"keyString": self.get("apikey", p["name"])["keyString"]}

    def iam_oauthclients_credentials_create(self: Cloud, p: dict[str, str], q: dict[str, str], b: Row) -> Row:
        name = f"{p['parent']}/credentials/{q['oauthClientCredentialId']}"
        if ("secret", p["parent"], name) in self.things:
            raise Fault(409, "The id was used before.", state="ALREADY_EXISTS")
        row = {**b, "name": name, "clientSecret": "GOCSPX-" + secrets.token_urlsafe(30)[:28]}
        self.put(("secret", p["parent"], name), row)
        return row
