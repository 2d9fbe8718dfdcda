"""A client of one npm registry: our own token beside those that are to end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from rescind.errors import ConfigError, Denied, Unrecognised
from rescind.models.kind import Identity
from rescind.models.tenant import SecretRef, Tenant
from rescind.secret import Secret
from rescind.wire.http import Answer, Http, raise_for
from rescind.wire.pace import Pacer


class Npm:
    """One registry. `registry` is its name as machines write it (`host/path`); `self_revoke` allows using a found token to end it."""

    def __init__(self, tenant: Tenant, http: Http, token: Secret) -> None:
        self.tenant = tenant
        self.http = http
        self._token = token

    @property
    def registry(self) -> str:
        """The registry's name as `.npmrc` writes it, without a scheme or a trailing slash."""
        parts = urlsplit(self.tenant.text("base_url"))
        return (self.tenant.text("registry") or parts.netloc + parts.path).rstrip("/").lower()

    @property
    def self_revoke(self) -> bool:
        """Whether the operator allows a found token to be presented to its own registry in order to end it."""
        return self.tenant.settings.get("self_revoke") is True

    def identity(self) -> Identity:
        """Ask the registry who we are. Raises a `ProviderError`."""
        answer = self.ask("GET", "/-/whoami", self._token)
        raise_for(answer, what="our own identity")
        name = user_of(answer)
        if not name:
            raise Unrecognised("our own identity: the registry does not know our token", status=answer.status)
        return Identity(account=self.registry, principal=name)

    def ask(self, method: str, path: str, token: Secret, *, query: Mapping[str, str] | None = None) -> Answer:
        """Send one request on the authority of a token. Raises a `ProviderError`."""
        bearer = Secret(f"Bearer {token.reveal()}")
        return self.http.send(method, path, query=query or None, headers={"Authorization": bearer})

    def refuses(self, token: Secret) -> Answer | None:
        """Return the registry's refusal of a token, None when it accepts it. Raises a `ProviderError` when it cannot be told.

        A token is refused when it is so twice, around a request of ours that the same registry accepts. One refusal alone may be a
        proxy's, and a registry that refuses everybody says nothing of one token.
        """
        first = self._refusal(token)
        if first is None:
            return None
        self.identity()
        if self._refusal(token) is None:
            raise Unrecognised("the registry refused a token and then accepted it", status=first.status)
        return first

    def _refusal(self, token: Secret) -> Answer | None:
        answer = self.ask("GET", "/-/whoami", token)
        # Some registries answer an unknown token like nobody: an empty object.
        if answer.status in {401, 403} and answer.intelligible and "retry-after" not in answer.headers:
            if "otp" in answer.headers.get("www-authenticate", "").lower():
                raise Denied(
                    "the registry wants a one-time password of the token's owner", request_id=answer.request_id
                )
            return answer
        raise_for(answer, what="whoami")
        if answer.json == {}:
            return answer
        if not user_of(answer):
            raise Unrecognised("whoami: no username", status=answer.status, request_id=answer.request_id)
        return None


def connect(tenant: Tenant, resolve: Callable[[SecretRef], Secret], pacer: Pacer, *, write: bool) -> Npm:
    """Return a client of a tenant; `write` loads its write token when it names one. Nothing is contacted.

    Raises `ConfigError` for a missing token or address.
    """
    ref = (tenant.write_refs.get("token") if write else None) or tenant.refs.get("token")
    if ref is None:
        raise ConfigError(f"tenant {tenant.name!r} names no token", hint='token = { keyring = "…" }')
    token = resolve(ref)
    if not token:
        raise ConfigError(f"the token of tenant {tenant.name!r} is empty")
    http = Http(
        tenant.text("base_url"),
        pacer=pacer,
        verify=tenant.text("ca_bundle") or True,
        plaintext=tenant.settings.get("plaintext") is True,
    )
    return Npm(tenant, http, Secret(token.reveal().strip()))


def user_of(answer: Answer) -> str:
    """Return the name in a `whoami` answer, empty when there is none."""
    name = answer.json.get("username") if isinstance(answer.json, dict) else None
    return name if isinstance(name, str) else ""
