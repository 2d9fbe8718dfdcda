"""Ours: a simulator of Microsoft Graph, held to Graph's own model (tests/vectors/providers/entra/graph-v1.0.json).

A path, query option, property, body member or permission that the model does not have is refused as Graph refuses it. It has state,
pages, throttling, and replicas that answer as of `lag` seconds ago. It also keeps sign-ins: what `redeem` and `accepts` say is what the
kinds' `residual_until` has to equal. It is no Microsoft software and proves nothing about a real tenant.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import secrets
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from rescind.models.tenant import SecretRef, Tenant
from rescind.providers.entra import _connect
from rescind.secret import Secret
from rescind.wire.pace import Pacer

MODEL = Path(__file__).parents[1] / "vectors" / "providers" / "entra" / "graph-v1.0.json"
TENANT = "11111111-2222-3333-4444-555555555555"
APP = "99999999-8888-7777-6666-555555555555"
GRAPH = "00000003-0000-0000-c000-000000000000"
TOKEN = "eyJ-fake-operator-bearer"  # visibly fake
OPTIONS = {"$select", "$filter", "$top", "$count", "$skiptoken"}
_TERM = re.compile(r"(\w+(?:/\w+)*) (?:eq '((?:[^']|'')*)'|(ge|le) ([0-9TZ:.-]+))")
DEFAULTS = {"user": ("id", "userPrincipalName", "displayName", "mail"), "bitlockerRecoveryKey": ("id", "createdDateTime", "deviceId", "volumeType")}  # fmt: skip
METHOD_TYPES = {
    "fido2Methods": "fido2AuthenticationMethod",
    "phoneMethods": "phoneAuthenticationMethod",
    "emailMethods": "emailAuthenticationMethod",
    "microsoftAuthenticatorMethods": "microsoftAuthenticatorAuthenticationMethod",
    "softwareOathMethods": "softwareOathAuthenticationMethod",
    "temporaryAccessPassMethods": "temporaryAccessPassAuthenticationMethod",
    "windowsHelloForBusinessMethods": "windowsHelloForBusinessAuthenticationMethod",
    "platformCredentialMethods": "platformCredentialAuthenticationMethod",
    "externalAuthenticationMethods": "externalAuthenticationMethod",
}
PASSWORD = "28c10230-6103-485e-b985-444c60001490"  # the id that every user's password has


@cache
def model() -> dict[str, Any]:
    return json.loads(MODEL.read_text("utf-8"))["operations"]


@cache
def roles() -> dict[str, str]:
    """Return the ids of application permissions by name."""
    return json.loads(MODEL.read_text("utf-8"))["roles"]


@cache
def _templates() -> list[tuple[str, re.Pattern[str], str]]:
    made = []
    for operation in model():
        method, path = operation.split(" ")
        pattern = re.escape(path).replace(r"\{id\}", "([^/]+)").replace(r"\{value\}", "'([^/']+)'")
        made.append((method, re.compile(pattern), operation))
    return made


def operation_of(method: str, path: str) -> tuple[str, tuple[str, ...]]:
    """Return the model's operation that a request is, and its keys; empty for none."""
    for known, pattern, operation in _templates():
        if known == method and (hit := pattern.fullmatch(path)):
            return operation, tuple(unquote(g) for g in hit.groups())
    return "", ()


@cache
def _validator(operation: str) -> Any:
    import jsonschema  # a second of grammars: only for those who ask

    return jsonschema.Draft202012Validator(model()[operation]["body"], format_checker=jsonschema.FormatChecker())


def breaches(method: str, path: str, query: dict[str, str], body: Any) -> list[str]:
    """Return what a request says that Graph's model does not have."""
    operation, _ = operation_of(method, path)
    if not operation:
        return [f"no such operation: {method} {path}"]
    row = model()[operation]
    found = [f"query option {q}" for q in query if q not in OPTIONS]
    found += [f"property {p}" for p in filter(None, query.get("$select", "").split(",")) if p not in row["properties"]]
    if "$filter" in query:
        hits = [_TERM.fullmatch(term) for term in query["$filter"].split(" and ")]
        known = all(hit and hit[1].partition("/")[0] in row["properties"] for hit in hits)
        found += [] if known else [f"filter {query['$filter']}"]
    if row["body"] is None:
        return found + (["a body where none is"] if body is not None else [])
    check = _validator(operation)
    return found + ([e.message for e in check.iter_errors(body)] if body is not None else ["no body"])


class Clock:
    """The provider's own clock, which a test moves."""

    def __init__(self, start: datetime = datetime(2026, 11, 23, 9, tzinfo=UTC)) -> None:
        self.at = start

    def now(self) -> datetime:
        return self.at

    def pass_(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


class Real:
    """The time of day, for tests that do not move it."""

    def now(self) -> datetime:
        return datetime.now(UTC)


@dataclass
class Session:
    """One sign-in: its refresh token, and what it was made on, with and for."""

    user: str
    began: datetime
    device: str = ""
    method: str = ""
    grant: str = ""
    token: str = field(default_factory=lambda: "0.A-fake-refresh-" + secrets.token_urlsafe(16))


def _signed_by(der: bytes, assertion: str, app: str, audience: str) -> bool:
    """Check an assertion as Entra documents it: thumbprint, signature, issuer, audience, times."""
    try:
        certificate = x509.load_der_x509_certificate(der)
    except ValueError:
        return False
    head, body, signature = (base64.urlsafe_b64decode(p + "=" * (-len(p) % 4)) for p in assertion.split("."))
    header, claims, now = json.loads(head), json.loads(body), datetime.now(UTC).timestamp()
    thumb = base64.urlsafe_b64encode(certificate.fingerprint(hashes.SHA256())).decode().rstrip("=")
    whole = (header["alg"], header["x5t#S256"], claims["iss"], claims["sub"], claims["aud"]) == ("PS256", thumb, app, app, audience)  # fmt: skip
    if not whole or not claims["nbf"] <= now < claims["exp"] or not claims["jti"]:
        return False
    salted = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH)
    try:
        certificate.public_key().verify(signature, assertion.rpartition(".")[0].encode(), salted, hashes.SHA256())
    except InvalidSignature:
        return False
    return True


PRIVILEGED_AUTHENTICATION = "7be44c8a-adaf-4e2a-84d6-ab2649e08a13"


def _named(key: dict[str, Any]) -> dict[str, Any]:
    """A key without an identifier of its own gets its certificate's thumbprint."""
    if key.get("customKeyIdentifier"):
        return key
    return {**key, "customKeyIdentifier": hashlib.sha1(base64.b64decode(key["key"])).hexdigest().upper()}


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


class Refused(Exception):
    """Graph's error: a status, its code and words."""

    def __init__(self, status: int, code: str, words: str = "", wait: int = 0) -> None:
        super().__init__(words or code)
        self.status, self.code, self.words, self.wait = status, code, words or code, wait


class Graph:
    """One tenant. `granted` are our application's permissions; `page` is how many a page holds; `lag` how old a read may be."""

    def __init__(
        self, clock: Any = None, *, granted: set[str] | None = None, page: int = 100, lag: float = 0.0
    ) -> None:
        self.clock = clock or Real()
        self.granted = granted if granted is not None else every_permission()
        self.page, self.lag = page, lag
        self.throttle: list[tuple[str, int]] = []  # (part of a path, seconds) for each refusal to come
        self.forbidden: set[str] = (
            set()
        )  # ids of users whom no application may touch, for a reason that no listing shows
        self.seen: list[tuple[str, str, dict[str, str], Any]] = []
        self.action_names = {
            "wipe": "factoryReset",
            "retire": "removeCompanyData",
        }  # Intune's own names, beside its paths
        self.denied: list[str] = []  # operations that we had no permission for
        self.asked: list[dict[str, str]] = []  # what was sent to the token endpoint
        self.birth = 0.0  # after how many seconds a new credential is taken there
        self.needed: set[str] = set()
        self.url = ""
        self._rows: dict[str, dict[str, list[tuple[datetime, dict[str, Any] | None]]]] = {}
        self._sessions: dict[str, Session] = {}
        self._lock = threading.RLock()
        self.put("organization", TENANT, {"displayName": "Contoso (simulated)"})
        self.domain("contoso.example")
        self.principal(APP, owners=())
        self.principal(GRAPH, owners=())

    # state

    def put(self, kind: str, key: str, row: dict[str, Any] | None) -> dict[str, Any] | None:
        """Write a row, or its absence. Readers see it `lag` seconds later."""
        with self._lock:
            shown = None if row is None else {**row, "id": key}
            self._rows.setdefault(kind, {}).setdefault(key, []).append((self.clock.now(), shown))
            return shown

    def get(self, kind: str, key: str, *, stale: bool = False) -> dict[str, Any] | None:
        versions = self._rows.get(kind, {}).get(key, [])
        until = self.clock.now() - timedelta(seconds=self.lag if stale else 0)
        past = [row for at, row in versions if at <= until]
        return past[-1] if past else (versions[0][1] if versions and stale else None)

    def all(self, kind: str, *, stale: bool = True) -> list[dict[str, Any]]:
        rows = (self.get(kind, key, stale=stale) for key in list(self._rows.get(kind, {})))
        return [r for r in rows if r is not None]

    def update(self, kind: str, key: str, **changes: Any) -> None:
        self.put(kind, key, {**(self.get(kind, key) or {}), **changes})

    # what a tenant has

    def user(self, name: str, **more: Any) -> str:
        key = str(uuid.uuid4())
        facts = {
            "userPrincipalName": name, "userType": "Member", "accountEnabled": True, "onPremisesSyncEnabled": None,
            "signInSessionsValidFromDateTime": "2026-01-01T00:00:00Z", "createdDateTime": "2026-01-01T00:00:00Z",
        }  # fmt: skip
        self.put("user", key, {**facts, **more})
        self.put(f"methods/{key}", PASSWORD, {"@odata.type": "#microsoft.graph.passwordAuthenticationMethod"})
        return key

    def domain(self, name: str, authentication: str = "Managed") -> None:
        self.put("domain", name, {"authenticationType": authentication, "isVerified": True})

    def member(self, of: str, sort: str = "directoryRole", **facts: Any) -> str:
        """Put a user, or a service principal, into a role or a group."""
        key = str(uuid.uuid4())
        self.put(f"membership/{of}", key, {"@odata.type": f"#microsoft.graph.{sort}", "displayName": sort, **facts})
        return key

    def assigned(self, user: str, application: str) -> None:
        self.put(f"assigned/{user}", str(uuid.uuid4()), {"principalId": user, "resourceDisplayName": application})

    def managed(self, device: str, **facts: Any) -> str:
        """Enrol a device in Intune."""
        key, row = str(uuid.uuid4()), self.get("device", device) or {}
        made = {"azureADDeviceId": row["deviceId"], "deviceName": row["displayName"], "operatingSystem": "Windows", "managedDeviceOwnerType": "company", "managementState": "managed", "deviceActionResults": [], "serialNumber": "FAKE-1"}  # fmt: skip
        self.put("managedDevice", key, {**made, **facts})
        return key

    def reports(self, managed: str, state: str) -> None:
        """The machine came online and said what became of the last order; a wiped one is gone from the listing a while later."""
        row = self.get("managedDevice", managed) or {}
        results = [*row["deviceActionResults"]]
        results[-1] = {**results[-1], "actionState": state, "lastUpdatedDateTime": _time(self.clock.now())}
        self.update("managedDevice", managed, deviceActionResults=results)

    def device(self, owner: str, name: str = "LAPTOP-1", *, join: str = "AzureAd") -> str:
        key = str(uuid.uuid4())
        self.put("device", key, {"deviceId": str(uuid.uuid4()), "displayName": name, "accountEnabled": True, "trustType": join, "owner": owner})  # fmt: skip
        return key

    def method(self, user: str, segment: str, **more: Any) -> str:
        key = str(uuid.uuid4())
        self.put(f"methods/{user}", key, {"@odata.type": f"#microsoft.graph.{METHOD_TYPES[segment]}", "segment": segment, **more})  # fmt: skip
        return key

    def grant(self, user: str | None, client: str = "", scope: str = "Mail.Read offline_access") -> str:
        key = secrets.token_urlsafe(24)
        self.put("oAuth2PermissionGrant", key, {"clientId": client or str(uuid.uuid4()), "principalId": user, "consentType": "Principal" if user else "AllPrincipals", "resourceId": str(uuid.uuid4()), "scope": scope})  # fmt: skip
        return key

    def application(self, *owners: str, name: str = "build") -> tuple[str, str, str]:
        """Return the object id, the client id, and the object id of the service principal."""
        key, app = str(uuid.uuid4()), str(uuid.uuid4())
        self.put("application", key, {"appId": app, "displayName": name, "passwordCredentials": [], "keyCredentials": [], "owners": list(owners)})  # fmt: skip
        return key, app, self.principal(app, owners=owners)

    def principal(self, app: str, *, owners: tuple[str, ...]) -> str:
        key = str(uuid.uuid4())
        roles_ = [{"id": i, "value": n} for n, i in roles().items()] if app == GRAPH else []
        self.put("servicePrincipal", key, {"appRoles": roles_, "appId": app, "displayName": "a service", "accountEnabled": True, "passwordCredentials": [], "keyCredentials": [], "owners": list(owners)})  # fmt: skip
        return key

    def secret(self, kind: str, key: str, name: str = "ci", *, start: str = "2026-01-01T00:00:00Z") -> tuple[str, str]:
        """Return the key id and the value of a new secret."""
        value, ident = secrets.token_hex(2)[:3] + "8Q~" + "fake" + secrets.token_hex(15)[:28], str(uuid.uuid4())
        row = self.get(kind, key) or {}
        made = {"keyId": ident, "hint": value[:3], "displayName": name, "startDateTime": start, "endDateTime": "2027-01-01T00:00:00Z", "customKeyIdentifier": None, "secretText": None}  # fmt: skip
        self.update(kind, key, passwordCredentials=[*row["passwordCredentials"], made], secrets={**row.get("secrets", {}), ident: value})  # fmt: skip
        return ident, value

    def certificate(
        self, kind: str, key: str, name: str = "CN=ci", *, start: str = "2026-01-01T00:00:00Z", end: str = "2027-01-01T00:00:00Z", public: str = "",
    ) -> str:  # fmt: skip
        ident, row = str(uuid.uuid4()), self.get(kind, key) or {}
        made = {"keyId": ident, "type": "AsymmetricX509Cert", "usage": "Verify", "displayName": name, "customKeyIdentifier": secrets.token_hex(10).upper(), "startDateTime": start, "endDateTime": end, "key": public or base64.b64encode(b"fake public certificate").decode()}  # fmt: skip
        if public:
            made = _named({**made, "customKeyIdentifier": None})
        self.update(kind, key, keyCredentials=[*row["keyCredentials"], made])
        return ident

    def federated(self, app: str, name: str = "github") -> str:
        key = str(uuid.uuid4())
        self.put(f"federated/{app}", key, {"name": name, "issuer": "https://token.actions.example", "subject": f"repo:contoso/{name}", "audiences": ["api://AzureADTokenExchange"], "description": ""})  # fmt: skip
        return key

    # what it records

    def signed_in(self, user: str, at: str, *, code: int = 0, device: str = "", **more: Any) -> str:
        """Write a sign-in into the log."""
        key, who = str(uuid.uuid4()), (self.get("user", user) or {}).get("userPrincipalName", "")
        row = {"createdDateTime": at, "userId": user, "userPrincipalName": who, "appId": str(uuid.uuid4()), "appDisplayName": "Azure Portal", "ipAddress": "198.51.100.7",
               "isInteractive": True, "clientAppUsed": "Browser", "status": {"errorCode": code, "failureReason": None}, "deviceDetail": {"deviceId": device, "displayName": ""}}  # fmt: skip
        self.put("signIn", key, {**row, **more})
        return key

    def audited(self, what: str, at: str, *, user: str = "", app: str = "", **more: Any) -> str:
        """Write what somebody did into the audit log."""
        key = str(uuid.uuid4())
        who = (
            {
                "user": {"id": user, "userPrincipalName": (self.get("user", user) or {}).get("userPrincipalName")},
                "app": None,
            }
            if user
            else {"app": {"appId": app, "displayName": "build"}, "user": None}
        )
        row = {"activityDateTime": at, "activityDisplayName": what, "result": "success", "initiatedBy": who, "loggedByService": "Core Directory"}  # fmt: skip
        self.put("directoryAudit", key, {**row, **more})
        return key

    # what sign-ins are worth

    def sign_in(self, user: str, *, device: str = "", method: str = "", grant: str = "") -> Session:
        """Sign a user in, or raise: a disabled account, a disabled device and a deleted method sign nobody in."""
        session = Session(user, self.clock.now(), device, method, grant)
        assert self.get("user", user)["accountEnabled"], "a disabled account does not sign in"
        assert not method or self.get(f"methods/{user}", method), "that method is gone"
        self._sessions[session.token] = session
        return session

    def redeem(self, session: Session) -> bool:
        """Tell whether a refresh token still gives access tokens: the whole truth, without lag."""
        user = self.get("user", session.user) or {}
        device = self.get("device", session.device) if session.device else {"accountEnabled": True}
        valid = datetime.fromisoformat(user.get("signInSessionsValidFromDateTime", "9999-01-01T00:00:00+00:00"))
        consented = not session.grant or self.get("oAuth2PermissionGrant", session.grant) is not None
        return bool(user.get("accountEnabled") and device and device["accountEnabled"] and session.began >= valid and consented)  # fmt: skip

    def access(self, session: Session, seconds: int, *, evaluated: bool = False) -> str:
        """Return an access token for Graph that lives `seconds`, as a JWT of which nobody checks the signature."""
        return self._token({"oid": session.user}, seconds, evaluated)

    def app_access(self, principal: str, seconds: int, *, evaluated: bool = False) -> str:
        """Return an access token that an application got by itself."""
        return self._token({"oid": principal, "idtyp": "app"}, seconds, evaluated)

    def _token(self, who: dict[str, str], seconds: int, evaluated: bool) -> str:
        now = int(self.clock.now().timestamp())
        claims = {"aud": "https://graph.microsoft.com", **who, "tid": TENANT, "iat": now, "exp": now + seconds, "uti": secrets.token_urlsafe(8)}  # fmt: skip
        parts = ({"alg": "none"}, {**claims, **({"xms_cc": ["cp1"]} if evaluated else {})})
        return ".".join([*(base64.urlsafe_b64encode(json.dumps(p).encode()).decode().rstrip("=") for p in parts), "fake"])  # fmt: skip

    def accepts(self, token: str) -> bool:
        """Tell whether Graph takes an access token: to its end, or to 15 minutes after an event where it evaluates continuously.

        Events are the revocation of a user's sessions, and that a user or a service principal was disabled; nothing else.
        """
        body = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        now, kind = self.clock.now(), "servicePrincipal" if claims.get("idtyp") == "app" else "user"
        row = self.get(kind, claims["oid"]) or {}
        events = [row.get("signInSessionsValidFromDateTime"), row.get("disabledAt")]
        heard = [e for e in (datetime.fromisoformat(t) for t in events if t) if claims["iat"] <= e.timestamp()]
        cut = any(now >= e + timedelta(minutes=15) for e in heard)
        return now.timestamp() < claims["exp"] and not (cut and "cp1" in claims.get("xms_cc", ()))

    def opens(self, client_id: str, **proof: str) -> bool:
        """Tell whether an application gets a token with a proof, whatever it was: the whole truth, without delay."""
        return not self._wrong(client_id, proof, delay=0)

    def token(self, method: str, headers: dict[str, str], form: dict[str, str]) -> tuple[int, Any]:
        """The token endpoint: https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-client-creds-grant-flow."""
        asked = {"client_id", "grant_type", "scope"}
        proofs = ({"client_secret"}, {"client_assertion", "client_assertion_type"})
        if method != "POST" or "authorization" in headers or set(form) - asked not in proofs or not asked <= set(form):
            return 400, {"error": "invalid_request", "error_codes": [900144], "error_description": "AADSTS900144"}
        self.asked.append(form)
        wrong = self._wrong(form["client_id"], form, delay=self.birth)
        if wrong:
            return 401, {"error": "invalid_client", "error_codes": [wrong], "error_description": f"AADSTS{wrong}: no."}
        return 200, {"token_type": "Bearer", "expires_in": 3599, "access_token": "eyJ-fake-application-token"}

    def _wrong(self, client_id: str, proof: dict[str, str], *, delay: float) -> int:
        named = {k: next((r for r in self.all(k, stale=False) if r["appId"] == client_id), None) for k in ("application", "servicePrincipal")}  # fmt: skip
        rows = [r for r in named.values() if r is not None]
        if not rows:
            return 700016
        if not (named["servicePrincipal"] or {}).get("accountEnabled"):
            return 7000112
        born = _time(self.clock.now() - timedelta(seconds=delay))
        if "client_secret" in proof:
            known = {p["keyId"]: p for r in rows for p in r["passwordCredentials"]}
            values = {i: v for r in rows for i, v in r.get("secrets", {}).items() if i in known}
            fits = [known[i] for i, v in values.items() if v == proof["client_secret"]]
            return 0 if any(p["startDateTime"] <= born for p in fits) else 7000215
        for key in (k for r in rows for k in r["keyCredentials"] if k["startDateTime"] <= born):
            if _signed_by(base64.b64decode(key["key"]), proof["client_assertion"], client_id, f"{self.url.removesuffix('/v1.0')}/{TENANT}/oauth2/v2.0/token"):  # fmt: skip
                return 0
        return 700027

    # the wire

    def answer(self, method: str, target: str, headers: dict[str, str], raw: bytes) -> tuple[int, Any, dict[str, str]]:
        with self._lock:
            said = {"Date": format_datetime(self.clock.now(), usegmt=True), "request-id": str(uuid.uuid4())}
            if urlsplit(target).path == f"/{TENANT}/oauth2/v2.0/token":
                return *self.token(method, headers, dict(parse_qsl(raw.decode()))), said
            try:
                status, body = self._answer(method, target, headers, raw)
            except Refused as no:
                error = {"code": no.code, "message": no.words, "innerError": {"date": said["Date"]}}
                return no.status, {"error": error}, {**said, **({"Retry-After": str(no.wait)} if no.wait else {})}
            return status, body, said

    def _answer(self, method: str, target: str, headers: dict[str, str], raw: bytes) -> tuple[int, Any]:
        if headers.get("authorization") != f"Bearer {TOKEN}":
            raise Refused(401, "InvalidAuthenticationToken", "Access token is empty or invalid.")
        path, query = urlsplit(target).path, dict(parse_qsl(urlsplit(target).query))
        if not path.startswith("/v1.0/"):
            raise Refused(404, "ResourceNotFound", "Invalid version")
        path, body = path.removeprefix("/v1.0"), json.loads(raw) if raw else None
        self.seen.append((method, path, query, body))
        wrong = breaches(method, path, query, body)
        if wrong:
            raise Refused(400, "BadRequest", "; ".join(wrong))
        if self.throttle and self.throttle[0][0] in path:
            raise Refused(429, "TooManyRequests", "Too many requests", wait=self.throttle.pop(0)[1])
        operation, keys = operation_of(method, path)
        allowed = set(model()[operation]["application"])
        if not allowed & self.granted:
            self.denied.append(operation)
            raise Refused(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
        return self._do(operation, keys, query, body)

    def _do(self, operation: str, keys: tuple[str, ...], query: dict[str, str], body: Any) -> tuple[int, Any]:
        method, _, path = operation.partition(" ")
        kind = model()[operation]["entity"]
        if method == "GET":
            if model()[operation]["collection"]:
                return 200, self._listing(operation, path, keys, query)
            where = "appId" if "appId=" in path else "deviceId" if "deviceId=" in path else ""
            return 200, _selected(kind, self._one(kind, keys[0], where, stale=True), query)
        match method, path.split("/")[1:]:
            case "PATCH", [_, "{id}"]:
                return self._patch(kind, keys[0], body)
            case "POST", ["users", "{id}", "revokeSignInSessions"]:
                user = self._one("user", keys[0])
                self._privileged(user)
                self.update("user", user["id"], signInSessionsValidFromDateTime=_time(self.clock.now()))
                return 200, {"@odata.context": f"{self.url}/$metadata#Edm.Boolean", "value": True}
            case "DELETE", ["users", "{id}", "authentication", segment, "{id}"]:
                user = self._one("user", keys[0])
                row = self.get(f"methods/{user['id']}", keys[1])
                if row is None or row.get("segment") != segment:
                    raise Refused(404, "resourceNotFound", "The requested resource does not exist")
                self.put(f"methods/{user['id']}", keys[1], None)
                return 204, None
            case "DELETE", ["oauth2PermissionGrants", "{id}"]:
                self._one(kind, keys[0])
                self.put(kind, keys[0], None)
                return 204, None
            case "POST", [_, "{id}", "removePassword"]:
                row = self._one(kind, keys[0])
                kept = [p for p in row["passwordCredentials"] if p["keyId"] != body.get("keyId")]
                if len(kept) == len(row["passwordCredentials"]):
                    raise Refused(400, "Request_BadRequest", f"No password credential found with keyId '{body.get('keyId')}'.")  # fmt: skip
                self.update(kind, row["id"], passwordCredentials=kept)
                return 204, None
            case "POST", [_, "{id}", "addPassword"]:
                return 200, self._add_password(kind, keys[0], body["passwordCredential"])
            case "POST", ["deviceManagement", "managedDevices", "{id}", action]:
                row = self._one("managedDevice", keys[0])
                now = _time(self.clock.now())
                result = {"actionName": self.action_names.get(action, action), "actionState": "pending", "startDateTime": now, "lastUpdatedDateTime": now}  # fmt: skip
                state = {"wipe": "wipePending", "retire": "retirePending"}.get(action, row["managementState"])
                self.update(kind, row["id"], deviceActionResults=[*row["deviceActionResults"], result], managementState=state)  # fmt: skip
                return 204, None  # the order is taken, nothing more
            case "DELETE", ["applications", "{id}", "federatedIdentityCredentials", "{id}"]:
                row = self._one("application", keys[0])
                self._one(f"federated/{row['id']}", keys[1])
                self.put(f"federated/{row['id']}", keys[1], None)
                return 204, None
        raise Refused(501, "notImplemented", operation)

    def _patch(self, kind: str, key: str, body: dict[str, Any]) -> tuple[int, Any]:
        row = self._one(kind, key)
        if kind == "user":
            self._privileged(row)
        if "keyCredentials" in body:
            # The whole collection is replaced: an entry that is not sent is gone; one that is new must bring its key.
            held = {k["keyId"]: k for k in row["keyCredentials"]}
            for sent in body["keyCredentials"]:
                known = held.get(sent.get("keyId"))
                if known is None and not sent.get("key"):
                    raise Refused(400, "KeyCredentialsInvalidValue", "Invalid value specified for property 'keyCredentials'.")  # fmt: skip
            body = {
                **body,
                "keyCredentials": [{**held.get(s.get("keyId"), {}), **_named(s)} for s in body["keyCredentials"]],
            }
        if body.get("accountEnabled") is False and row.get("accountEnabled"):
            body = {**body, "disabledAt": _time(self.clock.now())}
        kept = {k: v for k, v in (self.get(kind, row["id"]) or {}).items() if k != "disabledAt" or not body.get("accountEnabled")}  # fmt: skip
        self.put(kind, row["id"], {**kept, **body})
        return 204, None

    def _add_password(self, kind: str, key: str, wanted: dict[str, Any]) -> dict[str, Any]:
        row = self._one(kind, key)
        if wanted.get("keyId") or wanted.get("secretText"):
            raise Refused(400, "Request_BadRequest", "Invalid value specified for property 'keyId' of resource 'PasswordCredential'.")  # fmt: skip
        ident, value = self.secret(kind, row["id"], wanted.get("displayName") or "", start=_time(self.clock.now()))
        made = next(p for p in self.get(kind, row["id"])["passwordCredentials"] if p["keyId"] == ident)
        return {**made, **({"endDateTime": wanted["endDateTime"]} if wanted.get("endDateTime") else {}), "secretText": value}  # fmt: skip

    def _privileged(self, user: dict[str, Any]) -> None:
        ours = next(p["id"] for p in self.all("servicePrincipal", stale=False) if p["appId"] == APP)
        mine = {r.get("roleTemplateId") for r in self.all(f"membership/{ours}", stale=False)}
        rows = self.all(f"membership/{user['id']}", stale=False)
        high = any(r["@odata.type"].endswith("directoryRole") or r.get("isAssignableToRole") for r in rows)
        if user["id"] in self.forbidden or (high and PRIVILEGED_AUTHENTICATION not in mine):
            raise Refused(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")

    def _one(self, kind: str, key: str, where: str = "", *, stale: bool = False) -> dict[str, Any]:
        row = None if where else self.get(kind, key, stale=stale)
        names = (where,) if where else ("userPrincipalName",) if kind == "user" else ()
        for other in self.all(kind, stale=stale) if row is None and names else ():
            if any(str(other.get(n, "")).lower() == key.lower() for n in names):
                row = other
        if row is None:
            raise Refused(404, "Request_ResourceNotFound", f"Resource '{key}' does not exist or one of its queried reference-property objects are not present.")  # fmt: skip
        return row

    def _members(self, path: str, keys: tuple[str, ...]) -> list[dict[str, Any]]:
        parts = path.split("/")[1:]
        match parts:
            case ["users", "{id}", "registeredDevices" | "ownedDevices"]:
                user = self._one("user", keys[0], stale=True)["id"]
                return [
                    {"@odata.type": "#microsoft.graph.device", **d} for d in self.all("device") if d["owner"] == user
                ]
            case ["users", "{id}", "ownedObjects"]:
                user = self._one("user", keys[0], stale=True)["id"]
                return [
                    {"@odata.type": f"#microsoft.graph.{kind}", "id": row["id"]}
                    for kind in ("application", "servicePrincipal")
                    for row in self.all(kind)
                    if user in row["owners"]
                ]
            case ["users", "{id}", "oauth2PermissionGrants"]:
                user = self._one("user", keys[0], stale=True)["id"]
                return [g for g in self.all("oAuth2PermissionGrant") if g["principalId"] == user]
            case ["users", "{id}", "authentication", what]:
                user = self._one("user", keys[0], stale=True)["id"]
                return [m for m in self.all(f"methods/{user}") if what == "methods" or m.get("segment") == what]
            case ["devices", "{id}", "registeredOwners"]:
                row = self._one("device", keys[0], stale=True)
                return [
                    {"@odata.type": "#microsoft.graph.user", **u} for u in self.all("user") if u["id"] == row["owner"]
                ]
            case ["applications" | "servicePrincipals" as kind, "{id}", "owners"]:
                row = self._one(kind[:-1], keys[0], stale=True)
                return [
                    {"@odata.type": "#microsoft.graph.user", **u} for u in self.all("user") if u["id"] in row["owners"]
                ]
            case ["users" | "servicePrincipals" as kind, "{id}", "transitiveMemberOf"]:
                row = self._one(kind[:-1], keys[0], stale=True)
                return [self._limited(r) for r in self.all(f"membership/{row['id']}")]
            case ["users", "{id}", "appRoleAssignments"]:
                return self.all(f"assigned/{self._one('user', keys[0], stale=True)['id']}")
            case ["servicePrincipals", "{id}", "appRoleAssignments"]:
                row, graph = (self._one("servicePrincipal", k, w) for k, w in ((keys[0], ""), (GRAPH, "appId")))
                named = self.granted if row["appId"] == APP else row.get("granted", ())
                return [{"id": secrets.token_hex(8), "principalId": row["id"], "resourceId": graph["id"], "appRoleId": roles()[p]} for p in sorted(named) if p in roles()]  # fmt: skip
            case ["applications", "{id}", "federatedIdentityCredentials"]:
                return self.all(f"federated/{self._one('application', keys[0], stale=True)['id']}")
        return []

    def _limited(self, row: dict[str, Any]) -> dict[str, Any]:
        """Show of a group what may be seen: without a right to read groups, its type and id.

        https://learn.microsoft.com/en-us/graph/permissions-overview#limited-information-returned-for-inaccessible-member-objects
        """
        reads = {"GroupMember.Read.All", "Group.Read.All", "Directory.Read.All", "Directory.ReadWrite.All"}
        if row["@odata.type"].endswith(".group") and not reads & self.granted:
            return {"@odata.type": row["@odata.type"], "id": row["id"]}
        return row

    def _listing(self, operation: str, path: str, keys: tuple[str, ...], query: dict[str, str]) -> Any:
        kind = model()[operation]["entity"]
        rows = self._members(path, keys) if "{id}" in path else self.all(kind)
        for term in filter(None, query.get("$filter", "").split(" and ")):
            rows = [r for r in rows if _holds(r, term)]
        start, size = int(query.get("$skiptoken", "0")), min(self.page, int(query.get("$top", self.page)))
        shown = [_selected(kind, r, query) for r in rows[start : start + size]]
        more: dict[str, str] = {}
        if start + size < len(rows) and query.get("$top") != "1":
            filled = path
            for key in keys:
                filled = filled.replace("{id}", key, 1)
            rest = "&".join(f"{k}={v}" for k, v in query.items() if k != "$skiptoken")
            more = {"@odata.nextLink": f"{self.url}{filled}?{rest}{'&' if rest else ''}$skiptoken={start + size}"}
        return {"@odata.context": f"{self.url}/$metadata", **more, "value": shown}


def _holds(row: dict[str, Any], term: str) -> bool:
    """Tell whether a row fits one term of a filter."""
    hit = _TERM.fullmatch(term)
    assert hit
    value: Any = row
    for name in hit[1].split("/"):
        value = (value or {}).get(name)
    if hit[3]:
        at, bound = (datetime.fromisoformat(str(t)) for t in (value, hit[4]))
        return at >= bound if hit[3] == "ge" else at <= bound
    return str(value or "").lower() == hit[2].replace("''", "'").lower()


def _selected(kind: str, row: dict[str, Any], query: dict[str, str]) -> dict[str, Any]:
    wanted = query.get("$select", "").split(",") if query.get("$select") else DEFAULTS.get(kind)
    hidden = {"owners", "owner", "segment", "granted", "disabledAt", "secrets"}
    shown = {k: v for k, v in row.items() if k not in hidden and (not wanted or k in wanted or k.startswith("@") or k == "id")}  # fmt: skip
    if "keyCredentials" in shown and "keyCredentials" not in (wanted or ()):
        shown["keyCredentials"] = [{**k, "key": None} for k in shown["keyCredentials"]]
    return shown


def every_permission() -> set[str]:
    """Return every application permission that any operation of the slice takes."""
    return {p for row in model().values() for p in row["application"]}


def client(url: str, clock: Any, **settings: Any) -> _connect.Entra:
    """Return our client of the simulated tenant."""
    facts = {"tenant_id": TENANT, "client_id": APP, "base_url": f"{url}/v1.0", **settings}
    tenant = Tenant(name="contoso", provider="entra", settings=facts, refs={"token": SecretRef(env="T")})
    return _connect.connect(tenant, lambda _: Secret(TOKEN), Pacer(1000, clock), write=True)


Answerer = Callable[[str, str, dict[str, str], bytes], tuple[int, Any, dict[str, str]]]


@contextmanager
def served(graph: Graph) -> Iterator[str]:
    """Serve the simulator on a loopback port; yields the address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            host = self.headers.get("Host", "")
            graph.url = f"http://{host}/v1.0"
            status, said, headers = graph.answer(self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, body)  # fmt: skip
            raw = b"" if said is None else json.dumps(said).encode()
            self.send_response_only(status)
            for name, value in {"Content-Type": "application/json", **headers, "Content-Length": str(len(raw))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(raw)

        do_POST = do_PATCH = do_DELETE = do_GET

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
