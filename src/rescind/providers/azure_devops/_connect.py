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
        found: list[Row] = []
        mark = ""
        for _ in range(MOST_PAGES):
            more = {"continuationToken": mark} if mark else {}
            answer = self.http.send("GET", "/_apis/graph/users", query={"api-version": VERSION, **more})
            found += rows(answer, "users")
            mark = answer.headers.get("x-ms-continuationtoken", "")
            if not mark:
                return found
        raise Unrecognised("users: a listing that does not end")


def rows(answer: Answer, what: str) -> list[Row]:
    """Return the list in an answer. Raises typed provider errors."""
    raise_for(answer, what=what)
    found = answer.json.get("value") if isinstance(answer.json, dict) else None
    if not isinstance(found, list) or not all(isinstance(r, dict) for r in found):
        raise Unrecognised(f"{what}: no list", status=answer.status, request_id=answer.request_id)
    return found


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
