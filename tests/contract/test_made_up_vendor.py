"""The row language is enough: a vendor nobody wrote Python for, as rows only, passes the same contract as every other kind.

The rows and the server that they are held against are in `tests.contract.acme`; the tests are those of every kind.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contract.acme import BY_ID, BY_VALUE, acme_world
from tests.contract.faults import FaultServer
from tests.contract.test_kinds import (
    Bench,
    silence,
    test_a_fault_on_any_request_of_an_action_leaves_something_repeatable,
    test_a_listing_is_whole_or_says_that_it_is_not,
    test_a_living_credential_is_never_called_dead,
    test_a_look_that_fails_is_a_typed_error,
    test_an_action_that_never_arrived_is_not_claimed,
    test_an_action_whose_answer_was_lost_may_have_happened,
    test_an_ended_credential_is_not_identified_as_alive_and_its_value_is_not_told,
    test_an_owner_is_never_invented,
    test_the_operators_identity_fails_in_typed_ways,
    test_twice_is_the_same_as_once,
)

__all__ = [
    "silence",
    "test_a_fault_on_any_request_of_an_action_leaves_something_repeatable",
    "test_a_listing_is_whole_or_says_that_it_is_not",
    "test_a_living_credential_is_never_called_dead",
    "test_a_look_that_fails_is_a_typed_error",
    "test_an_action_that_never_arrived_is_not_claimed",
    "test_an_action_whose_answer_was_lost_may_have_happened",
    "test_an_ended_credential_is_not_identified_as_alive_and_its_value_is_not_told",
    "test_an_owner_is_never_invented",
    "test_the_operators_identity_fails_in_typed_ways",
    "test_twice_is_the_same_as_once",
]


# In place of the fixture of the contract test, whose tests are imported above and run against these rows here.
@pytest.fixture(scope="module", params=[BY_ID, BY_VALUE], ids=lambda k: k.id)
def bench(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with acme_world(request.param, tmp_path_factory.mktemp("w")) as world, FaultServer(world.target) as server:
        yield Bench(world, server, world.connect(server.url), world.make())
        assert server.elsewhere_hits == []
