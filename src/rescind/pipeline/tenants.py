"""The configured tenants of a run, connected when first used: client, identity, pace and retry policy of each.

Nothing but the operator's configuration decides where a connection goes; evidence never does.
"""

from __future__ import annotations

import importlib
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from rescind import catalogue
from rescind.errors import RefusedError
from rescind.models.clock import Clock
from rescind.models.kind import Identity, Kind, Rest
from rescind.models.tenant import SecretRef, Tenant
from rescind.secret import Secret
from rescind.wire.pace import Pacer
from rescind.wire.retry import Breaker, Retry

T = TypeVar("T")
LOCAL = "local"
Resolve = Callable[[SecretRef], Secret]


@dataclass(slots=True)
class Connected:
    """One tenant in use. `identity` was asked from the provider when it was connected.

    `secret` is set only on the copy that one step of a kind that `needs_secret` works with.
    """

    tenant: Tenant
    client: Any
    identity: Identity
    retry: Retry
    secret: Secret | None = field(default=None, repr=False)

    def ask(self, fn: Callable[[], T], *, repeatable: bool = True) -> tuple[T, int]:
        """Run one provider call under this tenant's retry policy and circuit breaker; returns the answer and the attempts."""
        return self.retry.call(fn, repeatable=repeatable)

    def run(self, row: Rest | Callable[..., Any], credential: Any, *, look: bool) -> Any:
        """Carry out one row or function of a kind once: an observation if `look`, otherwise an action."""
        if isinstance(row, Rest):
            from rescind.wire import rest as rest_rows  # loads an HTTP client, which a scan does not need

            use = rest_rows.look if look else rest_rows.call
            return use(
                self.client.http,
                row,
                credential,
                settings=self.tenant.settings,
                me=self.identity,
                secret=self.secret,
            )
        return row(self.client, credential, self.secret) if self.secret else row(self.client, credential)


class Tenants:
    """Connects tenants on first use, once each, from several threads. `write` loads the tenants' write identities.

    `expected` maps tenants to the account a plan was made for: another account is refused whenever the tenant is first used.
    """

    def __init__(
        self,
        tenants: tuple[Tenant, ...],
        *,
        resolve: Resolve,
        clock: Clock,
        write: bool,
        local: Any = None,
        retry_deadline: float = 120.0,
        expected: Mapping[str, str] | None = None,
    ) -> None:
        self._rows: Mapping[str, Tenant] = {t.name: t for t in tenants}
        self._resolve, self._clock, self._write = resolve, clock, write
        self._deadline = retry_deadline
        self._expected = dict(expected or {})
        self._open: dict[str, Connected] = {}
        self._locks = {name: threading.Lock() for name in [*self._rows, LOCAL]}
        self._local = local

    @property
    def planned(self) -> bool:
        """Whether a plan was made with them: one that is another account now is then left out and said, so that the run ends."""
        return bool(self._expected)

    def names(self, provider: str) -> tuple[str, ...]:
        """Return the names of the tenants of one provider, in the order of the configuration."""
        if provider == LOCAL:
            return (LOCAL,) if self._local is not None else ()
        return tuple(n for n, t in self._rows.items() if t.provider == provider)

    def row(self, name: str) -> Tenant:
        """Return a tenant's configuration. Raises `RefusedError` for a name that is not configured any more."""
        if name == LOCAL:
            return Tenant(name=LOCAL, provider=LOCAL)
        if name not in self._rows:
            raise RefusedError(f"tenant {name!r} is not in the configuration", hint="make the plan again")
        return self._rows[name]

    def get(self, name: str) -> Connected:
        """Connect a tenant (once) and check that it is the account the configuration says. Raises typed provider errors."""
        tenant = self.row(name)
        with self._locks[name]:
            if name not in self._open:
                self._open[name] = self._connect(tenant)
            return self._open[name]

    def _connect(self, tenant: Tenant) -> Connected:
        retry = Retry(self._clock, deadline=self._deadline, breaker=Breaker(self._clock))
        if tenant.name == LOCAL:
            client = self._local
        else:
            row = catalogue.providers()[tenant.provider]
            module, _, name = row.connect.partition(":")
            pacer = Pacer(tenant.rate, self._clock, classes={} if tenant.text("endpoint_url") else row.paces)
            client = getattr(importlib.import_module(module), name)(tenant, self._resolve, pacer, write=self._write)
        identity, _ = retry.call(client.identity, repeatable=True)
        expected = tenant.text("account_id")
        if expected and identity.account != expected:
            raise RefusedError(
                f"tenant {tenant.name!r} is account {identity.account!r} at the provider, the configuration says {expected!r}",
                hint="nothing was changed; correct the credentials or account_id in rescind.toml",
            )
        planned = self._expected.get(tenant.name, identity.account)
        if identity.account != planned:
            raise RefusedError(
                f"tenant {tenant.name!r} is account {identity.account!r} now, the plan was made for {planned!r}",
                hint="make the plan again: rescind plan",
            )
        return Connected(tenant=tenant, client=client, identity=identity, retry=retry)


def kind_of(credential_kind: str) -> Kind | None:
    """Return the catalogue row of a kind id, or None when this version knows no way to end it."""
    return catalogue.kinds().get(credential_kind)
