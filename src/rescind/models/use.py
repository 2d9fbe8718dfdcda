"""What a provider's own records say of the use of credentials after a loss: which record, whose use it shows, what it does not show."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from rescind.models.credential import Credential


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that was done, as the provider recorded it. Never a secret; texts in it may be an attacker's.

    `marks` name what was used (`key:AKIA…`, `user:ada`); `doubts` what may have been used: an attempt that failed, a day that is not
    an hour. `key` is the non-secret id that the request carried, `outcome` the provider's word for a refusal ("" for none).
    """

    id: str
    at: str
    action: str
    marks: frozenset[str]
    doubts: frozenset[str] = frozenset()
    who: str = ""
    key: str = ""
    ip: str = ""
    agent: str = ""
    outcome: str = ""
    place: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """How far one part of a record (a region, an application's log) could be read. Times are the provider's.

    `asked_at` is its clock at the answer. `since` and `until` are what it says of itself, where it does; else what was asked for counts, up to
    the source's lag before the answer. `problem`: why the part was not read, or not whole.
    """

    part: str
    asked_at: str = ""
    since: str = ""
    until: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """How the use of a kind of credential shows in a record: an event with one of `marks` is a use of it.

    Marks are templates over the credential (`{identifier}`, `{owner}`, `{attributes.user_id}`). `holder` marks only show that whoever holds it was
    active. `unseen` says which uses the record does not hold; where it is empty every use is in it, and only then is no event a `no`.
    """

    marks: tuple[str, ...] = ()
    holder: tuple[str, ...] = ()
    unseen: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Whose activity is read, and since when (RFC 3339 UTC): the names of the case's person, and everything of a plan in one tenant."""

    names: tuple[str, ...]
    credentials: tuple[Credential, ...]
    since: str

    def of(self, *kinds: str) -> list[Credential]:
        """Return the credentials of these kinds."""
        return [c for c in self.credentials if c.kind in kinds]


Ask = Callable[[Callable[[], Any]], Any]
"""Runs one request under the tenant's retry policy. Raises typed provider errors, also when the time for the whole is over."""
ReadFn = Callable[[Any, Asked, Ask], Iterator[Event | Span]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A row: a record of a provider that can be asked what credentials did.

    `read` is `module:function`, a `ReadFn`; `check` one that raises where it could not be read. `retention_days` is how far back it reaches for sure,
    `lag_seconds` how late an event may appear by the provider's own word, with a margin. `covers` and `lacks` say in words what is in it.
    `needs` is the setting without which a tenant has no such record.
    """

    id: str
    title: str
    read: str
    check: str
    retention_days: int
    lag_seconds: int
    covers: str
    lacks: str
    permissions: tuple[str, ...]
    traces: Mapping[str, Trace]
    reference: str
    needs: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """What one reading holds of one credential: how many uses since the loss, how many doubts, and of whoever holds it.

    `ours` were left out because they call themselves ours; `near` lie just before the stated time of the loss.
    """

    events: int = 0
    first: str = ""
    last: str = ""
    action: str = ""
    ip: str = ""
    doubts: int = 0
    holder: int = 0
    ours: int = 0
    near: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One reading of one source of one tenant, as the audit trail keeps it. `proves` are the credentials whose every use would be in it.

    It is whole from `since` to `until` where `problem` is empty. `at` is when it was recorded.
    """

    tenant: str
    provider: str
    source: str
    at: str
    since: str
    until: str
    problem: str = ""
    events: int = 0
    ours: int = 0
    file: str = ""
    sha256: str = ""
    parts: tuple[str, ...] = ()
    proves: tuple[str, ...] = ()
    uses: Mapping[str, Use] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """Whether a credential was used after the loss, in the words `yes`, `no` and `unknown`, and where that is from."""

    answer: str
    source: str
    first: str = ""
    last: str = ""
