"""A rotation whose place is changed, locked or emptied by somebody else: nothing of theirs is written over, and no orphan goes unsaid."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rescind.audit.log import open_log
from rescind.audit.signer import load_signer
from rescind.errors import Rejected, Unreachable
from rescind.models.credential import EndState
from rescind.models.kind import Known, Liveness, Observation, Verb
from rescind.models.rotation import Birth, Minted, Rotating, Rotation, Value
from rescind.pipeline import execute
from rescind.pipeline.people import People
from rescind.pipeline.rotating import PLACE, ROTATION, Opened
from rescind.secret import Secret
from tests.unit.made_up import CREDENTIAL, STEP, FakeClock, Provider, kind
from tests.unit.test_secret_at_apply import OneTenant

TURN = replace(STEP, verb=Verb.ROTATE, phase="rotate")


class Place:
    """A place in memory. `before_write` is somebody else, at the worst moment; `refuses` makes a write fail."""

    place = "place p"

    def __init__(self) -> None:
        self.value: Value | None = Value(identifier="one", secret=Secret("fake-one"))
        self.before_write = self.refuses = self.locked = self.closed = None

    def check(self) -> None:
        if self.closed:
            raise Rejected(self.closed)

    def read(self) -> Value | None:
        if self.locked:
            raise Rejected(self.locked)
        return self.value

    def write(self, value: Value) -> None:
        if self.before_write:
            self.before_write()
        if self.refuses:
            raise Rejected(self.refuses)
        self.value = value


def listing(client, subject):
    if client.on_look:
        client.on_look()
    for name, alive in client.alive.items():
        if alive:
            yield Known(identifier=name, owner=client.owner, liveness=Liveness.LIVE)


@pytest.fixture
def world(tmp_path, monkeypatch):
    provider, clock, place = Provider(alive={"one": True}), FakeClock(), Place()

    def mint(client, old, mark):
        name = f"new-{len(client.alive)}"
        client.alive[name] = True
        return Minted(value=Value(identifier=name, secret=Secret(f"fake-{name}")))

    def prove(client, old, value):
        live = client.alive.get(value.identifier)
        return Observation(liveness=Liveness.LIVE if live else Liveness.UNKNOWN, evidence=value.identifier)

    how = Rotation(
        mint=mint, prove=prove, ours=lambda *_: False, discard=Verb.REVOKE, permissions=("x",),
        pack=lambda v: v.secret, unpack=lambda s: Value(identifier="", secret=s), birth=Birth(),
    )  # fmt: skip
    row = kind(enumerate=listing, rotation=how)
    monkeypatch.setattr(execute, "kind_of", lambda _: row)
    log = open_log(tmp_path / "rescind.db", load_signer(tmp_path), clock)
    told = Rotating(name="ci", kind=row.id, tenant="t", subject="ada")
    ctx = execute.Context(
        run="r", tenants=OneTenant(provider, clock), people=People(mapped={"made-up": ("ada",)}), log=log, clock=clock,
        rotations={"ci": Opened(row=told, kind=row, how=how, target=place)},
    )  # fmt: skip
    c = replace(CREDENTIAL, attributes={ROTATION: "ci", PLACE: place.place})
    return provider, place, ctx, c


def living(provider):
    return {name for name, alive in provider.alive.items() if alive}


def test_the_world_rotates(world):
    provider, place, ctx, c = world
    receipt = execute.act(TURN, c, ctx)
    assert receipt.notes["new"] == place.value.identifier == "new-1"
    assert living(provider) == {"one", "new-1"}


def test_what_somebody_else_delivered_meanwhile_is_not_written_over(world):
    provider, place, ctx, c = world

    def theirs():
        provider.alive["theirs"] = True
        place.value, place.refuses = Value(identifier="theirs", secret=Secret("fake-theirs")), "it changed"

    place.before_write = theirs
    receipt = execute.act(TURN, c, ctx)
    assert receipt.end_state is EndState.HELD
    assert "theirs from somebody else" in receipt.evidence
    assert place.value.identifier == "theirs"
    assert living(provider) == {"one", "theirs"}


def test_what_was_half_written_is_put_back(world):
    provider, place, ctx, c = world

    def garbled():
        if provider.alive.get("garbled") is None:
            provider.alive["garbled"] = False
            place.value = Value(identifier="new-", secret=Secret("fake"))
            raise Rejected("half")

    place.before_write = garbled
    receipt = execute.act(TURN, c, ctx)
    assert receipt.end_state is EndState.FAILED
    assert place.value.identifier == "one"
    assert living(provider) == {"one"}


def crashed_after_mint(provider, ctx, c):
    """Leave what a process leaves that was killed between the answer to its mint and the delivery."""
    provider.alive["new-1"] = True
    ctx.log.append("intent", run="r", step=TURN.id, data={"part": "mint", "existing": ["one"]})
    ctx.log.append("rotation", run="r", step=TURN.id, data={"part": "mint", "new": "new-1"})


def test_after_a_crash_an_emptied_place_leaves_no_orphan(world):
    provider, place, ctx, c = world
    crashed_after_mint(provider, ctx, c)
    place.value = None
    receipt = execute.act(TURN, c, ctx)
    assert receipt.end_state is EndState.HELD
    assert living(provider) == {"one"}


def test_after_a_crash_in_the_delivery_an_emptied_place_ends_nothing_and_says_so(world):
    provider, place, ctx, c = world
    crashed_after_mint(provider, ctx, c)
    ctx.log.append("intent", run="r", step=TURN.id, data={"part": "deliver", "new": "new-1"})
    place.value = None
    receipt = execute.act(TURN, c, ctx)
    assert receipt.end_state is EndState.HELD
    assert "new-1" in receipt.evidence
    assert living(provider) == {"one", "new-1"}, "its user may have it from there"


def test_after_a_crash_an_unreadable_place_is_said_for_what_it_is_and_the_orphan_with_it(world):
    provider, place, ctx, c = world
    crashed_after_mint(provider, ctx, c)
    place.locked = "p is a link or no regular file: refused"
    receipt = execute.act(TURN, c, ctx)
    assert receipt.end_state is EndState.UNKNOWN
    assert "place p cannot be read" in receipt.evidence
    assert "not understood" not in receipt.evidence
    assert "new-1" in receipt.evidence


def test_a_listing_that_fails_after_a_lost_mint_says_that_one_may_be_there(world):
    provider, _, ctx, c = world

    def cut():
        raise Unreachable("cut", maybe_sent=False)

    ctx.log.append("intent", run="r", step=TURN.id, data={"part": "mint", "existing": ["one"]})
    provider.on_look = cut
    receipt = execute.act(TURN, c, ctx)
    assert receipt.end_state is EndState.UNKNOWN
    assert "whether this run minted one is not known" in receipt.evidence


def test_a_place_that_would_not_take_it_is_found_out_before_anything_is_minted_and_in_words(world):
    provider, place, ctx, c = world
    place.closed = "p can be read by everybody, or written by others: chmod 600 (or 640) first"
    receipt = execute.act(TURN, c, ctx)
    assert receipt.end_state is EndState.FAILED
    assert "chmod 600" in receipt.evidence
    assert "not understood" not in receipt.evidence
    assert living(provider) == {"one"}
