"""A client of one authorization server: its metadata (RFC 8414), and our own client's credentials at its endpoints.

Metadata names addresses. They are used only where the operator's configuration already points: at the origin of `base_url`, or at
one listed in `endpoints_origins`. Our client secret never goes anywhere else.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, quote_plus, urlsplit

from rescind.errors import ConfigError, NotFound, Rejected, Unrecognised
from rescind.models.kind import Identity
from rescind.models.tenant import SecretRef, Tenant
from rescind.secret import Secret
from rescind.wire.http import Answer, Http, raise_for
from rescind.wire.pace import Pacer


class OAuth:
    """One tenant. `public_clients` are the client ids that have no secret and may be named when their tokens are revoked."""

    def __init__(self, tenant: Tenant, pacer: Pacer, secret: Secret | None) -> None:
        self.tenant = tenant
        self.clock = pacer.clock
        self.client_id = tenant.text("client_id")
        self._pacer, self._secret = pacer, secret
        self._post = tenant.text("auth_method", "basic") == "post"
        self._servers: dict[tuple[str, bool], Http] = {}
        self._metadata: Mapping[str, Any] = {}

    @property
    def public_clients(self) -> tuple[str, ...]:
        """Client ids without a secret (RFC 7009 section 2.1), as configured."""
        return _words(self.tenant, "public_clients")

    @property
    def metadata(self) -> Mapping[str, Any]:
        """The server's metadata, asked for once. Raises a `ProviderError`."""
        if not self._metadata:
            self._metadata = self._discover()
        return self._metadata

    @property
    def issuer(self) -> str:
        """The issuer that the server calls itself; it was compared with the configured one."""
        return str(self.metadata["issuer"])

    def offers(self, name: str) -> bool:
        """Tell whether the metadata names an endpoint (`introspection_endpoint`, `revocation_endpoint`)."""
        return bool(self.metadata.get(name))

    def identity(self) -> Identity:
        """Read the metadata and have our client's credentials checked. Raises a `ProviderError`.

        Our credentials are checked by asking about a made-up token: it must be `inactive`. A server that refuses us, or that calls
        a made-up token active, is no source of proof.
        """
        self._metadata = self._discover()
        made_up = Secret("rescind-" + secrets.token_urlsafe(24))
        if self.offers("introspection_endpoint") and self.introspect(made_up, "access_token")["active"]:
            raise Unrecognised("introspection calls a made-up token active, so it proves nothing", status=200)
        return Identity(account=self.issuer, principal=self.client_id, identifiers=(self.client_id,))

    def mine(self, issuer: str) -> bool:
        """Tell whether an issuer that evidence names may be this server: a token of another one is not shown to it."""
        hosts = {urlsplit(u).netloc.lower() for u in (self.issuer, self.tenant.text("base_url"))}
        return not issuer or (urlsplit(issuer).netloc or issuer).lower().rstrip("/") in hosts

    def introspect(self, token: Secret, hint: str) -> Mapping[str, Any]:
        """Return what the server says of a token: an object whose `active` is a boolean. Raises a `ProviderError`.

        https://www.rfc-editor.org/rfc/rfc7662#section-2.2
        """
        answer = self.post("introspection_endpoint", {"token": token, "token_type_hint": hint})
        raise_for(answer, what="introspection")
        said = answer.json
        if not isinstance(said, dict) or not isinstance(said.get("active"), bool):
            raise Unrecognised(
                "introspection: no `active`, true or false", status=answer.status, request_id=answer.request_id
            )
        return {**said, "_request_id": answer.request_id, "_provider_time": answer.provider_time}

    def post(self, endpoint: str, form: Mapping[str, Any], *, as_public: str = "") -> Answer:
        """Send a form to one of the metadata's endpoints as our client, or as a public client that has only its id.

        Raises `Rejected` when the server has no such endpoint or names one that the configuration does not allow.
        """
        url = self.metadata.get(endpoint)
        if not isinstance(url, str) or not url:
            raise Rejected(f"the server's metadata names no {endpoint}", code="no-endpoint")
        origin, path, query = self._at(url)
        signed = self._secret is not None and not as_public and not self._post
        if as_public:
            form = {**form, "client_id": as_public}
        elif self._secret is None:
            form = {**form, "client_id": self.client_id}
        elif self._post:
            form = {**form, "client_id": self.client_id, "client_secret": self._secret}
        return self._server(origin, signed=signed).send("POST", path, form=form, query=query or None)

    def _basic(self) -> Mapping[str, str]:
        # Both halves are form-encoded first: https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1
        assert self._secret is not None  # noqa: S101  only a signing client asks
        pair = f"{quote_plus(self.client_id)}:{quote_plus(self._secret.reveal())}"
        return {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}

    def _at(self, url: str) -> tuple[str, str, dict[str, str]]:
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}".lower()
        allowed = {_origin(u) for u in (self.tenant.text("base_url"), *_words(self.tenant, "endpoints_origins"))}
        if origin not in allowed:
            raise Rejected(
                "the server's metadata names an endpoint at an origin that the configuration does not (endpoints_origins)",
                code="other-origin",
            )
        return origin, parts.path or "/", dict(parse_qsl(parts.query))

    def _server(self, origin: str, *, signed: bool = False) -> Http:
        if (origin, signed) not in self._servers:
            self._servers[origin, signed] = Http(
                origin,
                pacer=self._pacer,
                auth=self._basic if signed else None,
                verify=self.tenant.text("ca_bundle") or True,
                plaintext=self.tenant.settings.get("plaintext") is True,
            )
        return self._servers[origin, signed]

    def _discover(self) -> Mapping[str, Any]:
        base = self.tenant.text("base_url").rstrip("/")
        path = urlsplit(base).path
        # RFC 8414 puts the well-known part before the issuer's path, OpenID Connect Discovery after it.
        places = (f"/.well-known/oauth-authorization-server{path}", f"{path}/.well-known/openid-configuration")
        for last, place in enumerate(places):
            answer = self._server(_origin(base)).send("GET", place)
            try:
                raise_for(answer, what="server metadata")
            except NotFound:
                if last:
                    raise
                continue
            break
        said = answer.json
        if not isinstance(said, dict) or not isinstance(said.get("issuer"), str):
            raise Unrecognised("server metadata: no issuer", status=answer.status, request_id=answer.request_id)
        expected = self.tenant.text("issuer") or base
        if said["issuer"].rstrip("/") != expected.rstrip("/"):
            # https://www.rfc-editor.org/rfc/rfc8414#section-3.3
            raise Rejected("the server calls itself another issuer than the configuration does", code="other-issuer")
        return said


def connect(tenant: Tenant, resolve: Callable[[SecretRef], Secret], pacer: Pacer, *, write: bool) -> OAuth:
    """Return a client of a tenant; `write` loads its write client when it names one. Nothing is contacted.

    Raises `ConfigError` for an unknown `auth_method`, an empty client secret or a wrong `access_seconds`.
    """
    if write and tenant.write.get("client_id"):
        tenant = _as(tenant, tenant.write["client_id"])
    ref = (tenant.write_refs.get("client_secret") if write else None) or tenant.refs.get("client_secret")
    if tenant.text("auth_method", "basic") not in {"basic", "post"}:
        raise ConfigError(f"tenant {tenant.name!r}: auth_method is basic or post")
    if not tenant.text("access_seconds", "0").isdecimal():
        raise ConfigError(f"tenant {tenant.name!r}: access_seconds is a number of seconds")
    secret = resolve(ref) if ref else None
    if secret is not None and not secret:
        raise ConfigError(f"the client secret of tenant {tenant.name!r} is empty")
    return OAuth(tenant, pacer, secret)


def _as(tenant: Tenant, client_id: str) -> Tenant:
    from dataclasses import replace

    return replace(tenant, settings={**tenant.settings, "client_id": client_id})


def _words(tenant: Tenant, name: str) -> tuple[str, ...]:
    value = tenant.settings.get(name, ())
    return value if isinstance(value, tuple) else (str(value),)


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()
