"""A client of one Azure DevOps organisation's identity service; it signs in as the provider `entra` does."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from rescind.errors import ConfigError, Unrecognised
from rescind.models.kind import Identity
from rescind.models.tenant import SecretRef, Tenant
from rescind.providers.entra._connect import bearer, endpoints
from rescind.secret import Secret
from rescind.wire.http import Answer, Http, raise_for
from rescind.wire.pace import Pacer

HOST = "https://vssps.dev.azure.com"
SCOPE = "499b84ac-1321-427f-aa17-267ca6975798/.default"
"""What Entra calls Azure DevOps: https://learn.microsoft.com/en-us/azure/devops/integrate/get-started/authentication/service-principal-managed-identity"""
VERSION = "7.1-preview.1"
MOST_PAGES = 1000
Row = Mapping[str, Any]


class DevOps:
    """One organisation, with our bearer in every request."""

    def __init__(self, tenant: Tenant, http: Http, app: str) -> None:
        self.tenant = tenant
        self.http = http
        self.organization = tenant.text("organization")
        self.app = app

    def identity(self) -> Identity:
        """See that the organisation shows its users to us. Raises a `ProviderError`; it tells no application who it is."""
        rows(self.http.send("GET", "/_apis/graph/users", query={"api-version": VERSION}), "users")
        who = self.app or "the signed-in identity"
        return Identity(account=self.organization, principal=who, identifiers=(self.app,) if self.app else ())

    def users(self) -> list[Row]:
        """Return every user, to the last page. Raises typed errors rather than some of them."""
        return self.listed("/_apis/graph/users", {}, lambda a: a.headers.get("x-ms-continuationtoken", ""), "users")[0]

    def listed(
        self, path: str, query: Mapping[str, str], more: Callable[[Answer], str], what: str
    ) -> tuple[list[Row], Answer]:
        """Return every object of a listing, to its last page, and the last answer; `more` tells the mark of the next page, empty for none.

        Raises typed errors rather than a short list.
        """
        found: list[Row] = []
        mark = ""
        for _ in range(MOST_PAGES):
            at = {"continuationToken": mark} if mark else {}
            answer = self.http.send("GET", path, query={**query, "api-version": VERSION, **at})
            found += rows(answer, what)
            mark = more(answer)
            if not mark:
                return found, answer
        raise Unrecognised(f"{what}: a listing that does not end")


def rows(answer: Answer, what: str) -> list[Row]:
    """Return the list in an answer. Raises typed provider errors."""
    raise_for(answer, what=what)
    found = answer.json.get("value") if isinstance(answer.json, dict) else None
    if not isinstance(found, list) or not all(isinstance(r, dict) for r in found):
        raise Unrecognised(f"{what}: no list", status=answer.status, request_id=answer.request_id)
    return found


def text(row: Row, key: str) -> str:
    """Return a text member, empty when there is none."""
    value = row.get(key)
    return value if isinstance(value, str) else ""


def connect(tenant: Tenant, resolve: Callable[[SecretRef], Secret], pacer: Pacer, *, write: bool) -> DevOps:
    """Return a client of a tenant; `write` signs in with its write identity when it names one. Nothing is contacted.

    Raises `ConfigError` for an organisation that is none, or a sign-in that lacks something.
    """
    name = tenant.text("organization")
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9-]{0,49}", name):
        raise ConfigError(f"organization of tenant {tenant.name!r} is not the name in https://dev.azure.com/<name>")
    http = Http(
        tenant.text("base_url") or f"{HOST}/{name}",
        pacer=pacer,
        auth=bearer(tenant, resolve, SCOPE, endpoints(tenant)[1], write=write),
        verify=tenant.text("ca_bundle") or True,
        plaintext=tenant.settings.get("plaintext") is True,
    )
    app = (str(tenant.write.get("client_id") or "") if write else "") or tenant.text("client_id")
    return DevOps(tenant, http, app.lower())
