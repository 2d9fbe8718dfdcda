"""A client of one OpenBao or HashiCorp Vault tenant, bound to its address, namespace and operator token."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rescind.errors import ConfigError, Rejected, Unrecognised
from rescind.models.kind import Identity
from rescind.models.tenant import SecretRef, Tenant
from rescind.secret import Secret
from rescind.wire.http import Answer, Http, raise_for
from rescind.wire.pace import Pacer


class Vault:
    """One tenant. `http` carries the operator's token; `at_home` tells whether that token lives in the tenant's namespace."""

    def __init__(self, tenant: Tenant, http: Http, bare: Http) -> None:
        self.tenant = tenant
        self.http = http
        self._bare = bare
        self._me: Identity | None = None
        self._home = ""

    @property
    def namespace(self) -> str:
        """The tenant's namespace as the server writes it: empty for the root, else with a trailing slash."""
        return path_of(self.tenant.text("namespace"))

    @property
    def at_home(self) -> bool:
        """Whether our own token lives in the tenant's namespace: only then can its accessor be looked up there."""
        self.me()
        return self._home == self.namespace

    def me(self) -> Identity:
        """Return who we are, asking only the first time. Raises a `ProviderError`."""
        return self._me or self.identity()

    def identity(self) -> Identity:
        """Ask which cluster this is and whose token we hold. Raises a `ProviderError`.

        `account` is the cluster id, or the cluster name when `account_id` names that
        (https://openbao.org/api-docs/system/health/); `identifiers` are our own accessor and entity. An operator's batch token is
        refused: it has no accessor, so nothing could be controlled with it.
        """
        # Health is for everybody and only answers outside namespaces: no token, no namespace header.
        answer = self._bare.send("GET", "/v1/sys/health", query={"standbyok": "true", "perfstandbyok": "true"})
        raise_for(answer, what="cluster identity")
        names = [text(answer.json, "cluster_id"), text(answer.json, "cluster_name")]
        own = data_of(self.http.send("GET", "/v1/auth/token/lookup-self"), what="own token")
        if text(own, "type") == "batch":
            raise Rejected("the operator's token is a batch token, which has no accessor", code="batch-token")
        if not any(names) or not text(own, "accessor"):
            raise Unrecognised("the server does not say which cluster it is, or which token we hold", status=200)
        expected = self.tenant.text("account_id")
        self._home = path_of(text(own, "namespace_path"))
        self._me = Identity(
            account=expected if expected in names else next(filter(None, names)),
            principal=f"{text(own, 'display_name') or 'token'} ({text(own, 'path')})",
            identifiers=tuple(filter(None, (text(own, "accessor"), text(own, "entity_id")))),
        )
        return self._me


def connect(tenant: Tenant, resolve: Callable[[SecretRef], Secret], pacer: Pacer, *, write: bool) -> Vault:
    """Return a client of a tenant; `write` loads its write token when it names one. Nothing is contacted.

    Raises `ConfigError` for a missing token or address.
    """
    ref = (tenant.write_refs.get("token") if write else None) or tenant.refs.get("token")
    if ref is None:
        raise ConfigError(f"tenant {tenant.name!r} names no token", hint='token = { keyring = "…" }')
    token = resolve(ref)
    if not token:
        raise ConfigError(f"the token of tenant {tenant.name!r} is empty")
    bundle = tenant.text("ca_bundle")
    # A proxy in front may insist on this header: https://openbao.org/docs/agent-and-proxy/proxy/apiproxy/
    headers = {"X-Vault-Request": "true"}
    if tenant.text("namespace"):
        headers["X-Vault-Namespace"] = path_of(tenant.text("namespace"))

    def open_http(auth: Callable[[], Mapping[str, str]] | None, extra: Mapping[str, str]) -> Http:
        return Http(
            tenant.text("base_url"),
            pacer=pacer,
            headers=extra,
            auth=auth,
            verify=bundle or True,
            plaintext=tenant.settings.get("plaintext") is True,
        )

    return Vault(tenant, open_http(lambda: {"X-Vault-Token": token.reveal().strip()}, headers), open_http(None, {}))


def path_of(namespace: str) -> str:
    """Return a namespace as the server writes it: empty for the root, else with a trailing slash."""
    trimmed = namespace.strip("/")
    return f"{trimmed}/" if trimmed and trimmed != "root" else ""


def data_of(answer: Answer, *, what: str) -> Mapping[str, Any]:
    """Return the `data` object of an answer. Raises the typed error, or `Unrecognised` for a 2xx without one.

    A 404 is never about a token here, it is a wrong path or namespace: `Unrecognised` too, so that nobody takes it for absence.
    """
    if answer.status in {404, 410}:
        raise Unrecognised(
            f"{what}: {answer.status} {answer.detail}", status=answer.status, request_id=answer.request_id
        )
    raise_for(answer, what=what)
    data = answer.json.get("data") if isinstance(answer.json, dict) else None
    if not isinstance(data, dict):
        raise Unrecognised(f"{what}: {answer.status} without data", status=answer.status, request_id=answer.request_id)
    return data


def says(answer: Answer, words: str) -> bool:
    """Tell whether one of an answer's `errors` contains these words."""
    errors = answer.json.get("errors") if isinstance(answer.json, dict) else None
    return isinstance(errors, list) and any(isinstance(e, str) and words in e for e in errors)


def says_nothing(answer: Answer) -> bool:
    """Tell whether this is the server's own "nothing there": a 404 whose list of errors is empty (a wrong path says why)."""
    return answer.status == 404 and bool(answer.json == {"errors": []})


def text(data: Any, key: str) -> str:
    """Return a field of an answer as text, empty when it is absent, null or something else."""
    value = data.get(key) if isinstance(data, Mapping) else None
    return value if isinstance(value, str) else ""
