"""Rows instead of Python: what they read, what they refuse, and that the pipeline needs nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rescind import catalogue
from rescind.audit.log import open_log
from rescind.audit.signer import load_signer
from rescind.errors import ConfigError, RefusedError, RescindError, Unrecognised
from rescind.models.credential import Credential, EndState, Ownership
from rescind.models.kind import CallStatus, Known, Liveness, Rest, Subject, Verb
from rescind.models.plan import Step
from rescind.models.tenant import SecretRef
from rescind.pipeline import execute
from rescind.pipeline.enumerate import listed
from rescind.pipeline.identify import identify_one
from rescind.pipeline.people import People
from rescind.pipeline.tenants import Tenants
from rescind.secret import Secret
from rescind.wire.pace import Pacer
from rescind.wire.rows import Listing, Lookup
from tests.contract.acme import BY_ID, BY_VALUE, CONNECT, FIELDS, PROVIDER, Acme, client_of, tenant
from tests.contract.worlds_by_value import served
from tests.unit.wire_clock import FakeClock


@pytest.fixture
def acme() -> Acme:
    return Acme()


@pytest.fixture
def url(acme: Acme) -> Iterator[str]:
    with served(acme.answer) as address:
        yield address


def test_the_rows_hold_no_python_and_the_catalogue_takes_them() -> None:
    for kind in (BY_ID, BY_VALUE):
        catalogue.check(kind)
        rows = [kind.verify, kind.control, kind.identify, kind.enumerate, *(a.call for a in kind.actions.values())]
        assert {type(r) for r in rows if r is not None} <= {Rest, Lookup, Listing}


def test_a_value_in_the_address_of_a_lookup_is_refused() -> None:
    row = Lookup(rest=Rest(method="GET", path="/v1/{secret}"), fields=FIELDS)
    with pytest.raises(RescindError, match="needs_secret"):
        catalogue.check(replace(BY_VALUE, identify=row))


def facts(known: Any) -> tuple[str, ...]:
    return (known.owner, known.attributes["label"], known.created_at, known.expires_at, known.liveness)


def test_what_is_read_of_a_token(acme: Acme, url: str) -> None:
    client, token = client_of(acme, url), acme.make()
    c = Credential(kind="acme.token", provider="acme", identifier=token["id"])
    assert BY_ID.identify is not None
    known = BY_ID.identify(client, c, None)
    assert facts(known) == ("ada", "laptop", "2026-11-23T14:00:07Z", "2027-01-01T00:00:00Z", Liveness.LIVE)
    token["state"] = "revoked"
    assert BY_ID.identify(client, c, None).liveness is Liveness.DEAD


@pytest.mark.parametrize(
    "spoilt", [{"id": ""}, {"id": None}, {"id": ["x"]}, {"id": "another"}, {"expires": "soon"}, {"created": 1e30}]
)
def test_an_object_that_is_not_right_is_not_understood(acme: Acme, url: str, spoilt: dict[str, Any]) -> None:
    client, token = client_of(acme, url), acme.make()
    c = Credential(kind="acme.token", provider="acme", identifier=token["id"])
    token.update(spoilt)
    assert BY_ID.identify is not None
    with pytest.raises(Unrecognised):
        BY_ID.identify(client, c, None)


PLAIN = Rest(method="GET", path="/v1/orgs/{settings.org}/tokens", query={"limit": "2"})
PAGED: dict[str, dict[str, Any]] = {
    "cursor": {"pages": "cursor", "cursor": "/next", "parameter": "after"},
    "link": {"pages": "link"},
    "offset": {"pages": "offset", "parameter": "after"},
    "page": {"pages": "page", "parameter": "after"},
}


@pytest.mark.parametrize("style", PAGED)
@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 5])
def test_every_page_is_read_whatever_the_style(acme: Acme, url: str, style: str, count: int) -> None:
    acme.style = style
    ids = {acme.make()["id"] for _ in range(count)}
    acme.make("bob")
    acme.make()["state"] = "revoked"
    listing = Listing(rest=PLAIN, items="/tokens", fields=FIELDS, **PAGED[style])
    found = list(listing(client_of(acme, url), Subject(names=("ada", "ada.l"))))
    assert sorted(k.identifier for k in found if isinstance(k, Known)) == sorted(ids)


def test_a_listing_per_name_takes_the_name_for_the_owner_where_the_answer_does_not_repeat_it(
    acme: Acme, url: str
) -> None:
    acme.make("ada"), acme.make("ada.l"), acme.make("bob")
    listing = replace(BY_ID.enumerate, fields=replace(FIELDS, owner=""))  # type: ignore[type-var]
    found = list(listing(client_of(acme, url), Subject(names=("ada", "ada.l"))))  # type: ignore[operator]
    assert [k.owner for k in found] == ["ada", "ada.l"]


def test_a_name_with_marks_in_it_stays_one_value(acme: Acme, url: str) -> None:
    assert BY_ID.enumerate is not None
    assert list(BY_ID.enumerate(client_of(acme, url), Subject(names=("a&login=bob#{self.id}",)))) == []
    assert "login=a%26login%3Dbob%23%7Bself.id%7D&" in acme.asked[-1]


@pytest.mark.parametrize("to", ["https://evil.example/v1", "//evil.example/x", "http://127.0.0.1:1/v1", "/../up"])
def test_a_next_page_elsewhere_is_not_followed(acme: Acme, url: str, to: str) -> None:
    acme.make()
    acme.foreign_next = to
    listing = Listing(rest=PLAIN, items="/tokens", fields=FIELDS, pages="link")
    with pytest.raises((Unrecognised, RescindError)):
        list(listing(client_of(acme, url), Subject(names=("ada",))))


def test_a_cursor_that_repeats_itself_does_not_go_on_for_ever(acme: Acme, url: str) -> None:
    acme.foreign_next = "0"
    assert BY_ID.enumerate is not None
    with pytest.raises(Unrecognised, match="does not end"):
        list(BY_ID.enumerate(client_of(acme, url), Subject(names=("ada",))))


def test_the_door_wants_a_token_and_loads_the_write_token_for_writing_only() -> None:
    asked: list[str] = []

    def resolve(ref: SecretRef) -> Secret:
        asked.append(ref.env)
        return Secret("" if ref.env == "EMPTY" else "x")

    row = replace(tenant("https://acme.example"), write_refs={"token": SecretRef(env="W")})
    for write in (False, True):
        CONNECT(row, resolve, Pacer(9, FakeClock()), write=write)
    assert asked == ["T", "W"]
    for refs in ({}, {"token": SecretRef(env="EMPTY")}):
        with pytest.raises(ConfigError):
            CONNECT(replace(row, refs=refs), resolve, Pacer(9, FakeClock()), write=False)


@pytest.fixture
def line(acme: Acme, url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[], execute.Context]:
    kinds = {k.id: k for k in (BY_ID, BY_VALUE)}
    monkeypatch.setattr(catalogue, "kinds", lambda: kinds)
    monkeypatch.setattr(catalogue, "providers", lambda: {"acme": PROVIDER})
    clock = FakeClock()
    tenants = Tenants((tenant(url),), resolve=lambda _: Secret(acme.operator["value"]), clock=clock, write=True)
    people = People(person="ada@example.com", mapped={"acme": ("ada",)})
    log = open_log(tmp_path / "rescind.db", load_signer(tmp_path), clock)
    return lambda: execute.Context(run="r", tenants=tenants, people=people, log=log, clock=clock)


def test_listed_and_ended_by_the_pipeline_itself(acme: Acme, line: Callable[[], execute.Context]) -> None:
    ctx, token = line(), acme.make()
    found, gaps, _ = listed(ctx.tenants, ctx.people, ("acme",))
    assert gaps == []
    ((c, liveness),) = found
    assert (c.ownership, c.issuer, liveness) == (Ownership.CASE, "org-1", Liveness.LIVE)
    receipt = execute.act(Step(phase="p", verb=Verb.REVOKE, credential=c.id, tenant="acme"), c, ctx)
    assert receipt.end_state is EndState.DEAD
    assert not acme.lives(token["id"])


def test_the_operators_own_token_is_recognised(acme: Acme, line: Callable[[], execute.Context]) -> None:
    ctx = line()
    own = Credential(kind="acme.token", provider="acme", identifier=acme.operator["id"])
    c, _, _ = identify_one(own, None, ctx.tenants, ctx.people)
    assert c.ownership is Ownership.OPERATOR


def test_found_by_value_and_ended_by_value(acme: Acme, line: Callable[[], execute.Context]) -> None:
    ctx, token = line(), acme.make()
    value = Secret(token["value"])
    found = Credential(kind="acme.key", provider="acme", fingerprint=value.fingerprint(b"k"))
    c, decision, _ = identify_one(found, value, ctx.tenants, ctx.people)
    assert (decision, c.ownership, c.identifier) == (None, Ownership.CASE, token["id"])
    step = Step(phase="p", verb=Verb.REVOKE, credential=c.id, tenant="acme")
    ctx.read_secret = lambda asked: value if asked.fingerprint == value.fingerprint(b"k") else None
    receipt = execute.act(step, c, ctx)
    assert (receipt.end_state, receipt.call_status) == (EndState.DEAD, CallStatus.ACCEPTED)
    assert token["value"] not in b"".join(e.raw for e in ctx.log.entries()).decode()


def test_another_account_than_configured_is_refused_before_anything(
    acme: Acme, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalogue, "providers", lambda: {"acme": PROVIDER})
    row = tenant(url)
    row = replace(row, settings={**row.settings, "account_id": "org-2"})
    tenants = Tenants((row,), resolve=lambda _: Secret(acme.operator["value"]), clock=FakeClock(), write=True)
    with pytest.raises(RefusedError):
        tenants.get("acme")
