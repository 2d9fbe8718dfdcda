"""A made-up vendor: the rows that describe it, and the server that they are held against."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from rescind.models.credential import Credential
from rescind.models.kind import Act, Kind, Rest, Subject, Verb, When
from rescind.models.provider import Provider
from rescind.models.tenant import SecretRef, Tenant
from rescind.secret import Secret
from rescind.wire.pace import Pacer
from rescind.wire.rows import Door, Fields, Listing, Lookup
from tests.contract.worlds import Held, World
from tests.contract.worlds_by_value import served
from tests.unit.wire_clock import FakeClock

# --- The rows: this is all that a new vendor takes. ---------------------------------------------------------------------------

CONNECT = Door(
    whoami=Rest(method="GET", path="/v1/whoami"),
    account="/org/id",
    principal="/login",
    identifiers=("/token_id",),
    header="X-Acme-Token",
    scheme="",
    headers={"X-Acme-Version": "7"},
)
PROVIDER = Provider(
    id="acme",
    title="Acme, made up",
    connect="tests.contract.acme:CONNECT",
    required=("base_url",),
    settings=("base_url", "org", "account_id"),
    reference="https://acme.example/api",
)
FIELDS = Fields(
    identifier="/id",
    owner="/owner/login",
    created_at="/created",
    expires_at="/expires",
    attributes={"label": "/label"},
    ended={"/state": "revoked"},
)
# A bare 404 would not pass the contract: any proxy can answer one. The vendor's own words do.
ABSENT = When(status=404, pointer="/code", equals="no such token")
GONE = (When(status=200, pointer="/state", equals="revoked"), ABSENT)
LIVES = (When(status=200, pointer="/state", equals="active"),)
BY_ID = Kind(
    id="acme.token",
    title="Acme token",
    provider="acme",
    actions={
        Verb.REVOKE: Act(
            call=Rest(
                method="POST",
                path="/v1/orgs/{settings.org}/tokens/{identifier}/revoke",
                body={"by": "{self.principal}"},
                done=(When(status=200, pointer="/state", equals="revoked"),),
                already=(When(status=409, pointer="/code", equals="already-revoked"),),
            ),
            reversible=False,
            idempotent=True,
            permissions=("tokens:write",),
        ),
        Verb.DELETE: Act(
            call=Rest(method="DELETE", path="/v1/orgs/{settings.org}/tokens/{identifier}", done=(204,), already=(404,)),
            reversible=False,
            idempotent=True,
            permissions=("tokens:write",),
        ),
    },
    identify=Lookup(rest=Rest(method="GET", path="/v1/orgs/{settings.org}/tokens/{identifier}"), fields=FIELDS),
    enumerate=Listing(
        rest=Rest(method="GET", path="/v1/orgs/{settings.org}/tokens", query={"login": "{owner}", "limit": "2"}),
        items="/tokens",
        fields=FIELDS,
        pages="cursor",
        cursor="/next",
        parameter="after",
    ),
    verify=Rest(method="GET", path="/v1/orgs/{settings.org}/tokens/{identifier}", live=LIVES, dead=GONE),
    control=Rest(method="GET", path="/v1/orgs/{settings.org}/tokens/{self.id}", live=LIVES),
    reference="https://acme.example/api/tokens",
    since="0.1",
    tested=("a made-up server",),
)
BY_VALUE = replace(
    BY_ID,
    id="acme.key",
    title="Acme key",
    needs_secret=True,
    enumerate=None,
    actions={
        Verb.REVOKE: Act(
            call=Rest(method="POST", path="/v1/revoke", body={"values": ["{secret}"]}, accepted=(202,)),
            reversible=False,
            idempotent=True,
            permissions=("none",),
        )
    },
    identify=Lookup(
        rest=Rest(
            method="POST",
            path="/v1/inspect",
            body={"value": "{secret}"},
            nothing=(When(status=200, pointer="/known", equals="false"),),
        ),
        at="/token",
        fields=FIELDS,
    ),
    verify=Rest(
        method="POST",
        path="/v1/inspect",
        body={"value": "{secret}"},
        live=(When(status=200, pointer="/token/state", equals="active"),),
        dead=(When(status=200, pointer="/token/state", equals="revoked"),),
    ),
)

# --- The made-up server. ------------------------------------------------------------------------------------------------------


@dataclass
class Acme:
    """Answers as a vendor's API would; `tokens` by id. `foreign_next` is what it gives as the next page, instead of its own."""

    tokens: dict[str, dict[str, Any]] = field(default_factory=dict)
    foreign_next: str = ""
    style: str = "cursor"
    asked: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.operator = self.make("responder")

    def make(self, login: str = "ada") -> dict[str, Any]:
        ident, value = f"tok_{secrets.token_hex(6)}", "acme-" + secrets.token_urlsafe(24)
        token = {"id": ident, "value": value, "state": "active", "owner": {"login": login}, "label": "laptop",
                 "created": 1795442407, "expires": "2027-01-01T00:00:00Z"}  # fmt: skip
        self.tokens[ident] = token
        return token

    def lives(self, ident: str) -> bool:
        return self.tokens.get(ident, {}).get("state") == "active"

    def answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, Any, dict[str, str]]:
        self.asked.append(f"{method} {path}")
        if headers.get("x-acme-token") != self.operator["value"] or headers.get("x-acme-version") != "7":
            return 401, {"code": "who"}, {}
        said = json.loads(body or b"{}")
        parts = [unquote(p) for p in urlsplit(path).path.split("/")[1:]]
        match method, *parts:
            case "GET", "v1", "whoami":
                return 200, {"org": {"id": "org-1"}, "login": "responder", "token_id": self.operator["id"]}, {}
            case "POST", "v1", "inspect":
                token = next((t for t in self.tokens.values() if t["value"] == said["value"]), None)
                return 200, {"known": True, "token": shown(token)} if token else {"known": False}, {}
            case "POST", "v1", "revoke":
                for token in self.tokens.values():
                    if token["value"] in said["values"]:
                        token["state"] = "revoked"
                return 202, None, {}
            case "GET", "v1", "orgs", "made-up", "tokens":
                return self._page(parse_qs(urlsplit(path).query))
            case (_, "v1", "orgs", "made-up", "tokens", ident, *_):
                return self._one(method, path, ident)
        return 404, {"code": "no such place"}, {}

    def _one(self, method: str, path: str, ident: str) -> tuple[int, Any, dict[str, str]]:
        token = self.tokens.get(ident)
        if token is None:
            return 404, {"code": "no such token"}, {}
        if method == "DELETE":
            del self.tokens[ident]
            return 204, None, {}
        if method == "POST":
            if token["state"] == "revoked":
                return 409, {"code": "already-revoked"}, {}
            token["state"] = "revoked"
        return 200, shown(token), {}

    def _page(self, query: dict[str, list[str]]) -> tuple[int, Any, dict[str, str]]:
        mine = [t for t in self.tokens.values() if query.get("login", [t["owner"]["login"]])[0] == t["owner"]["login"]]
        limit = int(query.get("limit", ["2"])[0])
        start = int(query.get("after", ["0"])[0])
        if self.style == "page":
            start = (start - 1) * limit
        body: dict[str, Any] = {"tokens": [shown(t) for t in mine[start : start + limit]]}
        more: dict[str, str] = {}
        if start + limit < len(mine) or self.foreign_next:
            body["next"] = self.foreign_next or str(start + limit)
            to = self.foreign_next or f"/v1/orgs/made-up/tokens?after={start + limit}&limit={limit}"
            more["Link"] = f'</first>; rel="first", <{to}>; rel="next"'
        return 200, body, more


def shown(token: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in token.items() if k != "value"}


def tenant(url: str) -> Tenant:
    return Tenant(name="acme", provider="acme", settings={"base_url": url, "org": "made-up", "account_id": "org-1"},
                  refs={"token": SecretRef(env="T")})  # fmt: skip


def client_of(acme: Acme, url: str) -> Any:
    return CONNECT(tenant(url), lambda _: Secret(acme.operator["value"]), Pacer(1000, FakeClock()), write=True)


@contextmanager
def acme_world(kind: Kind, _: Path) -> Iterator[World]:
    acme = Acme()
    acme.make("bob")

    def make() -> Held:
        token = acme.make()
        ident = "" if kind.needs_secret else token["id"]
        found = Credential(kind=kind.id, provider="acme", identifier=ident, fingerprint=f"hmac-sha256:{token['id']}")
        return Held(found, Secret(token["value"]), lambda: acme.lives(token["id"]))

    with served(acme.answer) as url:
        make()
        yield World(kind, url, partial(client_of, acme), make, Subject(names=("ada",)),
                    lambda: {t["value"] for t in acme.tokens.values()})  # fmt: skip
