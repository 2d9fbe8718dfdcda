"""Ours: a simulator of Azure Resource Manager for storage accounts, held to Microsoft's own clients (tests/vectors/providers/azure/arm.json).

A path, query option or body that they do not send is refused, as is a caller without the action in its role. It proves nothing about a real
subscription.
"""

from __future__ import annotations

import base64
import json
import re
import secrets
import threading
import uuid
from datetime import UTC, datetime
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
STORAGE = "Microsoft.Storage/storageAccounts"
ACTIONS = {
    "listKeys": f"{STORAGE}/listKeys/action",
    "regenerateKey": f"{STORAGE}/regenerateKey/action",
    "": f"{STORAGE}/read",
}


@cache
def model() -> dict[str, Any]:
    return json.loads(MODEL.read_text("utf-8"))["operations"]


def operation_of(method: str, path: str) -> str:
    """Return the operation that a request is, empty for none."""
    for operation in model():
        known, template = operation.split(" ")
        if known == method and re.fullmatch(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(template)), path):
            return operation
    return ""


def breaches(method: str, path: str, query: dict[str, str], body: Any) -> list[str]:
    """Return what a request says that Microsoft's clients do not."""
    operation = operation_of(method, path)
    if not operation:
        return [f"no such operation: {method} {path}"]
    row = model()[operation]
    found = [f"query option {q}" for q in query if q not in row["query"]]
    version = query.get("api-version", "")
    found += [] if re.fullmatch(r"20\d\d-\d\d-\d\d", version) and version <= row["newest"] else [f"version {version}"]
    return found + ([] if sorted(body or ()) == sorted(row["body"] or ()) else [f"body {body}"])


class Arm:
    """One subscription. `may` are the caller's actions; `page` is how many a page holds; `dated` False: keys of old, without a time."""

    def __init__(self, now: Any = None, *, page: int = 100, dated: bool = True) -> None:
        self.now = now or (lambda: datetime.now(UTC))
        self.page, self.dated = page, dated
        self.may = set(ACTIONS.values())
        self.accounts: dict[str, dict[str, dict[str, Any]]] = {}
        self.seen: list[tuple[str, str, dict[str, str], Any]] = []
        self._lock = threading.RLock()

    def account(self, name: str = "") -> str:
        name = name or "st" + secrets.token_hex(6)
        ident = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-1/providers/{STORAGE}/{name}"
        self.accounts[ident] = {
            slot: self._key("2026-01-01T00:00:00.1234567Z" if self.dated else None) for slot in ("key1", "key2")
        }
        return ident

    def _key(self, made: str | None) -> dict[str, Any]:
        return {
            "value": base64.b64encode(b"fake" + secrets.token_bytes(60)).decode(),
            "creationTime": made,
            "permissions": "FULL",
        }

    def value(self, account: str, slot: str = "key1") -> str:
        return str(self.accounts[account][slot]["value"])

    def opens(self, account: str, value: str) -> bool:
        return any(k["value"] == value for k in self.accounts[account].values())

    def answer(self, method: str, target: str, headers: dict[str, str], raw: bytes) -> tuple[int, Any, dict[str, str]]:
        said = {"Date": format_datetime(self.now().astimezone(UTC), usegmt=True), "x-ms-request-id": str(uuid.uuid4())}
        with self._lock:
            status, body = self._answer(method, target, headers, raw)
        return status, body, said

    def _answer(self, method: str, target: str, headers: dict[str, str], raw: bytes) -> tuple[int, Any]:
        path, query = urlsplit(target).path, dict(parse_qsl(urlsplit(target).query))
        if headers.get("authorization") != f"Bearer {TOKEN}":
            return 401, {"error": {"code": "AuthenticationFailed", "message": "Authentication failed."}}
        body = json.loads(raw) if raw else None
        start = int(query.pop("$skiptoken", "0"))
        self.seen.append((method, path, query, body))
        if wrong := breaches(method, path, query, body):
            return 400, {"error": {"code": "InvalidRequest", "message": "; ".join(wrong)}}
        if path == "/subscriptions":
            return 200, {
                "value": [{"id": path, "subscriptionId": SUBSCRIPTION, "tenantId": TENANT, "state": "Enabled"}]
            }
        verb = path.rpartition("/")[2] if method == "POST" else ""
        if ACTIONS[verb] not in self.may:
            return 403, {"error": {"code": "AuthorizationFailed", "message": f"no {ACTIONS[verb]}"}}
        if path.endswith(f"/providers/{STORAGE}"):
            rows = [{"id": i, "name": i.rpartition("/")[2]} for i in self.accounts]
            more = {
                "nextLink": f"http://{headers['host']}{path}?api-version={query['api-version']}&$skiptoken={start + self.page}"
            }
            return 200, {"value": rows[start : start + self.page], **(more if start + self.page < len(rows) else {})}
        ident = path.removesuffix(f"/{verb}") if verb else path
        if ident not in self.accounts:
            return 404, {"error": {"code": "ResourceNotFound", "message": "The Resource was not found."}}
        if verb == "":
            return 200, {"id": ident, "name": ident.rpartition("/")[2]}
        if verb == "regenerateKey":
            if body["keyName"] not in self.accounts[ident]:
                return 400, {"error": {"code": "InvalidValuesForRequestParameters", "message": "keyName"}}
            self.accounts[ident][body["keyName"]] = self._key(
                self.now().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f0Z")
            )
        return 200, {"keys": [{"keyName": slot, **k} for slot, k in self.accounts[ident].items()]}


def client(url: str, clock: Any, **settings: Any) -> _connect.Azure:
    """Return our client of the simulated subscription."""
    facts = {"tenant_id": TENANT, "base_url": url, **settings}
    tenant = Tenant(name="contoso", provider="azure", settings=facts, refs={"token": SecretRef(env="T")})
    return _connect.connect(tenant, lambda _: Secret(TOKEN), Pacer(1000, clock), write=True)
