"""A client of one Entra tenant through Microsoft Graph, with a bearer from azure-identity. The only importer of azure-identity.

`cloud` names Microsoft's national clouds (https://learn.microsoft.com/en-us/graph/deployments); `base_url` and `authority` replace
their addresses. `credential` says how we sign in; a `token` by reference is sent as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from typing import Any
from urllib.parse import quote

from rescind.errors import ConfigError, Denied, Unreachable, Unrecognised
from rescind.models.kind import Identity
from rescind.models.tenant import SecretRef, Tenant
from rescind.secret import Secret
from rescind.wire.http import Answer, Http, raise_for
from rescind.wire.pace import Pacer

CLOUDS: Mapping[str, tuple[str, str]] = {
    "public": ("https://graph.microsoft.com", "https://login.microsoftonline.com"),
    "usgov": ("https://graph.microsoft.us", "https://login.microsoftonline.us"),
    "usgov-dod": ("https://dod-graph.microsoft.us", "https://login.microsoftonline.us"),
    "china": ("https://microsoftgraph.chinacloudapi.cn", "https://login.chinacloudapi.cn"),
}
CREDENTIALS = ("default", "client-secret", "certificate", "workload-identity", "managed-identity", "azure-cli", "token")
GRAPH = "00000003-0000-0000-c000-000000000000"
WIDER: Mapping[str, tuple[str, ...]] = {
    "User.Read.All": ("User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"),
    "User.EnableDisableAccount.All": ("User.ReadWrite.All", "Directory.ReadWrite.All"),
    "User.RevokeSessions.All": ("User.ReadWrite.All", "Directory.ReadWrite.All"),
    "Device.ReadWrite.All": ("Directory.ReadWrite.All",),
    "DelegatedPermissionGrant.ReadWrite.All": ("Directory.ReadWrite.All",),
    "BitlockerKey.ReadBasic.All": ("BitlockerKey.Read.All",),
}
"""Permissions that hold another one, by Microsoft's own permission map."""
ACCESS_SECONDS = 5400
"""The longest default life of an access token: https://learn.microsoft.com/en-us/entra/identity-platform/access-tokens#token-lifetime"""
GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Entra:
    """One tenant. `http` carries our bearer to Graph v1.0; `tenant_id` is what every id in it is relative to.

    `login()` opens the way to where applications get tokens; only a rotation sends something there, to prove it.
    """

    def __init__(self, tenant: Tenant, http: Http, app: str, login: Callable[[], Http]) -> None:
        self.tenant = tenant
        self.http = http
        self.app = app
        self.tenant_id = tenant.text("tenant_id").lower()
        self._granted: frozenset[str] | None = None
        self.login = login
        self.memo: dict[str, str] = {}  # what a tenant says of a domain or of ourselves, asked once

    @property
    def access_seconds(self) -> int:
        """How long an access token without continuous evaluation lives here; a token lifetime policy may say otherwise."""
        return int(self.tenant.text("access_seconds") or ACCESS_SECONDS)

    def identity(self) -> Identity:
        """Ask which organisation this is and who we are there: our own application, else the signed-in user. Raises a `ProviderError`."""
        org = _row(self.http.send("GET", "/organization", query={"$select": "id,displayName"}), "organization")
        if str(org["id"]).lower() != self.tenant_id:
            raise Denied(f"we are signed in to tenant {org['id']}, not to {self.tenant_id}")
        if self.app:
            me = self._principal(self.app, "id,appId,displayName")
            names = (str(me["id"]), self.app)
        else:
            answer = self.http.send("GET", "/me", query={"$select": "id,userPrincipalName"})
            me = _object(answer, "our own user (an application names its client_id)")
            names = (str(me["id"]), str(me.get("userPrincipalName") or me["id"]))
        return Identity(account=str(org["id"]).lower(), principal=names[1], identifiers=names)

    def _principal(self, app: str, select: str) -> Mapping[str, Any]:
        answer = self.http.send("GET", f"/servicePrincipals(appId='{app}')", query={"$select": select})
        return _object(answer, "our own service principal")

    @property
    def acting(self) -> str:
        """The client id of the application that ends things, empty where it is a signed-in user or nobody can tell."""
        apart = bool(self.tenant.write or self.tenant.write_refs)
        app = str(self.tenant.write.get("client_id") or ("" if apart else self.app)).lower()
        return app if GUID.fullmatch(app) else ""

    def may(self, permissions: Iterable[str]) -> Mapping[str, bool]:
        """Say of each permission whether the application that acts holds it, under its name or a wider one. Raises a `ProviderError`.

        Empty when nobody can tell: for a signed-in user it depends on roles, and a write identity without a client_id is unknown.
        """
        app = self.acting
        if not app:
            return {}
        if self._granted is None:
            self._granted = frozenset(self._roles(app))
        return {p: bool(self._granted & {p, *WIDER.get(p, ())}) for p in permissions}

    def _roles(self, app: str) -> Iterator[str]:
        graph = self._principal(GRAPH, "id,appRoles")
        names = {r.get("id"): str(r.get("value")) for r in graph.get("appRoles", ()) if isinstance(r, dict)}
        mine = str(self._principal(app, "id,appId")["id"])
        answer = self.http.send("GET", f"/servicePrincipals/{quote(mine, safe='')}/appRoleAssignments")
        raise_for(answer, what="our own roles")
        rows = answer.json.get("value") if isinstance(answer.json, dict) else None
        if not isinstance(rows, list) or (isinstance(answer.json, dict) and "@odata.nextLink" in answer.json):
            raise Unrecognised("our own roles: no list, or too many", status=answer.status)
        for row in rows:
            if isinstance(row, dict) and row.get("resourceId") == graph["id"] and row.get("appRoleId") in names:
                yield names[row["appRoleId"]]


def _object(answer: Answer, what: str) -> Mapping[str, Any]:
    raise_for(answer, what=what)
    if not isinstance(answer.json, dict) or not isinstance(answer.json.get("id"), str):
        raise Unrecognised(f"{what}: no id", status=answer.status, request_id=answer.request_id)
    return answer.json


def _row(answer: Answer, what: str) -> Mapping[str, Any]:
    raise_for(answer, what=what)
    rows = answer.json.get("value") if isinstance(answer.json, dict) else None
    if not isinstance(rows, list) or len(rows) != 1 or not isinstance(rows[0], dict) or "id" not in rows[0]:
        raise Unrecognised(f"{what}: not exactly one", status=answer.status, request_id=answer.request_id)
    return rows[0]


def connect(tenant: Tenant, resolve: Callable[[SecretRef], Secret], pacer: Pacer, *, write: bool) -> Entra:
    """Return a client of a tenant; `write` signs in with its write identity when it names one. Nothing is contacted.

    Raises `ConfigError` for a tenant that cannot be told, an unknown cloud, or a sign-in that lacks something.
    """
    graph, authority = endpoints(tenant)
    base = tenant.text("base_url") or f"{graph}/v1.0"
    if not GUID.fullmatch(tenant.text("tenant_id").lower()):
        raise ConfigError(f"tenant_id of tenant {tenant.name!r} is not a GUID", hint="Entra admin center, Overview")
    if not GUID.fullmatch(tenant.text("client_id").lower() or tenant.text("tenant_id").lower()):
        raise ConfigError(f"client_id of tenant {tenant.name!r} is not a GUID", hint="the application (client) id")
    if not re.fullmatch(r"\d{0,7}", tenant.text("access_seconds")):
        raise ConfigError(f"access_seconds of tenant {tenant.name!r} is no number of seconds")

    def reach(address: str, auth: Callable[[], Mapping[str, str]] | None) -> Http:
        trust, plaintext = tenant.text("ca_bundle") or True, tenant.settings.get("plaintext") is True
        return Http(address, pacer=pacer, auth=auth, verify=trust, plaintext=plaintext)

    http = reach(base, bearer(tenant, resolve, f"{graph}/.default", authority, write=write))
    app = (str(tenant.write.get("client_id") or "") if write else "") or tenant.text("client_id")
    return Entra(tenant, http, app.lower(), cache(lambda: reach(authority, None)))


def endpoints(tenant: Tenant) -> tuple[str, str]:
    """Return the address of Graph and of the sign-in of a tenant's cloud. Raises `ConfigError` for a cloud nobody knows."""
    cloud = tenant.text("cloud", "public")
    if cloud not in CLOUDS:
        raise ConfigError(f"tenant {tenant.name!r}: no cloud {cloud!r}", hint=f"one of {', '.join(CLOUDS)}")
    graph, authority = CLOUDS[cloud]
    return graph, tenant.text("authority") or authority


def bearer(
    tenant: Tenant, resolve: Callable[[SecretRef], Secret], scope: str, authority: str, *, write: bool
) -> Callable[[], Mapping[str, str]]:
    """Return what writes the `Authorization` header: a fresh bearer for `scope` each time. Raises `ConfigError`; sending, typed errors."""
    refs = {**tenant.refs, **(tenant.write_refs if write else {})}
    settings = {**tenant.settings, **(tenant.write if write else {})}
    how = str(settings.get("credential") or ("token" if "token" in refs else "default"))
    if how == "token":
        value = resolve(_needed(tenant, refs, "token"))
        return lambda: {"Authorization": f"Bearer {value.reveal().strip()}"}
    source = _source(tenant, how, str(settings.get("client_id") or ""), refs, resolve, authority)

    def header() -> Mapping[str, str]:
        return {"Authorization": f"Bearer {_token(source, scope)}"}

    return header


def _needed(tenant: Tenant, refs: Mapping[str, SecretRef], name: str) -> SecretRef:
    if name not in refs:
        raise ConfigError(f"tenant {tenant.name!r} names no {name}", hint=f'{name} = {{ keyring = "…" }}')
    return refs[name]


def _source(
    tenant: Tenant,
    how: str,
    app: str,
    refs: Mapping[str, SecretRef],
    resolve: Callable[[SecretRef], Secret],
    authority: str,
) -> Any:
    try:
        from azure import identity
    except ImportError:
        raise ConfigError("signing in to Entra needs azure-identity", hint="pip install 'rescind[entra]'") from None
    where = tenant.text("tenant_id").lower()
    # Retries are ours to decide (`wire.retry`); an authority outside Microsoft's list is not looked up there.
    more: dict[str, Any] = {"authority": authority, "retry_total": 0}
    if tenant.settings.get("instance_discovery") is False:
        more["disable_instance_discovery"] = True
    if how in {"client-secret", "certificate", "workload-identity"} and not app:
        raise ConfigError(f"tenant {tenant.name!r} names no client_id", hint="the application (client) id")
    match how:
        case "client-secret":
            value = resolve(_needed(tenant, refs, "client_secret"))
            return identity.ClientSecretCredential(where, app, value.reveal().strip(), **more)
        case "certificate":
            pem = resolve(_needed(tenant, refs, "certificate")).reveal().encode()
            return identity.CertificateCredential(where, app, certificate_data=pem, **more)
        case "workload-identity":
            return identity.WorkloadIdentityCredential(tenant_id=where, client_id=app, **more)
        case "managed-identity":
            return identity.ManagedIdentityCredential(client_id=app or None)
        case "azure-cli":
            return identity.AzureCliCredential(tenant_id=where)
        case "default":
            return identity.DefaultAzureCredential(authority=authority, exclude_interactive_browser_credential=True)
    raise ConfigError(f"tenant {tenant.name!r}: no credential {how!r}", hint=f"one of {', '.join(CREDENTIALS)}")


def _token(source: Any, scope: str) -> str:
    from azure.core.exceptions import AzureError, ClientAuthenticationError

    try:
        return str(source.get_token(scope).token)
    except ClientAuthenticationError as error:  # also CredentialUnavailableError: nothing here can sign in
        raise Denied(f"Entra did not sign us in: {_first_line(error)}") from None
    except AzureError as error:
        raise Unreachable(f"no sign-in at Entra: {type(error).__name__}", maybe_sent=False) from None
    except ValueError:  # how azure-identity refuses a tenant or authority that it takes for malformed
        raise ConfigError("azure-identity refuses the tenant or the authority") from None


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), "")
