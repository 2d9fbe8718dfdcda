"""Rows for what a provider is asked before anything is done: who we are, whose a credential is, what a person has.

Together with `Rest` they are the whole language of a provider that speaks JSON over HTTP: such a provider is data, and needs no
Python. A `Door` stands where a provider's `connect` does, a `Lookup` where a kind's `identify`, a `Listing` where its `enumerate`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Literal
from urllib.parse import parse_qsl, urljoin, urlsplit

from rescind.errors import ConfigError, NotFound, Unrecognised
from rescind.models.clock import parse_rfc3339, rfc3339
from rescind.models.credential import Credential
from rescind.models.evidence import Gap
from rescind.models.kind import Identity, Known, Liveness, Rest, Subject
from rescind.models.tenant import SecretRef, Tenant
from rescind.secret import Secret
from rescind.wire.http import Answer, Http, raise_for
from rescind.wire.pace import Pacer
from rescind.wire.rest import ABSENT, holds, send, value_at

MOST_PAGES = 1000
_NEXT = re.compile(r'<([^<>]*)>\s*(?:;[^,<]*)?;\s*rel="?next"?', re.IGNORECASE)


class RestClient:
    """A tenant behind a `Door`: `http` carries the operator's token, `me()` is who that is."""

    def __init__(self, tenant: Tenant, http: Http, door: Door) -> None:
        self.tenant = tenant
        self.http = http
        self._door = door
        self._me: Identity | None = None

    def me(self) -> Identity:
        """Return who we are, asking only the first time. Raises a `ProviderError`."""
        return self._me or self.identity()

    def identity(self) -> Identity:
        """Ask the provider who we are, as its `Door` says. Raises a `ProviderError`."""
        door = self._door
        nobody = Identity(account="", principal="")
        answer = send(self.http, door.whoami, _blank(), settings=self.tenant.settings, me=nobody)
        raise_for(answer, what="our own identity")
        account, principal = (_text(answer.json, p) for p in (door.account, door.principal))
        if not account or not principal:
            raise _unclear(answer, "our own identity: no account or no name")
        names = (_text(answer.json, p) for p in door.identifiers)
        self._me = Identity(account=account, principal=principal, identifiers=tuple(filter(None, names)))
        return self._me


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """How a tenant is entered: the header that carries its `token`, and the request that says who we are.

    `header` and `scheme` write the operator's token; `headers` go with every request. `account`, `principal` and `identifiers` are
    JSON pointers into the answer of `whoami`.
    """

    whoami: Rest
    account: str
    principal: str
    identifiers: tuple[str, ...] = ()
    header: str = "Authorization"
    scheme: str = "Bearer "
    headers: Mapping[str, str] = field(default_factory=dict)

    def __call__(
        self, tenant: Tenant, resolve: Callable[[SecretRef], Secret], pacer: Pacer, *, write: bool
    ) -> RestClient:
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
            headers=self.headers,
            auth=lambda: {self.header: self.scheme + token.reveal().strip()},
            verify=tenant.text("ca_bundle") or True,
            plaintext=tenant.settings.get("plaintext") is True,
        )
        return RestClient(tenant, http, self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """Where the facts of one credential stand in the provider's own object: JSON pointers, empty for what it does not say.

    Times may be RFC 3339 or seconds since 1970. `ended` maps pointers to the text that says that it is dead; `*` is any value but
    null and false.
    """

    identifier: str
    owner: str = ""
    subject: str = ""
    issuer: str = ""
    expires_at: str = ""
    created_at: str = ""
    last_used: str = ""
    parent: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)
    ended: Mapping[str, str] = field(default_factory=dict)

    def read(self, shown: Any, answer: Answer) -> Known:
        """Return what an object says. Raises `Unrecognised` for one without an identifier or with a time that is none."""
        identifier = _text(shown, self.identifier)
        if not isinstance(shown, Mapping) or not identifier:
            raise _unclear(answer, "an object without an identifier")
        facts = {name: _text(shown, pointer) for name, pointer in self.attributes.items()}
        return Known(
            identifier=identifier,
            owner=_text(shown, self.owner),
            subject=_text(shown, self.subject),
            issuer=_text(shown, self.issuer),
            parent=_text(shown, self.parent),
            attributes={k: v for k, v in facts.items() if v},
            expires_at=_moment(shown, self.expires_at, answer),
            created_at=_moment(shown, self.created_at, answer),
            last_used=_moment(shown, self.last_used, answer),
            liveness=Liveness.DEAD if any(_is(shown, p, v) for p, v in self.ended.items()) else Liveness.LIVE,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """A kind's `identify` as a row: one request, and where its object stands. `rest.nothing` lists the answers that mean unknown."""

    rest: Rest
    fields: Fields
    at: str = ""

    def __call__(self, client: RestClient, credential: Credential, secret: Secret | None) -> Known:
        """Say whose a credential is. Raises `NotFound` for one the provider does not know, other `ProviderError`s else."""
        what = f"{self.rest.method} {self.rest.path}"
        answer = send(
            client.http, self.rest, credential, settings=client.tenant.settings, me=client.me(), secret=secret
        )
        if answer.intelligible and any(holds(c, answer) for c in self.rest.nothing):
            raise NotFound(f"{what}: not known here", status=answer.status, request_id=answer.request_id)
        raise_for(answer, what=what)
        known = self.fields.read(value_at(answer.json, self.at), answer)
        if "{identifier}" in self.rest.path and known.identifier != credential.identifier:
            raise _unclear(answer, "another credential than the one asked for was shown")
        return known


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A kind's `enumerate` as a row. With `{owner}` in the request it is sent for each of the person's names, else once and sorted.

    `items` points to the list. `pages`: `link` follows `Link: rel="next"`, `cursor` sends what stands at `cursor` as `parameter`,
    `offset` counts items and `page` counts pages (from 1) in `parameter` until a page is empty; `none`: there is only one.
    """

    rest: Rest
    fields: Fields
    items: str = ""
    pages: Literal["none", "link", "cursor", "offset", "page"] = "none"
    cursor: str = ""
    parameter: str = ""

    def __call__(self, client: RestClient, subject: Subject) -> Iterator[Known | Gap]:
        """List the person's living credentials, each once. Raises a `ProviderError` when a page could not be had."""
        per_name = "{owner}" in f"{self.rest.path}{self.rest.query}{self.rest.body}{self.rest.form}"
        seen: set[str] = set()
        for name in subject.names if per_name else ("",):
            for shown in self._of(client, name):
                known = shown if self.fields.owner or not per_name else replace(shown, owner=name)
                mine = known.owner in subject.names
                if mine and known.liveness is not Liveness.DEAD and known.identifier not in seen:
                    seen.add(known.identifier)
                    yield known

    def _of(self, client: RestClient, name: str) -> Iterator[Known]:
        asked = _blank(name)
        page: Mapping[str, str] = {self.parameter: "1"} if self.pages == "page" else {}
        answer = send(client.http, self.rest, asked, settings=client.tenant.settings, me=client.me(), page=page)
        count, visited = 0, set[str]()
        for number in range(1, MOST_PAGES + 1):
            items = self._items(answer)
            count += len(items)
            yield from (self.fields.read(item, answer) for item in items)
            mark = self._next(answer, number, count if items else 0)
            if not mark:
                return
            if mark in visited:
                break
            visited.add(mark)
            answer = self._page(client, asked, mark)
        raise _unclear(answer, "a listing that does not end")

    def _items(self, answer: Answer) -> list[Any]:
        raise_for(answer, what=f"{self.rest.method} {self.rest.path}")
        items = value_at(answer.json, self.items)
        if not isinstance(items, list):
            raise _unclear(answer, "a listing without its list")
        return items

    def _next(self, answer: Answer, number: int, count: int) -> str:
        match self.pages:
            case "link":
                found = _NEXT.search(answer.headers.get("link", ""))
                return found.group(1) if found else ""
            case "cursor":
                return _text(answer.json, self.cursor)
            case "offset":
                return str(count) if count else ""
            case "page":
                return str(number + 1) if count else ""
        return ""

    def _page(self, client: RestClient, asked: Credential, mark: str) -> Answer:
        settings, me = client.tenant.settings, client.me()
        if self.pages != "link":
            return send(client.http, self.rest, asked, settings=settings, me=me, page={self.parameter: mark})
        base = urlsplit(client.http.base_url)
        to = urlsplit(urljoin(client.http.base_url + "/", mark))
        # A next page is followed only below the tenant's own address: the operator's token goes with it.
        if (to.scheme, to.netloc) != (base.scheme, base.netloc) or not to.path.startswith(base.path + "/"):
            raise Unrecognised("a listing whose next page lies at another address")
        return client.http.send("GET", to.path[len(base.path) :], query=dict(parse_qsl(to.query)) or None)


def _blank(owner: str = "") -> Credential:
    return Credential(kind="", provider="", owner=owner)


def _unclear(answer: Answer, what: str) -> Unrecognised:
    return Unrecognised(what, status=answer.status, request_id=answer.request_id)


def _text(shown: Any, pointer: str) -> str:
    value = value_at(shown, pointer) if pointer else ABSENT
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def _is(shown: Any, pointer: str, wanted: str) -> bool:
    value = value_at(shown, pointer)
    if wanted == "*":
        return value is not ABSENT and value is not None and value is not False
    return (str(value).lower() if isinstance(value, bool) else _text(shown, pointer)) == wanted


def _moment(shown: Any, pointer: str, answer: Answer) -> str | None:
    value = value_at(shown, pointer) if pointer else ABSENT
    if value is ABSENT or value is None or value == "":
        return None
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return rfc3339(datetime.fromtimestamp(value, UTC))
        return rfc3339(parse_rfc3339(str(value)))
    except (ValueError, OverflowError, OSError):
        raise _unclear(answer, "a time that is none") from None
