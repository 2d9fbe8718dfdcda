"""Ours: a simulator of Azure Resource Manager, held to Microsoft's own clients (tests/vectors/providers/azure/arm.json).

A path, query option or body that they do not send is refused, as is a caller without the action in its role; what it answers is held to their models
as strictly. It pages, throttles, and takes its time (`lag`) where they have a long operation, which is polled as
https://learn.microsoft.com/en-us/azure/azure-resource-manager/management/async-operations says. What the services then do with a key, a token or a
certificate is beyond the models and in here, by their documentation. It proves nothing about a real subscription.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import secrets
import threading
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from rescind.models.tenant import SecretRef, Tenant
from rescind.providers.azure import _connect
from rescind.secret import Secret
from rescind.wire.pace import Pacer

MODEL = Path(__file__).parents[1] / "vectors" / "providers" / "azure" / "arm.json"
TENANT, SUBSCRIPTION = "11111111-2222-3333-4444-555555555555", "22222222-3333-4444-5555-666666666666"
TOKEN = "eyJ-fake-arm-bearer"  # visibly fake
STORAGE, REGISTRY = "Microsoft.Storage/storageAccounts", "Microsoft.ContainerRegistry/registries"
CLUSTER, BUS, HUB = (
    "Microsoft.ContainerService/managedClusters",
    "Microsoft.ServiceBus/namespaces",
    "Microsoft.EventHub/namespaces",
)
COSMOS, AI = "Microsoft.DocumentDB/databaseAccounts", "Microsoft.CognitiveServices/accounts"
SITE, IDENTITY = "Microsoft.Web/sites", "Microsoft.ManagedIdentity/userAssignedIdentities"
PUBLISHING = "/config/publishingcredentials/list"
ACTIONS = {
    "listKeys": f"{STORAGE}/listKeys/action",
    "regenerateKey": f"{STORAGE}/regenerateKey/action",
    "": f"{STORAGE}/read",
}
SLOTS = {
    REGISTRY: ("password", "password2"),
    f"{BUS}/AuthorizationRules": ("primaryKey", "secondaryKey"),
    f"{HUB}/authorizationRules": ("primaryKey", "secondaryKey"),
    COSMOS: ("primaryMasterKey", "secondaryMasterKey", "primaryReadonlyMasterKey", "secondaryReadonlyMasterKey"),
    AI: ("key1", "key2"),
    SITE: ("publishingPassword",),
}
DATA_PLANE, EXCHANGED, DELEGATED = 10_800, 86_400, 7 * 86_400
"""How long a token of a registry's data plane lives, one that a managed identity was given, and a user delegation key."""
TELLS = ("Microsoft.Authorization/permissions/read", "Microsoft.Resources/subscriptions/resourceGroups/read")
"""What asking for one's own rights needs."""
SUFFIX = ".azurecr.io"
POLLED = {
    "Microsoft.ContainerService": "operationresults",
    "Microsoft.ContainerRegistry": "operationResults",
    "Microsoft.DocumentDB": "operationsStatus",
}
"""Where each provider's operations are asked for."""


@cache
def model() -> dict[str, Any]:
    return json.loads(MODEL.read_text("utf-8"))["operations"]


@cache
def operations() -> tuple[str, ...]:
    """Return the actions that Azure has for the types of resource here, by Microsoft's own lists."""
    return tuple(json.loads(MODEL.with_name("operations.json").read_text("utf-8"))["operations"])


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str], str], ...]:
    rows = []
    for operation in model():
        method, template = operation.split(" ")
        rows.append(
            (method, re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(template)), re.IGNORECASE), operation)
        )
    return tuple(rows)


def operation_of(method: str, path: str) -> str:
    """Return the operation that a request is, empty for none."""
    return next((o for known, shape, o in _patterns() if known == method and shape.fullmatch(path)), "")


def _problems(schema: Any, value: Any) -> list[str]:
    import jsonschema  # a second of grammars: only for those who ask

    return [f"{e.json_path}: {e.message}" for e in jsonschema.Draft202012Validator(schema).iter_errors(value)]


def breaches(method: str, path: str, query: dict[str, str], body: Any) -> list[str]:
    """Return what a request says that Microsoft's clients do not."""
    operation = operation_of(method, path)
    if not operation:
        return [f"no such operation: {method} {path}"]
    row = model()[operation]
    found = [f"query option {q}" for q in query if q not in row["query"]]
    version = query.get("api-version", "")
    found += [] if re.fullmatch(r"20\d\d-\d\d-\d\d", version) and version <= row["newest"] else [f"version {version}"]
    if row["body"] is None:
        return found + (["a body where none is"] if body is not None else [])
    return found + (["no body"] if body is None else _problems(row["body"], body))


def sort_of(path: str) -> str:
    """Return the type of what a path names: `Microsoft.Storage/storageAccounts`."""
    provider, *names = path.rpartition("/providers/")[2].split("/")
    return "/".join([provider, *names[::2]])


def action_of(method: str, path: str) -> str:
    """Return the action that a request needs, as Azure spells it by rule."""
    if path.endswith(PUBLISHING):
        return f"{SITE}/config/list/action"
    if method == "POST":
        return f"{sort_of(path.rpartition('/')[0])}/{path.rpartition('/')[2]}/action"
    return sort_of(path) + {"GET": "/read", "PATCH": "/write", "DELETE": "/delete"}[method]


class Fault(Exception):
    """An error of Resource Manager."""

    def __init__(self, status: int, code: str, message: str = "") -> None:
        super().__init__(message or code)
        self.status, self.body = status, {"error": {"code": code, "message": message or code}}


class Everything(set[str]):
    """Every action."""

    def __contains__(self, _: object) -> bool:
        return True


class Arm:
    """One tenant. `may` are the caller's actions; `page` is how many a page holds; `dated` False: storage keys of old, without a time.

    `lag` is how many seconds a long operation takes, `fails` what it fails with; `busy` are requests that are told to slow down;
    `hidden` are subscriptions and resources that the caller has no role in; `roles` is what it is told of its own, by resource group.
    """

    def __init__(self, now: Any = None, *, page: int = 100, dated: bool = True) -> None:
        self.now = now or (lambda: datetime.now(UTC))
        self.page, self.dated = page, dated
        self.may: set[str] = Everything()
        self.lag, self.fails, self.busy = 0.0, "", 0
        self.subscriptions = [SUBSCRIPTION]
        self.hidden: set[str] = set()
        self.groups = ["rg-1"]
        self.roles: dict[str, list[dict[str, Any]]] = {}
        self.accounts: dict[str, dict[str, dict[str, Any]]] = {}
        self.rows: dict[str, dict[str, Any]] = {}
        self.keys: dict[str, dict[str, str]] = {}
        self.honoured: dict[str, dict[str, datetime]] = {}
        self.authorities: dict[str, str] = {}
        self.delegations: dict[str, datetime] = {}
        self.operations: dict[str, tuple[datetime, str, Callable[[], None] | None]] = {}
        self.values: set[str] = set()
        self.seen: list[tuple[str, str, dict[str, str], Any]] = []
        self.polled: list[str] = []
        self._lock = threading.RLock()

    # what exists

    def resource(self, sort: str, name: str = "", subscription: str = SUBSCRIPTION, **properties: Any) -> str:
        name = name or "r" + secrets.token_hex(6)
        ident = f"/subscriptions/{subscription}/resourceGroups/rg-1/providers/{sort.partition('/')[0]}/{sort.partition('/')[2]}/{name}"
        self.rows[ident] = {
            "id": ident,
            "name": name,
            "properties": {**({} if sort in {SITE, IDENTITY} else {"provisioningState": "Succeeded"}), **properties},
            "location": "westeurope",
        }
        if sort in SLOTS:
            self.keys[ident] = {slot: self._value() for slot in SLOTS[sort]}
        return ident

    def _value(self) -> str:
        value = base64.b64encode(b"fake" + secrets.token_bytes(60)).decode()
        self.values.add(value)
        return value

    def account(self, name: str = "") -> str:
        ident = self.resource(STORAGE, name or "st" + secrets.token_hex(6))
        made = "2026-01-01T00:00:00.1234567Z" if self.dated else None
        self.accounts[ident] = {slot: self._key(made) for slot in ("key1", "key2")}
        return ident

    def registry(self, name: str = "", **more: Any) -> str:
        name = name or "cr" + secrets.token_hex(6)
        return self.resource(REGISTRY, name, loginServer=name + SUFFIX, adminUserEnabled=True, **more)

    def token(self, registry: str, maker: str = "", *, name: str = "", state: str = "enabled", **held: Any) -> str:
        name = name or "tok" + secrets.token_hex(5)
        ident = f"{registry}/tokens/{name}"
        passwords = [{"name": n, "creationTime": "2026-01-01T00:00:00Z"} for n in ("password1", "password2")]
        self.rows[ident] = {
            "id": ident,
            "name": name,
            "properties": {
                "status": state,
                "creationDate": "2026-01-01T00:00:00Z",
                "provisioningState": "Succeeded",
                "credentials": {"passwords": passwords, **held},
            },
            "systemData": {
                "createdBy": maker or str(uuid.uuid4()),
                "createdByType": "User" if maker else "Application",
            },
        }
        return ident

    def cluster(self, name: str = "", **more: Any) -> str:
        name = name or "aks" + secrets.token_hex(5)
        ident = self.resource(CLUSTER, name, fqdn=f"{name}-dns.hcp.westeurope.azmk8s.io", **more)
        self.authorities[ident] = secrets.token_hex(24)
        return ident

    def rule(self, namespace: str, name: str = "RootManageSharedAccessKey") -> str:
        kind = "AuthorizationRules" if BUS in namespace else "authorizationRules"
        ident = f"{namespace}/{kind}/{name}"
        self.rows[ident] = {"id": ident, "name": name, "properties": {"rights": ["Manage", "Listen", "Send"]}}
        self.keys[ident] = {slot: self._value() for slot in ("primaryKey", "secondaryKey")}
        return ident

    def child(self, parent: str, sort: str, name: str = "", **properties: Any) -> str:
        """Put something below a resource: a local user, a federated credential."""
        name = name or "c" + secrets.token_hex(5)
        ident = f"{parent}/{sort}/{name}"
        self.rows[ident] = {"id": ident, "name": name, "properties": properties}
        return ident

    def _key(self, made: str | None) -> dict[str, Any]:
        return {"value": self._value(), "creationTime": made, "permissions": "Full"}

    # what the services themselves then do

    def value(self, account: str, slot: str = "key1") -> str:
        return str(self.accounts[account][slot]["value"])

    def _shared(self, account: str) -> bool:
        return self.rows[account]["properties"].get("allowSharedKeyAccess") is not False

    def opens(self, resource: str, value: str) -> bool:
        """Tell whether a key opens its resource."""
        self._settle()
        if resource in self.accounts:
            return self._shared(resource) and any(k["value"] == value for k in self.accounts[resource].values())
        if self.honoured.get(resource, {}).get(value, self.now()) > self.now():
            return True
        on = self.rows.get(resource, {}).get("properties", {}).get("adminUserEnabled", True)
        return bool(on) and value in self.keys[resource].values()

    def signs(self, account: str, value: str) -> bool:
        """Tell whether a shared access signature that was made with a key is taken: as long as the key is."""
        return self.opens(account, value)

    def delegate(self, account: str) -> tuple[str, datetime]:
        """Return a signature that somebody made with a user delegation key just now."""
        return account, self.now()

    def delegated(self, made: tuple[str, datetime]) -> bool:
        account, at = made
        cut = self.delegations.get(account, at - timedelta(seconds=1))
        return at > cut and self.now() < at + timedelta(seconds=DELEGATED)

    def logs_in(self, token: str, password: str = "password1", made: str = "2026-01-01T00:00:00Z") -> bool:
        """Tell whether a registry takes a password of a token."""
        self._settle()
        row = self.rows.get(token)
        held = row["properties"]["credentials"]["passwords"] if row else []
        live = any(p["name"] == password and p["creationTime"] == made for p in held)
        return bool(row) and row["properties"]["status"] == "enabled" and live

    def session(self) -> datetime:
        """Return a token of the data plane that was got just now."""
        return self.now()

    def session_works(self, got: datetime, seconds: int = DATA_PLANE) -> bool:
        return self.now() < got + timedelta(seconds=seconds)

    def certificate(self, cluster: str) -> tuple[str, str]:
        """Return a client certificate of the cluster's local admin."""
        return cluster, self.authorities[cluster]

    def authority(self, cluster: str) -> str:
        """Return what a kubeconfig of the cluster says of its authority, as our stores note it."""
        return hashlib.sha256(self.authorities[cluster].encode()).hexdigest()

    def admits(self, made: tuple[str, str]) -> bool:
        self._settle()
        return self.authorities.get(made[0]) == made[1]

    # the service

    def answer(self, method: str, target: str, headers: dict[str, str], raw: bytes) -> tuple[int, Any, dict[str, str]]:
        said = {"Date": format_datetime(self.now().astimezone(UTC), usegmt=True), "x-ms-request-id": str(uuid.uuid4())}
        with self._lock:
            try:
                status, body, more = self._answer(method, target, headers, raw)
            except Fault as fault:
                status, body, more = fault.status, fault.body, {"Retry-After": "17"} if fault.status == 429 else {}
        return status, body, {**said, **more}

    def _settle(self) -> None:
        for name, (until, error, effect) in list(self.operations.items()):
            if effect and self.now() >= until:
                self.operations[name] = (until, error, None)
                effect()

    def _answer(self, method: str, target: str, headers: dict[str, str], raw: bytes) -> tuple[int, Any, dict[str, str]]:
        path, query = urlsplit(target).path, dict(parse_qsl(urlsplit(target).query))
        if headers.get("authorization") != f"Bearer {TOKEN}":
            raise Fault(401, "AuthenticationFailed", "Authentication failed.")
        if self.busy:
            self.busy -= 1
            raise Fault(429, "TooManyRequests", "The request is being throttled.")
        self._settle()
        if "/locations/" in path:
            return self._operation(path, query)
        body = json.loads(raw) if raw else None
        start = int(query.pop("$skiptoken", "0"))
        self.seen.append((method, path, query, body))
        if wrong := breaches(method, path, query, body):
            raise Fault(400, "InvalidRequest", "; ".join(wrong))
        if path == "/subscriptions":
            rows = [
                {"id": f"/subscriptions/{s}", "subscriptionId": s, "tenantId": TENANT, "state": "Enabled"}
                for s in self.subscriptions
            ]
            return 200, {"value": rows}, {}
        if path.lower().endswith("/resourcegroups") and TELLS[1] in self.may:
            return 200, {"value": [{"id": f"{path}/{g}", "name": g, "location": "westeurope"} for g in self.groups]}, {}
        if path.endswith("/Microsoft.Authorization/permissions") and TELLS[0] in self.may:
            return 200, {"value": self.roles.get(path.split("/")[4], [])}, {}
        action = action_of(method, path)
        if action not in self.may or any(h in path for h in self.hidden):
            raise Fault(403, "AuthorizationFailed", f"no {action}")
        status, said, more = self._serve(method, path, body, start, f"http://{headers['host']}{path}", query, headers)
        self._honest(method, path, status, said)
        return status, said, more

    def _honest(self, method: str, path: str, status: int, said: Any) -> None:
        row = model()[operation_of(method, path)]
        if row["answer"] is None or status not in {200, 201}:
            assert said is None, (method, path, said)
            return
        for shown in said["value"] if row["list"] else [said]:
            assert not _problems(row["answer"], shown), (path, _problems(row["answer"], shown))

    def _serve(self, method: str, path: str, body: Any, start: int, here: str, query: dict[str, str], headers: dict[str, str]) -> Any:  # fmt: skip
        row = model()[operation_of(method, path)]
        if row["list"]:
            return self._list(path, start, here, query)
        ident = path.removesuffix(PUBLISHING) if path.endswith(PUBLISHING) else path
        ident = path.rpartition("/")[0] if method == "POST" and ident == path else ident
        known = next((i for i in self.rows if i.lower() == ident.lower()), "")
        if not known or (sort_of(known) == STORAGE and known not in self.accounts):
            if method == "DELETE":
                return 204, None, {}
            raise Fault(404, "ResourceNotFound", "The Resource was not found.")
        match method:
            case "GET":
                return 200, self.rows[known], {}
            case "PATCH" if self.lag and sort_of(known).startswith(REGISTRY):
                _, _, more = self._long(known, headers, "Updating", lambda: self._update(known, body))
                return 201, self.rows[known], more
            case "PATCH":
                return 200, self._update(known, body), {}
            case "DELETE" if self.lag and sort_of(known).startswith(REGISTRY):
                return self._long(known, headers, "Deleting", lambda: self.rows.pop(known), located=True)
            case "DELETE":
                del self.rows[known]
                return 200, None, {}
        return self._act(known, path.rpartition("/")[2], body, headers)

    def _list(self, path: str, start: int, here: str, query: dict[str, str]) -> Any:
        parent = path.rpartition("/")[0]
        if "/resourceGroups/" in path and parent not in self.rows:
            raise Fault(404, "ParentResourceNotFound")
        under = path.partition("/providers/")[0] + "/"
        rows = [r for i, r in self.rows.items() if sort_of(i) == sort_of(path) and i.startswith(under)]
        if "/resourceGroups/" in path:
            rows = [r for r in rows if r["id"].startswith(path + "/")]
        cut = rows[start : start + self.page]
        more = {"nextLink": f"{here}?api-version={query['api-version']}&$skiptoken={start + self.page}"}
        return 200, {"value": cut, **(more if start + self.page < len(rows) else {})}, {}

    def _update(self, ident: str, body: Any) -> Any:
        self.rows[ident] = {
            **self.rows[ident],
            "properties": {**self.rows[ident]["properties"], **body.get("properties", {})},
        }
        return self.rows[ident]

    def _act(self, ident: str, verb: str, body: Any, headers: dict[str, str]) -> Any:
        match verb:
            case "listKeys" | "regenerateKey" if ident in self.accounts:
                return 200, self._storage(ident, body), {}
            case "revokeUserDelegationKeys":
                self.delegations[ident] = self.now()
                return 200, None, {}
            case "listClusterUserCredential":
                return 200, {"kubeconfigs": [{"name": "clusterUser", "value": self._kubeconfig(ident)}]}, {}
            case "rotateClusterCertificates":
                return self._rotate(ident, headers)
        if sort_of(ident) == SITE and verb == "newpassword":
            self.keys[ident]["publishingPassword"] = self._value()
            return 200, None, {}
        if sort_of(ident) == SITE:
            return 200, {"properties": {"publishingUserName": f"${self.rows[ident]['name']}", **self.keys[ident]}}, {}
        if sort_of(ident) == REGISTRY and not self.rows[ident]["properties"]["adminUserEnabled"]:
            raise Fault(400, "UnAuthorizedForCredentialOperations", "the admin user is disabled")
        if body:
            slot = self._slot(ident, next(iter(body.values())))
            old, self.keys[ident][slot] = self.keys[ident][slot], self._value()
            if sort_of(ident) == COSMOS:
                self.honoured.setdefault(ident, {})[old] = self.now() + timedelta(seconds=self.lag)
                return self._long(ident, headers, "Updating", None)
        values = self.keys[ident]
        if sort_of(ident) == REGISTRY:
            return (
                200,
                {
                    "username": self.rows[ident]["name"],
                    "passwords": [{"name": n, "value": v} for n, v in values.items()],
                },
                {},
            )
        return 200, dict(values), {}

    def _slot(self, ident: str, said: str) -> str:
        names = {s.lower(): s for s in self.keys[ident]}
        found = names.get(said.lower()) or names.get(said.replace("Readonly", "readonlymasterkey").lower())
        found = found or names.get(f"{said.lower()}masterkey")
        if not found:
            raise Fault(400, "InvalidValuesForRequestParameters", said)
        return found

    def _storage(self, ident: str, body: Any) -> Any:
        if body:
            if body["keyName"] not in self.accounts[ident]:
                raise Fault(400, "InvalidValuesForRequestParameters", "keyName")
            at = self.now().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f0Z")
            self.accounts[ident][body["keyName"]] = self._key(at)
        rows = [{"keyName": slot, **k} for slot, k in self.accounts[ident].items()]
        return {"keys": [{k: v for k, v in r.items() if v is not None} for r in rows]}

    def _kubeconfig(self, ident: str) -> str:
        authority = base64.b64encode(self.authorities[ident].encode()).decode()
        host = self.rows[ident]["properties"]["fqdn"]
        text = f"apiVersion: v1\nclusters:\n- cluster:\n    certificate-authority-data: {authority}\n    server: https://{host}:443\n  name: c\n"
        return base64.b64encode(f"{text}users:\n- name: clusterUser\n  user: {{}}\n".encode()).decode()

    def _rotate(self, ident: str, headers: dict[str, str]) -> Any:
        if self.rows[ident]["properties"]["provisioningState"] not in {"Succeeded", "Failed", "Canceled"}:
            raise Fault(409, "OperationNotAllowed", "another operation is in progress")

        def done() -> None:
            self.authorities[ident] = secrets.token_hex(24)

        return self._long(ident, headers, "RotatingClusterCertificates", done, located=True)

    def _long(self, ident: str, headers: dict[str, str], state: str, effect: Callable[[], Any] | None, *, located: bool = False) -> Any:  # fmt: skip
        """Begin a long operation. Which of the two headers it names its state in is the client's word for each operation."""
        name, error = uuid.uuid4().hex, self.fails
        self.rows[ident]["properties"] = {**self.rows[ident]["properties"], "provisioningState": state}

        def over() -> None:
            self.rows[ident]["properties"]["provisioningState"] = "Failed" if error else "Succeeded"
            if effect and not error:
                effect()

        self.operations[name] = (self.now() + timedelta(seconds=self.lag), error, over)
        self._settle()
        provider = sort_of(ident).partition("/")[0]
        at = f"http://{headers['host']}/subscriptions/{SUBSCRIPTION}/providers/{provider}/locations/westeurope/{POLLED[provider]}/{name}?api-version=2017-08-31"
        return 202, None, {"Location" if located else "Azure-AsyncOperation": at + ("&t=1" if located else ""), "Retry-After": "15"}  # fmt: skip

    def _operation(self, path: str, query: dict[str, str]) -> Any:
        provider, _, _, sort, name = path.rpartition("/providers/")[2].split("/")
        if f"{provider}/locations/{sort}/read" not in self.may:
            raise Fault(403, "AuthorizationFailed")
        self.polled.append(name)
        if name not in self.operations:
            raise Fault(404, "NotFound")
        until, error, _ = self.operations[name]
        running = self.now() < until
        if "t" in query:  # at a Location, the status of the answer is all that is said
            if error and not running:
                raise Fault(409, error)
            return (202, None, {"Retry-After": "15"}) if running else (204, None, {})
        if running:
            return 200, {"name": name, "status": "InProgress"}, {}
        status = {"status": "Failed", "error": {"code": error, "message": error}} if error else {"status": "Succeeded"}
        return 200, {"name": name, **status}, {}


def client(url: str, clock: Any, **settings: Any) -> _connect.Azure:
    """Return our client of the simulated tenant."""
    facts = {"tenant_id": TENANT, "base_url": url, **settings}
    tenant = Tenant(name="contoso", provider="azure", settings=facts, refs={"token": SecretRef(env="T")})
    return _connect.connect(tenant, lambda _: Secret(TOKEN), Pacer(1000, clock), write=True)
