"""Every place that accepts a credential is a credential of its own, and no sighting is forgotten."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rescind.errors import NotFound, ProviderError, Unreachable
from rescind.models.credential import Credential, Inventory, Ownership, Relation, Sighted
from rescind.models.evidence import Location
from rescind.models.kind import Identity, Known, Liveness
from rescind.models.provider import Provider
from rescind.models.tenant import Tenant
from rescind.pipeline import identify as enumerating
from rescind.pipeline.enumerate import enumerate_all, merge
from rescind.pipeline.people import People, ownership
from rescind.pipeline.tenants import Connected
from rescind.wire.retry import Retry
from tests.unit.made_up import FakeClock, kind

ADA = People(person="ada@example.com", mapped={"made-up": ("ada",)})
ONE = Credential(kind="made-up.token", provider="made-up", identifier="one")


class Host:
    """Accepts what it `accepts`: identifier to owner. An exception instead is raised by every look."""

    def __init__(self, name: str, accepts: dict[str, str] | ProviderError) -> None:
        self.tenant, self.accepts = Tenant(name=name, provider="made-up"), accepts

    def rows(self) -> dict[str, str]:
        if isinstance(self.accepts, ProviderError):
            raise self.accepts
        return self.accepts


class Hosts:
    def __init__(self, *hosts: Host) -> None:
        self.hosts = {h.tenant.name: h for h in hosts}

    def names(self, provider: str) -> tuple[str, ...]:
        return tuple(self.hosts) if provider == "made-up" else ()

    def get(self, name: str) -> Connected:
        host = self.hosts[name]
        me = Identity(account=f"acct-{name}", principal="responder")
        return Connected(tenant=host.tenant, client=host, identity=me, retry=Retry(FakeClock(), deadline=1))


def identify(host: Host, c: Credential, secret: object) -> Known:
    rows = host.rows()
    if c.identifier not in rows:
        raise NotFound("not here")
    return Known(identifier=c.identifier, owner=rows[c.identifier], liveness=Liveness.LIVE)


def listing(host: Host, subject: object):
    for name, owner in host.rows().items():
        yield Known(identifier=name, owner=owner, liveness=Liveness.LIVE)


@pytest.fixture
def rows(monkeypatch):
    found = {"made-up.token": kind(identify=identify, enumerate=listing, shared=True)}
    monkeypatch.setattr("rescind.catalogue.kinds", lambda: found)
    monkeypatch.setattr(
        "rescind.catalogue.providers", lambda: {"made-up": Provider(id="made-up", title="m", connect="x:y")}
    )
    monkeypatch.setattr(enumerating, "kind_of", found.get)
    return found


def ask(hosts: Hosts, *seen: Credential, provider_side: bool = False):
    inventory = Inventory(workstation={}, credentials=seen)
    return enumerate_all(inventory, {}, hosts, ADA, providers=("made-up",), provider_side=provider_side)  # type: ignore[arg-type]


@pytest.mark.parametrize("provider_side", [False, True])
def test_one_key_that_two_hosts_accept_is_two_credentials(rows, provider_side):
    found = ask(Hosts(Host("a", {"one": "ada"}), Host("b", {"one": "ada"})), ONE, provider_side=provider_side)
    assert {(c.identifier, c.tenant, c.ownership) for c in found.credentials} == {
        ("one", "a", Ownership.CASE),
        ("one", "b", Ownership.CASE),
    }
    assert len({c.id for c in found.credentials}) == 2
    assert all(c.relation is Relation.OBSERVED for c in found.credentials)


def test_the_same_key_listed_by_two_hosts_and_seen_nowhere_is_two_credentials(rows):
    found = ask(Hosts(Host("a", {"one": "ada"}), Host("b", {"one": "ada"})), provider_side=True)
    assert {c.tenant for c in found.credentials} == {"a", "b"}
    assert all(c.relation is Relation.INHERITED for c in found.credentials)


def test_its_id_does_not_depend_on_who_else_still_accepts_it(rows):
    both = ask(Hosts(Host("a", {"one": "ada"}), Host("b", {"one": "ada"})), ONE)
    later = ask(Hosts(Host("a", {}), Host("b", {"one": "ada"})), provider_side=True)
    assert {c.id for c in later.credentials} == {c.id for c in both.credentials if c.tenant == "b"}


def test_each_host_says_whose_it_is(rows):
    found = ask(Hosts(Host("a", {"one": "ada"}), Host("b", {"one": "grace"})), ONE)
    assert {c.tenant: c.ownership for c in found.credentials} == {"a": Ownership.CASE, "b": Ownership.OTHER}


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_host_that_could_not_be_asked_is_a_gap(rows, order):
    hosts = [Host("a", {"one": "ada"}), Host("b", Unreachable("down", maybe_sent=False))]
    found = ask(Hosts(*(hosts[i] for i in order)), ONE)
    assert [c.tenant for c in found.credentials] == ["a"]
    assert any(g.source == "tenant:b" and "one" in g.reason for g in found.gaps)


def test_with_one_host_an_id_is_what_it_always_was(rows):
    (c,) = ask(Hosts(Host("a", {"one": "ada"})), ONE).credentials
    assert c.id == ONE.id


def test_what_has_one_issuer_is_asked_for_no_further_than_needed(rows):
    rows["made-up.token"] = replace(rows["made-up.token"], shared=False)
    found = ask(Hosts(Host("a", {"one": "ada"}), Host("b", Unreachable("down", maybe_sent=False))), ONE)
    assert [c.tenant for c in found.credentials] == ["a"]
    assert not [g for g in found.gaps if g.source == "tenant:b"]


def sighted(path: str) -> tuple[Sighted, ...]:
    return (Sighted(store="dotenv", location=Location(root="home", path=path)),)


def test_two_values_that_turn_out_to_be_one_credential_keep_both_places(rows):
    def by_value(host: Host, c: Credential, secret: object) -> Known:
        return Known(identifier="one", owner="ada")

    rows["made-up.token"] = kind(identify=by_value)
    seen = [
        Credential(
            kind="made-up.token",
            provider="made-up",
            issuer=f"https://{n}.example",
            fingerprint=f"hmac-sha256:{n}",
            findings=sighted(f"{n}.env"),
        )
        for n in "ab"
    ]
    (c,) = ask(Hosts(Host("a", {"one": "ada"})), *seen).credentials
    assert {s.location.path for s in c.findings} == {"a.env", "b.env"}


@pytest.mark.parametrize(
    "known",
    [
        Known(identifier="e", owner="ada", attributes={"aliases": "ada,break-glass"}),
        Known(identifier="e", owner="ada", attributes={"emails": "ada@example.com, Break-Glass"}),
        Known(identifier="e", owner="Break-glass"),
    ],
)
def test_a_protected_name_is_found_among_others_and_in_any_case(rows, known):
    people = replace(ADA, protected=("break-glass",))
    assert ownership(known, people, "made-up", Identity(account="a", principal="r")) is Ownership.PROTECTED
    assert ownership(known, ADA, "made-up", Identity(account="a", principal="r")) is not Ownership.PROTECTED


def test_listed_twice_is_not_seen_on_the_machine():
    """Two mapped names may lead to one credential: that is two listings, and no sighting."""
    once = Credential(kind="vault.token", provider="vault", identifier="a", relation=Relation.INHERITED)
    assert merge(once, once).relation is Relation.INHERITED
    seen = Credential(kind="vault.token", provider="vault", identifier="a", relation=Relation.OBSERVED)
    assert merge(seen, once).relation is Relation.OBSERVED
