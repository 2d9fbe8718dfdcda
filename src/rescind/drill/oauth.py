"""The drill's authorization server: ours, built on Authlib and Flask, with RFC 8414 metadata, RFC 7009 and RFC 7662.

Tokens live in memory. It calls itself by the issuer that gcloud's files name, so that the token in the drill's home is taken for its own.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

ISSUER = "https://accounts.google.com"
PUBLIC, OPERATOR = "gcloud-cli", "responder"


@dataclass(slots=True)
class Token:
    """One refresh or access token, in the shape that Authlib asks for."""

    value: str
    client_id: str
    user: str
    expires_at: float
    revoked: bool = False

    def check_client(self, client: Any) -> bool:
        """Whether a client may revoke it: the one it was issued to, and the organisation's own."""
        return bool(client.client_id in {self.client_id, OPERATOR})

    def is_expired(self) -> bool:
        """Whether its time is over."""
        return time.time() > self.expires_at

    def get_scope(self) -> str:
        """Scopes play no part here."""
        return ""

    def is_revoked(self) -> bool:
        """Whether it was revoked."""
        return self.revoked


@dataclass(frozen=True, slots=True)
class Client:
    """One registered client; a public one has no secret."""

    client_id: str
    secret: str

    def check_client_secret(self, secret: str) -> bool:
        """Compare a secret."""
        return bool(self.secret) and secret == self.secret

    def check_endpoint_auth_method(self, method: str, _endpoint: str) -> bool:
        """How the client may authenticate."""
        return method == ("client_secret_basic" if self.secret else "none")

    def check_grant_type(self, grant: str) -> bool:
        """Which grants it may use."""
        return grant == ("client_credentials" if self.secret else "refresh_token")

    def get_allowed_scope(self, _scope: str) -> str:
        """Scopes play no part here."""
        return ""


def _endpoints(find: Callable[[str], Token | None]) -> Iterable[type]:
    from authlib.oauth2.rfc7009 import RevocationEndpoint
    from authlib.oauth2.rfc7662 import IntrospectionEndpoint

    class Revocation(RevocationEndpoint):  # type: ignore[misc]
        CLIENT_AUTH_METHODS = ("client_secret_basic", "none")

        def query_token(self, value: str, _hint: str | None) -> Token | None:
            return find(value)

        def revoke_token(self, token: Token, _request: Any) -> None:
            token.revoked = True

    class Introspection(IntrospectionEndpoint):  # type: ignore[misc]
        def query_token(self, value: str, _hint: str | None) -> Token | None:
            return find(value)

        def check_permission(self, _token: Token, client: Any, _request: Any) -> bool:
            return bool(client.client_id == OPERATOR)

        def introspect_token(self, token: Token) -> dict[str, Any]:
            return {"active": True, "iss": ISSUER, "client_id": token.client_id, "username": token.user}

    return Revocation, Introspection


def _grants(find: Callable[[str], Token | None]) -> Iterable[type]:
    from authlib.oauth2.rfc6749 import grants

    class Credentials(grants.ClientCredentialsGrant):  # type: ignore[misc]
        pass

    class Refresh(grants.RefreshTokenGrant):  # type: ignore[misc]
        TOKEN_ENDPOINT_AUTH_METHODS = ("none",)

        def authenticate_refresh_token(self, value: str) -> Token | None:
            token = find(value)
            return token if token and not token.revoked and not token.is_expired() else None

        def authenticate_user(self, token: Token) -> str:
            return token.user

        def revoke_old_credential(self, _token: Token) -> None:
            return None  # gcloud's refresh tokens are not rotated

    return Credentials, Refresh


class Server:
    """The authorization server on a loopback port."""

    def __init__(self, operator_secret: str) -> None:
        from werkzeug.serving import make_server

        self._tokens: dict[str, Token] = {}
        self._clients = {c.client_id: c for c in (Client(OPERATOR, operator_secret), Client(PUBLIC, ""))}
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        self._server = make_server("127.0.0.1", 0, self._app(), threaded=True)
        self.url = f"http://127.0.0.1:{self._server.port}"
        threading.Thread(target=self._server.serve_forever, name="drill-oauth", daemon=True).start()

    def _app(self) -> Any:
        from authlib.integrations.flask_oauth2 import AuthorizationServer
        from flask import Flask, request

        app = Flask("rescind-drill")
        server = AuthorizationServer(app, query_client=self._clients.get, save_token=self._save)
        for grant in _grants(self._tokens.get):
            server.register_grant(grant)
        for endpoint in _endpoints(self._tokens.get):
            server.register_endpoint(endpoint)

        def metadata() -> dict[str, str]:
            at = f"http://{request.host}"
            names = {"token_endpoint": "token", "revocation_endpoint": "revoke", "introspection_endpoint": "introspect"}
            return {"issuer": ISSUER, **{name: f"{at}/{path}" for name, path in names.items()}}

        app.add_url_rule("/.well-known/oauth-authorization-server", "metadata", metadata)
        app.add_url_rule("/token", "token", server.create_token_response, methods=["POST"])
        for path, name in (("/revoke", "revocation"), ("/introspect", "introspection")):
            app.add_url_rule(path, name, lambda name=name: server.create_endpoint_response(name), methods=["POST"])

        def as_if_tls(environ: dict[str, Any], start: Any) -> Any:
            environ["wsgi.url_scheme"] = "https"  # loopback stands for TLS, which Authlib asks for
            return app(environ, start)

        return as_if_tls

    def _save(self, made: dict[str, Any], request: Any) -> None:
        self.issue(made["access_token"], str(request.user or request.client.client_id), request.client.client_id)

    def issue(self, value: str, user: str, client: str = PUBLIC) -> str:
        """Give somebody a token of this value."""
        self._tokens[value] = Token(value, client, user, time.time() + 3600)
        return value

    def try_refresh(self, value: str) -> str:
        """Use a refresh token, as a thief would: "works", or the server's refusal."""
        import json
        import urllib.error
        import urllib.parse
        import urllib.request

        form = {"grant_type": "refresh_token", "refresh_token": value, "client_id": PUBLIC}
        try:
            with urllib.request.urlopen(self.url + "/token", urllib.parse.urlencode(form).encode(), timeout=5) as got:  # noqa: S310  ours, on loopback
                return "works" if json.load(got).get("access_token") else "refused: no token"
        except urllib.error.HTTPError as error:
            said = error.read()
            return f"refused: {json.loads(said)['error']}" if said[:1] == b"{" else f"no answer: {error.code}"
        except OSError as error:
            return f"no answer: {type(error).__name__}"

    def stop(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()
