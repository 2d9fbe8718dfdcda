"""Worlds of the kinds that their provider ends by value: scripted servers of our own, and the real ones beside them."""

from __future__ import annotations

import base64
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote_plus, urlsplit

from rescind import catalogue
from rescind.models.credential import Credential
from rescind.models.kind import Subject
from rescind.models.tenant import SecretRef, Tenant
from rescind.providers.github._connect import GitHub
from rescind.providers.github._connect import connect as connect_github
from rescind.providers.npm._connect import Npm
from rescind.providers.npm._connect import connect as connect_npm
from rescind.providers.oauth._connect import OAuth, connect
from rescind.secret import Secret
from rescind.wire.pace import Pacer
from tests.contract.worlds import Held, World
from tests.unit.wire_clock import FakeClock

Answerer = Callable[[str, str, dict[str, str], bytes], tuple[int, Any, dict[str, str]]]


@contextmanager
def served(answer: Answerer, *, clocked: bool = False) -> Iterator[str]:
    """Serve `answer(method, path, headers, body)` on a loopback port; yields the address. `clocked`: the time is the answer's own."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {k.lower(): v for k, v in self.headers.items()}
            status, said, more = answer(self.command, self.path, headers, body)
            raw = said.encode() if isinstance(said, str) else b"" if said is None else json.dumps(said).encode()
            (self.send_response_only if clocked else self.send_response)(status)
            for name, value in {"Content-Type": "application/json", **more, "Content-Length": str(len(raw))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(raw)

        do_GET = do_DELETE = do_PATCH = do_POST

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@dataclass
class ScriptedOAuth:
    """Ours: an authorization server as oidc-provider was seen to answer. The interop tests hold the two together.

    `metadata` is merged into its document; `secret_of` maps clients to secrets; `blind` clients see their own tokens only;
    `powerless` ones get a 200 that revokes nothing; `more` is merged into an introspection answer.
    """

    issuer: str = "https://login.example.test"
    metadata: dict[str, Any] = field(default_factory=dict)
    secret_of: dict[str, str] = field(default_factory=lambda: {"responder": "op secret+fake"})
    tokens: dict[str, dict[str, Any]] = field(default_factory=dict)
    blind: set[str] = field(default_factory=set)
    powerless: set[str] = field(default_factory=set)
    grants: bool = True
    more: dict[str, Any] = field(default_factory=dict)
    seen: list[tuple[str, str, dict[str, str], dict[str, str]]] = field(default_factory=list)
    gone: set[str] = field(default_factory=set)

    def make(self, sub: str = "ada", client: str = "cli", value: str = "") -> str:
        token = value or secrets.token_urlsafe(32)
        self.tokens[token] = {"sub": sub, "client_id": client, "iat": int(time.time()), "exp": int(time.time()) + 3600}
        return token

    def lives(self, token: str) -> bool:
        return token in self.tokens

    def answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, Any, dict[str, str]]:
        form = {k: v[0] for k, v in parse_qs(body.decode()).items()}
        self.seen.append((method, path, headers, form))
        place = urlsplit(path).path
        if "/.well-known/" in place:
            if place in self.gone:
                return 404, {"error": "not found"}, {}
            at = f"http://{headers['host']}"
            names = {
                "introspection_endpoint": "/introspect",
                "revocation_endpoint": "/revoke",
                "token_endpoint": "/token",
            }
            document = {"issuer": self.issuer, **{k: at + v for k, v in names.items()}, **self.metadata}
            return 200, {k: v for k, v in document.items() if v is not None}, {}
        client = self._client(headers, form)
        if not client:
            return 401, {"error": "invalid_client"}, {"WWW-Authenticate": "Basic"}
        if place == "/token":
            if not self.grants:
                return 400, {"error": "unauthorized_client"}, {}
            return 200, {"access_token": self.make(client, client), "token_type": "Bearer", "expires_in": 60}, {}
        token = self.tokens.get(form.get("token", ""))
        mine = token is not None and token["client_id"] == client
        if place == "/introspect":
            if token is None or (client in self.blind and not mine):
                return 200, {"active": False}, {}
            return 200, {"active": True, "iss": self.issuer, **token, **self.more}, {}
        if place == "/revoke":
            if token is not None and (mine or client not in self.powerless):
                del self.tokens[form["token"]]
            return 200, None, {"Content-Type": "text/plain"}
        return 404, {"error": "not found"}, {}

    def _client(self, headers: dict[str, str], form: dict[str, str]) -> str:
        name, secret = form.get("client_id", ""), form.get("client_secret", "")
        if headers.get("authorization", "").startswith("Basic "):
            name, _, secret = base64.b64decode(headers["authorization"][6:]).decode().partition(":")
            name, secret = unquote_plus(name), unquote_plus(secret)
        if name == "cli" and not secret:
            return name
        return name if name and self.secret_of.get(name) == secret else ""


def oauth_client(url: str, secret: str = "op secret+fake", **settings: Any) -> OAuth:
    """Return a client of the scripted server, or of a real one."""
    facts = {"base_url": url, "client_id": "responder", "issuer": "https://login.example.test", **settings}
    refs = {"client_secret": SecretRef(env="S")} if secret else {}
    tenant = Tenant(name="login", provider="oauth", settings=facts, refs=refs)
    return connect(tenant, lambda _: Secret(secret), Pacer(1000, FakeClock()), write=True)


def scripted_oauth(kind: str) -> Callable[[Path], Any]:
    """The scripted authorization server behind HTTP, for one of its kinds of token."""

    @contextmanager
    def world(_: Path) -> Iterator[World]:
        oauth = ScriptedOAuth()
        made: set[str] = set(oauth.secret_of.values())

        def make() -> Held:
            token = oauth.make()
            made.add(token)
            found = Credential(kind=kind, provider="oauth", fingerprint=f"hmac-sha256:{len(made):02x}")
            return Held(found, Secret(token), lambda: oauth.lives(token))

        with served(oauth.answer) as url:
            # The metadata names the endpoints at whatever host it was asked for, so that they go through the faults too.
            yield World(catalogue.kinds()[kind], url, oauth_client, make, Subject(names=("ada",)), lambda: made)

    return world


def real_oidc(kind: str) -> Callable[[Path], Any]:
    """The real server, for the same kinds. Its metadata names the endpoints at whatever host it was asked for."""

    @contextmanager
    def world(_: Path) -> Iterator[World]:
        from tests.interop import oidc_world

        with oidc_world.start() as oidc:
            made = {"responder-secret-fake"}

            def make() -> Held:
                refresh, access = oidc.mint()
                made.update((refresh, access))
                token, lives = (refresh, oidc.refreshes) if "refresh" in kind else (access, oidc.opens)
                found = Credential(kind=kind, provider="oauth", fingerprint=f"hmac-sha256:{len(made):02x}")
                return Held(found, Secret(token), lambda: lives(token))

            def client(through: str) -> OAuth:
                return oidc.client(base_url=through)

            yield World(catalogue.kinds()[kind], oidc.url, client, make, Subject(names=("ada",)), lambda: made)

    return world


@dataclass
class ScriptedNpm:
    """Ours: a registry as verdaccio was seen to answer. `tokens` by value; `unlisted` ones work and stand in no list."""

    tokens: dict[str, dict[str, str]] = field(default_factory=dict)
    unlisted: set[str] = field(default_factory=set)
    seen: list[str] = field(default_factory=list)
    page: int = 100
    anonymous: bool = False

    def __post_init__(self) -> None:
        self.operator = self.make("responder")

    def make(self, user: str = "ada", value: str = "") -> str:
        token = value or "npm_" + secrets.token_hex(18)
        self.tokens[token] = {"user": user, "key": secrets.token_hex(16)}
        return token

    def answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, Any, dict[str, str]]:
        self.seen.append(f"{method} {path}")
        token = headers.get("authorization", "").removeprefix("Bearer ")
        me = self.tokens.get(token)
        if me is None:
            return (200, {}, {}) if self.anonymous and path == "/-/whoami" else (401, {"error": "no such token"}, {})
        if path == "/-/whoami":
            return 200, {"username": me["user"]}, {}
        if method == "DELETE" and path.startswith("/-/npm/v1/tokens/token/"):
            key = path.rpartition("/")[2]
            self.tokens = {v: t for v, t in self.tokens.items() if t["key"] != key or t["user"] != me["user"]}
            return 200, {}, {}
        if path.startswith("/-/npm/v1/tokens"):
            mine = [(v, t) for v, t in self.tokens.items() if t["user"] == me["user"] and v not in self.unlisted]
            start = int(parse_qs(urlsplit(path).query).get("from", ["0"])[0])
            shown = [
                {"token": f"{v[:8]}...{v[-4:]}", "key": t["key"], "created": "2026-11-23T14:54:10.316Z"}
                for v, t in mine
            ]
            after = f"/-/npm/v1/tokens?from={start + self.page}" if start + self.page < len(mine) else ""
            return 200, {"objects": shown[start : start + self.page], "urls": {"next": after}}, {}
        return 404, {"error": "not found"}, {}


def npm_client(url: str, token: str, **settings: Any) -> Npm:
    """Return a client of the scripted registry, or of a real one."""
    facts = {"base_url": url, "registry": "npm.example.test", "self_revoke": True, **settings}
    tenant = Tenant(name="npm", provider="npm", settings=facts, refs={"token": SecretRef(env="T")})
    return connect_npm(tenant, lambda _: Secret(token), Pacer(1000, FakeClock()), write=True)


@contextmanager
def scripted_npm(_: Path) -> Iterator[World]:
    """The scripted registry behind HTTP."""
    npm = ScriptedNpm()
    made = {npm.operator}

    def make() -> Held:
        token = npm.make()
        made.add(token)
        found = Credential(
            kind="npm.token", provider="npm", issuer="npm.example.test", fingerprint=f"hmac-sha256:{len(made):02x}"
        )
        return Held(found, Secret(token), lambda: token in npm.tokens)

    with served(npm.answer) as url:
        kind = catalogue.kinds()["npm.token"]
        yield World(kind, url, lambda u: npm_client(u, npm.operator), make, Subject(names=("ada",)), lambda: made)


@contextmanager
def real_verdaccio(home: Path) -> Iterator[World]:
    """The real registry, for the same kind."""
    from tests.interop import verdaccio_world

    with verdaccio_world.start(home) as npm:
        operator = npm.login("responder")
        made = {operator}
        session = npm.login("ada")

        def make() -> Held:
            token, _ = npm.create("ada", session)
            made.add(token)
            found = Credential(
                kind="npm.token", provider="npm", issuer="npm.example.test", fingerprint=f"hmac-sha256:{len(made):02x}"
            )
            return Held(found, Secret(token), lambda: npm.whoami(token) == "ada")

        kind = catalogue.kinds()["npm.token"]
        yield World(kind, npm.url, lambda u: npm_client(u, operator), make, Subject(names=("ada",)), lambda: made)


@dataclass
class ScriptedGitHub:
    """Ours: the few calls we make of GitHub, answered as its description and documentation say. No real GitHub stands behind it.

    `tokens` map a value to its login; those of `listed` logins are authorised for SAML sign-on. `deaf` takes tokens in and does nothing.
    """

    tokens: dict[str, str] = field(default_factory=dict)
    listed: set[str] = field(default_factory=lambda: {"ada", "bob"})
    saml: bool = True
    deaf: bool = False
    page: int = 100
    seen: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)
    answered: list[tuple[str, str, int, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.operator = self.make("responder")

    def make(self, login: str = "ada", prefix: str = "ghp_", value: str = "") -> str:
        token = value or prefix + secrets.token_hex(18)
        self.tokens[token] = login
        return token

    def answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, Any, dict[str, str]]:
        self.seen.append((method, path, headers, body))
        status, said, more = self._answer(method, path, headers, body)
        self.answered.append((method, path, status, said))
        return status, said, {"X-GitHub-Request-Id": "ABCD:1234", **more}

    def _answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, Any, dict[str, str]]:
        place, query = urlsplit(path).path, parse_qs(urlsplit(path).query)
        signed = headers.get("authorization", "")
        if (method, place) == ("POST", "/credentials/revoke"):
            if signed:
                return 403, {"message": "Forbidden"}, {}
            for token in json.loads(body)["credentials"]:
                if not self.deaf:
                    self.tokens.pop(token, None)
            return 202, {}, {}
        login = self.tokens.get(signed.removeprefix("Bearer "))
        if login is None:
            return 401, {"message": "Bad credentials", "documentation_url": "https://docs.github.com/rest"}, {}
        if place == "/user":
            return 200, {"login": login, "id": 7}, {}
        if place == "/orgs/acme-org":
            return 200, {"login": "acme-org", "id": 9}, {}
        if place == "/orgs/acme-org/credential-authorizations" and self.saml and login == "responder":
            return self._authorised(int(query.get("page", ["1"])[0]))
        return 404, {"message": "Not Found"}, {}

    def _authorised(self, page: int) -> tuple[int, Any, dict[str, str]]:
        rows = [
            {
                "login": login, "credential_id": 100 + n, "credential_type": "personal access token",
                "token_last_eight": value[-8:], "credential_authorized_at": "2026-01-01T00:00:00Z", "scopes": ["repo"],
                "credential_accessed_at": "2026-11-01T00:00:00Z", "authorized_credential_id": int(value[-9:], 16),
                "authorized_credential_title": None, "authorized_credential_note": "laptop", "authorized_credential_expires_at": None,
            }
            for n, (value, login) in enumerate(self.tokens.items()) if login in self.listed
        ]  # fmt: skip
        start = (page - 1) * self.page
        more = (
            {"Link": f'<https://api.github.com/x?page={page + 1}>; rel="next"'} if start + self.page < len(rows) else {}
        )
        return 200, rows[start : start + self.page], more


def github_client(url: str, token: str, **settings: Any) -> GitHub:
    """Return a client of the scripted server."""
    facts = {"base_url": url, "org": "acme-org", "probe": True, **settings}
    tenant = Tenant(name="gh", provider="github", settings=facts, refs={"token": SecretRef(env="T")})
    return connect_github(tenant, lambda _: Secret(token), Pacer(1000, FakeClock()), write=True)


@contextmanager
def scripted_github(_: Path) -> Iterator[World]:
    """The scripted server behind HTTP, for a tenant that allows the probe."""
    github = ScriptedGitHub()
    made = {github.operator}

    def make() -> Held:
        token = github.make()
        made.add(token)
        found = Credential(
            kind="github.token", provider="github", issuer="github.com", fingerprint=f"hmac-sha256:{len(made):02x}"
        )
        return Held(found, Secret(token), lambda: token in github.tokens)

    with served(github.answer) as url:
        kind = catalogue.kinds()["github.token"]
        yield World(kind, url, lambda u: github_client(u, github.operator), make, Subject(names=("ada",)), lambda: made)


BY_VALUE: dict[str, Callable[[Path], Any]] = {
    "oauth.refresh-token/scripted": scripted_oauth("oauth.refresh-token"),
    "oauth.access-token/scripted": scripted_oauth("oauth.access-token"),
    "oauth.refresh-token/oidc-provider": real_oidc("oauth.refresh-token"),
    "oauth.access-token/oidc-provider": real_oidc("oauth.access-token"),
    "github.token/scripted": scripted_github,
    "npm.token/scripted": scripted_npm,
    "npm.token/verdaccio": real_verdaccio,
}
