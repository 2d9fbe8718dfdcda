"""Was it used after the loss: `yes` where a record shows it, `no` only where a record would have shown it, otherwise `unknown` with the reason."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rescind import catalogue
from rescind.models.credential import Credential, EndState
from rescind.models.kind import Liveness
from rescind.models.provider import Provider
from rescind.models.use import Event, Reading, Source, Trace, Use
from rescind.pipeline import use
from tests.unit.test_report import credential, receipt, step

LOST = "2026-11-23T10:00:00Z"
SOURCE = Source(
    id="record", title="The record", read="m:read", check="m:check", retention_days=30, lag_seconds=600, covers="everything", lacks="nothing",
    permissions=("read",), reference="https://example.com",
    traces={
        "made-up.token": Trace(marks=("token:{identifier}",), holder=("user:{owner}",)),
        "made-up.part": Trace(marks=("token:{identifier}",), unseen="reads are not in it"),
    },
)  # fmt: skip
TOKEN = credential(1)
WHOLE = Reading(
    tenant="t", provider="made-up", source="record", at="2026-11-23T13:00:00Z", since="2026-11-23T09:55:00Z", until="2026-11-23T12:50:00Z",
    proves=(TOKEN.id,),
)  # fmt: skip
DEAD = receipt(step(TOKEN), EndState.DEAD, at="2026-11-23T12:00:00Z", liveness=Liveness.DEAD)


@pytest.fixture(autouse=True)
def made_up(monkeypatch):
    row = Provider(id="made-up", title="Made up", connect="m:connect", activity=(SOURCE,))
    monkeypatch.setattr(
        catalogue, "providers", lambda: {"made-up": row, "mute": Provider(id="mute", title="Mute Inc.", connect="m:c")}
    )


def judge(*readings: Reading, c: Credential = TOKEN, done=(DEAD,), state=EndState.DEAD, lost=LOST):
    return use.judge(c, readings, done, state, lost)


def event(at: str, *marks: str, **facts) -> Event:
    return Event(
        **{"id": f"{at} {marks}", "at": at, "action": "did", "marks": frozenset(marks), "ip": "198.51.100.7", **facts}
    )


def tally(*events: Event, credentials=(TOKEN,)) -> dict[str, Use]:
    counted = use.Tally(SOURCE, credentials, LOST)
    for e in events:
        counted.take(e)
    return counted.uses()


def test_no_only_when_the_record_holds_every_use_and_was_read_whole_until_after_the_death():
    told = judge(WHOLE)
    assert (told.answer, told.first) == ("no", "")
    assert (
        told.source
        == "The record (t) holds every use of it, was read whole from 2026-11-23T09:55:00Z to 2026-11-23T12:50:00Z, and shows none"
    )


@pytest.mark.parametrize(
    ("reading", "why"),
    [
        (replace(WHOLE, problem="part b: we were denied it"), "not read whole: part b: we were denied it"),
        (replace(WHOLE, problem="asked to slow down", until=""), "The record (t) was not read"),
        (replace(WHOLE, since="2026-11-23T10:00:01Z"), "reaches back to 2026-11-23T10:00:01Z only"),
        (
            replace(WHOLE, until="2026-11-23T11:59:59Z"),
            "proven dead at 2026-11-23T12:00:00Z only, which the record shows later",
        ),
        (replace(WHOLE, proves=()), "was not asked about it"),
        (replace(WHOLE, uses={TOKEN.id: Use(doubts=1)}), "1 that may or may not be a use of it"),
        (replace(WHOLE, uses={TOKEN.id: Use(near=2)}), "2 in the 5 minutes before the stated time of the loss"),
        (replace(WHOLE, uses={TOKEN.id: Use(ours=3)}), "3 that call themselves rescind's own, as anybody may"),
        (replace(WHOLE, tenant="another"), "not read in this run"),
        (replace(WHOLE, source="unheard-of"), "not read in this run"),
    ],
)
def test_anything_less_is_unknown_with_the_reason(reading, why):
    told = judge(reading)
    assert told.answer == "unknown"
    assert why in told.source


@pytest.mark.parametrize("state", [s for s in EndState if s not in {EndState.DEAD, EndState.RESIDUAL}])
def test_no_needs_a_proven_death(state):
    told = judge(WHOLE, state=state)
    assert (told.answer, "not proven dead" in told.source) == ("unknown", True)


def test_a_verification_that_has_no_death_in_it_proves_none():
    lives = replace(DEAD, liveness=Liveness.UNKNOWN)
    assert judge(WHOLE, done=(lives,)).answer == "unknown"
    assert judge(WHOLE, done=()).answer == "unknown"


def test_a_record_that_lacks_some_uses_proves_no_absence_but_shows_what_it_has():
    part = replace(TOKEN, kind="made-up.part")
    told = judge(WHOLE, c=part)
    assert (told.answer, "proves nothing: reads are not in it" in told.source) == ("unknown", True)
    seen = replace(
        WHOLE, uses={part.id: Use(events=1, first="2026-11-23T10:00:00Z", last="2026-11-23T10:00:00Z", action="did")}
    )
    assert judge(seen, c=part).answer == "yes"


def test_a_record_that_is_not_complete_yet_even_at_the_loss_says_so():
    told = judge(replace(WHOLE, until="2026-11-23T09:30:00Z"))
    assert (told.answer, "complete until 2026-11-23T09:30:00Z only, before the loss" in told.source) == (
        "unknown",
        True,
    )


def test_yes_has_its_first_and_last_use_even_where_the_record_was_not_read_whole():
    u = Use(
        events=3, first="2026-11-23T10:05:00Z", last="2026-11-23T11:00:00Z", action="s3:ListBuckets", ip="198.51.100.7"
    )
    told = judge(replace(WHOLE, problem="one page was refused", uses={TOKEN.id: u}))
    assert (told.answer, told.first, told.last) == ("yes", "2026-11-23T10:05:00Z", "2026-11-23T11:00:00Z")
    assert told.source == (
        "The record (t): 3 events from 2026-11-23T10:05:00Z to 2026-11-23T11:00:00Z, last s3:ListBuckets from 198.51.100.7"
    )


def test_the_providers_own_stamp_is_a_yes_and_never_a_no():
    later = replace(TOKEN, last_used="2026-11-23T10:30:00Z")
    told = judge(c=later)
    assert (told.answer, told.first, told.last) == ("yes", "2026-11-23T10:30:00Z", "2026-11-23T10:30:00Z")
    assert judge(c=replace(TOKEN, last_used="2026-11-23T09:00:00Z")).answer == "unknown"


def test_without_a_time_or_a_record_it_says_so():
    assert judge(WHOLE, lost="").source == "the time of the loss is not stated (--lost-at)"
    assert (
        judge(c=replace(TOKEN, provider="mute", kind="mute.key")).source
        == "rescind reads no record of what Mute Inc. saw"
    )
    assert (
        judge(c=replace(TOKEN, provider="local", kind="file.secret")).source
        == "rescind reads no record of what local saw"
    )
    assert judge(c=replace(TOKEN, kind="made-up.other")).source.startswith(
        "no record that rescind reads of Made up names"
    )


def test_the_latest_reading_decides_and_an_early_one_hides_no_use():
    early = replace(WHOLE, until="2026-11-23T11:00:00Z")
    assert judge(early, WHOLE).answer == "no"
    used = replace(early, uses={TOKEN.id: Use(events=1, first=LOST, last=LOST)})
    assert judge(used, WHOLE).answer == "yes", "what was seen once was done, whatever a later page leaves out"


def test_events_count_once_by_what_they_name():
    at = "2026-11-23T10:01:00Z"
    assert tally(event(at, "token:id-1"))[TOKEN.id].events == 1
    assert tally(event(at, "TOKEN:ID-1"))[TOKEN.id].events == 1, "an id is the same id however it is written"
    assert tally(event(at, "token:id-2")) == {}
    assert tally(event(at, "user:ada"))[TOKEN.id] == Use(holder=1)
    assert tally(event(at, "user:ada", "token:id-1"))[TOKEN.id].events == 1
    assert tally(event(at, doubts=frozenset({"token:id-1"})))[TOKEN.id] == Use(doubts=1)
    assert tally(event(at, "user:ada", doubts=frozenset({"token:id-1"})))[TOKEN.id] == Use(doubts=1, holder=1)
    assert tally(event(at, "token:id-1", doubts=frozenset({"token:id-1"})))[TOKEN.id].doubts == 0


def test_what_lies_just_before_the_loss_is_neither_use_nor_proof():
    assert tally(event("2026-11-23T09:59:59Z", "token:id-1"))[TOKEN.id] == Use(near=1)
    assert tally(event("2026-11-23T09:54:59Z", "token:id-1")) == {}, "before the margin it is the rightful use"


def test_our_own_requests_are_left_out_and_counted():
    mine = event("2026-11-23T10:01:00Z", "token:id-1", agent="Boto3/1.43 rescind/0.2")
    assert tally(mine)[TOKEN.id] == Use(ours=1)


def test_first_and_last_do_not_depend_on_the_order_of_the_pages():
    three = [event(f"2026-11-23T10:0{n}:00Z", "token:id-1", action=f"did-{n}") for n in (2, 1, 3)]
    u = tally(*three)[TOKEN.id]
    assert (u.first[-9:], u.last[-9:], u.action) == ("10:01:00Z", "10:03:00Z", "did-3")


def test_a_template_with_an_empty_field_matches_nothing():
    assert use.marks(("user:{owner}", "x:{attributes.user_id}"), replace(TOKEN, owner="")) == frozenset()
    c = replace(TOKEN, identifier="applications/o-1/k-1", attributes={"user_id": "U-9"})
    assert use.marks(("id:{attributes.user_id}/{last}",), c) == {"id:u-9/k-1"}


@given(
    st.builds(
        Use,
        events=st.integers(0, 9),
        first=st.sampled_from(["", LOST]),
        last=st.sampled_from(["", LOST]),
        action=st.text(max_size=9),
        doubts=st.integers(0, 9),
        ours=st.integers(0, 2),
        near=st.integers(0, 2),
        holder=st.integers(0, 2),
    )
)
def test_a_reading_comes_back_from_the_trail_as_it_was(u):
    r = replace(WHOLE, uses={TOKEN.id: u}, problem="x", file="f", sha256="0" * 64, events=4, ours=1, parts=("a", "b"))
    assert use.from_json(use.to_json(r), r.at) == r


def test_gaps_are_those_of_the_last_reading():
    bad = replace(WHOLE, problem="denied")
    assert [g.reason for g in use.gaps([bad])] == ["what credentials did was not read whole: The record (t): denied"]
    assert use.gaps([bad, WHOLE]) == []
    assert len(use.gaps([WHOLE, bad, replace(bad, tenant="u")])) == 2
