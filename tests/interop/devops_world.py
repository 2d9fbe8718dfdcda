"""Ours: a simulator of Azure DevOps' Token Administration, held to its own OpenAPI description (tests/vectors/providers/azure_devops)."""

from __future__ import annotations

import json
import re
import threading
import uuid
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from rescind.models.tenant import SecretRef, Tenant
from rescind.providers.azure_devops import _connect
from rescind.secret import Secret
from rescind.wire.pace import Pacer

MODEL = Path(__file__).parents[1] / "vectors" / "providers" / "azure_devops" / "token-admin-7.1.json"
TENANT, ORGANIZATION = "11111111-2222-3333-4444-555555555555", "contoso"
TOKEN = "eyJ-fake-devops-bearer"  # visibly fake
LATE = 3600
"""https://learn.microsoft.com/en-us/azure/devops/organizations/accounts/admin-revoke-user-pats: up to one hour."""


@cache
def model() -> dict[str, Any]:
    return json.loads(MODEL.read_text("utf-8"))


def operation_of(method: str, path: str) -> tuple[str, tuple[str, ...]]:
    """Return the operation that a request is, and its keys; empty for none."""
    for operation in model()["operations"]:
        known, template = operation.split(" ")
        hit = re.fullmatch(re.sub(r"\\\{\w+\\\}", "([^/]+)", re.escape(template)), path)
        if known == method and hit:
            return operation, tuple(unquote(g) for g in hit.groups())
    return "", ()


@cache
def _validator(operation: str) -> Any:
    import jsonschema  # a second of grammars: only for those who ask

    return jsonschema.Draft202012Validator(
        model()["operations"][operation]["body"], format_checker=jsonschema.FormatChecker()
    )


def breaches(method: str, path: str, query: dict[str, str], body: Any) -> list[str]:
    """Return what a request says that the description does not have."""
    operation, _ = operation_of(method, path)
    if not operation:
        return [f"no such operation: {method} {path}"]
    row = model()["operations"][operation]
    found = [f"query option {q}" for q in query if q not in row["query"]]
    found += [] if query.get("api-version") == model()["api-version"] else ["api-version"]
    found += [] if query.get("isPublic", "false") in {"true", "false"} else ["isPublic"]
    if row["body"] is None:
        return found + (["a body where none is"] if body is not None else [])
    check = _validator(operation)
    return found + [e.message for e in check.iter_errors(body)]


class DevOps:
    """One organisation. `scopes` are the caller's; `page` is how many a page holds. A token that was revoked is taken for `LATE` seconds more."""

    def __init__(self, now: Any = None, *, page: int = 100) -> None:
        self.now = now or (lambda: datetime.now(UTC))
        self.revoked: dict[str, datetime] = {}
        self.page, self.scopes = page, {"vso.graph", "vso.tokenadministration"}
        self.users: dict[str, dict[str, Any]] = {}
        self.tokens: dict[str, dict[str, Any]] = {}
        self.seen: list[tuple[str, str, dict[str, str], Any]] = []
        self._lock = threading.RLock()

    def user(self, name: str) -> str:
        descriptor = "aad." + uuid.uuid4().hex
        self.users[descriptor] = {
            "descriptor": descriptor,
            "principalName": name,
            "subjectKind": "user",
            "origin": "aad",
        }
        return descriptor

    def token(self, descriptor: str, *, public: bool = False, valid: bool = True) -> str:
        ident = str(uuid.uuid4())
        self.tokens[ident] = {"authorizationId": ident, "displayName": "ci", "isPublic": public, "isValid": valid, "scope": "vso.code", "validFrom": "2026-01-01T00:00:00Z", "validTo": "2027-01-01T00:00:00Z", "token": None, "owner": descriptor}  # fmt: skip
        return ident

    def works(self, ident: str) -> bool:
        """Tell whether a token opens something, somewhere."""
        cut = self.revoked.get(ident)
        return self.now() < cut + timedelta(seconds=LATE) if cut else self.tokens.get(ident, {}).get("isValid", False)

    def answer(self, method: str, target: str, headers: dict[str, str], raw: bytes) -> tuple[int, Any, dict[str, str]]:
        said = {"Date": format_datetime(self.now(), usegmt=True), "X-VSS-E2EID": str(uuid.uuid4())}
        with self._lock:
            status, body, more = self._answer(method, target, headers, raw)
        return status, body, {**said, **more}

    def _answer(self, method: str, target: str, headers: dict[str, str], raw: bytes) -> tuple[int, Any, dict[str, str]]:
        path, query = urlsplit(target).path, dict(parse_qsl(urlsplit(target).query))
        if headers.get("authorization") != f"Bearer {TOKEN}":
            return 401, {"message": "TF400813: not authorized"}, {}
        body = json.loads(raw) if raw else None
        self.seen.append((method, path, query, body))
        if wrong := breaches(method, path, query, body):
            return 400, {"message": "; ".join(wrong)}, {}
        operation, keys = operation_of(method, path)
        if model()["operations"][operation]["scope"] not in self.scopes:
            return 401, {"message": "TF400813: not authorized"}, {}
        start = int(query.get("continuationToken", "0").rpartition("-")[2], 16)
        after = str(uuid.UUID(int=start + self.page))
        if operation.startswith("POST"):
            for row in body:
                if self.tokens.pop(row["authorizationId"], None):
                    self.revoked[row["authorizationId"]] = self.now()
            return 204, None, {}
        if keys and keys[0] not in self.users:
            return 404, {"message": "VS403: no such user"}, {}
        if operation == "GET /_apis/graph/users":
            rows = list(self.users.values())
            more = {"X-MS-ContinuationToken": after} if start + self.page < len(rows) else {}
            return 200, {"count": len(rows), "value": rows[start : start + self.page]}, more
        if operation.startswith("GET /_apis/graph"):
            return 200, self.users[keys[0]], {}
        public = query.get("isPublic") == "true"
        mine = [t for t in self.tokens.values() if t["owner"] == keys[0] and t["isPublic"] == public]
        rows = [{k: v for k, v in t.items() if k != "owner"} for t in mine]
        mark = after if start + self.page < len(rows) else str(uuid.UUID(int=0))
        return 200, {"continuationToken": mark, "value": rows[start : start + self.page]}, {}


def client(url: str, clock: Any, **settings: Any) -> _connect.DevOps:
    """Return our client of the simulated organisation."""
    facts = {"organization": ORGANIZATION, "tenant_id": TENANT, "base_url": url, **settings}
    tenant = Tenant(name="devops", provider="azure-devops", settings=facts, refs={"token": SecretRef(env="T")})
    return _connect.connect(tenant, lambda _: Secret(TOKEN), Pacer(1000, clock), write=True)
