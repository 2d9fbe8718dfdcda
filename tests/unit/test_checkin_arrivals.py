"""A check-in that is dated back by who has the machine and its key: the sink's own clock says when it came."""

from __future__ import annotations

import shutil
from datetime import timedelta

import pytest

from rescind.errors import Denied, EvidenceError
from rescind.models.checkin import Arrival
from rescind.models.clock import rfc3339
from tests.unit.test_checkin import NAME, key, machine, reasons

__all__ = ["key", "machine"]


class Clocked:
    """The folder, and when each file came by the clock of a sink; `sure` as a bucket's is."""

    def __init__(self, machine, *, sure: bool = True) -> None:
        self.inner, self.machine, self.sure, self.came = machine.sink, machine, sure, {}
        machine.sink = self

    def put(self, workstation, name, blob):
        self.inner.put(workstation, name, blob)
        self.came[name] = self.machine.real

    def names(self, workstation):
        return self.inner.names(workstation)

    def get(self, workstation, name, limit):
        return self.inner.get(workstation, name, limit)

    def arrivals(self, workstation):
        return {n: Arrival(at=rfc3339(at), sure=self.sure) for n, at in self.came.items()}


@pytest.fixture
def clocked(machine):
    machine.real = machine.now
    return Clocked(machine)


def send(machine, *, hours=1, back=timedelta()):
    """Send one, `back` in time by its own word."""
    machine.real += timedelta(hours=hours)
    machine.now = machine.real - back
    machine.send(hours=0)
    return machine.files()[-1].name


def test_one_that_came_after_the_loss_is_not_used_whatever_it_says(machine, clocked, tmp_path):
    send(machine)
    lost = machine.real + timedelta(minutes=30)
    machine.held = machine.held.__class__(workstation={}, credentials=())  # the thief shows nothing
    send(machine, hours=8, back=timedelta(hours=8))
    found = machine.choose(tmp_path, lost_at=rfc3339(lost), now=machine.real)
    assert found.full.number == 1
    assert "1 said to be made before the loss reached the sink after it" in reasons(found)
    clocked.sure = False
    assert machine.choose(tmp_path, lost_at=rfc3339(lost), now=machine.real).full.number == 2, (
        "all a folder can do is to say so"
    )
    assert "dated back" in reasons(machine.choose(tmp_path, lost_at=rfc3339(lost), now=machine.real))


def test_an_old_one_that_is_stored_anew_takes_nothing_away(machine, clocked, tmp_path):
    names = [send(machine) for _ in range(3)]
    lost = machine.real + timedelta(minutes=30)
    clocked.came[names[0]] = clocked.came[names[1]] = lost + timedelta(hours=5)
    found = machine.choose(tmp_path, lost_at=rfc3339(lost), now=lost + timedelta(hours=6))
    assert (found.newest.number, found.full.number) == (3, 1)
    assert "reached the sink after" not in reasons(found)


def test_a_sink_that_was_written_anew_as_a_whole_still_serves_with_a_gap(machine, clocked, tmp_path):
    names = [send(machine) for _ in range(2)]
    lost = machine.real + timedelta(minutes=30)
    clocked.came.update(dict.fromkeys(names, lost + timedelta(hours=5)))
    found = machine.choose(tmp_path, lost_at=rfc3339(lost), now=lost + timedelta(hours=6))
    assert found.newest.number == 2
    assert "written anew, and times count as signed" in reasons(found)


def test_one_signed_again_under_an_old_number_and_an_old_time_is_not_used(machine, clocked, tmp_path):
    send(machine)
    stolen = machine.state.with_name("copy")
    stolen.mkdir()
    for path in machine.state.iterdir():
        shutil.copy(path, stolen)
    send(machine)
    send(machine)
    lost, mine = machine.real + timedelta(minutes=30), machine.state
    machine.state = stolen
    machine.held = machine.held.__class__(workstation={}, credentials=())
    send(machine, hours=8, back=timedelta(hours=9))
    machine.state = mine
    found = machine.choose(tmp_path, lost_at=rfc3339(lost), now=machine.real)
    assert (found.newest.number, found.full.number) == (3, 1)
    assert "signed twice" in reasons(found)


def test_times_that_do_not_fit_are_said_also_where_the_loss_is_not_known(machine, clocked, tmp_path):
    name = send(machine, back=timedelta(hours=9))
    assert "sent late, or dated back" in reasons(machine.choose(tmp_path, now=machine.real))
    clocked.came[name] = machine.now - timedelta(hours=1)
    assert "a clock is wrong" in reasons(machine.choose(tmp_path, now=machine.real))


def test_a_sink_that_does_not_say_is_named(machine, clocked, tmp_path, monkeypatch):
    send(machine)
    clocked.came.clear()
    assert "does not say when it received" in reasons(machine.choose(tmp_path, now=machine.real))

    def refuse(workstation):
        raise Denied("may not be listed")

    monkeypatch.setattr(clocked, "arrivals", refuse)
    assert "(may not be listed)" in reasons(machine.choose(tmp_path, now=machine.real))


def test_one_sent_late_alone_is_refused_where_nothing_else_is_there_in_time(machine, clocked, tmp_path):
    lost = machine.real - timedelta(hours=1)
    send(machine)
    with pytest.raises(EvidenceError, match="made after the loss"):
        machine.choose(tmp_path, lost_at=rfc3339(lost), now=machine.real)


def test_a_folder_says_when_a_file_came_and_that_it_is_not_sure(machine, tmp_path):
    machine.send()
    (said,) = machine.sink.arrivals(NAME).values()
    assert not said.sure
    assert "could be chosen by who sends them" in reasons(machine.choose(tmp_path))
