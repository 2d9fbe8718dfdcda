"""A client of Azure Resource Manager in one Entra tenant; it signs in as the provider `entra` does."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from rescind.errors import ConfigError, Unrecognised
from rescind.models.kind import Identity
from rescind.models.tenant import SecretRef, Tenant
from rescind.providers.entra._connect import CLOUDS, bearer, endpoints
from rescind.secret import Secret
from rescind.wire.http import Answer, Http, raise_for
from rescind.wire.pace import Pacer

MANAGERS: Mapping[str, str] = {
    "public": "https://management.azure.com",
    "usgov": "https://management.usgovcloudapi.net",
    "usgov-dod": "https://management.usgovcloudapi.net",
    "china": "https://management.chinacloudapi.cn",
}
SUBSCRIPTIONS = "2022-12-01"
MOST_PAGES = 1000
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
Row = Mapping[str, Any]


class Azure:
    """What we see of one tenant: its subscriptions, through `http` with our bearer."""

    def __init__(self, tenant: Tenant, http: Http, app: str) -> None:
        self.tenant = tenant
        self.http = http
        self.app = app
        self.tenant_id = tenant.text("tenant_id").lower()

    def identity(self) -> Identity:
        """Ask which tenant the subscriptions that we see are of. Raises a `ProviderError`; Resource Manager tells nobody who they are."""
        account = {str(s.get("tenantId", "")).lower() for s in self.subscriptions()}
        if self.tenant_id not in account:
            raise Unrecognised("Azure shows us no subscription of this tenant")
        who = self.app or "the signed-in identity"
        return Identity(account=self.tenant_id, principal=who, identifiers=(self.app,) if self.app else ())

    def subscriptions(self) -> list[Row]:
        """Return every subscription that we see. Raises a `ProviderError` rather than some of them."""
        rows = list(self.listed("/subscriptions", SUBSCRIPTIONS, what="subscriptions"))
        if not all(_GUID.fullmatch(str(s.get("subscriptionId"))) for s in rows):
            raise Unrecognised("subscriptions: one without an id")
        return rows

    def may(self, permissions: Iterable[str]) -> Mapping[str, bool]:
        """Say of each action whether the identity that signs in is allowed it; empty when nobody can tell. Raises a `ProviderError`."""
        from rescind.providers.azure import _may

        return _may.may(self, permissions)

    def listed(self, path: str, version: str, *, what: str) -> Iterator[Row]:
        """Yield every object of a listing, to its last page. Raises typed errors rather than a short list."""
        answer, visited = self.http.send("GET", path, query={"api-version": version}), set[str]()
        while len(visited) < MOST_PAGES:
            yield from rows_of(answer, "value", what)
            mark = answer.json.get("nextLink") if isinstance(answer.json, dict) else None
            if not mark:
                return
            if not isinstance(mark, str) or mark in visited:
                break
            visited.add(mark)
            answer = self.follow(mark)
        raise Unrecognised(f"{what}: a listing that does not end")

    def follow(self, mark: str) -> Answer:
        """Send a request to an address that an answer named. Raises `Unrecognised` for one that is not the tenant's own."""
        base, to = urlsplit(self.http.base_url), urlsplit(mark)
        # A next page is followed only below the tenant's own address: our bearer goes with it.
        if (to.scheme, to.netloc) != (base.scheme, base.netloc) or not to.path.startswith(base.path + "/"):
            raise Unrecognised("an answer that names another address")
        return self.http.send("GET", to.path[len(base.path) :], query=dict(parse_qsl(to.query, keep_blank_values=True)))


def rows_of(answer: Answer, member: str, what: str) -> list[Row]:
    """Return the list under a member of an answer. Raises typed provider errors."""
    raise_for(answer, what=what)
    rows = answer.json.get(member) if isinstance(answer.json, dict) else None
    if not isinstance(rows, list) or not all(isinstance(r, dict) for r in rows):
        raise Unrecognised(f"{what}: no list", status=answer.status, request_id=answer.request_id)
    return rows


def connect(tenant: Tenant, resolve: Callable[[SecretRef], Secret], pacer: Pacer, *, write: bool) -> Azure:
    """Return a client of a tenant; `write` signs in with its write identity when it names one. Nothing is contacted.

    Raises `ConfigError` for a tenant that cannot be told, an unknown cloud, or a sign-in that lacks something.
    """
    _, authority = endpoints(tenant)
    manager = MANAGERS[tenant.text("cloud", next(iter(CLOUDS)))]
    if not _GUID.fullmatch(tenant.text("tenant_id").lower()):
        raise ConfigError(f"tenant_id of tenant {tenant.name!r} is not a GUID", hint="Entra admin center, Overview")
    http = Http(
        tenant.text("base_url") or manager,
        pacer=pacer,
        auth=bearer(tenant, resolve, f"{manager}/.default", authority, write=write),
        verify=tenant.text("ca_bundle") or True,
        plaintext=tenant.settings.get("plaintext") is True,
    )
    app = (str(tenant.write.get("client_id") or "") if write else "") or tenant.text("client_id")
    return Azure(tenant, http, app.lower())
