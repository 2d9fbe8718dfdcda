"""Check-ins of somebody who has the machine, its key and write access to the sink: what they cannot do without a word."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from rescind.errors import EvidenceError
from rescind.models.checkin import CheckinConf, SinkConf
from rescind.models.clock import rfc3339
from rescind.models.config import Config
from rescind.models.evidence import State
from rescind.models.plan import Case
from rescind.pipeline import checkin, envelope, received
from rescind.pipeline.machine import hidden, inventory_of, pinned
from rescind.pipeline.session import Session
from rescind.secret import Secret
from tests.unit.made_up import FakeClock
from tests.unit.test_checkin import NAME, key, machine, reasons

__all__ = ["key", "machine"]


def test_one_that_is_dated_back_behind_one_made_after_the_loss_is_not_used(machine, tmp_path):
    machine.send()
    lost = machine.now + timedelta(minutes=90)
    machine.change("AKIALATE")
    machine.send(hours=2)
    machine.held = machine.held.__class__(workstation={}, credentials=())  # who has it now shows nothing
    now, machine.now = machine.now, lost - timedelta(minutes=70)
    machine.send()
    machine.now = now
    found = machine.choose(tmp_path, lost_at=rfc3339(lost))
    assert found.full.number == 1
    assert "2 made after the loss were not used" in reasons(found)
    assert "check-in 3 says an earlier time than 2" in reasons(found)


def test_a_clock_that_was_once_far_ahead_freezes_nothing(machine, tmp_path):
    machine.send()
    now, machine.now = machine.now, machine.now + timedelta(days=3650)
    machine.send()
    machine.now = now
    machine.change("AKIALATER")
    machine.send()
    lost = machine.now + timedelta(minutes=1)
    assert machine.choose(tmp_path, lost_at=rfc3339(lost)).full.number == 3


def test_that_the_moment_of_the_loss_is_not_known_is_said(machine, tmp_path):
    machine.send()
    assert "--lost-at" in reasons(machine.choose(tmp_path))


@pytest.mark.parametrize("named", ["{:015d}-{:016x}.json", "zz-{}-{}"])
def test_a_flooded_sink_hides_no_check_in_and_fills_no_screen(machine, tmp_path, named):
    machine.send()
    for i in range(received.MOST + 50):
        (machine.root / NAME / named.format(999_999_999_999_999 - i, i)).write_bytes(b"{}")
    found = machine.choose(tmp_path)
    assert found.full.number == 1
    assert len(found.gaps) < 30


def test_more_than_are_looked_at_is_said(machine, tmp_path, monkeypatch):
    machine.send()
    monkeypatch.setattr(received, "MOST_TRIED", 2)
    for i in range(3):
        (machine.root / NAME / f"{900 + i:015d}-{i:016x}.json").write_bytes(b"{}")
    with pytest.raises(EvidenceError, match="only the newest 2 of 4") as error:
        machine.choose(tmp_path)
    assert error.value.hint


def test_many_after_the_loss_hide_none_before_it(machine, tmp_path, monkeypatch):
    monkeypatch.setattr(received, "MOST", 3)
    machine.send()
    lost = machine.now + timedelta(minutes=1)
    for _ in range(5):
        machine.send()
    assert machine.choose(tmp_path, lost_at=rfc3339(lost)).full.number == 1


def test_what_is_older_than_the_newest_sign_is_as_old_as_it_is(machine, tmp_path):
    machine.send()
    machine.change("AKIAB")
    machine.send()
    machine.send()
    machine.files()[1].unlink()  # the heartbeat speaks of this one
    found = machine.choose(tmp_path)
    assert (found.full.number, found.newest.number) == (1, 1)
    assert "the last check-in (1," in reasons(found)


def test_what_nobody_could_read_is_not_sent(machine, monkeypatch):
    monkeypatch.setattr(envelope, "MAX_BYTES", 100)
    with pytest.raises(EvidenceError, match="too large"):
        machine.send()
    assert not (machine.state / checkin.PENDING).exists()


def test_what_earlier_check_ins_held_and_the_last_does_not_is_named(machine, key, tmp_path):
    machine.change("AKIAHELD")
    machine.send()
    machine.held = replace(
        machine.held, credentials=machine.held.credentials[:1]
    )  # dated before the loss, by who has it
    machine.send()
    lost = rfc3339(machine.now + timedelta(minutes=1))
    conf = CheckinConf(sink=SinkConf(form="folder", settings={"path": str(machine.root)}))
    config = Config(checkin=conf, workstations={NAME: machine.enrolled})
    s = Session(
        config=config,
        resolve=lambda _: Secret(""),
        clock=FakeClock(),
        state_dir=tmp_path / "responder",
        identity=key[0],
    )
    s.clock.t = (machine.now + timedelta(hours=1) - s.clock.now()).total_seconds()
    case, chosen, _ = pinned(s, Case(workstation=NAME, lost_at=lost))
    seen, _ = inventory_of(s, case)
    (gap,) = hidden(s, case, chosen, seen)
    assert "aws.access-key AKIAHELD" in gap.reason
    assert "npm.token hmac-sha256:1" in gap.reason
    assert "AKIAMADEUP" not in gap.reason
    out = replace(seen, credentials=tuple(replace(c, state=State.LOGGED_OUT) for c in seen.credentials))
    assert "AKIAMADEUP" in hidden(s, case, chosen, out)[0].reason, "a word of the machine's hides nothing either"
    machine.files()[0].unlink()
    (gap,) = hidden(s, case, chosen, seen)
    assert "could not be compared" in gap.reason
    assert hidden(s, case, None, seen) == ()
