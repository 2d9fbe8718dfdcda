"""Every kind behind HTTP, with every fault on every one of its requests: it never lies, never forgets, never tells.

A kind is in here because `tests.contract.worlds` has a provider for it, and a test fails for one that has none.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from rescind import catalogue
from rescind.errors import Denied, NotFound, ProviderError, Rejected, Throttled, Unreachable, Unrecognised
from rescind.models.credential import Credential, EndState
from rescind.models.evidence import Gap
from rescind.models.kind import CallStatus, Liveness, Rest, Verb
from rescind.wire import rest
from tests.contract import worlds_azure, worlds_ssm
from tests.contract.faults import AFTER, FAULTS, UNSENT, FaultServer, Rule
from tests.contract.worlds import NOT_HTTP, WORLDS, Held, World, identifiers
from tests.contract.worlds_by_value import BY_VALUE
from tests.contract.worlds_entra import ENTRA
from tests.contract.worlds_google import GOOGLE, NO_LOOK

SAYS_NOTHING = (Unreachable, Unrecognised)
EXPECTED: dict[str, tuple[type[ProviderError], ...]] = {
    "401": (Denied,),
    "403": (Denied,),
    "404": (NotFound, Unrecognised),
    "409": (Rejected,),
    "429": (Throttled,),
    "500": (Unreachable,),
    "503": (Unreachable,),
    "reset": (Unreachable,),
    "html": SAYS_NOTHING,
    "malformed": SAYS_NOTHING,
    "empty": SAYS_NOTHING,
    "redirect": (*SAYS_NOTHING, Rejected),
    "nothing": SAYS_NOTHING,
    "after-reset": (Unreachable,),
    "after-503": (Unreachable,),
    "after-truncated": SAYS_NOTHING,
}


EVERYWHERE = {**WORLDS, **BY_VALUE, **ENTRA, **GOOGLE, **worlds_azure.AZURE, **worlds_ssm.SSM}


def test_every_kind_is_tested_or_has_no_wire() -> None:
    assert {name.partition("/")[0] for name in EVERYWHERE} | NOT_HTTP | NO_LOOK | worlds_azure.NO_LOOK >= set(
        catalogue.kinds()
    )


@dataclass
class Bench:
    """A world behind the fault server, with one client and one standing credential of the person."""

    world: World
    server: FaultServer
    client: Any
    standing: Held

    def __post_init__(self) -> None:
        self.me = self.client.identity()
        self.values: dict[str, Any] = {}

    def whole(self, held: Held) -> Credential:
        """Return the credential as the pipeline would hand it on, with what the provider says of it."""
        assert self.world.kind.identify is not None
        known = self.world.kind.identify(self.client, held.found, held.secret)
        whole = replace(
            held.found,
            identifier=known.identifier,
            owner=known.owner,
            issuer=known.issuer,
            subject=known.subject,
            attributes=known.attributes,
        )
        self.values[whole.id] = held.secret
        return whole

    def value(self, credential: Credential) -> Any:
        """Return a credential's value as a step would read it again: only for the kinds that need it."""
        return self.values[credential.id] if self.world.kind.needs_secret else None

    def run(self, row: Any, credential: Credential, *, look: bool) -> Any:
        value = self.value(credential)
        if isinstance(row, Rest):
            use = rest.look if look else rest.call
            settings = self.client.tenant.settings
            return use(self.client.http, row, credential, settings=settings, me=self.me, secret=value)
        return row(self.client, credential, value) if value else row(self.client, credential)

    def act(self, verb: Verb, credential: Credential) -> Any:
        return self.run(self.world.kind.actions[verb].call, credential, look=False)

    def verify(self, credential: Credential, verb: Verb | None = None) -> Any:
        row = self.world.kind.actions[verb].verify if verb else None
        return self.run(row or self.world.kind.verify, credential, look=True)

    def control(self, credential: Credential) -> Any:
        return self.run(self.world.kind.control, credential, look=True)

    def listed(self) -> list[Any]:
        assert self.world.kind.enumerate is not None
        return list(self.world.kind.enumerate(self.client, self.world.subject))

    def requests(self, work: Callable[[], Any]) -> int:
        """Return how many requests a piece of work makes when all is well."""
        with self.server.faults() as seen:
            work()
        return len(seen)


@pytest.fixture(scope="module", params=list(EVERYWHERE))
def bench(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with EVERYWHERE[request.param](tmp_path_factory.mktemp("world")) as world, FaultServer(world.target) as server:
        yield Bench(world, server, world.connect(server.url), world.make())
        assert server.elsewhere_hits == []


@pytest.fixture(autouse=True)
def silence(bench: Bench, caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Whatever happens, no value is logged."""
    caplog.set_level(logging.INFO)
    yield
    assert not [s for s in bench.world.secrets() if s in caplog.text]


def attempt(bench: Bench, work: Callable[[], Any]) -> Any:
    """Run a piece of work; a typed error is an answer, if it tells no value. Anything else fails the test."""
    try:
        result = work()
    except ProviderError as error:
        result = error
    shown = f"{result} {result!r} {getattr(result, '__cause__', '')!r} {getattr(result, 'request_id', '')}"
    assert not [s for s in bench.world.secrets() if s in shown]
    return result


def rules(fault: str, requests: int) -> Iterator[tuple[str, Rule]]:
    """Yield the fault on everything, and then on each request alone."""
    yield "all", Rule(fault=fault)
    for n in range(requests):
        yield f"request {n}", Rule(fault=fault, skip=n, times=1)


LOOKS = ("identify", "identify again", "verify", "control")


def work_of(bench: Bench, name: str, credential: Credential) -> Callable[[], Any]:
    identify = bench.world.kind.identify
    assert identify is not None
    return {
        "identify": lambda: identify(bench.client, bench.standing.found, bench.standing.secret),
        "identify again": lambda: identify(bench.client, credential, bench.value(credential)),
        "verify": lambda: bench.verify(credential),
        "control": lambda: bench.control(credential),
    }[name]


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", LOOKS)
def test_a_look_that_fails_is_a_typed_error(bench: Bench, name: str, fault: str) -> None:
    work = work_of(bench, name, bench.whole(bench.standing))
    with bench.server.faults(Rule(fault=fault)) as seen:
        result = attempt(bench, work)
    assert isinstance(result, EXPECTED[fault]), result
    if isinstance(result, Throttled):
        assert result.retry_after == 1
    assert [s.fault for s in seen] == [fault] * len(seen) != []


@pytest.mark.parametrize("fault", FAULTS)
def test_a_living_credential_is_never_called_dead(bench: Bench, fault: str) -> None:
    credential = bench.whole(bench.standing)
    for where, rule in rules(fault, bench.requests(lambda: bench.verify(credential))):
        with bench.server.faults(rule):
            seen = attempt(bench, lambda: bench.verify(credential))
            if getattr(seen, "liveness", None) is Liveness.DEAD:
                # Only a 404 may look like absence, and then the control read must fail as well.
                assert fault == "404", where
                assert getattr(attempt(bench, lambda: bench.control(credential)), "liveness", None) is not Liveness.LIVE
    assert bench.verify(credential).liveness is Liveness.LIVE
    assert bench.control(credential).liveness is Liveness.LIVE


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", ["identify", "identify again"])
def test_an_owner_is_never_invented(bench: Bench, name: str, fault: str) -> None:
    credential = bench.whole(bench.standing)
    work = work_of(bench, name, credential)
    for where, rule in rules(fault, bench.requests(work)):
        with bench.server.faults(rule):
            result = attempt(bench, work)
        if not isinstance(result, ProviderError):
            assert result.identifier == credential.identifier, where
            assert result.owner in {credential.owner, credential.attributes.get("entity_id"), ""}, where
            assert not result.irrevocable, where


def test_an_ended_credential_is_not_identified_as_alive_and_its_value_is_not_told(bench: Bench) -> None:
    identify = bench.world.kind.identify
    assert identify is not None
    held = bench.world.make()
    credential = bench.whole(held)
    last = max(verbs(bench), key=lambda v: not bench.world.kind.actions[v].reversible)
    bench.act(last, credential)
    for work in (
        lambda: identify(bench.client, held.found, held.secret),
        lambda: identify(bench.client, credential, bench.value(credential)),
    ):
        result = attempt(bench, work)
        assert isinstance(result, NotFound) or result.liveness is Liveness.DEAD
        if held.secret:
            assert held.secret.reveal() not in f"{result} {result!r}"


@pytest.mark.parametrize("fault", FAULTS)
def test_a_listing_is_whole_or_says_that_it_is_not(bench: Bench, fault: str) -> None:
    if bench.world.kind.enumerate is None:
        return  # the provider has no listing of them
    whole = bench.listed()
    assert identifiers(whole) and not [i for i in whole if isinstance(i, Gap)]
    for where, rule in rules(fault, bench.requests(bench.listed)):
        with bench.server.faults(rule):
            result = attempt(bench, bench.listed)
        if isinstance(result, list) and not [i for i in result if isinstance(i, Gap)]:
            assert identifiers(result) >= identifiers(whole), f"{where}: silently shorter"
        assert where != "all" or isinstance(result, EXPECTED[fault]) or any(isinstance(i, Gap) for i in result)


def verbs(bench: Bench) -> list[Verb]:
    return sorted(bench.world.kind.actions)


@pytest.mark.parametrize("fault", UNSENT)
def test_an_action_that_never_arrived_is_not_claimed(bench: Bench, fault: str) -> None:
    for verb in verbs(bench):
        held = bench.world.make()
        credential = bench.whole(held)
        with bench.server.faults(Rule(fault=fault)):
            result = attempt(bench, lambda: bench.act(verb, credential))
        if isinstance(result, ProviderError):
            assert isinstance(result, EXPECTED[fault]), (verb, result)
        else:
            # A 404 may be `already` (verification decides), a "nothing found" is `nothing`; where any 200 means just that the
            # request was taken, it is `accepted`. None of them is `done`.
            told = {("404", CallStatus.ALREADY), ("nothing", CallStatus.NOTHING)}
            assert (fault, result.status) in told or result.status is CallStatus.ACCEPTED, (verb, result)
        assert held.lives()
        assert bench.verify(credential).liveness is Liveness.LIVE


@pytest.mark.parametrize("fault", AFTER)
def test_an_action_whose_answer_was_lost_may_have_happened(bench: Bench, fault: str) -> None:
    for verb in verbs(bench):
        held = bench.world.make()
        credential = bench.whole(held)
        with bench.server.faults(Rule(fault=fault)):
            result = attempt(bench, lambda: bench.act(verb, credential))
        assert isinstance(result, EXPECTED[fault]), (verb, result)
        assert result.maybe_sent or isinstance(result, Unrecognised)
        # Once the fault is over the same call ends it, or finds it ended, and the look agrees.
        again = bench.act(verb, credential)
        assert again.status in set(CallStatus)
        assert bench.verify(credential, verb).liveness is Liveness.DEAD, verb


def test_a_fault_on_any_request_of_an_action_leaves_something_repeatable(bench: Bench) -> None:
    for verb in verbs(bench):
        spare = bench.whole(bench.world.make())
        for n in range(bench.requests(lambda: bench.act(verb, spare))):
            for fault in ("reset", "after-reset", "503", "html"):
                credential = bench.whole(bench.world.make())
                with bench.server.faults(Rule(fault=fault, skip=n, times=1)):
                    attempt(bench, lambda: bench.act(verb, credential))
                bench.act(verb, credential)
                assert bench.verify(credential, verb).liveness is Liveness.DEAD, (verb, n, fault)


def test_twice_is_the_same_as_once(bench: Bench) -> None:
    for verb in verbs(bench):
        row = bench.world.kind.actions[verb]
        held, bystander = bench.world.make(), bench.world.make()
        credential = bench.whole(held)
        assert held.lives()
        first = bench.act(verb, credential)
        second = bench.act(verb, credential)
        assert first.status in {CallStatus.DONE, CallStatus.ACCEPTED}
        assert second.status in {first.status, CallStatus.ALREADY, CallStatus.NOTHING}
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", first.provider_time)
        assert bench.verify(credential, verb).liveness is Liveness.DEAD
        assert bench.control(credential).liveness is Liveness.LIVE
        if row.ends is EndState.DEAD:
            assert not held.lives()
        if not bench.world.alone:
            assert bystander.lives()
            assert bench.verify(bench.whole(bystander)).liveness is Liveness.LIVE


def test_the_operators_identity_fails_in_typed_ways(bench: Bench) -> None:
    for fault in FAULTS:
        for where, rule in rules(fault, bench.requests(bench.client.identity)):
            with bench.server.faults(rule):
                result = attempt(bench, bench.client.identity)
            if where == "all":
                assert isinstance(result, EXPECTED[fault]), (fault, result)
            elif not isinstance(result, ProviderError):
                assert result == bench.me
    assert bench.client.identity() == bench.me
