"""A client of one GitHub organisation: `http` as the operator, and two more ways out that carry no operator's credential."""

from __future__ import annotations

from collections.abc import Callable

from rescind.errors import ConfigError, Unrecognised
from rescind.models.kind import Identity
from rescind.models.tenant import SecretRef, Tenant
from rescind.secret import Secret
from rescind.wire.http import Answer, Http, raise_for
from rescind.wire.pace import Pacer

_HEADERS = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
# 60 unauthenticated requests an hour and address: https://docs.github.com/en/rest/credentials/revoke
_REVOCATIONS_PER_SECOND = 1 / 60


class GitHub:
    """One organisation. `anonymous` is for revocation, which refuses whoever signs in, and has a pace of its own."""

    def __init__(self, tenant: Tenant, http: Http, bare: Http, anonymous: Http) -> None:
        self.tenant = tenant
        self.http = http
        self.anonymous = anonymous
        self._bare = bare

    @property
    def host(self) -> str:
        """The host whose tokens are this tenant's, as machines write it."""
        return self.tenant.text("host", "github.com").lower()

    @property
    def probes(self) -> bool:
        """Whether the operator allows a found token to be presented to GitHub, to see whether it lives."""
        return self.tenant.settings.get("probe") is True

    def identity(self) -> Identity:
        """Ask which organisation this is and who we are. Raises a `ProviderError`."""
        org = self.http.send("GET", f"/orgs/{self.tenant.text('org')}")
        raise_for(org, what="organisation")
        me = self.http.send("GET", "/user")
        raise_for(me, what="our own user")
        account, name = login_of(org), login_of(me)
        if not account or not name:
            raise Unrecognised("GitHub does not say which organisation this is, or who we are", status=me.status)
        return Identity(account=account, principal=name)

    def as_token(self, token: Secret) -> Answer:
        """Ask `GET /user` on the authority of a found token: only where `probes`."""
        return self._bare.send("GET", "/user", headers={"Authorization": Secret(f"Bearer {token.reveal()}")})


def connect(tenant: Tenant, resolve: Callable[[SecretRef], Secret], pacer: Pacer, *, write: bool) -> GitHub:
    """Return a client of a tenant; `write` loads its write token when it names one. Nothing is contacted.

    Raises `ConfigError` for a missing token or address.
    """
    ref = (tenant.write_refs.get("token") if write else None) or tenant.refs.get("token")
    if ref is None:
        raise ConfigError(f"tenant {tenant.name!r} names no token", hint='token = { keyring = "…" }')
    token = resolve(ref)
    if not token:
        raise ConfigError(f"the token of tenant {tenant.name!r} is empty")

    def way(pace: Pacer, *, signed: bool) -> Http:
        return Http(
            tenant.text("base_url"),
            pacer=pace,
            headers=_HEADERS,
            auth=(lambda: {"Authorization": f"Bearer {token.reveal().strip()}"}) if signed else None,
            verify=tenant.text("ca_bundle") or True,
            plaintext=tenant.settings.get("plaintext") is True,
        )

    slow = Pacer(_REVOCATIONS_PER_SECOND, pacer.clock)
    return GitHub(tenant, way(pacer, signed=True), way(pacer, signed=False), way(slow, signed=False))


def login_of(answer: Answer) -> str:
    """Return the `login` in an answer, empty when there is none."""
    name = answer.json.get("login") if isinstance(answer.json, dict) else None
    return name if isinstance(name, str) else ""
